//! A command that is refused changes nothing, and sends nothing.

use super::desk::{ALL, Desk, config};
use super::peer::{fulfillment, id, message, prepare, reason, unsendable};
use crate::ledger::Authority::{Ours, Shared};
use crate::ledger::{FulfillError, PrepareError, RejectError};
use crate::session::{FulfillFailure, MessageError, PrepareFailure, RejectFailure};
use crate::wire::{Body, Entry, Field, IlpError, Prepare, ProtocolData};

/// Runs a command that must fail, on a desk on which nothing is left to be done.
fn refused<T: core::fmt::Debug, E>(desk: &mut Desk, command: impl FnOnce(&mut Desk) -> Result<T, E>) -> E {
    let before = (desk.session.trustline().snapshot(), desk.deadline(), desk.session.in_flight());
    let error = command(desk).unwrap_err();
    assert!(desk.outputs().is_empty());
    assert_eq!((desk.session.trustline().snapshot(), desk.deadline(), desk.session.in_flight()), before);
    error
}

fn refused_prepare(desk: &mut Desk, prepare: Prepare) -> PrepareFailure {
    refused(desk, |desk| desk.session.prepare(prepare, desk.now))
}

#[test]
fn without_a_connection() {
    let mut desk = Desk::new(config(Ours));
    assert_eq!(refused_prepare(&mut desk, prepare(1)), PrepareFailure::NotConnected);
    let none = ProtocolData::new();
    assert_eq!(refused(&mut desk, |desk| desk.session.transfer(id(1), 1, &none, desk.now)), PrepareFailure::NotConnected);
    assert_eq!(refused(&mut desk, |desk| desk.session.message(none, desk.now)), MessageError::NotConnected);
}

#[test]
fn before_the_host_has_answered_our_authentication() {
    let mut desk = Desk::new(config(Shared));
    desk.session.handle_connected(super::desk::FIRST, desk.now);
    desk.outputs();
    assert_eq!(refused_prepare(&mut desk, prepare(1)), PrepareFailure::NotConnected);
}

#[test]
fn while_closing() {
    let mut desk = Desk::connected(Ours);
    desk.asks(message("custom", b"{}"));
    desk.session.close(desk.now);
    assert_eq!(refused_prepare(&mut desk, prepare(1)), PrepareFailure::Closing);
    let none = ProtocolData::new();
    assert_eq!(refused(&mut desk, |desk| desk.session.transfer(id(1), 1, &none, desk.now)), PrepareFailure::Closing);
    assert_eq!(refused(&mut desk, |desk| desk.session.message(none, desk.now)), MessageError::Closing);
}

#[test]
fn by_the_ledger() {
    for authority in ALL {
        let mut desk = Desk::connected(authority);
        let zero = Prepare { amount: 0, ..prepare(1) };
        assert_eq!(refused_prepare(&mut desk, zero), PrepareFailure::Ledger(PrepareError::ZeroAmount));
        let none = ProtocolData::new();
        let fulfill = refused(&mut desk, |desk| desk.session.fulfill(id(1), fulfillment(1), &none, desk.now));
        assert_eq!(fulfill, FulfillFailure::Ledger(FulfillError::NotFound));
        let reject = refused(&mut desk, |desk| desk.session.reject(id(1), &reason(), desk.now));
        assert_eq!(reject, RejectFailure::Ledger(RejectError::NotFound));
    }
}

#[test]
fn because_it_cannot_be_sent() {
    let mut desk = Desk::connected(Ours);
    desk.asks(Body::Prepare(prepare(1)));
    let unencodable = Prepare { protocol_data: unsendable(), ..prepare(2) };
    assert!(matches!(refused_prepare(&mut desk, unencodable), PrepareFailure::Unencodable(_)));
    let transfer = refused(&mut desk, |desk| desk.session.transfer(id(2), 1, &unsendable(), desk.now));
    assert!(matches!(transfer, PrepareFailure::Unencodable(_)));
    let fulfill = refused(&mut desk, |desk| desk.session.fulfill(id(1), fulfillment(1), &unsendable(), desk.now));
    assert!(matches!(fulfill, FulfillFailure::Unencodable(_)));
    let accent = IlpError { triggered_by: "peer.\u{e9}".into(), ..reason() };
    let reject = refused(&mut desk, |desk| desk.session.reject(id(1), &accent, desk.now));
    assert!(matches!(reject, RejectFailure::Unencodable(_)));
    assert!(matches!(refused(&mut desk, |desk| desk.session.message(unsendable(), desk.now)), MessageError::Unencodable(_)));
}

/// A frame that a peer with our own limits would close the connection for is not sent.
#[test]
fn because_the_peer_could_not_take_it() {
    let mut desk = Desk::connected(Ours);
    let full: ProtocolData = (0..64).map(|_| Entry::text("x", "")).collect();
    desk.session.message(full.clone(), desk.now).unwrap();
    desk.outputs();
    let too_many = refused(&mut desk, |desk| desk.session.message(full.clone().with(Entry::text("x", "")), desk.now));
    assert!(matches!(too_many, MessageError::Unencodable(error) if error.field() == Field::ProtocolData));
    // The id that travels with an unconditional transfer is an entry, too.
    let transfer = refused(&mut desk, |desk| desk.session.transfer(id(1), 1, &full, desk.now));
    assert!(matches!(transfer, PrepareFailure::Unencodable(_)));
}

#[test]
fn because_it_is_too_long_by_one_byte() {
    let mut limited = config(Ours);
    (limited.limits.wire.frame_bytes, limited.limits.wire.name_bytes) = (1_000, 4);
    let mut desk = Desk::connected_with(limited);
    let entry = |name: &str, bytes| ProtocolData::from(Entry::octets(name, alloc::vec![0; bytes]));
    // The rest of a frame takes no more than 128 bytes.
    let fits = |bytes: &usize| entry("name", *bytes).encode().unwrap().len() <= 1_000 - 128;
    let longest = (0..1_000).filter(fits).max().unwrap();
    desk.session.message(entry("name", longest), desk.now).unwrap();
    desk.outputs();
    for (too_long, field) in [(entry("name", longest + 1), Field::ProtocolData), (entry("names", 0), Field::ProtocolName)] {
        let error = refused(&mut desk, |desk| desk.session.message(too_long, desk.now));
        assert!(matches!(error, MessageError::Unencodable(error) if error.field() == field), "{error:?}");
    }
}
