//! The decoder against two others: one of this crate's own, and rasn's derived types.

use rasn::types::{GeneralizedTime, OctetString};
use trustline_core::WireLimits;
use trustline_core::wire::{Body, DecodeError, ErrorPacket, Fulfill, Packet, Prepare, Problem, Reject, Transfer};

use super::independent::{self, Field, Refusal};
use super::stock;

/// A frame is a packet for our decoder if and only if it is one for an independent one (`independent.rs`), and both read the
/// same in it. A frame that is canonical is what its packet is encoded to, and one that is not is not.
///
/// rasn's derived types (`stock.rs`) come to the same, except that
///
/// * they have no limits, and know no unknown types: where one of these is the reason, they may say anything;
/// * they make room for as many entries as a count says, and abort the process or panic if there is not so much memory: where
///   the frame does not hold so many, they are not asked;
/// * their time is also one with a leap second, or with more than nine digits of fraction, and is written without the zeros at
///   the end of the fraction: so they have octets in its place, and times are compared by themselves.
pub fn differential(frame: &[u8]) {
    let ours = Packet::decode(frame, &WireLimits::default());
    let independent = independent::read(frame);
    match (&ours, &independent) {
        (Ok(packet), Ok((read, is_canonical))) => {
            assert_eq!(plain(packet), *read, "both read the same");
            if let Ok(encoded) = packet.encode() {
                assert_eq!(encoded == frame, *is_canonical, "a packet has one canonical form: {encoded:x?}");
                check_stock_encoding(read.kind, &encoded);
            }
        }
        (Err(DecodeError::LimitExceeded { .. }), Err(Refusal::Limit)) => {}
        (Err(DecodeError::Unreadable { .. }), Err(refusal)) if *refusal != Refusal::Limit => {}
        _ => panic!("ours says {ours:?}, the independent decoder {independent:?}"),
    }
    let refusal = independent.as_ref().err();
    if matches!(refusal, None | Some(Refusal::Unreadable)) {
        let reads = rasn::coer::decode::<stock::Envelope>(frame).is_ok_and(|envelope| stock_reads(&envelope));
        assert_eq!(reads, refusal.is_none(), "rasn's derived types see it like {independent:?}");
    }
    check_time(frame);
}

/// What an independent reader makes of the packet.
fn plain(packet: &Packet) -> independent::Packet {
    let octets = |octets: &[u8]| Field::Octets(octets.into());
    let (kind, fields) = match &packet.body {
        Body::Response(_) => (1, vec![]),
        Body::Error(ErrorPacket { code, name, triggered_at, data, .. }) => {
            (2, vec![octets(code.as_bytes()), octets(name.as_bytes()), Field::Time(triggered_at.as_millis()), octets(data)])
        }
        Body::Prepare(Prepare { transfer_id, amount, condition, expires_at, .. }) => {
            let (amount, expires_at) = (Field::Number(*amount), Field::Time(expires_at.as_millis()));
            (3, vec![octets(transfer_id.as_bytes()), amount, octets(condition.as_bytes()), expires_at])
        }
        Body::Fulfill(Fulfill { transfer_id, fulfillment, .. }) => {
            (4, vec![octets(transfer_id.as_bytes()), octets(fulfillment.as_bytes())])
        }
        Body::Reject(Reject { transfer_id, .. }) => (5, vec![octets(transfer_id.as_bytes())]),
        Body::Message(_) => (6, vec![]),
        Body::Transfer(Transfer { amount, .. }) => (7, vec![Field::Number(*amount)]),
    };
    let entries = packet.body.protocol_data().iter();
    let entries = entries.map(|entry| (entry.name.as_bytes().into(), entry.content_type.into(), entry.data.to_vec())).collect();
    independent::Packet { kind, request_id: packet.request_id, fields, entries }
}

fn stock_reads(envelope: &stock::Envelope) -> bool {
    let content = &envelope.data;
    match envelope.kind {
        1 | 6 => rasn::coer::decode::<stock::Message>(content).is_ok(),
        2 => rasn::coer::decode::<stock::Error>(content).is_ok(),
        3 => rasn::coer::decode::<stock::Prepare>(content).is_ok(),
        4 => rasn::coer::decode::<stock::Fulfill>(content).is_ok(),
        5 => rasn::coer::decode::<stock::Reject>(content).is_ok(),
        7 => rasn::coer::decode::<stock::Transfer>(content).is_ok(),
        _ => false,
    }
}

/// What we send, rasn's derived types read and write in the same way.
fn check_stock_encoding(kind: u8, frame: &[u8]) {
    fn again<T: rasn::Decode + rasn::Encode>(content: &[u8]) -> Vec<u8> {
        let value: T = rasn::coer::decode(content).expect("what we send can be read");
        rasn::coer::encode(&value).expect("what was read can be written")
    }
    let envelope: stock::Envelope = rasn::coer::decode(frame).expect("what we send can be read");
    let content = match kind {
        1 | 6 => again::<stock::Message>(&envelope.data),
        2 => again::<stock::Error>(&envelope.data),
        3 => again::<stock::Prepare>(&envelope.data),
        4 => again::<stock::Fulfill>(&envelope.data),
        5 => again::<stock::Reject>(&envelope.data),
        _ => again::<stock::Transfer>(&envelope.data),
    };
    assert_eq!(content, *envelope.data, "the content is written as we write it");
    assert_eq!(rasn::coer::encode(&envelope).expect("it is short"), frame, "the envelope is written as we write it");
}

/// As a time, bytes are the same for our decoder and for rasn's type, but for what is only a time for that.
fn check_time(text: &[u8]) {
    if text.len() > 32 {
        return;
    }
    let prepare = stock::Prepare {
        transfer_id: [0; 16].into(),
        amount: 0,
        execution_condition: [0; 32].into(),
        expires_at: OctetString::from_slice(text),
        protocol_data: Vec::new(),
    };
    let data = rasn::coer::encode(&prepare).expect("it is short").into();
    let frame = rasn::coer::encode(&stock::Envelope { kind: 3, request_id: 0, data }).expect("it is short");
    let ours = match Packet::decode(&frame, &WireLimits::default()) {
        Ok(Packet { body: Body::Prepare(Prepare { expires_at, .. }), .. }) => Some(expires_at),
        Err(DecodeError::Unreadable { problem: Problem::NotATime, .. }) => None,
        other => panic!("it is a Prepare: {other:?}"),
    };
    let theirs = rasn::coer::decode::<GeneralizedTime>(&rasn::coer::encode(&prepare.expires_at).expect("it is short")).ok();
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => assert_eq!(ours.as_millis(), theirs.timestamp_millis(), "{text:?}"),
        (None, None) => {}
        (None, Some(_)) => {
            let is_leap_second = text.get(12..14) == Some(b"60");
            assert!(is_leap_second || text.len() > "20171106123456.123456789Z".len(), "only for rasn {text:?} is a time");
        }
        (Some(_), None) => panic!("only for us {text:?} is a time"),
    }
}
