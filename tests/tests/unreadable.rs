//! PROTOCOL.md section 1, last rule: what cannot be read, or answers nothing, is counted and not answered (an answer
//! could start a loop), and the connection stays.

use serde_json::Value;
use trustline_core::session::{Acceptance, Acceptor, ErrorName};
use trustline_core::wire::{Body, Packet};
use trustline_core::{Limits, WireLimits};
use trustline_tests::{START, Side, Solo};

fn unreadable(side: &Side) -> u64 {
    side.session.violations().unreadable
}

fn unsolicited(side: &Side) -> u64 {
    side.session.violations().unsolicited
}

fn encode(request_id: u32, body: Body) -> Vec<u8> {
    Packet { request_id, body }.encode().unwrap().into()
}

/// The golden malformed frames that are no packets.
fn malformed() -> Vec<(String, Vec<u8>)> {
    let text = include_str!("../vectors/malformed.json");
    let frames: Vec<Value> = serde_json::from_str(text).unwrap();
    let frames = frames.iter().map(|frame| {
        let text = |field: &str| frame[field].as_str().unwrap().to_string();
        (text("name"), hex::decode(text("hex")).unwrap())
    });
    frames.filter(|(_, frame)| Packet::decode(frame, &WireLimits::default()).is_err_and(|error| !error.is_limit())).collect()
}

#[test]
fn malformed_frames_are_counted_and_nothing_else() {
    let frames = malformed();
    assert!(frames.len() > 50, "{}", frames.len());
    let mut shop = Solo::shop();
    shop.accepts(Solo::prepare(1, 10));
    shop.side.events();
    for (name, frame) in &frames {
        println!("{name}");
        shop.ignores(frame, unreadable);
    }
    assert_eq!(unreadable(&shop.side), frames.len() as u64);
    shop.side.fulfills(1);
    shop.is_answered(Solo::response());
    assert_eq!(shop.side.balance(), 10, "and all goes on");
}

#[test]
fn malformed_frames_do_not_disturb_an_authentication() {
    let mut acceptor = Acceptor::new(Limits::default(), START);
    for (name, frame) in malformed() {
        assert_eq!(acceptor.handle_frame(&frame, START), Acceptance::Waiting, "{name}");
    }
}

#[test]
fn every_beginning_of_a_packet_is_unreadable() {
    let bodies = [
        Solo::prepare(1, 10),
        Solo::fulfill(1),
        Solo::reject(1),
        Solo::transfer(1, 10),
        Solo::message(trustline_core::wire::Entry::json("custom", "{}")),
        Solo::error(ErrorName::NotAccepted),
        Solo::response(),
    ];
    let mut shop = Solo::shop();
    for body in bodies {
        let frame = encode(7, body);
        for end in 0..frame.len() {
            shop.ignores(&frame[..end], unreadable);
        }
    }
}

#[test]
fn a_text_message_is_counted() {
    let mut shop = Solo::shop();
    let before = shop.side.snapshot();
    shop.side.session.handle_text(shop.connection);
    shop.side.drain();
    assert_eq!(shop.talk(), [""; 0]);
    assert_eq!((shop.side.take_disconnects().len(), unreadable(&shop.side)), (0, 1));
    assert_eq!((shop.side.snapshot(), shop.side.events()), (before, vec![]));
}

#[test]
fn an_unknown_type_is_counted() {
    let mut shop = Solo::shop();
    for kind in [0, 8, 9, 127, 128, 255] {
        shop.ignores(&[kind, 0, 0, 0, 7, 2, 1, 0], unreadable);
    }
}

#[test]
fn an_answer_to_nothing_is_counted() {
    let mut shop = Solo::shop();
    for request_id in [0, 1, 2, 0x0010_0001, u32::MAX] {
        shop.ignores(&encode(request_id, Solo::response()), unsolicited);
        shop.ignores(&encode(request_id, Solo::error(ErrorName::TransferNotFound)), unsolicited);
    }
}

#[test]
fn a_second_answer_to_one_request_is_counted() {
    let mut shop = Solo::shop();
    shop.side.pays(1, 10);
    let (_, frame) = shop.side.take_frames().remove(0);
    let request_id = u32::from_be_bytes(frame[1..5].try_into().unwrap());
    shop.side.receives(shop.connection, request_id, Solo::response());
    assert_eq!(shop.side.events(), ["out 1 prepared"]);
    // It does not end the next request that takes the first one's place in our table.
    shop.side.pays(2, 10);
    shop.ignores(&encode(request_id, Solo::response()), unsolicited);
    shop.ignores(&encode(request_id, Solo::error(ErrorName::InsufficientBalance)), unsolicited);
    assert_eq!(shop.side.pending(), (0, 20));
}

#[test]
fn bytes_behind_the_last_field_are_ignored() {
    let mut shop = Solo::shop();
    let mut behind_the_envelope = encode(7, Solo::prepare(1, 10));
    behind_the_envelope.extend(b"more");
    shop.side.frame(shop.connection, &behind_the_envelope);
    assert_eq!(shop.talk(), ["Response"]);

    let mut inside = encode(7, Solo::fulfill(2));
    let content = inside[5];
    assert!(content < 0x78, "its length stays one byte");
    inside[5] += 4;
    inside.extend(b"more");
    shop.side.pays(2, 10);
    shop.talk();
    shop.side.frame(shop.connection, &inside);
    assert_eq!(shop.talk(), ["Response"]);
    assert_eq!(unreadable(&shop.side), 0);
}

#[test]
fn a_frame_of_a_connection_that_is_gone_is_not_even_counted() {
    let mut shop = Solo::shop();
    shop.is_left();
    let before = shop.side.snapshot();
    shop.side.frame(shop.connection, b"");
    shop.side.receives(shop.connection, 7, Solo::prepare(1, 10));
    shop.side.disconnected(shop.connection);
    assert_eq!((shop.talk(), shop.side.events(), shop.side.snapshot()), (vec![], vec![], before));
    assert_eq!(unreadable(&shop.side), 0);
}
