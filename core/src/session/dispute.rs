//! What the two sides do not agree on.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use super::error_name::error_message;
use crate::TransferId;
use crate::ledger::{Party, Sums};
use crate::wire::ErrorPacket;

/// Both views of what the two sides do not agree on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dispute {
    /// We posted an incoming transfer on the ledger that we host, in time by our clock; the peer denies it.
    FulfillDenied {
        /// The transfer; it stays posted.
        id: TransferId,
        /// What the peer said.
        error: Box<ErrorPacket>,
    },
    /// The peer's balance does not tell how some transfers ended of which it no longer speaks; or, where
    /// [the account is ours alone](super::SessionConfig::account_is_exclusive), it is not what our own books say.
    Balance {
        /// Our balance by our own books, seen from us.
        ours: i128,
        /// Our balance by the peer's books, seen from us.
        theirs: i128,
        /// How many transfers are undecided; they stay pending.
        undecided: usize,
    },
    /// A ledger is older than what the other side has seen of it: an older backup was put in its place.
    Rewound {
        /// Whose ledger.
        who: Party,
        /// The number of its effect that the other side has seen.
        seen: u64,
        /// The number up to which it can still be the same, at most.
        has: u64,
    },
    /// An equal has another ILP address than we have configured for it. Which connection to keep hangs on that, so all stay.
    Account {
        /// What we have configured for it.
        ours: String,
        /// What it says.
        theirs: String,
    },
    /// What one side has paid and what the other was paid differ by more than what is undecided.
    Sums {
        /// Our books, with everything counted as pending that may still be paid.
        ours: Box<Sums>,
        /// The peer's books, seen from the peer, with everything counted as pending that may still be paid.
        theirs: Box<Sums>,
    },
}

impl fmt::Display for Dispute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FulfillDenied { id, error } => {
                write!(f, "transfer {id} was paid on our ledger, and the peer denies it ({})", error_message(error))
            }
            Self::Balance { ours, theirs, undecided: 0 } => {
                write!(f, "the balance is {ours} by our ledger, but {theirs} by the peer's: that has to be settled between people")
            }
            Self::Balance { ours, theirs, undecided } => write!(
                f,
                "the balance is {ours} by our ledger, but {theirs} by the peer's, which does not explain {undecided} open transfers: that \
                 has to be settled between people"
            ),
            Self::Account { ours, theirs } => {
                write!(f, "the peer is configured here as {ours:?}, and calls itself {theirs:?}: one of the two is to be corrected")
            }
            Self::Rewound { who: Party::Us, seen, has } => write!(
                f,
                "our ledger is older than what the peer has seen of it (number {seen}; it is the same up to {has} at most): put the \
                 newest file back, or settle with the peer and begin a new ledger"
            ),
            Self::Rewound { who: Party::Peer, seen, has } => write!(
                f,
                "the peer's ledger is older than what we have seen of it (number {seen}; it is the same up to {has} at most): the peer \
                 has to put its newest file back, or settle with us, and then both begin new ledgers"
            ),
            Self::Sums { ours, theirs } => write!(
                f,
                "the two ledgers cannot both be right: by ours we have paid {} and were paid {}, by the peer's that is {} and {}: that has \
                 to be settled between people",
                ours.outgoing_posted, ours.incoming_posted, theirs.incoming_posted, theirs.outgoing_posted
            ),
        }
    }
}

impl core::error::Error for Dispute {}

/// Why a session does nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stopped {
    /// Its effects can no longer be stored.
    Journal,
    /// Its ledger and the peer's cannot both be right; [`Session::dispute`](super::Session::dispute) says why.
    Dispute,
    /// Its account was removed from its host.
    Removed,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Journal => "the trustline is stopped, because its journal failed",
            Self::Dispute => "the trustline is stopped, because its ledger and the peer's cannot both be right",
            Self::Removed => "the trustline is stopped, because its account was removed",
        })
    }
}
