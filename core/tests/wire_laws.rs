//! What holds for any bytes and for any packet.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use trustline_core::WireLimits;
use trustline_core::testing::strategies::{ilp_packet, packet, protocol_data, timestamp};
use trustline_core::wire::{Body, Field, IlpPacket, Packet, ProtocolData};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_a_packet_or_an_error(bytes in vec(any::<u8>(), 0..200)) {
        check_bytes(&bytes);
    }

    /// As likely to be almost a packet as not: what a decoder finds deep inside.
    #[test]
    fn a_packet_with_damage_is_a_packet_or_an_error(packet in packet(), damage in damage()) {
        let mut frame = packet.encode().unwrap().to_vec();
        damage.apply(&mut frame);
        check_bytes(&frame);
    }

    #[test]
    fn a_packet_survives_its_frame(packet in packet()) {
        let frame = packet.encode().unwrap();
        prop_assert_eq!(decode(&frame), Ok(packet));
    }

    #[test]
    fn bytes_behind_a_frame_change_nothing(packet in packet(), behind in vec(any::<u8>(), 0..20)) {
        let frame = packet.encode().unwrap();
        prop_assert_eq!(decode(&[&frame, &behind[..]].concat()), Ok(packet));
    }

    #[test]
    fn no_part_of_a_frame_is_a_packet(packet in packet(), cut: prop::sample::Index) {
        let frame = packet.encode().unwrap();
        let part = &frame[..cut.index(frame.len())];
        let error = decode(part).unwrap_err();
        prop_assert!(!error.is_limit());
        prop_assert!(error.offset() <= part.len());
    }

    #[test]
    fn protocol_data_survives_by_itself(protocol_data in protocol_data()) {
        let bytes = protocol_data.encode().unwrap();
        prop_assert_eq!(ProtocolData::decode(&bytes, &WireLimits::default()), Ok(protocol_data));
    }

    #[test]
    fn an_ilp_packet_survives_its_bytes(packet in ilp_packet(), behind in vec(any::<u8>(), 0..20)) {
        let bytes = packet.encode().unwrap();
        prop_assert_eq!(IlpPacket::decode(&[&bytes, &behind[..]].concat()), Ok(packet));
    }

    #[test]
    fn an_ilp_packet_with_damage_is_a_packet_or_an_error(packet in ilp_packet(), damage in damage()) {
        let mut bytes = packet.encode().unwrap().to_vec();
        damage.apply(&mut bytes);
        check_ilp_bytes(&bytes);
    }

    #[test]
    fn a_timestamp_survives_its_text(at in timestamp()) {
        prop_assert_eq!(at.to_string().parse(), Ok(at));
    }
}

/// Whatever is decoded stays the same when it is sent on.
fn check_bytes(bytes: &[u8]) {
    match decode(bytes) {
        Ok(packet) => match packet.encode() {
            Ok(frame) => assert_eq!(decode(&frame), Ok(packet)),
            Err(error) => assert_eq!(error.field(), refused(&packet), "{error}"),
        },
        Err(error) => assert!(error.offset() <= bytes.len()),
    }
    if let Ok(protocol_data) = ProtocolData::decode(bytes, &WireLimits::default()) {
        let again = protocol_data.encode().unwrap();
        assert_eq!(ProtocolData::decode(&again, &WireLimits::default()), Ok(protocol_data));
    }
    check_ilp_bytes(bytes);
}

fn check_ilp_bytes(bytes: &[u8]) {
    match IlpPacket::decode(bytes) {
        Ok(packet) => assert_eq!(IlpPacket::decode(&packet.encode().unwrap()), Ok(packet)),
        Err(error) => {
            assert!(error.offset() <= bytes.len());
            assert!(!error.is_limit());
        }
    }
}

/// Which field of a packet that was decoded may not be sent: only errors have one.
fn refused(packet: &Packet) -> Field {
    match &packet.body {
        Body::Error(error) if error.name.len() > 255 => Field::Name,
        Body::Error(error) if error.data.len() > 8192 => Field::Data,
        _ => panic!("{packet:?} can be sent"),
    }
}

fn decode(frame: &[u8]) -> Result<Packet, trustline_core::wire::DecodeError> {
    Packet::decode(frame, &WireLimits::default())
}

/// What happens to some bytes.
#[derive(Clone, Debug)]
enum Damage {
    Set(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index),
    Cut(prop::sample::Index),
}

impl Damage {
    fn apply(self, bytes: &mut Vec<u8>) {
        match self {
            Self::Set(at, byte) => *at.get_mut(bytes) = byte,
            Self::Insert(at, more) => {
                let at = at.index(bytes.len());
                bytes.splice(at..at, more);
            }
            Self::Remove(at) => {
                bytes.remove(at.index(bytes.len()));
            }
            Self::Cut(at) => bytes.truncate(at.index(bytes.len())),
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    let byte = prop_oneof![select(&[0_u8, 1, 2, 3, 0x7f, 0x80, 0x81, 0x82, 0x84, 0x88, 0xff][..]), any::<u8>()];
    prop_oneof![
        4 => (any::<prop::sample::Index>(), byte.clone()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        2 => (any::<prop::sample::Index>(), vec(byte, 1..9)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        1 => any::<prop::sample::Index>().prop_map(Damage::Remove),
        1 => any::<prop::sample::Index>().prop_map(Damage::Cut),
    ]
}
