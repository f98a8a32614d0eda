//! What an application sends along, and what it is told of what the peer sent along.

use super::desk::{ALL, Desk, FIRST};
use super::peer::{fulfillment, id, prepare, reason, reject};
use crate::ledger::Authority::{Ours, Theirs};
use crate::ledger::{NoFulfillment, Party};
use crate::session::{Event, Output};
use crate::wire::{Body, Entry, IlpPacket, ProtocolData};

fn note(text: &str) -> Entry {
    Entry::text("note", text)
}

#[test]
fn more_than_the_reason_goes_with_a_reject_and_behind_it() {
    for authority in ALL {
        let mut desk = Desk::connected(authority);
        desk.asks(Body::Prepare(prepare(1)));
        let more = ProtocolData::from(note("try again")).with(Entry::octets("ilp", &b"no reason"[..]));
        desk.session.reject_with(id(1), &reason(), &more, desk.now).unwrap();
        desk.outputs();
        let Body::Reject(sent) = desk.sent("Reject").body.clone() else { unreachable!() };
        let [first, second] = sent.protocol_data.iter().as_slice() else { panic!("{sent:?}") };
        assert_eq!(IlpPacket::decode(&first.data), Ok(IlpPacket::Error(reason())));
        assert_eq!(*second, note("try again"));

        // And the same again over the next connection.
        desk.cut(FIRST);
        desk.connect(crate::session::ConnectionId(2));
        assert_eq!(desk.sent("Reject").body, Body::Reject(sent));
    }
}

#[test]
fn an_incoming_reject_is_told_with_what_came_along() {
    let mut desk = Desk::connected(Theirs);
    desk.asks(Body::Prepare(prepare(1)));
    let Body::Reject(mut host) = reject(1) else { unreachable!() };
    host.protocol_data = host.protocol_data.with(note("sorry"));
    let came = host.protocol_data.clone();
    desk.session.handle_frame(FIRST, &crate::wire::Packet { request_id: 9, body: Body::Reject(host) }.encode().unwrap(), desk.now);
    let told = core::iter::from_fn(|| desk.session.poll_output()).find_map(|output| match output {
        Output::Event(Event::IncomingRejected { by, protocol_data, .. }) => Some((by, protocol_data)),
        _ => None,
    });
    assert_eq!(told, Some((Party::Peer, came)));
}

/// The last request of ours is answered with this; what is told of it.
fn answered_with(desk: &mut Desk, kind: &str, protocol_data: &ProtocolData) -> Option<ProtocolData> {
    let request_id = desk.sent(kind).request_id;
    let response = crate::wire::Packet { request_id, body: Body::Response(protocol_data.clone()) };
    desk.session.handle_frame(FIRST, &response.encode().unwrap(), desk.now);
    core::iter::from_fn(|| desk.session.poll_output()).find_map(|output| match output {
        Output::Event(Event::TransferAnswered { id: about, protocol_data }) => {
            assert_eq!(about, id(1));
            Some(protocol_data)
        }
        _ => None,
    })
}

#[test]
fn what_comes_with_a_response_is_told() {
    let claim = ProtocolData::from(Entry::json("claim", "{}"));
    for data in [claim, ProtocolData::new()] {
        let expected = (!data.is_empty()).then(|| data.clone());
        for authority in ALL {
            let mut desk = Desk::connected(authority);
            desk.session.prepare(prepare(1), desk.now).unwrap();
            desk.outputs();
            assert_eq!(answered_with(&mut desk, "Prepare", &data), expected);

            let mut desk = Desk::connected(authority);
            desk.asks(Body::Prepare(prepare(1)));
            desk.session.fulfill(id(1), fulfillment(1), &ProtocolData::new(), desk.now).unwrap();
            desk.outputs();
            assert_eq!(answered_with(&mut desk, "Fulfill", &data), expected);

            let mut desk = Desk::connected(authority);
            desk.asks(Body::Prepare(prepare(1)));
            desk.session.reject(id(1), &reason(), desk.now).unwrap();
            desk.outputs();
            assert_eq!(answered_with(&mut desk, "Reject", &data), expected);

            let mut desk = Desk::connected(authority);
            desk.session.transfer(id(1), 10, &ProtocolData::new(), desk.now).unwrap();
            desk.outputs();
            assert_eq!(answered_with(&mut desk, "Transfer", &data), expected);
        }
    }
}

#[test]
fn the_fulfillment_can_be_asked_for_when_its_event_comes() {
    for authority in ALL {
        let mut desk = Desk::connected(authority);
        desk.asks(Body::Prepare(prepare(1)));
        assert_eq!(desk.session.fulfillment(&id(1)), Err(NoFulfillment::Undecided));
        desk.session.fulfill(id(1), fulfillment(1), &ProtocolData::new(), desk.now).unwrap();
        desk.outputs();
        let told_at_once = authority == Ours;
        assert_eq!(desk.session.fulfillment(&id(1)).is_ok(), told_at_once);
        desk.accepts("Fulfill");
        assert_eq!(desk.session.fulfillment(&id(1)), Ok(fulfillment(1)));
    }
}
