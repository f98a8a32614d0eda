//! PROTOCOL.md section 6: the limits that the core keeps. Those on sockets and on keepalive are the runtime's, and
//! tests/src/contract has them.

use std::time::Duration;

use trustline_core::ledger::PrepareError;
use trustline_core::session::{
    Acceptance, Acceptor, ConnectionId, DisconnectReason, FulfillFailure, MessageError, PrepareFailure, RejectFailure,
};
use trustline_core::wire::{Body, DecodeError, EncodeError, Entry, Field, IlpError, Packet, Prepare, ProtocolData};
use trustline_core::{Limits, Timestamp};
use trustline_tests::{START, Solo, custom, fulfillment, millis, no_data, no_funds, payment, seconds, transfer_id};

/// The longest frame.
const FRAME_BYTES: usize = 128 * 1024;

/// A `custom` message whose frame has exactly `length` bytes.
fn message_of(length: usize) -> Vec<u8> {
    // Type, request id, content length (4 bytes from 64 KiB on), count, name, content type, data length (the same).
    let data = length - 1 - 4 - 4 - 2 - 7 - 1 - 4;
    let frame = encode(Solo::message(Entry::octets("custom", vec![b' '; data])));
    assert_eq!(frame.len(), length);
    frame
}

fn encode(body: Body) -> Vec<u8> {
    Packet { request_id: 7, body }.encode().unwrap().into()
}

fn entries(count: u8) -> ProtocolData {
    [Entry::octets("custom", vec![])].into_iter().chain((1..count).map(|n| Entry::octets(format!("e{n}"), vec![]))).collect()
}

/// A message with one entry, whose name has so many bytes; longer ones we would not write.
fn message_with_a_name_of(length: u16) -> Vec<u8> {
    let mut content = vec![1, 1, 0x82];
    content.extend(length.to_be_bytes());
    content.extend(vec![b'n'; length.into()]);
    content.extend([0, 0]);
    let mut frame = vec![6, 0, 0, 0, 7, 0x82];
    frame.extend(u16::try_from(content.len()).unwrap().to_be_bytes());
    frame.extend(content);
    frame
}

/// What exceeds a limit ends the connection, and nothing else.
#[track_caller]
fn assert_closes(frame: &[u8], field: Field) {
    let mut shop = Solo::shop();
    shop.accepts(Solo::prepare(1, 10));
    shop.side.events();
    let before = shop.side.snapshot();
    shop.side.frame(shop.connection, frame);
    let disconnects = shop.side.take_disconnects();
    let [(connection, DisconnectReason::Violation(error))] = &disconnects[..] else { panic!("{disconnects:?}") };
    assert_eq!((*connection, error.is_limit(), error.field()), (shop.connection, true, field));
    assert_eq!(shop.talk(), [""; 0], "without a word");
    assert_eq!(shop.side.events(), ["disconnected"]);
    assert_eq!(shop.side.snapshot(), before, "the trustline lives");
    shop.is_joined_again();
    shop.side.fulfills(1);
    assert_eq!(shop.talk(), ["Fulfill 1"]);

    let mut acceptor = Acceptor::new(Limits::default(), START);
    let acceptance = acceptor.handle_frame(frame, START);
    assert!(matches!(acceptance, Acceptance::Violation(error) if error.field() == field), "{acceptance:?}");
}

#[test]
fn the_defaults_are_those_of_the_protocol_notes() {
    let limits = Limits::default();
    assert_eq!((limits.wire.frame_bytes, limits.wire.entries, limits.wire.name_bytes), (FRAME_BYTES, 64, 255));
    assert_eq!((limits.in_flight_requests, limits.open_transfers, limits.connections), (10_000, 100_000, 64));
    assert_eq!((limits.authentication_timeout, limits.request_timeout), (seconds(2), seconds(5)));
    assert_eq!(limits.furthest_expiry, seconds(24 * 60 * 60));
}

