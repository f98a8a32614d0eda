//! Facts of a ledger, and what is done to one.

use alloc::sync::Arc;

use arbitrary::{Arbitrary, Result, Unstructured};

use super::{amount, number, octets, one_of};
use crate::LedgerId;
use crate::ledger::{Authority, Bounds, Direction, Effect, Fact, Party, Position, Transfer, TrustlineConfig};
use crate::testing::edges::{BOUND_BITS, EXPIRES_IN, PAUSES, SMALL_BOUNDS};
use crate::testing::{Operation, Request, small_config};
use crate::wire::ProtocolData;

const MOST_DATA: usize = 1_024;

macro_rules! one_of {
    ($($type:ident: $($variant:ident)*;)*) => {
        $(impl<'a> Arbitrary<'a> for $type {
            fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
                u.choose(&[$(Self::$variant),*]).copied()
            }
        })*
    };
}

one_of! {
    Authority: Ours Theirs Shared;
    Direction: Incoming Outgoing;
    Party: Us Peer;
    Request: Prepare Transfer Fulfill Reject;
}

/// The minimum is never positive, and the maximum never negative.
impl<'a> Arbitrary<'a> for Bounds {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        if u.arbitrary()? {
            return Ok(Self::UNBOUNDED);
        }
        let below = bound(u)?;
        Ok(Self { minimum: if below == i128::MAX { i128::MIN } else { -below }, maximum: bound(u)? })
    }
}

fn bound(u: &mut Unstructured<'_>) -> Result<i128> {
    Ok(match u.int_in_range(0..=4)? {
        0 | 1 => u.int_in_range(0..=SMALL_BOUNDS - 1)?,
        2 | 3 => (1 << u.int_in_range(0..=BOUND_BITS - 1)?) + u.int_in_range(-1..=1_i128)?,
        _ => i128::MAX,
    })
}

/// A [`small_config`] with any bounds.
impl<'a> Arbitrary<'a> for TrustlineConfig {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self { bounds: u.arbitrary()?, ..small_config(u.arbitrary()?) })
    }
}

impl<'a> Arbitrary<'a> for Position {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let (ledger, opening, sequence) = u.arbitrary()?;
        Ok(Self { ledger, opening, sequence })
    }
}

/// The protocol data can be decoded.
impl<'a> Arbitrary<'a> for Transfer {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let (id, amount, (condition, expires_at)) = (u.arbitrary()?, amount(u)?, u.arbitrary()?);
        let protocol_data = ProtocolData::arbitrary(u)?.encode().map_err(|_| arbitrary::Error::IncorrectFormat)?;
        Ok(Self { id, amount, condition, expires_at, protocol_data })
    }
}

impl<'a> Arbitrary<'a> for Effect {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let (sequence, at, fact) = u.arbitrary()?;
        Ok(Self { sequence, at, fact })
    }
}

impl<'a> Arbitrary<'a> for Fact {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match u.int_in_range(0..=12)? {
            0 => Self::Prepared { direction: u.arbitrary()?, transfer: u.arbitrary().map(Arc::new)? },
            1 => Self::Fulfilling { id: u.arbitrary()?, fulfillment: u.arbitrary()?, protocol_data: octets(u, MOST_DATA)? },
            2 => Self::Fulfilled { id: u.arbitrary()?, fulfillment: u.arbitrary()?, protocol_data: octets(u, MOST_DATA)? },
            3 => Self::Rejected { id: u.arbitrary()?, by: u.arbitrary()?, protocol_data: octets(u, MOST_DATA)? },
            4 => Self::Refused { id: u.arbitrary()? },
            5 => Self::Expired { id: u.arbitrary()? },
            6 => Self::Acknowledged { id: u.arbitrary()? },
            7 => Self::Transferring { id: u.arbitrary()?, amount: amount(u)?, protocol_data: octets(u, MOST_DATA)? },
            8 => {
                let (direction, id) = u.arbitrary()?;
                Self::Transferred { direction, id, amount: amount(u)?, protocol_data: octets(u, MOST_DATA)? }
            }
            9 => Self::BoundsChanged { bounds: u.arbitrary()? },
            10 => Self::Opened { id: u.arbitrary()? },
            11 => Self::PeerSeen { position: u.arbitrary()? },
            _ => Self::UnnamedPeerSeen,
        })
    }
}

impl<'a> Arbitrary<'a> for Operation {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match u.int_in_range(0..=14)? {
            0 => Self::Prepare { n: number(u)?, amount: amount(u)?, expires_in: one_of(u, &EXPIRES_IN)? },
            1 => Self::Transfer { n: number(u)?, amount: amount(u)? },
            2 => {
                let (n, with) = number_and_with(u)?;
                Self::Fulfill { n, with }
            }
            3 => Self::Reject { n: number(u)? },
            4 => Self::Expire { n: number(u)? },
            5 => Self::SetBounds { bounds: u.arbitrary()? },
            6 => Self::ReceivePrepare { n: number(u)?, amount: amount(u)?, expires_in: one_of(u, &EXPIRES_IN)? },
            7 => Self::ReceiveTransfer { n: if u.arbitrary()? { Some(number(u)?) } else { None }, amount: amount(u)? },
            8 => {
                let (n, with) = number_and_with(u)?;
                Self::ReceiveFulfill { n, with }
            }
            9 => Self::ReceiveReject { n: number(u)? },
            10 => Self::Answered { n: number(u)?, to: u.arbitrary()?, accepted: u.arbitrary()? },
            11 => Self::Open { id: ledger_id(u)? },
            12 => Self::SeePeer { position: Position { ledger: ledger_id(u)?, opening: ledger_id(u)?, sequence: u.int_in_range(0..=3)? } },
            13 => Self::SeeUnnamed,
            _ => Self::Wait { millis: one_of(u, &PAUSES)? },
        })
    }
}

/// The number of a transfer, and of the one whose fulfillment is shown for it: in five of six, the same.
fn number_and_with(u: &mut Unstructured<'_>) -> Result<(u32, u32)> {
    let n = number(u)?;
    Ok((n, if u.ratio(5, 6)? { n } else { number(u)? }))
}

/// One of four, so that ledgers are opened again and peers come back.
fn ledger_id(u: &mut Unstructured<'_>) -> Result<LedgerId> {
    u.int_in_range(0..=3_u8).map(|name| LedgerId::from([name; 16]))
}
