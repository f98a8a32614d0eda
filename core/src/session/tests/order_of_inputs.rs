//! What comes out of each input and of each request of the peer, and in which order.

use super::desk::{ALL, Desk, FIRST, config};
use super::peer::{error, fulfill, fulfillment, id, message, prepare, reject, transfer};
use crate::LedgerId;
use crate::ledger::Authority::{self, Ours, Shared, Theirs};
use crate::session::{AuthenticationRequest, ConnectionId, Credentials, DeadlineReason, ErrorName, SessionConfig};
use crate::wire::{Body, ProtocolData};

const SECOND: ConnectionId = ConnectionId(2);

/// We offered to pay.
fn offering(authority: Authority) -> Desk {
    let mut desk = Desk::connected(authority);
    desk.session.prepare(prepare(1), desk.now).unwrap();
    desk.outputs();
    desk.accepts("Prepare");
    desk
}

#[test]
fn a_connection_that_we_dialed() {
    let mut desk = Desk::new(SessionConfig::new(Theirs));
    desk.session.handle_connected(FIRST, desk.now);
    assert_eq!(desk.outputs(), ["frame Message"]);
    desk.session.handle_connected(FIRST, desk.now);
    assert!(desk.outputs().is_empty(), "a second time");
    // A client knows nothing at first.
    assert_eq!(desk.accepts("Message"), ["event Connected", "frame Message"]);
    assert_eq!(desk.accepts("Message"), ["event NoInfo"]);
}

#[test]
fn what_is_to_be_done_waits_and_can_be_counted() {
    let mut desk = Desk::new(config(Ours));
    assert_eq!(desk.session.queued_outputs(), 0);
    let request = AuthenticationRequest { request_id: 1, credentials: Credentials::default() };
    desk.session.handle_accepted(FIRST, &request, ProtocolData::new(), desk.now);
    assert_eq!((desk.session.queued_outputs(), desk.outputs().len(), desk.session.queued_outputs()), (2, 2, 0));
}

#[test]
fn a_connection_that_the_host_refuses() {
    let mut desk = Desk::new(config(Theirs));
    desk.session.handle_connected(FIRST, desk.now);
    desk.outputs();
    let refused = desk.refuses("Message", error(ErrorName::NotAccepted));
    assert_eq!(refused, ["event AuthenticationRefused", "disconnect AuthenticationRefused", "event Disconnected"]);
}

#[test]
fn a_connection_that_we_accepted() {
    let mut desk = Desk::new(config(Ours));
    assert_eq!(desk.connect(FIRST), ["frame Response", "event Connected"]);
    assert_eq!(desk.sent("Response").request_id, 7);
    assert!(desk.connect(FIRST).is_empty(), "a second time");
}

#[test]
fn a_connection_too_many() {
    let mut limited = config(Ours);
    limited.limits.connections = 1;
    let mut desk = Desk::connected_with(limited);
    assert_eq!(desk.connect(SECOND), ["frame Error on 2", "disconnect TooManyConnections on 2"]);
    assert!(desk.cut(SECOND).is_empty());
}

#[test]
fn a_prepare() {
    for authority in ALL {
        let mut desk = Desk::connected(authority);
        assert_eq!(desk.asks(Body::Prepare(prepare(1))), ["effect Prepared", "frame Response", "event IncomingPrepared"]);
        assert_eq!(desk.asks(Body::Prepare(prepare(1))), ["frame Response"], "a repeat");
        let other = crate::wire::Prepare { amount: 11, ..prepare(1) };
        assert_eq!(desk.asks(Body::Prepare(other)), ["frame Error"]);
    }
}

#[test]
fn a_fulfill() {
    for authority in ALL {
        let mut desk = offering(authority);
        assert_eq!(desk.asks(fulfill(2)), ["frame Error"]);
        assert_eq!(desk.asks(fulfill(1)), ["effect Fulfilled", "frame Response", "event OutgoingFulfilled"]);
        assert_eq!(desk.asks(fulfill(1)), ["frame Response"], "a repeat");
    }
}