#[test]
fn a_frame_has_at_most_128_kib() {
    let mut shop = Solo::shop();
    shop.side.frame(shop.connection, &message_of(FRAME_BYTES));
    assert_eq!(shop.side.take_events().len(), 1, "the longest is read");
    assert_closes(&message_of(FRAME_BYTES + 1), Field::Frame);
    // Its length decides, before anything in it is looked at.
    assert_closes(&vec![0xff; FRAME_BYTES + 1], Field::Frame);
}

#[test]
fn a_packet_has_at_most_64_entries() {
    let mut shop = Solo::shop();
    shop.side.frame(shop.connection, &encode(Body::Message(entries(64))));
    assert_eq!(shop.side.take_events().len(), 1);
    assert_closes(&encode(Body::Message(entries(65))), Field::ProtocolData);
}

#[test]
fn a_name_has_at_most_255_bytes() {
    let mut shop = Solo::shop();
    let longest = "n".repeat(255);
    assert_eq!(shop.refuses(Solo::message(Entry::octets(longest, vec![]))), "NotAcceptedError", "it is read");
    assert_closes(&message_with_a_name_of(256), Field::ProtocolName);
}

#[test]
fn we_send_nothing_that_would_end_the_connection_at_the_other_end() {
    let mut shop = Solo::shop();
    shop.accepts(Solo::prepare(1, 10));
    let too_long: ProtocolData = Entry::octets("custom", vec![0; FRAME_BYTES]).into();
    let bad = [
        (entries(65), Field::ProtocolData),
        (too_long, Field::ProtocolData),
        (Entry::octets("n".repeat(256), vec![]).into(), Field::ProtocolName),
    ];
    for (data, field) in bad {
        let at_fault = |error: EncodeError| {
            assert!(matches!(error, EncodeError::TooLong { field: at_fault, .. } if at_fault == field), "{error:?}");
        };
        let prepare = Prepare { protocol_data: data.clone(), ..payment(2, 10, START.saturating_add(seconds(30))) };
        match shop.side.attempt(|session, now| session.prepare(prepare, now)) {
            Err(PrepareFailure::Unencodable(error)) => at_fault(error),
            other => panic!("{other:?}"),
        }
        match shop.side.attempt(|session, now| session.transfer(transfer_id(2), 10, &data, now)) {
            Err(PrepareFailure::Unencodable(error)) => at_fault(error),
            other => panic!("{other:?}"),
        }
        match shop.side.attempt(|session, now| session.message(data.clone(), now)) {
            Err(MessageError::Unencodable(error)) => at_fault(error),
            other => panic!("{other:?}"),
        }
        match shop.side.attempt(|session, now| session.fulfill(transfer_id(1), fulfillment(1), &data, now)) {
            Err(FulfillFailure::Unencodable(error)) => at_fault(error),
            other => panic!("{other:?}"),
        }
    }
    let reason = IlpError { data: vec![b'x'; FRAME_BYTES].into(), ..no_funds() };
    let refused = shop.side.attempt(|session, now| session.reject(transfer_id(1), &reason, now));
    assert!(matches!(refused, Err(RejectFailure::Unencodable(_))), "{refused:?}");
}

#[test]
fn an_answer_that_cannot_be_sent_is_an_error_to_who_asked() {
    let mut shop = Solo::shop_with(|config| config.limits.unanswered_requests = 1);
    assert_eq!(shop.hears(Body::Message(custom("{}"))), [""; 0]);
    shop.side.events();
    let before = shop.side.snapshot();
    let token = shop.side.token();
    let refused = shop.side.session.respond(token, entries(65), START);
    shop.side.drain();
    assert!(matches!(refused, Err(EncodeError::TooLong { .. })), "{refused:?}");
    assert_eq!(shop.talk(), ["Error: F00 NotAcceptedError"], "the token is spent, so it must not wait for another answer");
    assert_eq!(shop.side.snapshot(), before);
    assert_eq!(shop.hears(Body::Message(custom("{}"))), [""; 0], "nor does it take room any more");
}

