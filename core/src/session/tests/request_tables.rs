//! How many requests wait for their answers, and under which ids.

use alloc::vec::Vec;

use super::desk::{Desk, FIRST, OPENING, config};
use super::peer::{id, prepare};
use crate::Timestamp;
use crate::ledger::Authority::{Ours, Shared};
use crate::session::request_table::{Request, RequestTable};
use crate::session::{ConnectionId, MessageError, PrepareFailure};
use crate::wire::{Body, Packet, ProtocolData};

const NOW: Timestamp = Timestamp::from_millis(OPENING);

fn narrow(authority: crate::ledger::Authority, in_flight: usize) -> Desk {
    let mut config = config(authority);
    config.limits.in_flight_requests = in_flight;
    Desk::connected_with(config)
}

#[test]
fn no_request_more_than_the_limit_until_one_is_answered() {
    let mut desk = narrow(Ours, 2);
    desk.session.message(ProtocolData::new(), desk.now).unwrap();
    desk.session.prepare(prepare(1), desk.now).unwrap();
    desk.outputs();
    let before = desk.session.trustline().snapshot();
    assert_eq!(desk.session.message(ProtocolData::new(), desk.now), Err(MessageError::TooManyInFlight));
    assert_eq!(desk.session.prepare(prepare(2), desk.now), Err(PrepareFailure::TooManyInFlight));
    assert!(desk.outputs().is_empty());
    assert_eq!(desk.session.trustline().snapshot(), before);
    assert_eq!(desk.session.in_flight(), 2);
    desk.accepts("Prepare");
    desk.session.prepare(prepare(2), desk.now).unwrap();
    assert_eq!(desk.outputs(), ["effect Prepared", "frame Prepare"]);
}

#[test]
fn a_new_payment_does_not_overtake_what_waits() {
    let mut desk = narrow(Shared, 1);
    desk.session.prepare(prepare(1), desk.now).unwrap();
    desk.session.transfer(id(2), 10, &ProtocolData::new(), desk.now).unwrap();
    assert_eq!(desk.outputs(), ["effect Prepared", "frame Prepare", "effect Transferring"]);
    assert_eq!(desk.accepts("Prepare"), ["event OutgoingPrepared", "frame Transfer"]);
}

#[test]
fn each_connection_has_a_table_of_its_own() {
    let mut desk = narrow(Ours, 1);
    desk.session.message(ProtocolData::new(), desk.now).unwrap();
    desk.connect(ConnectionId(2));
    desk.session.message(ProtocolData::new(), desk.now).unwrap();
    assert_eq!(desk.outputs(), ["frame Message on 2"]);
    assert_eq!(desk.session.in_flight(), 2);
}

#[test]
fn an_answer_counts_on_the_connection_that_was_asked_only() {
    let mut desk = Desk::connected(Ours);
    desk.session.prepare(prepare(1), desk.now).unwrap();
    desk.outputs();
    desk.connect(ConnectionId(2));
    let answer = Packet { request_id: desk.sent("Prepare").request_id, body: Body::Response(ProtocolData::new()) };
    assert!(desk.frame(ConnectionId(2), &answer).is_empty());
    assert_eq!(desk.session.violations().unsolicited, 1);
    assert_eq!(desk.frame(FIRST, &answer), ["event OutgoingPrepared"]);
}

#[test]
fn an_id_is_free_again_but_not_the_same() {
    let mut desk = narrow(Ours, 1);
    let ids: Vec<u32> = (0..100)
        .map(|_| {
            desk.session.message(ProtocolData::new(), desk.now).unwrap();
            desk.outputs();
            desk.accepts("Message");
            desk.sent("Message").request_id
        })
        .collect();
    for (index, id) in ids.iter().enumerate() {
        assert!(!ids[..index].contains(id));
    }
}

/// A slot's number of uses has 12 bits.
#[test]
fn an_id_comes_back_after_4096_uses_and_never_is_zero() {
    let mut table = RequestTable::new(1);
    let mut ids = Vec::new();
    for _ in 0..4096 {
        let id = table.insert(Request::Info, NOW).unwrap();
        assert_ne!(id, 0);
        ids.push(id);
        assert_eq!(table.remove(id), Some(Request::Info));
    }
    assert_eq!(table.insert(Request::Info, NOW), Some(ids[0]));
    assert_eq!(table.remove(ids[0]), Some(Request::Info), "and is known");
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4096);
}

#[test]
fn a_table_that_was_full_and_drained_is_like_new() {
    let mut table = RequestTable::new(3);
    for round in 0..3 {
        let ids: Vec<_> = (0..3).map(|n| table.insert(Request::Message(n), NOW).unwrap()).collect();
        assert!(table.is_full());
        assert_eq!(table.insert(Request::Info, NOW), None, "round {round}");
        assert_eq!(table.drain(), [0, 1, 2].map(Request::Message));
        assert_eq!(ids.iter().filter_map(|id| table.remove(*id)).count(), 0);
    }
}

#[test]
fn a_table_of_no_requests_takes_none() {
    let mut table = RequestTable::new(0);
    assert!(table.is_full());
    assert_eq!(table.insert(Request::Info, NOW), None);
    assert_eq!(table.oldest(), None);
}
