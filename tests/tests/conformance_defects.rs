//! The conformance kit notices the defects of a host that others would suffer from.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::thread;

use trustline_core::session::ErrorName;
use trustline_core::wire::{Body, Entry, ErrorCode, Fulfill, IlpError, IlpPacket, Packet, Prepare, ProtocolData, Reject};
use trustline_core::{Fulfillment, Timestamp, TransferId, WireLimits};
use trustline_tests::conformance::{self, Outcome, Payee, Subject};
use tungstenite::{Message, WebSocket};

/// 2017-11-06, 12:34:56.000.
const AT: Timestamp = Timestamp::from_millis(1_509_971_696_000);

/// What it sends in answer to one packet.
enum Sends {
    Frame(Vec<u8>),
    /// Bytes that are no WebSocket's.
    Garbage,
    Close,
}

/// How one case goes with a host that knows no more than to let in, to refuse, and to fulfill, and that `does` so in its own way.
fn case(name: &str, does: fn(&[Packet]) -> Vec<Sends>) -> Outcome {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("btp+ws://alice:s3cr3t@{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || serve(tungstenite::accept(stream.unwrap()).unwrap(), does));
        }
    });
    let subject = Subject { url: url.parse().unwrap(), payee: Some(Payee::Scripted) };
    let report = conformance::run(&subject, name).unwrap();
    report.verdicts.into_iter().find(|verdict| verdict.name == name).unwrap().outcome
}

/// To the end of the connection, which the kit breaks off.
fn serve(mut socket: WebSocket<TcpStream>, does: fn(&[Packet]) -> Vec<Sends>) {
    while let Ok(message) = socket.read() {
        let Message::Binary(frame) = message else { continue };
        let asked = Packet::decode(&frame, &WireLimits::NONE).unwrap();
        for sends in does(&answers(&asked)) {
            match sends {
                Sends::Frame(frame) => socket.send(Message::binary(frame)).unwrap(),
                Sends::Garbage => socket.get_mut().write_all(&[0xff; 16]).unwrap(),
                Sends::Close => socket.close(None).unwrap(),
            }
        }
    }
}

/// As it should be.
fn answers(asked: &Packet) -> Vec<Packet> {
    let answer = |body| Packet { request_id: asked.request_id, body };
    let refusal = answer(Body::Error(ErrorName::NotAccepted.error("no", AT)));
    match &asked.body {
        Body::Message(entries) if entries.get("auth_token").is_some_and(|entry| *entry.data != *b"s3cr3t") => vec![refusal],
        Body::Message(entries) if entries.get("auth").or(entries.get("info")).is_some() => {
            vec![answer(Body::Response(ProtocolData::new()))]
        }
        Body::Message(entries) if entries.get("balance").is_some() => {
            vec![answer(Body::Response(Entry::octets("balance", vec![0; 8]).into()))]
        }
        Body::Message(_) => vec![refusal],
        Body::Prepare(prepare) => vec![answer(Body::Response(ProtocolData::new())), outcome(prepare)],
        _ => Vec::new(),
    }
}

fn outcome(prepare: &Prepare) -> Packet {
    let transfer_id = prepare.transfer_id;
    let IlpPacket::Payment(payment) = IlpPacket::decode(&prepare.protocol_data.get("ilp").unwrap().data).unwrap() else { panic!() };
    let body = if payment.account.ends_with(".fulfill") {
        let fulfillment = Fulfillment::from(<[u8; 32]>::try_from(&*payment.data).unwrap());
        Body::Fulfill(Fulfill { transfer_id, fulfillment, protocol_data: ProtocolData::new() })
    } else {
        Body::Reject(Reject { transfer_id, protocol_data: Entry::octets("ilp", reason().encode().unwrap()).into() })
    };
    Packet { request_id: 1, body }
}

fn reason() -> IlpError {
    IlpError {
        code: ErrorCode::new(*b"F00").unwrap(),
        name: "Bad Request".into(),
        triggered_by: "example.host".to_owned(),
        forwarded_by: Vec::new(),
        triggered_at: AT,
        data: "no".into(),
    }
}