#[test]
fn a_reject() {
    for authority in ALL {
        let mut desk = offering(authority);
        assert_eq!(desk.asks(reject(2)), ["frame Error"]);
        assert_eq!(desk.asks(reject(1)), ["effect Rejected", "frame Response", "event OutgoingRejected"]);
        assert_eq!(desk.asks(reject(1)), ["frame Response"], "a repeat");
    }
}

#[test]
fn a_reject_of_the_host_that_its_payment_to_us_expired() {
    let mut desk = Desk::connected(Theirs);
    desk.asks(Body::Prepare(prepare(1)));
    assert_eq!(desk.asks(reject(1)), ["effect Rejected", "frame Response", "event IncomingRejected"]);
}

#[test]
fn an_unconditional_transfer() {
    for authority in ALL {
        let mut desk = Desk::connected(authority);
        assert_eq!(desk.asks(transfer(1)), ["effect Transferred", "frame Response", "event IncomingTransferred"]);
        assert_eq!(desk.asks(transfer(1)), ["frame Response"], "a repeat");
    }
}

#[test]
fn a_message() {
    let mut desk = Desk::connected(Ours);
    for (name, outputs) in [
        ("info", "frame Response"),
        ("balance", "frame Response"),
        ("limit", "frame Response"),
        ("ilp", "event Request"),
        ("custom", "event Request"),
        ("auth", "frame Error"),
        ("chess", "frame Error"),
    ] {
        assert_eq!(desk.asks(message(name, &[0])), [outputs], "{name}");
    }
    assert_eq!(desk.asks(Body::Message(ProtocolData::new())), ["frame Error"]);
}

#[test]
fn an_expiry_that_is_ours_to_tell() {
    for authority in [Ours, Shared] {
        let mut desk = Desk::connected(authority);
        desk.asks(Body::Prepare(prepare(1)));
        assert!(desk.timeout_after(29_999).is_empty());
        assert_eq!(desk.timeout_after(1), ["effect Expired", "frame Reject", "event IncomingExpired"]);
        assert!(desk.timeout_after(0).is_empty());
    }
    assert_eq!(offering(Ours).timeout_after(30_000), ["effect Expired", "frame Reject", "event OutgoingExpired"]);
}

#[test]
fn an_expiry_that_the_peer_knows_by_itself() {
    assert_eq!(offering(Shared).timeout_after(30_000), ["effect Expired", "event OutgoingExpired"]);
}

#[test]
fn an_expiry_on_the_peers_ledger_waits_for_its_word() {
    let mut desk = Desk::connected(Theirs);
    desk.asks(Body::Prepare(prepare(1)));
    assert!(desk.timeout_after(39_999).is_empty());
    assert_eq!(desk.timeout_after(1), ["effect Expired", "frame Reject", "event IncomingExpired"]);
    assert_eq!(offering(Theirs).timeout_after(40_000), ["frame Message"], "our own payment: how stands the balance?");
}

/// An input that comes after an expiry finds it done, though no timeout was told.
#[test]
fn whatever_comes_after_an_expiry() {
    let mut desk = offering(Shared);
    desk.wait(30_000);
    assert_eq!(desk.asks(fulfill(1)), ["effect Expired", "event OutgoingExpired", "frame Error"]);
    let mut desk = Desk::connected(Ours);
    desk.asks(Body::Prepare(prepare(1)));
    desk.cut(FIRST);
    desk.wait(30_000);
    let told = ["frame Response on 2", "event Connected", "effect Expired", "frame Reject on 2", "event IncomingExpired"];
    assert_eq!(desk.connect(SECOND), told);
}

