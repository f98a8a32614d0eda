//! What a peer says who keeps to no rule.

use alloc::vec::Vec;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::numbers::{amount, incoming_number, number_and_with, outgoing_number};
use super::times::expires_in;
use super::wire::{error_name, packet};
use crate::Timestamp;
use crate::testing::{START, fulfillment, payment, transfer_id};
use crate::wire::{Body, Entry, Fulfill, Name, ProtocolData, Reject, Transfer};

/// What a peer may ask, rightly or not: about numbered transfers, so that what is said meets; which of them are
/// [outgoing](super::outgoing_number) is seen from who is asked. Of a Prepare, the expiry is [`expires_in`] some time after
/// [`START`]. A Transfer has an entry `transfer_id` or none.
pub fn request() -> impl Strategy<Value = Body> {
    let expires_at = expires_in().prop_map(|millis| Timestamp::from_millis(START.as_millis() + millis));
    let names = select(&["info", "balance", "limit", "custom", "ilp", "auth", "vouch", ""][..]);
    prop_oneof![
        8 => (incoming_number(), amount(), expires_at).prop_map(|(n, amount, expires_at)| Body::Prepare(payment(n, amount, expires_at))),
        8 => number_and_with(outgoing_number()).prop_map(|(n, with)| {
            Body::Fulfill(Fulfill { transfer_id: transfer_id(n), fulfillment: fulfillment(with), protocol_data: ProtocolData::new() })
        }),
        4 => outgoing_number().prop_map(|n| Body::Reject(Reject { transfer_id: transfer_id(n), protocol_data: ProtocolData::new() })),
        4 => (prop::option::of(incoming_number()), amount()).prop_map(|(n, amount)| {
            let id = n.map(|n| Entry::octets(Name::TRANSFER_ID, transfer_id(n).as_bytes().to_vec()));
            Body::Transfer(Transfer { amount, protocol_data: id.into_iter().collect() })
        }),
        4 => (names, vec(0..4_u8, 0..3)).prop_map(|(name, data)| Body::Message(Entry::octets(name, data).into())),
        2 => Just(Body::Message(ProtocolData::new())),
    ]
}

/// What a peer may answer, to whatever it was asked: most often that it is done; any error of RFC 0023; a balance between -40 and 40.
pub fn answer() -> impl Strategy<Value = Body> {
    let balance = |balance: i64| Body::Response(Entry::octets(Name::BALANCE, balance.to_be_bytes().to_vec()).into());
    prop_oneof![
        4 => Just(Body::Response(ProtocolData::new())),
        2 => error_name().prop_map(|name| Body::Error(name.error("no", START))),
        1 => (-40..40_i64).prop_map(balance),
    ]
}

/// Bytes that come as a frame: a packet with one thing wrong, so that a reader finds it deep inside, or any up to 200.
pub fn frame() -> impl Strategy<Value = Bytes> {
    let damaged = (packet(), damage()).prop_filter_map("a packet that can be encoded", |(packet, damage)| {
        let mut frame = packet.encode().ok()?.to_vec();
        damage.apply(&mut frame);
        Some(frame)
    });
    prop_oneof![vec(any::<u8>(), 0..200), damaged].prop_map(Bytes::from)
}

/// One thing that is wrong with some bytes.
#[derive(Clone, Debug)]
pub enum Damage {
    /// A byte is another.
    Set(Index, u8),
    /// There is more.
    Insert(Index, Vec<u8>),
    /// A byte is missing.
    Remove(Index),
    /// The end is missing.
    Cut(Index),
}

impl Damage {
    /// Does it to `bytes`, which are not empty.
    pub fn apply(self, bytes: &mut Vec<u8>) {
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

/// Any [`Damage`], most often by bytes that mean something where a length, a count or a type stands.
pub fn damage() -> impl Strategy<Value = Damage> {
    let byte = prop_oneof![select(&[0_u8, 1, 2, 3, 0x7f, 0x80, 0x81, 0x82, 0x84, 0x88, 0xff][..]), any::<u8>()];
    prop_oneof![
        4 => (any::<Index>(), byte.clone()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        2 => (any::<Index>(), vec(byte, 1..9)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        1 => any::<Index>().prop_map(Damage::Remove),
        1 => any::<Index>().prop_map(Damage::Cut),
    ]
}
