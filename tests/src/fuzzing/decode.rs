//! Bytes that a decoder gets.

use std::fmt::Debug;

use bytes::Bytes;
use trustline_core::WireLimits;
use trustline_core::wire::{Body, DecodeError, EncodeError, Field, IlpPacket, Packet, ProtocolData};

use super::allocation::allocating_at_most;

/// What an error of decoding costs, and what 64 entries cost, however short they are.
const CONSTANT: usize = 16 * 1024;

/// Any bytes are a packet or an error, and no more is allocated than their length allows. What was decoded can be encoded,
/// but for an error's long name or data, and decodes to the same again. Bytes that are as long as what their packet is
/// encoded to are what it is encoded to, where the protocol leaves no choice.
pub fn decode(bytes: &[u8]) {
    check(
        bytes,
        &Codec {
            // All its fields, each copied once.
            allocated_per_byte: 1,
            decode: |bytes| Packet::decode(bytes, &WireLimits::default()),
            encode: Packet::encode,
            // How many digits a time's fraction has is the sender's choice.
            has_one_form: |packet| !matches!(packet.body, Body::Error(_) | Body::Prepare(_)),
            may_not_be_sent: |packet| match &packet.body {
                Body::Error(error) if error.name.len() > 255 => Some(Field::Name),
                Body::Error(error) if error.data.len() > 8192 => Some(Field::Data),
                _ => None,
            },
        },
    );
    check(
        bytes,
        &Codec {
            allocated_per_byte: 1,
            decode: |bytes| ProtocolData::decode(bytes, &WireLimits::default()),
            encode: ProtocolData::encode,
            has_one_form: |_| true,
            may_not_be_sent: |_| None,
        },
    );
    check(
        bytes,
        &Codec {
            // A list that grows by doubling, of addresses that may have one byte each.
            allocated_per_byte: 3 * size_of::<String>(),
            decode: IlpPacket::decode,
            encode: IlpPacket::encode,
            // Of the others, extensions are ignored.
            has_one_form: |packet| matches!(packet, IlpPacket::Other { .. }),
            may_not_be_sent: |_| None,
        },
    );
}

/// A thing that has bytes, and what is known about it.
struct Codec<T> {
    allocated_per_byte: usize,
    decode: fn(&[u8]) -> Result<T, DecodeError>,
    encode: fn(&T) -> Result<Bytes, EncodeError>,
    /// Whether bytes that mean it can differ from its encoding only by what stands behind.
    has_one_form: fn(&T) -> bool,
    /// The field for which it is received, but not sent.
    may_not_be_sent: fn(&T) -> Option<Field>,
}

fn check<T: Debug + PartialEq>(bytes: &[u8], codec: &Codec<T>) {
    let most = CONSTANT + bytes.len() * codec.allocated_per_byte;
    let value = match allocating_at_most(most, || (codec.decode)(bytes)) {
        Ok(value) => value,
        Err(error) => {
            assert!(error.offset() <= bytes.len(), "{error:?} is inside");
            return;
        }
    };
    match (codec.encode)(&value) {
        Ok(encoded) => {
            assert_eq!((codec.decode)(&encoded).as_ref(), Ok(&value), "what is encoded means the same");
            let is_alike = encoded.len() == bytes.len() && (codec.has_one_form)(&value);
            assert!(!is_alike || encoded == bytes, "{value:?} has one form, not {bytes:x?}");
        }
        Err(error) => assert_eq!(Some(error.field()), (codec.may_not_be_sent)(&value), "{error}"),
    }
}
