//! [`Arbitrary`](arbitrary::Arbitrary) for what is on the wire and in the ledger. What comes of any bytes is valid: it can be
//! encoded, and a receiver with the default limits takes it.

mod act;
mod ledger;
mod wire;

use alloc::string::String;
use alloc::vec::Vec;

use arbitrary::{Arbitrary, Result, Unstructured};
use bytes::Bytes;

use super::edges::{AMOUNT_BITS, Groups, MOMENTS, SHORT, SMALL_AMOUNTS, counting, lengths};
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
        let all = Self::MIN.as_millis()..=Self::MAX.as_millis();
        if u.arbitrary()? { u.int_in_range(all) } else { u.choose(&MOMENTS).copied() }.map(Self::from_millis)
    }
}

/// The number of a transfer, below [`TRANSFERS`](super::TRANSFERS).
fn number(u: &mut Unstructured<'_>) -> Result<u32> {
    u.int_in_range(0..=super::TRANSFERS - 1)
}

/// An amount in the trustline's smallest unit.
fn amount(u: &mut Unstructured<'_>) -> Result<u64> {
    Ok(match u.int_in_range(0..=6)? {
        0..=2 => u.int_in_range(0..=SMALL_AMOUNTS - 1)?,
        3 | 4 => (1 << u.int_in_range(0..=AMOUNT_BITS - 1)?) - 1 + u.int_in_range(0..=2_u64)?,
        5 => u64::MAX,
        _ => u.arbitrary()?,
    })
}

/// One of a group, that comes up as often as it says.
fn one_of(u: &mut Unstructured<'_>, groups: &Groups) -> Result<i64> {
    let times = |(weight, group): &(u32, &'static [i64])| (0..*weight).map(|_| *group).collect::<Vec<_>>();
    let groups: Vec<_> = groups.iter().flat_map(times).collect();
    u.choose(&groups).copied().and_then(|group| u.choose(group)).copied()
}

/// In one of four so many that their encoding may change, which no fuzzer need have; else as many as it has, or few.
fn octets(u: &mut Unstructured<'_>, most: usize) -> Result<Bytes> {
    if u.ratio(1, 4)? {
        let length = *u.choose(&lengths(most))?;
        return u.arbitrary().map(|first| counting(first, length).into());
    }
    let most = if u.arbitrary()? { most } else { most.min(SHORT) };
    let length = u.arbitrary_len::<u8>()?.min(most);
    u.bytes(length).map(Bytes::copy_from_slice)
}

fn ascii(u: &mut Unstructured<'_>, most: usize) -> Result<String> {
    Ok(octets(u, most)?.iter().map(|byte| char::from(byte & 0x7f)).collect())
}
