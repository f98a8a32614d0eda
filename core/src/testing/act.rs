//! What happens between parties who pay each other over lines that delay and break.

use core::ops::Range;
use core::time::Duration;

/// Who takes part. Party 0 hosts the ledger, or is one of two equals; each of the others connects to it and to nobody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// How many there are; 2 at least.
    pub parties: usize,
    /// Which of them pay. Party 0 pays party 1, and everyone else pays party 0.
    pub payers: Range<usize>,
    /// The longest [`Act::Wait`]. A payee that is away for longer than the furthest expiry and the memory margin may have
    /// forgotten what it was asked.
    pub longest_wait: Duration,
}

impl Conversation {
    /// Two, both of whom pay.
    pub const fn between_two() -> Self {
        Self { parties: 2, payers: 0..2, longest_wait: Duration::from_secs(28 * 60 * 60) }
    }

    /// A host and so many who share one account there, and pay.
    pub const fn sharing_an_account(customers: usize) -> Self {
        Self { parties: 1 + customers, payers: 1..1 + customers, longest_wait: Duration::from_secs(10) }
    }
}

/// Something that is done, or that happens, in a [`Conversation`]. Parties are known by their number. What cannot be done, because
/// there is no connection or nothing to decide, is left out by whoever performs it.
///
/// Whoever performs acts numbers the transfers, and lets everything that is due happen between two of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// A party offers to pay.
    Pay {
        /// Who.
        by: usize,
        /// In the smallest unit; not zero.
        amount: u64,
        /// How long after that moment, on the payer's clock, the transfer expires.
        expires_in: Duration,
    },
    /// A party pays without a condition.
    Transfer {
        /// Who.
        by: usize,
        /// In the smallest unit; not zero.
        amount: u64,
    },
    /// A party decides about the oldest payment that it was offered and has not decided.
    Decide {
        /// Who.
        by: usize,
        /// Takes the money, or else rejects it.
        fulfills: bool,
    },
    /// Time passes. Everything happens at its time.
    Wait(Duration),
    /// From now on each frame takes so long.
    Delay(Duration),
    /// The connections of a party break. What is on its way is lost.
    Cut {
        /// Whose; not 0.
        of: usize,
        /// After how long party 0 notices.
        host_notices: Duration,
        /// After how long that party notices. It may be back before party 0 knows that it was gone.
        party_notices: Duration,
    },
    /// After so many more frames have arrived, of whomever, the connection that carried the last of them breaks.
    CutAfter {
        /// How many; 1 at least.
        frames: usize,
    },
    /// A party that has no connection opens one.
    Connect {
        /// Who; not 0.
        by: usize,
    },
    /// A party's process dies between two acts, and starts again from what is durable.
    Restart {
        /// Whose.
        who: usize,
    },
    /// A party's process dies in the middle of a batch to come, and starts again from what is durable. A driver makes all effects
    /// of a batch durable before it sends the first of its frames.
    Crash {
        /// Whose.
        who: usize,
        /// How many batches come through whole before.
        batches: usize,
        /// How many effects of the next batch become durable.
        effects: usize,
        /// How many frames of that batch are sent, if all its effects became durable.
        frames: usize,
    },
}
