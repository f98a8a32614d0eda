//! [`Arbitrary`](arbitrary::Arbitrary) for what is on the wire and in the ledger. What comes of any bytes is valid: it can be
//! encoded, and a receiver with the default limits takes it.

mod act;
mod ledger;
mod wire;

use alloc::string::String;

use arbitrary::{Arbitrary, Result, Unstructured};
use bytes::Bytes;

use crate::{Condition, Fulfillment, LedgerId, Timestamp, TransferId};

macro_rules! from_bytes {
    ($($type:ident $length:literal)*) => {
        $(impl<'a> Arbitrary<'a> for $type {
            fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
                u.arbitrary::<[u8; $length]>().map(Self::from)
            }
        })*
    };
}

from_bytes! { Condition 32 Fulfillment 32 LedgerId 16 }

/// Often one of a few, so that ids meet.
impl<'a> Arbitrary<'a> for TransferId {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        if u.ratio(3, 4)? { number(u).map(super::transfer_id) } else { u.arbitrary::<[u8; 16]>().map(Self::from) }
    }
}

impl<'a> Arbitrary<'a> for Timestamp {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        u.int_in_range(Self::MIN.as_millis()..=Self::MAX.as_millis()).map(Self::from_millis)
    }
}

/// The number of a transfer, below [`TRANSFERS`](super::TRANSFERS).
fn number(u: &mut Unstructured<'_>) -> Result<u32> {
    u.int_in_range(0..=super::TRANSFERS - 1)
}

fn octets(u: &mut Unstructured<'_>, most: usize) -> Result<Bytes> {
    let length = u.arbitrary_len::<u8>()?.min(most);
    u.bytes(length).map(Bytes::copy_from_slice)
}

fn ascii(u: &mut Unstructured<'_>, most: usize) -> Result<String> {
    Ok(octets(u, most)?.iter().map(|byte| char::from(byte & 0x7f)).collect())
}