#[test]
fn requests_in_flight_are_limited_on_each_connection() {
    let mut shop = Solo::shop_with(|config| config.limits.in_flight_requests = 3);
    shop.side.pays(1, 10);
    shop.side.asks(custom("{}"));
    shop.side.pays(2, 10);
    let expiry = START.saturating_add(seconds(30));
    let refused = shop.side.attempt(|session, now| session.prepare(payment(3, 10, expiry), now));
    assert_eq!(refused, Err(PrepareFailure::TooManyInFlight));
    let refused = shop.side.attempt(|session, now| session.message(custom("{}"), now));
    assert_eq!(refused, Err(MessageError::TooManyInFlight));
    assert_eq!(shop.side.session.in_flight(), 3);

    shop.is_answered(Solo::response());
    shop.side.pays(3, 10);
    // Another connection has room of its own.
    shop.is_joined_again();
    shop.side.pays(4, 10);
    assert_eq!(shop.side.session.in_flight(), 4);
}

#[test]
fn a_decision_waits_for_room_and_keeps_its_place() {
    let mut shop = Solo::shop_with(|config| config.limits.in_flight_requests = 1);
    for n in 1..=3 {
        shop.accepts(Solo::prepare(n, 10));
    }
    for n in 1..=3 {
        shop.side.fulfills(n);
    }
    assert_eq!(shop.side.balance(), 30, "what is decided is decided");
    assert_eq!(shop.talk(), ["Fulfill 1"]);
    let expiry = START.saturating_add(seconds(30));
    assert_eq!(shop.is_answered(Solo::response()), ["Fulfill 2"]);
    let refused = shop.side.attempt(|session, now| session.prepare(payment(4, 10, expiry), now));
    assert_eq!(refused, Err(PrepareFailure::TooManyInFlight), "nothing overtakes what waits");
    assert_eq!(shop.is_answered(Solo::response()), ["Fulfill 3"]);
    shop.is_answered(Solo::response());
    assert_eq!(shop.side.snapshot().open, []);
}

#[test]
fn open_transfers_are_limited() {
    let mut shop = Solo::shop_with(|config| config.limits.open_transfers = 2);
    shop.accepts(Solo::prepare(1, 10));
    shop.side.pays(2, 10);
    assert_eq!(shop.refuses(Solo::prepare(3, 10)), "UnreachableError", "it may be tried again later");
    let expiry = START.saturating_add(seconds(30));
    let refused = shop.side.attempt(|session, now| session.prepare(payment(3, 10, expiry), now));
    assert_eq!(refused, Err(PrepareFailure::Ledger(PrepareError::TooManyOpen)));
    let refused = shop.side.attempt(|session, now| session.transfer(transfer_id(3), 10, &no_data(), now));
    assert_eq!(refused, Err(PrepareFailure::Ledger(PrepareError::TooManyOpen)));

    // Decided, but the payer has not acknowledged it: that is open still.
    shop.side.fulfills(1);
    assert_eq!(shop.refuses(Solo::prepare(3, 10)), "UnreachableError");
    shop.is_answered(Solo::response());
    shop.is_answered(Solo::response());
    shop.accepts(Solo::prepare(3, 10));
    // A repeat takes no room.
    shop.accepts(Solo::prepare(3, 10));
}

#[test]
fn an_expiry_is_at_most_a_day_away() {
    let day = seconds(24 * 60 * 60);
    let expiring_after = |n, duration: Duration| Body::Prepare(payment(n, 10, START.saturating_add(duration)));
    let mut shop = Solo::shop();
    shop.accepts(expiring_after(1, day));
    assert_eq!(shop.refuses(expiring_after(2, day + millis(1))), "NotAcceptedError");
    assert_eq!(shop.refuses(Body::Prepare(payment(2, 10, Timestamp::MAX))), "NotAcceptedError");
    let mut patient = Solo::shop_with(|config| config.limits.furthest_expiry = 60 * day);
    patient.accepts(expiring_after(1, 60 * day));
}

