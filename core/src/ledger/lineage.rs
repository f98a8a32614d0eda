//! Which ledger this is, how far it is, and how far its peers were when they said so: what it takes to notice that an older
//! backup was put in the place of a ledger.
//!
//! A sequence number alone does not show it. A ledger that was set back to number 100 goes on from there, and is soon
//! further than the 120 that its peer has seen: but what is number 120 now is not what it was then. So each opening of a
//! ledger by a process has a name of its own, and a [`Position`] is a number *and* the opening in which it was given:
//!
//! ```text
//! what the peer saw         opening a       opening b              120 in b
//!                         1 ──────── 90 91 ─────────── 130
//! a backup of 100         1 ──────── 90 91 ── 100                  no 120 in b ...
//! ... that went on        1 ──────── 90 91 ── 100 101 ───────      ... and there never will be
//!                           opening a      b         opening c
//! ```
//!
//! None of these effects moves money or lets anything be forgotten: a host whose word is still due about a transfer that
//! [lapsed](super) says it right behind them.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::effect::{Effect, Fact};
use super::sums::Sums;
use super::trustline::Trustline;
use crate::{LedgerId, Timestamp};

/// A place in the history of a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Which ledger: the name of its first opening.
    pub ledger: LedgerId,
    /// In which opening.
    pub opening: LedgerId,
    /// The sequence number of its newest effect then.
    pub sequence: u64,
}

/// A process opened the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Its name.
    pub id: LedgerId,
    /// The number of the effect that says so, the first of the opening.
    pub sequence: u64,
}

/// How far a ledger of the peer was when we heard of it last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerLedger {
    /// The furthest position that was seen.
    pub position: Position,
    /// The number of our effect that says so.
    pub sequence: u64,
    /// When that was decided.
    pub since: Timestamp,
}

/// The names of a ledger, and what it has seen of others. Empty where nobody has [opened](Trustline::open) it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lineage {
    /// The ledger's name.
    pub ledger: Option<LedgerId>,
    /// Its openings in their order, without the earliest where there were too many.
    pub openings: Vec<Opening>,
    /// The ledgers of the peer, by name. Several processes may share a hosted account, each with a ledger of its own.
    pub peers: BTreeMap<LedgerId, PeerLedger>,
    /// Money may have moved of which none of [`peers`](Self::peers) knows: before this ledger had a name, by a peer that names
    /// none, or by one that is forgotten.
    pub others: bool,
}

impl Lineage {
    /// How far a ledger is that has come to this number.
    fn position(&self, sequence: u64) -> Option<Position> {
        let (ledger, opening) = (self.ledger?, self.openings.last()?.id);
        Some(Position { ledger, opening, sequence })
    }

    /// The peer's ledger that was heard of last.
    fn latest_peer(&self) -> Option<&PeerLedger> {
        self.peers.values().max_by_key(|peer| peer.sequence)
    }

    /// The peer's ledger that was heard of longest ago.
    fn oldest_peer(&self) -> Option<&PeerLedger> {
        self.peers.values().min_by_key(|peer| peer.sequence)
    }

    pub(super) fn apply_opened(&mut self, id: LedgerId, sequence: u64, most: usize) {
        if self.ledger.is_none() {
            self.ledger = Some(id);
            self.others |= sequence > 1;
        }
        self.openings.push(Opening { id, sequence });
        let excess = self.openings.len().saturating_sub(most.max(1));
        self.openings.drain(..excess);
    }

    pub(super) fn apply_peer_seen(&mut self, position: Position, sequence: u64, since: Timestamp, most: usize) {
        self.peers.insert(position.ledger, PeerLedger { position, sequence, since });
        while self.peers.len() > most.max(1)
            && let Some(oldest) = self.oldest_peer().map(|peer| peer.position.ledger)
        {
            self.peers.remove(&oldest);
            self.others = true;
        }
    }

    /// Where a ledger that has come to number `current` parted from one that was at `seen`: the last number that both have,
    /// at most. `None`: it did not, as far as is known.
    fn parted_from(&self, seen: &Position, current: u64) -> Option<u64> {
        if self.ledger != Some(seen.ledger) {
            return None;
        }
        let before = |opening: &Opening| opening.sequence.saturating_sub(1);
        let end = match self.openings.iter().position(|opening| opening.id == seen.opening) {
            Some(index) => self.openings.get(index + 1).map_or(current, before),
            // An opening that is forgotten was before all others.
            None if self.openings.first().is_none_or(|first| Some(first.id) != self.ledger && seen.sequence < first.sequence) => {
                return None;
            }
            None => self.openings.last().map_or(current, before).min(seen.sequence.saturating_sub(1)),
        };
        (end < seen.sequence).then_some(end)
    }
}

/// Views.
impl Trustline {
    /// The names of this ledger, and what it has seen of others.
    pub fn lineage(&self) -> &Lineage {
        &self.lineage
    }

    /// How far this ledger is; `None` where nobody has opened it, so that it has no name.
    pub fn position(&self) -> Option<Position> {
        self.lineage.position(self.sequence)
    }

    /// What is remembered of the peer's ledger that was heard of last.
    pub fn latest_peer(&self) -> Option<&PeerLedger> {
        self.lineage.latest_peer()
    }

    /// What is remembered of a ledger of the peer.
    pub fn peer(&self, ledger: &LedgerId) -> Option<&PeerLedger> {
        self.lineage.peers.get(ledger)
    }

    /// Whether all money of this trustline was moved with this one ledger of the peer, for all that is known.
    pub fn is_only_with(&self, ledger: &LedgerId) -> bool {
        !self.lineage.others && self.lineage.peers.keys().all(|peer| peer == ledger)
    }

    /// Whether this ledger is older than what the peer has seen of it: then the number up to which it can be the same, at most.
    pub fn parted_from(&self, seen: &Position) -> Option<u64> {
        self.lineage.parted_from(seen, self.sequence)
    }

    /// The four sums, with the transfers counted as pending that we gave up without the host's word.
    pub fn sums_with_lapsed(&self) -> Sums {
        let outgoing_pending = self.sums.outgoing_pending.saturating_add(self.memory.lapsed_amount());
        Sums { outgoing_pending, ..self.sums }
    }
}

/// What is noted. `None`: it is known already.
impl Trustline {
    /// A process has opened this ledger, and drew a new name for that. It must be noted before anything else happens.
    pub fn open(&mut self, id: LedgerId, now: Timestamp) -> Option<Effect> {
        let is_open = self.lineage.openings.last().is_some_and(|opening| opening.id == id);
        (!is_open).then(|| self.decide(Fact::Opened { id }, now))
    }

    /// The peer has told how far its ledger is.
    pub fn see_peer(&mut self, position: Position, now: Timestamp) -> Option<Effect> {
        let seen = self.peer(&position.ledger).map(|peer| peer.position.sequence);
        (seen < Some(position.sequence)).then(|| self.decide(Fact::PeerSeen { position }, now))
    }

    /// A peer that has not named its ledger takes part in this trustline.
    pub fn see_unnamed(&mut self, now: Timestamp) -> Option<Effect> {
        let is_news = self.lineage.ledger.is_some() && !self.lineage.others;
        is_news.then(|| self.decide(Fact::UnnamedPeerSeen, now))
    }
}
