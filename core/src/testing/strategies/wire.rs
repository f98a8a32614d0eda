//! What is in a frame: all of it can be encoded, and is inside the limits of a receiver of our kind.

use alloc::borrow::Cow;
use alloc::vec;
use alloc::vec::Vec;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::numbers::{amount, ascii, octets};
use super::times::timestamp;
use crate::session::ErrorName;
use crate::wire::{
    Body, ContentType, Entry, ErrorCode, ErrorPacket, Fulfill, IlpError, IlpPacket, IlpPayment, Name, Packet, Prepare, ProtocolData,
    Reject, Transfer,
};
use crate::{Condition, Fulfillment, TransferId};

/// Any packet: its request's number is 0, 1, `u32::MAX` or any other.
pub fn packet() -> impl Strategy<Value = Packet> {
    let request_id = prop_oneof![select(&[0, 1, u32::MAX][..]), any::<u32>()];
    (request_id, body()).prop_map(|(request_id, body)| Packet { request_id, body })
}

/// Any content of any of the seven types. Ids are any; where they are to meet, take [`request`](super::request).
pub fn body() -> impl Strategy<Value = Body> {
    prop_oneof![
        protocol_data().prop_map(Body::Response),
        protocol_data().prop_map(Body::Message),
        (amount(), protocol_data()).prop_map(|(amount, protocol_data)| Body::Transfer(Transfer { amount, protocol_data })),
        (transfer_id(), protocol_data()).prop_map(|(transfer_id, protocol_data)| Body::Reject(Reject { transfer_id, protocol_data })),
        (transfer_id(), fulfillment(), protocol_data())
            .prop_map(|(transfer_id, fulfillment, protocol_data)| { Body::Fulfill(Fulfill { transfer_id, fulfillment, protocol_data }) }),
        prepare().prop_map(Body::Prepare),
        error_packet().prop_map(Body::Error),
    ]
}

/// Any Prepare, whose condition nobody has a fulfillment for.
pub fn prepare() -> impl Strategy<Value = Prepare> {
    let condition = any::<[u8; 32]>().prop_map(Condition::from);
    (transfer_id(), amount(), condition, timestamp(), protocol_data()).prop_map(
        |(transfer_id, amount, condition, expires_at, protocol_data)| Prepare { transfer_id, amount, condition, expires_at, protocol_data },
    )
}

/// Any Error: a name of RFC 0023, with the code that belongs to it and with any other, or any name of up to 255 characters. Up
/// to 8,192 bytes of data, the most that may be sent.
pub fn error_packet() -> impl Strategy<Value = ErrorPacket> {
    let known = error_name().prop_map(|name| (name.code(), Cow::Borrowed(name.as_str())));
    let confused = (error_code(), error_name()).prop_map(|(code, name)| (code, Cow::Borrowed(name.as_str())));
    let unknown = (error_code(), ascii(255)).prop_map(|(code, name)| (code, Cow::Owned(name)));
    (prop_oneof![known, confused, unknown], timestamp(), octets(8_192), protocol_data())
        .prop_map(|((code, name), triggered_at, data, protocol_data)| ErrorPacket { code, name, triggered_at, data, protocol_data })
}

/// An error of RFC 0023.
pub fn error_name() -> impl Strategy<Value = ErrorName> + Clone {
    select(
        &[
            ErrorName::NotAccepted,
            ErrorName::Unreachable,
            ErrorName::InvalidFields,
            ErrorName::TransferNotFound,
            ErrorName::InvalidFulfillment,
            ErrorName::DuplicateId,
            ErrorName::AlreadyRolledBack,
            ErrorName::AlreadyFulfilled,
            ErrorName::InsufficientBalance,
        ][..],
    )
}

/// `F00` to `F99`, `T00` to `T99` and `R00` to `R99`, or any three ASCII characters.
pub fn error_code() -> impl Strategy<Value = ErrorCode> + Clone {
    let digit = b'0'..=b'9';
    let letter = select(&b"FTR"[..]);
    prop_oneof![
        4 => (letter, digit.clone(), digit).prop_map(|(letter, tens, ones)| [letter, tens, ones]),
        1 => prop::array::uniform3(0..=0x7f_u8),
    ]
    .prop_filter_map("three ASCII characters are a code", ErrorCode::new)
}

/// Mostly up to three entries; sometimes 60 to 64, which is the most that is taken by default, two of one name among them; seldom
/// one of 65,535 or 65,536 bytes.
pub fn protocol_data() -> impl Strategy<Value = ProtocolData> {
    let long = (name(), select(&[65_535, 65_536][..])).prop_map(|(name, length)| vec![Entry::octets(name, vec![0; length])]);
    prop_oneof![40 => vec(entry(), 0..4), 5 => vec(small_entry(), 60..=64), 1 => long].prop_map(ProtocolData::from)
}

/// A well-known name or another, of up to 255 characters; any content type; up to 1,024 bytes.
pub fn entry() -> impl Strategy<Value = Entry> {
    let other = ascii(255).prop_map(Name::from);
    let content_type = prop_oneof![3 => 0..3_u8, 1 => any::<u8>()].prop_map(ContentType::from);
    (prop_oneof![name(), other], content_type, octets(1_024)).prop_map(|(name, content_type, data)| Entry { name, content_type, data })
}

/// Any payment, error, or packet of another type.
pub fn ilp_packet() -> impl Strategy<Value = IlpPacket> {
    let other = any::<u8>().prop_filter("types 1 and 8 are read", |kind| ![1, 8].contains(kind));
    prop_oneof![
        (amount(), ascii(1_023), octets(1_024)).prop_map(|(amount, account, data)| IlpPacket::Payment(IlpPayment {
            amount,
            account,
            data
        })),
        ilp_error().prop_map(IlpPacket::Error),
        (other, octets(1_024)).prop_map(|(kind, content)| IlpPacket::Other { kind, content }),
    ]
}

/// Any ILP error, with up to four connectors. Addresses are any ASCII of up to 1,023 characters.
pub fn ilp_error() -> impl Strategy<Value = IlpError> {
    (error_code(), ascii(300), ascii(1_023), vec(ascii(20), 0..5), timestamp(), octets(1_024)).prop_map(
        |(code, name, triggered_by, forwarded_by, triggered_at, data)| {
            let name = Cow::Owned(name);
            IlpError { code, name, triggered_by, forwarded_by, triggered_at, data }
        },
    )
}

/// Any 16 bytes.
pub(super) fn transfer_id() -> impl Strategy<Value = TransferId> + Clone {
    any::<[u8; 16]>().prop_map(TransferId::from)
}

/// Any 32 bytes.
pub(super) fn fulfillment() -> impl Strategy<Value = Fulfillment> + Clone {
    any::<[u8; 32]>().prop_map(Fulfillment::from)
}

/// The names that mean something.
fn name() -> impl Strategy<Value = Name> + Clone {
    let names = [Name::ILP, Name::CUSTOM, Name::INFO, Name::BALANCE, Name::LIMIT, Name::TRANSFER_ID];
    select(names.into_iter().chain([Name::AUTH, Name::AUTH_USERNAME, Name::AUTH_TOKEN]).collect::<Vec<_>>())
}

fn small_entry() -> impl Strategy<Value = Entry> {
    (name(), any::<u8>()).prop_map(|(name, byte)| Entry::octets(name, vec![byte]))
}