#[test]
fn an_account_has_at_most_64_connections() {
    let mut shop = Solo::shop();
    for _ in 1..64 {
        shop.is_joined_again();
    }
    assert_eq!(shop.side.session.connections().count(), 64);
    assert_eq!(shop.side.take_disconnects(), []);
    let before = shop.side.snapshot();
    shop.side.accepted(ConnectionId(65), 7);
    assert_eq!(shop.side.take_disconnects(), [(ConnectionId(65), DisconnectReason::TooManyConnections)]);
    assert_eq!(shop.side.said(), ["Error: T00 UnreachableError"], "it is told why before it is closed");
    assert_eq!((shop.side.events(), shop.side.snapshot()), (vec![], before));
    assert_eq!(shop.side.session.connections().last(), Some(ConnectionId(64)));
    // What comes over it is not heard.
    shop.side.receives(ConnectionId(65), 8, Solo::prepare(1, 10));
    assert_eq!(shop.side.said(), [""; 0]);

    shop.side.disconnected(ConnectionId(1));
    shop.side.accepted(ConnectionId(66), 7);
    assert_eq!(shop.side.said(), ["Response"]);
}

#[test]
fn a_peer_that_asks_faster_than_the_application_answers_is_told_so() {
    let mut shop = Solo::shop_with(|config| config.limits.unanswered_requests = 2);
    let ask = || Body::Message(custom("{}"));
    for _ in 0..2 {
        assert_eq!(shop.hears(ask()), [""; 0]);
    }
    assert_eq!(shop.side.events().len(), 2);
    assert_eq!(shop.refuses(ask()), "UnreachableError");
    // What the session answers by itself takes no room, nor do payments.
    shop.accepts(Solo::message(Entry::octets("balance", vec![0])));
    shop.accepts(Solo::prepare(1, 10));
    shop.side.events();
    shop.side.responds(custom("{}"));
    assert_eq!(shop.hears(ask()), [""; 0], "there is room again");
    assert_eq!(shop.side.events().len(), 1);
    // Each connection has room of its own, and takes its requests along when it goes.
    shop.is_joined_again();
    assert_eq!(shop.hears(ask()), [""; 0]);
}

#[test]
fn a_request_about_money_without_an_answer_ends_the_connection_and_is_sent_again() {
    let mut shop = Solo::shop();
    shop.side.pays(1, 10);
    shop.side.clock(START.saturating_add(millis(4_999)));
    assert_eq!(shop.side.take_disconnects(), []);
    shop.side.clock(START.saturating_add(seconds(5)));
    assert_eq!(shop.side.take_disconnects(), [(shop.connection, DisconnectReason::RequestTimeout)]);
    let asked = shop.asked();
    shop.is_left();
    shop.is_joined_again();
    assert_eq!(shop.asked(), asked, "the same id and the same contents");
    assert_eq!(shop.side.pending(), (0, 10));
}

#[test]
fn a_length_is_not_believed_before_the_frame_holds_it() {
    let mut shop = Solo::shop();
    // Eight bytes of length, and 2^32 entries: nothing is allocated by them, and nothing is closed.
    let count = |side: &trustline_tests::Side| side.session.violations().unreadable;
    shop.ignores(b"\x06\0\0\0\x07\x88\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00", count);
    shop.ignores(b"\x06\0\0\0\x07\x06\x05\x01\0\0\0\0", count);
    let error = Packet::decode(b"\x06\0\0\0\x07\x06\x05\x01\0\0\0\0", &Limits::default().wire).unwrap_err();
    assert!(matches!(error, DecodeError::Unreadable { .. }), "{error:?}");
}
