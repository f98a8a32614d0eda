//! What a peer should not send: it is counted, and at worst ends the connection, never the trustline.

use alloc::vec;

use super::desk::{Desk, FIRST, config};
use super::peer::{error, fulfill, message, prepare};
use crate::ledger::Authority::{Ours, Shared};
use crate::session::{ConnectionId, ErrorName, Violations};
use crate::wire::{Body, Entry, Packet, ProtocolData};

#[test]
fn what_is_unreadable_is_counted_and_not_answered() {
    let mut desk = Desk::connected(Ours);
    for frame in [&b""[..], b"\x06\0\0", b"\x09\0\0\0\x01\x02\x01\x00"] {
        desk.session.handle_frame(FIRST, frame, desk.now);
    }
    desk.session.handle_text(FIRST);
    assert!(desk.outputs().is_empty());
    assert_eq!(*desk.session.violations(), Violations { unreadable: 4, ..Violations::default() });
    assert!(desk.session.is_connected());
}

#[test]
fn those_of_several_sessions_add_up() {
    let mut all = Violations { unreadable: 1, unsolicited: 2, unauthenticated: 3 };
    all += Violations { unreadable: 10, unsolicited: 20, unauthenticated: 30 };
    assert_eq!(all, Violations { unreadable: 11, unsolicited: 22, unauthenticated: 33 });
}

#[test]
fn an_answer_to_nothing_is_counted_and_not_answered() {
    let mut desk = Desk::connected(Ours);
    for body in [Body::Response(ProtocolData::new()), Body::Error(error(ErrorName::NotAccepted))] {
        for request_id in [0, 1, 1 << 20, u32::MAX] {
            assert!(desk.frame(FIRST, &Packet { request_id, body: body.clone() }).is_empty());
        }
    }
    assert_eq!(*desk.session.violations(), Violations { unsolicited: 8, ..Violations::default() });
}

#[test]
fn a_request_before_the_authentication_is_counted_and_not_done() {
    let mut desk = Desk::new(config(Shared));
    desk.session.handle_connected(FIRST, desk.now);
    desk.outputs();
    for body in [Body::Prepare(prepare(1)), fulfill(1), message("balance", &[0])] {
        assert!(desk.asks(body).is_empty());
    }
    assert_eq!(*desk.session.violations(), Violations { unauthenticated: 3, ..Violations::default() });
    assert_eq!(desk.session.trustline().sequence(), 0);
}

#[test]
fn a_broken_limit_ends_the_connection_and_what_it_left_open_goes_on() {
    let mut limited = config(Shared);
    limited.limits.wire.frame_bytes = 1_000;
    let mut desk = Desk::connected_with(limited);
    desk.session.prepare(prepare(1), desk.now).unwrap();
    desk.outputs();
    let long = Body::Message(Entry::octets("custom", vec![0; 1_000]).into());
    assert_eq!(desk.asks(long), ["disconnect Violation", "event Disconnected"]);
    assert_eq!(desk.connect(ConnectionId(2)), ["event Connected", "frame Prepare on 2"]);
}

#[test]
fn what_comes_over_a_connection_that_is_gone_is_nothing() {
    let mut desk = Desk::connected(Ours);
    desk.cut(FIRST);
    assert!(desk.asks(Body::Prepare(prepare(1))).is_empty());
    assert!(desk.asks_on(ConnectionId(99), Body::Prepare(prepare(1))).is_empty());
    desk.session.handle_text(FIRST);
    assert_eq!(desk.session.trustline().sequence(), 0);
    assert_eq!(*desk.session.violations(), Violations::default());
}

#[test]
fn a_second_authentication_is_refused_with_f00() {
    let mut desk = Desk::connected(Ours);
    let auth = crate::session::subprotocol::auth_request(&crate::session::Credentials::default());
    assert_eq!(desk.asks(Body::Message(auth)), ["frame Error"]);
    let Body::Error(error) = &desk.sent("Error").body else { unreachable!() };
    assert_eq!(error.code, "F00");
}

/// Our limit on names is above what can be sent, so that what was read could not be sent again.
#[test]
fn what_can_be_read_and_not_be_kept_is_refused() {
    let mut limited = config(Ours);
    (limited.limits.wire.frame_bytes, limited.limits.wire.name_bytes) = (100_000, 70_000);
    let mut desk = Desk::connected_with(limited);
    let name = [&[0x83, 1, 0, 0][..], &vec![b'n'; 65_536]].concat();
    let content = [&[0; 7][..], &[10, 1, 1], &name, &[0, 0]].concat();
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    let frame = [&[7, 0, 0, 0, 1, 0x83][..], &length[1..], &content].concat();
    desk.session.handle_frame(FIRST, &frame, desk.now);
    assert_eq!(desk.outputs(), ["frame Error"]);
    let Body::Error(error) = &desk.sent("Error").body else { unreachable!() };
    assert_eq!((&*error.name, desk.session.trustline().sequence()), ("InvalidFieldsError", 0));
    assert!(desk.session.is_connected());
}