/// With the time in whole seconds; the length of the content, which is at this place, goes with it.
fn without_fraction(bytes: &[u8], length: usize) -> Vec<u8> {
    let digits = hex::encode(bytes).replace(&hex::encode("\x1320171106123456.000Z"), &hex::encode("\x0f20171106123456Z"));
    let mut shorter = hex::decode(digits).unwrap();
    shorter[length] -= u8::try_from(bytes.len() - shorter.len()).unwrap();
    shorter
}

fn frame(packet: &Packet) -> Vec<u8> {
    packet.encode().unwrap().into()
}

fn is_refusal(packets: &[Packet]) -> bool {
    matches!(packets, [Packet { body: Body::Error(_), .. }])
}

fn well(packets: &[Packet]) -> Vec<Sends> {
    let close = is_refusal(packets).then_some(Sends::Close);
    packets.iter().map(|packet| Sends::Frame(frame(packet))).chain(close).collect()
}

#[track_caller]
fn assert_failed(outcome: &Outcome, with: &str) {
    let Outcome::Failed { expected, seen } = outcome else { panic!("{outcome:?}") };
    assert!(format!("expected {expected}; seen: {seen}").contains(with), "{outcome:?}");
}

#[test]
fn what_is_done_well_passes() {
    for name in ["auth-wrong-token", "prepare-rejected", "prepare-time-6-digits", "text-message"] {
        assert_eq!(case(name, well), Outcome::Passed, "{name}");
    }
}

/// A JavaScript payer that has no Response to its Prepare fails.
#[test]
fn a_fulfill_before_the_answer_to_its_prepare() {
    let result = case("prepare-time-6-digits", |packets| packets.iter().rev().map(|packet| Sends::Frame(frame(packet))).collect());
    assert_failed(&result, "Fulfill first");
}

/// JavaScript reads an Invalid Date.
#[test]
fn a_time_without_its_three_digits() {
    let result = case("auth-wrong-token", |packets| {
        if is_refusal(packets) { vec![Sends::Frame(without_fraction(&frame(&packets[0]), 5))] } else { well(packets) }
    });
    assert_failed(&result, "a frame in the form");
}

/// And goes on with it: the transfer stays prepared.
#[test]
fn a_time_without_its_three_digits_in_the_reason_of_a_reject() {
    let result = case("prepare-rejected", |packets| {
        let mut packets = packets.to_vec();
        if let Some(Packet { body: Body::Reject(reject), .. }) = packets.last_mut() {
            reject.protocol_data = Entry::octets("ilp", without_fraction(&reason().encode().unwrap(), 1)).into();
        }
        well(&packets)
    });
    assert_failed(&result, "three digits of fraction");
}

#[test]
fn bytes_behind_the_last_field() {
    let result = case("prepare-time-6-digits", |packets| {
        let longer = |packet: &Packet| [frame(packet), vec![0]].concat();
        packets
            .iter()
            .map(|packet| Sends::Frame(if matches!(packet.body, Body::Fulfill(_)) { longer(packet) } else { frame(packet) }))
            .collect()
    });
    assert_failed(&result, "a frame in the form");
}

#[test]
fn garbage_is_not_taken_for_the_end_of_the_connection() {
    let result = case("auth-wrong-token", |packets| {
        let garbage = is_refusal(packets).then_some(Sends::Garbage);
        packets.iter().map(|packet| Sends::Frame(frame(packet))).chain(garbage).collect()
    });
    assert_failed(&result, "messages of a WebSocket, or that it closes");
}

/// Where an earlier case failed, a Reject of its transfer may come late.
#[test]
fn what_is_left_of_another_case_fails_no_case() {
    let late = |packets: &[Packet]| {
        let reject = Body::Reject(Reject { transfer_id: TransferId::from([7; 16]), protocol_data: ProtocolData::new() });
        let late = Sends::Frame(frame(&Packet { request_id: 2, body: reject }));
        let answer = !packets.is_empty();
        well(packets).into_iter().chain(answer.then_some(late)).collect()
    };
    assert_eq!(case("text-message", late), Outcome::Passed);
}