#[test]
fn a_fulfill_of_what_had_lapsed() {
    let mut desk = offering(Theirs);
    desk.timeout_after(40_000);
    let balance = crate::wire::Entry::octets("balance", alloc::vec![0; 8]);
    assert_eq!(desk.responds("Message", balance.into()), ["effect Expired", "event OutgoingExpired"]);
    assert_eq!(desk.asks(fulfill(1)), ["effect Fulfilled", "frame Response", "event OutgoingFulfilled"]);
    assert_eq!(desk.session.balance(), -10);
}

#[test]
fn a_lost_connection() {
    let mut desk = Desk::connected(Shared);
    desk.asks(Body::Prepare(prepare(1)));
    desk.session.message(ProtocolData::new(), desk.now).unwrap();
    desk.session.fulfill(id(1), fulfillment(1), &ProtocolData::new(), desk.now).unwrap();
    desk.session.prepare(prepare(2), desk.now).unwrap();
    desk.outputs();
    assert_eq!(desk.cut(FIRST), ["event Answered", "event Disconnected"], "a message is not asked again");
    assert!(desk.cut(FIRST).is_empty(), "a second time");
    assert_eq!(desk.connect(SECOND), ["event Connected", "frame Fulfill on 2", "frame Prepare on 2"], "in their first order");
}

#[test]
fn a_lost_connection_with_more_to_tell_than_it_could_take() {
    let mut narrow = config(Shared);
    narrow.limits.in_flight_requests = 1;
    let mut desk = Desk::connected_with(narrow);
    for number in [2, 1] {
        desk.asks(Body::Prepare(prepare(number)));
        desk.session.fulfill(id(number), fulfillment(number), &ProtocolData::new(), desk.now).unwrap();
    }
    desk.outputs();
    desk.cut(FIRST);
    let told = |desk: &Desk| matches!(&desk.sent("Fulfill").body, Body::Fulfill(fulfill) if fulfill.transfer_id == id(2));
    assert_eq!(desk.connect(SECOND), ["event Connected", "frame Fulfill on 2"]);
    assert!(told(&desk), "what was sent comes before what never was");
    assert_eq!(desk.accepts("Fulfill"), ["effect Fulfilled", "event IncomingFulfilled", "frame Fulfill on 2"]);
    assert!(!told(&desk));
}

#[test]
fn a_lost_connection_beside_another() {
    let mut desk = Desk::connected(Ours);
    desk.asks(Body::Prepare(prepare(1)));
    desk.connect(SECOND);
    desk.session.fulfill(id(1), fulfillment(1), &ProtocolData::new(), desk.now).unwrap();
    let told = ["effect Fulfilled", "frame Fulfill", "event IncomingFulfilled"];
    assert_eq!(desk.outputs(), told, "over the connection that brought the Prepare");
    assert_eq!(desk.cut(FIRST), ["event Disconnected", "frame Fulfill on 2"]);
}

#[test]
fn a_connection_that_goes_before_another_of_an_equal() {
    let [account, peer_account] = ["peer.a", "peer.b"].map(|address| Some(address.into()));
    let mut desk = Desk::connected_with(SessionConfig { account, peer_account, ..config(Shared) });
    let request = AuthenticationRequest { request_id: 7, credentials: Credentials::default() };
    desk.session.handle_accepted(SECOND, &request, ProtocolData::new(), desk.now);
    assert_eq!(desk.outputs(), ["frame Response on 2", "event Connected", "frame Message"]);
    assert!(desk.accepts("Message").is_empty());
    assert_eq!(desk.deadline(), Some((5_000, DeadlineReason::Replaced(SECOND))));
    assert!(desk.timeout_after(4_999).is_empty());
    assert_eq!(desk.timeout_after(1), ["disconnect Replaced on 2", "event Disconnected"]);
}

#[test]
fn an_opening_that_is_told_twice_is_one() {
    let mut desk = Desk::new(config(Ours));
    for effects in [&["effect Opened"][..], &[]] {
        desk.session.handle_opened(LedgerId::from([1; 16]), desk.now);
        assert_eq!(desk.outputs(), effects);
    }
}
