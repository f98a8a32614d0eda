//! What comes out of each answer of the peer, and in which order.

use super::desk::{ALL, Desk};
use super::peer::{error, fulfillment, id, prepare, reason};
use crate::ledger::Authority::{self, Ours, Shared, Theirs};
use crate::session::ErrorName;
use crate::wire::{Body, ProtocolData};

fn fulfilled(authority: Authority) -> Desk {
    let mut desk = Desk::connected(authority);
    desk.asks(Body::Prepare(prepare(1)));
    desk.session.fulfill(id(1), fulfillment(1), &ProtocolData::new(), desk.now).unwrap();
    desk.outputs();
    desk
}

fn rejected(authority: Authority) -> Desk {
    let mut desk = Desk::connected(authority);
    desk.asks(Body::Prepare(prepare(1)));
    desk.session.reject(id(1), &reason(), desk.now).unwrap();
    desk.outputs();
    desk
}

fn prepared(authority: Authority) -> Desk {
    let mut desk = Desk::connected(authority);
    desk.session.prepare(prepare(1), desk.now).unwrap();
    desk.outputs();
    desk
}

fn transferring(authority: Authority) -> Desk {
    let mut desk = Desk::connected(authority);
    desk.session.transfer(id(1), 10, &ProtocolData::new(), desk.now).unwrap();
    desk.outputs();
    desk
}

#[test]
fn to_a_prepare() {
    for authority in ALL {
        assert_eq!(prepared(authority).accepts("Prepare"), ["event OutgoingPrepared"]);
        let refused = prepared(authority).refuses("Prepare", error(ErrorName::InsufficientBalance));
        assert_eq!(refused, ["effect Refused", "event OutgoingRefused"]);
    }
}

#[test]
fn to_a_prepare_after_its_outcome() {
    for authority in ALL {
        let mut desk = prepared(authority);
        desk.asks(super::peer::fulfill(1));
        assert!(desk.accepts("Prepare").is_empty());
        let mut desk = prepared(authority);
        desk.asks(super::peer::reject(1));
        assert!(desk.refuses("Prepare", error(ErrorName::AlreadyRolledBack)).is_empty());
    }
}

/// The Fulfill is coming.
#[test]
fn to_a_prepare_that_it_is_fulfilled_already() {
    for authority in ALL {
        let mut desk = prepared(authority);
        assert!(desk.refuses("Prepare", error(ErrorName::AlreadyFulfilled)).is_empty());
        assert_eq!(desk.asks(super::peer::fulfill(1)), ["effect Fulfilled", "frame Response", "event OutgoingFulfilled"]);
    }
}

#[test]
fn to_a_transfer() {
    for authority in ALL {
        assert_eq!(transferring(authority).accepts("Transfer"), ["effect Transferred", "event OutgoingTransferred"]);
        let refused = transferring(authority).refuses("Transfer", error(ErrorName::NotAccepted));
        assert_eq!(refused, ["effect Refused", "event OutgoingRefused"]);
    }
}

#[test]
fn to_a_fulfill_on_our_own_ledger() {
    assert_eq!(fulfilled(Ours).accepts("Fulfill"), ["effect Acknowledged"]);
    let mut desk = fulfilled(Ours);
    assert_eq!(desk.refuses("Fulfill", error(ErrorName::InvalidFulfillment)), ["effect Acknowledged", "event Dispute"]);
    assert_eq!(desk.session.balance(), 10, "ours stands");
}

#[test]
fn to_a_fulfill_elsewhere() {
    for authority in [Theirs, Shared] {
        assert_eq!(fulfilled(authority).accepts("Fulfill"), ["effect Fulfilled", "event IncomingFulfilled"]);
        let mut desk = fulfilled(authority);
        assert_eq!(desk.refuses("Fulfill", error(ErrorName::AlreadyRolledBack)), ["effect Refused", "event IncomingRefused"]);
        assert_eq!(desk.session.balance(), 0);
    }
}

#[test]
fn to_a_reject() {
    for authority in ALL {
        assert_eq!(rejected(authority).accepts("Reject"), ["effect Acknowledged"]);
        assert_eq!(rejected(authority).refuses("Reject", error(ErrorName::AlreadyRolledBack)), ["effect Acknowledged"]);
    }
}

/// Not now is no verdict: the same is asked again.
#[test]
fn to_a_fulfill_or_reject_that_the_peer_cannot_take_it_now() {
    for authority in ALL {
        for (mut desk, kind) in [(fulfilled(authority), "Fulfill"), (rejected(authority), "Reject")] {
            let first = desk.sent(kind).body.clone();
            assert!(desk.refuses(kind, error(ErrorName::Unreachable)).is_empty());
            assert!(desk.timeout_after(999).is_empty());
            assert_eq!(desk.timeout_after(1), [alloc::format!("frame {kind}")]);
            assert_eq!(desk.sent(kind).body, first);
        }
    }
}

#[test]
fn to_one_that_it_cannot_take_it_now_keeps_nothing_else_waiting_but_the_end() {
    let mut desk = fulfilled(Ours);
    desk.asks(Body::Prepare(prepare(2)));
    desk.refuses("Fulfill", error(ErrorName::Unreachable));
    desk.session.reject(id(2), &reason(), desk.now).unwrap();
    assert_eq!(desk.outputs(), ["effect Rejected", "frame Reject", "event IncomingRejected"]);
    desk.session.close(desk.now);
    assert_eq!(desk.accepts("Reject"), ["effect Acknowledged"]);
    assert_eq!(desk.timeout_after(1_000), ["frame Fulfill"]);
    assert_eq!(desk.accepts("Fulfill"), ["effect Acknowledged", "disconnect Closed", "event Disconnected"]);
}

#[test]
fn to_a_message() {
    let mut desk = Desk::connected(Ours);
    for accepted in [true, false] {
        desk.session.message(ProtocolData::new(), desk.now).unwrap();
        desk.outputs();
        let answer = if accepted { desk.accepts("Message") } else { desk.refuses("Message", error(ErrorName::NotAccepted)) };
        assert_eq!(answer, ["event Answered"]);
    }
}

/// Nothing more is done, whichever request it was.
#[test]
fn a_second_time() {
    for (mut desk, kind) in
        [(prepared(Shared), "Prepare"), (transferring(Shared), "Transfer"), (fulfilled(Shared), "Fulfill"), (rejected(Shared), "Reject")]
    {
        desk.accepts(kind);
        let before = desk.session.trustline().snapshot();
        assert!(desk.accepts(kind).is_empty());
        assert!(desk.refuses(kind, error(ErrorName::NotAccepted)).is_empty());
        assert_eq!(desk.session.trustline().snapshot(), before);
        assert_eq!(desk.session.violations().unsolicited, 2);
    }
}
