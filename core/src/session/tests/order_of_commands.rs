//! What comes out of each command, and in which order: the effect before the frame that rests on it, and the event last.

use super::desk::{ALL, Desk, FIRST};
use super::peer::{fulfillment, id, message, prepare, reason};
use crate::ledger::Authority::{self, Ours, Shared, Theirs};
use crate::ledger::Bounds;
use crate::session::{ConnectionId, DisconnectReason, ErrorName, MessageId};
use crate::wire::{Body, ProtocolData};

fn offered(authority: Authority) -> Desk {
    let mut desk = Desk::connected(authority);
    desk.asks(Body::Prepare(prepare(1)));
    desk
}

#[test]
fn prepare_and_transfer() {
    for authority in ALL {
        let mut desk = Desk::connected(authority);
        desk.session.prepare(prepare(1), desk.now).unwrap();
        assert_eq!(desk.outputs(), ["effect Prepared", "frame Prepare"]);
        desk.session.transfer(id(2), 10, &ProtocolData::new(), desk.now).unwrap();
        assert_eq!(desk.outputs(), ["effect Transferring", "frame Transfer"]);
    }
}

#[test]
fn fulfill() {
    for (authority, outputs) in [
        (Ours, &["effect Fulfilled", "frame Fulfill", "event IncomingFulfilled"][..]),
        // That it is paid is news when the peer says so.
        (Theirs, &["effect Fulfilling", "frame Fulfill"]),
        (Shared, &["effect Fulfilling", "frame Fulfill"]),
    ] {
        let mut desk = offered(authority);
        desk.session.fulfill(id(1), fulfillment(1), &ProtocolData::new(), desk.now).unwrap();
        assert_eq!(desk.outputs(), outputs);
    }
}

#[test]
fn reject() {
    for authority in ALL {
        let mut desk = offered(authority);
        desk.session.reject(id(1), &reason(), desk.now).unwrap();
        assert_eq!(desk.outputs(), ["effect Rejected", "frame Reject", "event IncomingRejected"]);
    }
}

/// It works without a connection, and the peer is told over the next one.
#[test]
fn a_decision_without_a_connection() {
    let mut desk = offered(Ours);
    desk.asks(Body::Prepare(prepare(2)));
    desk.cut(FIRST);
    desk.session.fulfill(id(1), fulfillment(1), &ProtocolData::new(), desk.now).unwrap();
    assert_eq!(desk.outputs(), ["effect Fulfilled", "event IncomingFulfilled"]);
    desk.session.reject(id(2), &reason(), desk.now).unwrap();
    assert_eq!(desk.outputs(), ["effect Rejected", "event IncomingRejected"]);
    let next = ConnectionId(2);
    assert_eq!(desk.connect(next), ["frame Response on 2", "event Connected", "frame Fulfill on 2", "frame Reject on 2"]);
}

#[test]
fn message_and_its_numbers() {
    let mut desk = Desk::connected(Ours);
    for number in 0..3 {
        let Body::Message(question) = message("custom", b"{}") else { unreachable!() };
        assert_eq!(desk.session.message(question, desk.now), Ok(MessageId(number)));
        assert_eq!(desk.outputs(), ["frame Message"]);
    }
}

#[test]
fn respond_and_refuse_request() {
    let mut desk = Desk::connected(Ours);
    desk.asks(message("custom", b"{}"));
    desk.asks(message("custom", b"{}"));
    let [first, second] = <[_; 2]>::try_from(core::mem::take(&mut desk.tokens)).unwrap();
    desk.session.respond(first, ProtocolData::new(), desk.now).unwrap();
    assert_eq!(desk.outputs(), ["frame Response"]);
    desk.session.refuse_request(second, ErrorName::NotAccepted, "no", desk.now);
    assert_eq!(desk.outputs(), ["frame Error"]);
}

#[test]
fn set_bounds() {
    let mut desk = Desk::connected(Ours);
    let bounds = Bounds { minimum: -1, maximum: 1 };
    desk.session.set_bounds(bounds, desk.now);
    assert_eq!(desk.outputs(), ["effect BoundsChanged"]);
    desk.session.set_bounds(bounds, desk.now);
    assert!(desk.outputs().is_empty(), "they are these already");
}

#[test]
fn close_when_nothing_is_pending() {
    let mut desk = Desk::connected(Ours);
    desk.session.close(desk.now);
    assert_eq!(desk.outputs(), ["disconnect Closed", "event Disconnected"]);
    desk.session.close(desk.now);
    assert!(desk.outputs().is_empty());
}

#[test]
fn close_waits_for_the_last_answer() {
    let mut desk = Desk::connected(Ours);
    desk.session.prepare(prepare(1), desk.now).unwrap();
    desk.session.close(desk.now);
    assert_eq!(desk.outputs(), ["effect Prepared", "frame Prepare"]);
    assert_eq!(desk.accepts("Prepare"), ["event OutgoingPrepared", "disconnect Closed", "event Disconnected"]);
}

/// What waits already is told first.
#[test]
fn what_no_request_table_can_take_waits_behind_its_effect() {
    let mut config = super::desk::config(Shared);
    config.limits.in_flight_requests = 1;
    let mut desk = Desk::connected_with(config);
    for number in [1, 2, 3] {
        desk.asks(Body::Prepare(prepare(number)));
    }
    let outputs = |desk: &mut Desk, number| {
        desk.session.fulfill(id(number), fulfillment(number), &ProtocolData::new(), desk.now).unwrap();
        desk.outputs()
    };
    assert_eq!(outputs(&mut desk, 1), ["effect Fulfilling", "frame Fulfill"]);
    assert_eq!(outputs(&mut desk, 3), ["effect Fulfilling"]);
    assert_eq!(outputs(&mut desk, 2), ["effect Fulfilling"]);
    for next in [3, 2] {
        assert_eq!(desk.accepts("Fulfill"), ["effect Fulfilled", "event IncomingFulfilled", "frame Fulfill"]);
        assert!(matches!(&desk.sent("Fulfill").body, Body::Fulfill(sent) if sent.transfer_id == id(next)));
    }
    assert_eq!(desk.accepts("Fulfill"), ["effect Fulfilled", "event IncomingFulfilled"]);
}

#[test]
fn disconnect_all_waits_for_nobody_and_loses_nothing() {
    let mut desk = Desk::connected(Ours);
    desk.connect(ConnectionId(2));
    desk.asks(Body::Prepare(prepare(1)));
    desk.session.fulfill(id(1), fulfillment(1), &ProtocolData::new(), desk.now).unwrap();
    desk.outputs();
    desk.session.disconnect_all(&DisconnectReason::Suspended, desk.now);
    let gone = desk.outputs();
    assert_eq!(gone, ["disconnect Suspended", "disconnect Suspended on 2", "event Disconnected", "event Disconnected"]);
    assert!(!desk.session.is_connected() && !desk.session.is_closing());
    let ready = desk.connect(ConnectionId(3));
    assert_eq!(ready, ["frame Response on 3", "event Connected", "frame Fulfill on 3"]);
}
