//! How a side says how far its ledger is: the entry `trustline`, in the authentication, in its answer, and in messages of
//! its own.
//!
//! ```text
//! version  flags  position          sums                    seen              parted
//! 1        1      40                64                      0 or 40           0 or 8 bytes
//!                 ledger, opening,  incoming posted,        ledger, opening,  number
//!                 number            incoming pending,       number
//!                                   outgoing posted,
//!                                   outgoing pending
//! ```
//!
//! Numbers are big-endian, 8 bytes each, and the sums 16. The flags are 1 `sole`, 2 `disputes`, 4 `seen` is there, 8
//! `parted` is there. A ledger that lives no longer than its process says in its authentication what it is called, and no more:
//!
//! ```text
//! version  ledger
//! 0        16
//! ```
//!
//! An entry of another version, or one that is not exactly this, is as good as none.

use alloc::vec::Vec;

use crate::LedgerId;
use crate::ledger::{Position, Sums};
use crate::wire::{Entry, ProtocolData};

/// The entry's name.
pub(super) const NAME: &str = "trustline";

const VERSION: u8 = 1;
const VERSION_NAME_ALONE: u8 = 0;
const SOLE: u8 = 1;
const DISPUTES: u8 = 2;
const SEEN: u8 = 4;
const PARTED: u8 = 8;

/// How far a ledger is, and what its owner knows of the other's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    /// How far it is.
    pub(super) position: Position,
    /// With everything counted as pending that may still be paid.
    pub(super) sums: Sums,
    /// All of it was moved with the one ledger that is spoken to.
    pub(super) sole: bool,
    /// The two ledgers' sums cannot both be right, and the speaker goes no further.
    pub(super) disputes: bool,
    /// The furthest that the speaker has seen a ledger of the other side.
    pub(super) seen: Option<Position>,
    /// The speaker's ledger is older than what the other side has seen of it: the number up to which it can be the same.
    pub(super) parted: Option<u64>,
}

impl Statement {
    /// The statement among these entries.
    pub(super) fn find(protocol_data: &ProtocolData) -> Option<Self> {
        Self::read(&protocol_data.get(NAME)?.data)
    }

    pub(super) fn entry(&self) -> Entry {
        let mut bytes = Vec::with_capacity(154);
        let flag = |is_set: bool, flag| if is_set { flag } else { 0 };
        bytes.push(VERSION);
        bytes.push(
            flag(self.sole, SOLE) | flag(self.disputes, DISPUTES) | flag(self.seen.is_some(), SEEN) | flag(self.parted.is_some(), PARTED),
        );
        write_position(&mut bytes, &self.position);
        let Sums { incoming_posted, incoming_pending, outgoing_posted, outgoing_pending } = self.sums;
        for sum in [incoming_posted, incoming_pending, outgoing_posted, outgoing_pending] {
            bytes.extend(sum.to_be_bytes());
        }
        if let Some(seen) = &self.seen {
            write_position(&mut bytes, seen);
        }
        bytes.extend(self.parted.iter().flat_map(|number| number.to_be_bytes()));
        Entry::octets(NAME, bytes)
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (&[version, flags], mut rest) = bytes.split_first_chunk()?;
        if version != VERSION || flags > (SOLE | DISPUTES | SEEN | PARTED) {
            return None;
        }
        let rest = &mut rest;
        let statement = Self {
            position: read_position(rest)?,
            sums: Sums {
                incoming_posted: take(rest).map(u128::from_be_bytes)?,
                incoming_pending: take(rest).map(u128::from_be_bytes)?,
                outgoing_posted: take(rest).map(u128::from_be_bytes)?,
                outgoing_pending: take(rest).map(u128::from_be_bytes)?,
            },
            sole: flags & SOLE != 0,
            disputes: flags & DISPUTES != 0,
            seen: if flags & SEEN == 0 { None } else { Some(read_position(rest)?) },
            parted: if flags & PARTED == 0 { None } else { Some(take(rest).map(u64::from_be_bytes)?) },
        };
        rest.is_empty().then_some(statement)
    }
}

/// What a ledger says that has no more to say than its name.
pub(super) fn name_alone(ledger: LedgerId) -> Entry {
    Entry::octets(NAME, [&[VERSION_NAME_ALONE], &ledger.as_bytes()[..]].concat())
}

/// Which ledger a peer says that it has.
pub(super) fn named_ledger(protocol_data: &ProtocolData) -> Option<LedgerId> {
    let said = &protocol_data.get(NAME)?.data;
    match said.split_first()? {
        (&VERSION_NAME_ALONE, ledger) => Some(LedgerId::from(<[u8; 16]>::try_from(ledger).ok()?)),
        _ => Statement::read(said).map(|statement| statement.position.ledger),
    }
}

fn write_position(bytes: &mut Vec<u8>, position: &Position) {
    bytes.extend(position.ledger.as_bytes());
    bytes.extend(position.opening.as_bytes());
    bytes.extend(position.sequence.to_be_bytes());
}

fn read_position(bytes: &mut &[u8]) -> Option<Position> {
    let (ledger, opening) = (LedgerId::from(take(bytes)?), LedgerId::from(take(bytes)?));
    Some(Position { ledger, opening, sequence: take(bytes).map(u64::from_be_bytes)? })
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(name: u8) -> Position {
        Position { ledger: LedgerId::from([name; 16]), opening: LedgerId::from([name + 1; 16]), sequence: u64::from(name) << 56 }
    }

    fn statements() -> impl Iterator<Item = Statement> {
        let sums = Sums { incoming_posted: u128::MAX, incoming_pending: 2, outgoing_posted: 3, outgoing_pending: 1 << 100 };
        (0..16_u8).map(move |bits| Statement {
            position: position(1),
            sums,
            sole: bits & 1 != 0,
            disputes: bits & 2 != 0,
            seen: (bits & 4 != 0).then_some(position(7)),
            parted: (bits & 8 != 0).then_some(u64::MAX),
        })
    }

    #[test]
    fn what_is_said_is_understood() {
        for statement in statements() {
            let data = ProtocolData::from(statement.entry());
            assert_eq!(Statement::find(&data), Some(statement));
        }
    }

    #[test]
    fn a_ledger_is_named_with_a_statement_and_without_one() {
        let ledger = LedgerId::from([1; 16]);
        for statement in statements() {
            assert_eq!(named_ledger(&statement.entry().into()), Some(ledger));
        }
        let alone = name_alone(ledger);
        assert_eq!((Statement::read(&alone.data), named_ledger(&alone.clone().into())), (None, Some(ledger)));
        for bytes in [&alone.data[..16], &[&alone.data[..], &[0]].concat(), &[2], &[]] {
            assert_eq!(named_ledger(&Entry::octets(NAME, bytes.to_vec()).into()), None);
        }
    }

    #[test]
    fn what_is_not_exactly_that_is_as_good_as_none() {
        for statement in statements() {
            let bytes = statement.entry().data;
            for end in 0..bytes.len() {
                assert_eq!(Statement::read(&bytes[..end]), None, "cut at {end}");
            }
            assert_eq!(Statement::read(&[&bytes[..], &[0]].concat()), None, "one byte more");
            for (index, byte) in [(0, 0), (0, 2), (1, bytes[1] | 16), (1, 0xff)] {
                let mut other = bytes.to_vec();
                other[index] = byte;
                assert_eq!(Statement::read(&other), None, "byte {index} is {byte}");
            }
        }
        assert_eq!(Statement::find(&ProtocolData::new()), None);
    }
}
