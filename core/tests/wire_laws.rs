//! What holds for any bytes and for any packet.

use arbitrary::{Arbitrary, Unstructured};
use proptest::collection::vec;
use proptest::prelude::*;
use trustline_core::WireLimits;
use trustline_core::testing::strategies::{damage, frame, ilp_packet, packet, protocol_data, timestamp};
use trustline_core::wire::{Body, Field, IlpPacket, Packet, ProtocolData};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_is_a_packet_or_an_error(frame in frame()) {
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

    /// What a fuzzer's bytes become can be sent, and is received as it was.
    #[test]
    fn whatever_bytes_become_a_packet_it_survives_its_frame(bytes in vec(any::<u8>(), 0..2_000)) {
        let mut bytes = Unstructured::new(&bytes);
        if let Ok(packet) = Packet::arbitrary(&mut bytes) {
            prop_assert_eq!(decode(&packet.encode().unwrap()), Ok(packet));
        }
        if let Ok(packet) = IlpPacket::arbitrary(&mut bytes) {
            prop_assert_eq!(IlpPacket::decode(&packet.encode().unwrap()), Ok(packet));
        }
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
            // Only an Error can be received that is too long to be sent.
            Err(error) => {
                assert!(matches!(packet.body, Body::Error(_)), "{packet:?}");
                assert!(matches!(error.field(), Field::Name | Field::Data), "{error}");
            }
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

fn decode(frame: &[u8]) -> Result<Packet, trustline_core::wire::DecodeError> {
    Packet::decode(frame, &WireLimits::default())
}
