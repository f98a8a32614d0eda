//! The decoder against two others: one of this crate's own, and rasn's derived types.

use rasn::types::{GeneralizedTime, OctetString};
use trustline_core::WireLimits;
use trustline_core::wire::{self, Body, DecodeError, ErrorPacket, Fulfill, Packet, Prepare, Problem, Reject, Transfer};

use super::independent::{self, Field, Refusal};
use super::stock;

/// A frame is a packet for our decoder if and only if it is one for an independent one (`independent.rs`), and both read the
/// same in it, or find the same wrong with it. A frame that is canonical is what its packet is encoded to, and one that is not is
/// not.
///
/// rasn's derived types (`stock.rs`) read the same, canonical or not, except that
///
/// * they have no limits, and know no unknown types: where one of these is the reason, they may say anything;
/// * they refuse an Error with more data than may be sent, which we take: what we take and would not send, they are not asked about;
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
                assert_eq!(stock_reading(frame).as_ref(), Some(read), "rasn's derived types read the same");
                check_stock_encoding(read.kind, &encoded);
            }
        }
        (Err(error), Err(refusal)) => {
            assert!(finds(error, *refusal), "ours says {error:?}, the independent decoder {refusal:?}");
            if matches!(refusal, Refusal::Length | Refusal::Ascii) {
                assert_eq!(stock_reading(frame), None, "rasn's derived types see it like {refusal:?}");
            }
        }
        _ => panic!("ours says {ours:?}, the independent decoder {independent:?}"),
    }
    check_time(frame);
}

/// Whether our decoder finds wrong what the independent one does.
fn finds(error: &DecodeError, refusal: Refusal) -> bool {
    let DecodeError::Unreadable { field, problem, .. } = error else { return refusal == Refusal::Limit };
    match refusal {
        Refusal::Limit => false,
        Refusal::Type => matches!(problem, Problem::UnknownType(_)),
        Refusal::Count => *field == wire::Field::ProtocolData && matches!(problem, Problem::Truncated | Problem::NotCanonical),
        Refusal::Time => *problem == Problem::NotATime,
        Refusal::Ascii => *problem == Problem::NotAscii,
        Refusal::Length => matches!(problem, Problem::Truncated | Problem::NotCanonical),
    }
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

/// What rasn's derived types read in it. They have times as octets, which are read here as the independent decoder reads them.
fn stock_reading(frame: &[u8]) -> Option<independent::Packet> {
    let octets = |octets: &[u8]| Field::Octets(octets.into());
    let time = |text: &[u8]| independent::time(text).map(Field::Time);
    let envelope: stock::Envelope = rasn::coer::decode(frame).ok()?;
    let content = &envelope.data;
    let (fields, entries) = match envelope.kind {
        1 | 6 => (vec![], rasn::coer::decode::<stock::Message>(content).ok()?.protocol_data),
        2 => {
            let stock::Error { code, name, triggered_at, data, protocol_data } = rasn::coer::decode(content).ok()?;
            (vec![octets(code.as_iso646_bytes()), octets(name.as_iso646_bytes()), time(&triggered_at)?, octets(&data)], protocol_data)
        }
        3 => {
            let stock::Prepare { transfer_id, amount, execution_condition, expires_at, protocol_data } =
                rasn::coer::decode(content).ok()?;
            let (amount, expires_at) = (Field::Number(amount), time(&expires_at)?);
            (vec![octets(&*transfer_id), amount, octets(&*execution_condition), expires_at], protocol_data)
        }
        4 => {
            let stock::Fulfill { transfer_id, fulfillment, protocol_data } = rasn::coer::decode(content).ok()?;
            (vec![octets(&*transfer_id), octets(&*fulfillment)], protocol_data)
        }
        5 => {
            let stock::Reject { transfer_id, protocol_data } = rasn::coer::decode(content).ok()?;
            (vec![octets(&*transfer_id)], protocol_data)
        }
        7 => {
            let stock::Transfer { amount, protocol_data } = rasn::coer::decode(content).ok()?;
            (vec![Field::Number(amount)], protocol_data)
        }
        _ => return None,
    };
    let plain = |entry: stock::Entry| (entry.protocol_name.into_vec(), entry.content_type, entry.data.to_vec());
    let entries = entries.into_iter().map(plain).collect();
    Some(independent::Packet { kind: envelope.kind, request_id: envelope.request_id, fields, entries })
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
