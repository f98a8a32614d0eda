//! A naive ledger that is told of effects: a list of transfers, and sums that are added up whenever someone asks. It
//! never decides; it says what an effect must not say. It shares the vocabulary of the real ledger, and no code.

use std::collections::BTreeMap;

use trustline_core::ledger::{Authority, Bounds, Direction, Effect, Fact, Party, Sums, TrustlineConfig};
use trustline_core::{Condition, Fulfillment, Timestamp, TransferId};

use Direction::{Incoming, Outgoing};

/// What one side of a trustline has decided, or has on its disk.
#[derive(Clone, Debug)]
pub(super) struct Books {
    config: TrustlineConfig,
    bounds: Bounds,
    sequence: u64,
    entries: BTreeMap<TransferId, Entry>,
}

/// One transfer. It is never forgotten here: that the real ledger forgets must make no difference.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) direction: Direction,
    pub(super) amount: u64,
    pub(super) fate: Fate,
    /// By what it was, or is to be, fulfilled.
    pub(super) shown: Option<Fulfillment>,
    /// `None` if it is unconditional.
    terms: Option<(Condition, Timestamp)>,
    /// The peer must still be told of our decision.
    owed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Held,
    /// We fulfilled it, and the peer's answer decides.
    InDoubt,
    Paid,
    Back,
    /// Back, if the host of the ledger does not say otherwise.
    Lapsed,
}

impl Entry {
    fn is_pending(&self) -> bool {
        matches!(self.fate, Fate::Held | Fate::InDoubt)
    }

    pub(super) fn is_open(&self) -> bool {
        self.is_pending() || self.owed
    }
}

impl Books {
    pub(super) fn new(config: TrustlineConfig) -> Self {
        Self { bounds: config.bounds, config, sequence: 0, entries: BTreeMap::new() }
    }

    pub(super) fn entry(&self, id: &TransferId) -> Option<&Entry> {
        self.entries.get(id)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&TransferId, &Entry)> {
        self.entries.iter()
    }

    pub(super) fn open_len(&self) -> usize {
        self.entries.values().filter(|entry| entry.is_open()).count()
    }

    pub(super) fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        for entry in self.entries.values() {
            let amount = u128::from(entry.amount);
            match (entry.direction, entry.fate) {
                (Incoming, Fate::Held | Fate::InDoubt) => sums.incoming_pending += amount,
                (Outgoing, Fate::Held | Fate::InDoubt) => sums.outgoing_pending += amount,
                (Incoming, Fate::Paid) => sums.incoming_posted += amount,
                (Outgoing, Fate::Paid) => sums.outgoing_posted += amount,
                (_, Fate::Back | Fate::Lapsed) => {}
            }
        }
        sums
    }

    /// What the host may still take, although it is pending no more.
    pub(super) fn lapsed(&self) -> u128 {
        let lapsed = self.entries.values().filter(|entry| entry.fate == Fate::Lapsed);
        lapsed.map(|entry| u128::from(entry.amount)).sum()
    }

    /// Takes an effect over, and panics if it says what it must not.
    pub(super) fn apply(&mut self, effect: &Effect) {
        assert_eq!(effect.sequence, self.sequence + 1, "effects are numbered one by one");
        self.sequence = effect.sequence;
        let (at, authority) = (effect.at, self.config.authority);
        match &effect.fact {
            Fact::Prepared { direction, transfer } => {
                let furthest = at.saturating_add(self.config.furthest_expiry);
                assert!(at < transfer.expires_at && transfer.expires_at <= furthest, "it expires in time: {transfer:?} at {at}");
                let terms = Some((transfer.condition, transfer.expires_at));
                self.begin(transfer.id, *direction, transfer.amount, terms, Fate::Held);
                self.check_bounds(*direction);
            }
            Fact::Fulfilling { id, fulfillment, .. } => {
                let entry = self.turn(id, &[Fate::Held], Fate::InDoubt);
                assert!(entry.direction == Incoming && authority != Authority::Ours, "only who waits for an answer is in doubt");
                entry.is_shown(*fulfillment, Some(at));
            }
            Fact::Fulfilled { id, fulfillment, .. } => self.fulfilled(id, *fulfillment, at),
            Fact::Rejected { id, by, .. } => self.rejected(id, *by),
            Fact::Refused { id } => {
                let entry = self.turn(id, &[Fate::Held, Fate::InDoubt], Fate::Back);
                assert!(entry.direction == Outgoing || entry.shown.is_some(), "the peer refuses what we asked of it");
            }
            Fact::Expired { id } => self.expired(id, at),
            Fact::Acknowledged { id } => {
                let entry = self.known(id);
                assert!(std::mem::take(&mut entry.owed), "only what the peer must be told is acknowledged");
            }
            Fact::Transferring { id, amount, .. } => {
                self.begin(*id, Outgoing, *amount, None, Fate::Held);
                self.check_bounds(Outgoing);
            }
            Fact::Transferred { direction: Outgoing, id, .. } => {
                let entry = self.turn(&id.expect("ours has an id"), &[Fate::Held], Fate::Paid);
                assert!(entry.terms.is_none(), "a conditional one is fulfilled");
            }
            Fact::Transferred { direction: Incoming, id, amount, .. } => {
                self.begin(id.expect("our kind of peer gives ids"), Incoming, *amount, None, Fate::Paid);
                self.check_bounds(Incoming);
            }
            Fact::BoundsChanged { bounds } => self.bounds = *bounds,
            Fact::Opened { .. } | Fact::PeerSeen { .. } | Fact::UnnamedPeerSeen => {}
        }
    }

    fn fulfilled(&mut self, id: &TransferId, fulfillment: Fulfillment, at: Timestamp) {
        let authority = self.config.authority;
        let from: &[Fate] = match (self.known(id).direction, authority) {
            (Incoming, Authority::Theirs | Authority::Shared) => &[Fate::InDoubt],
            (Outgoing, Authority::Theirs) => &[Fate::Held, Fate::Lapsed],
            (Incoming, Authority::Ours) | (Outgoing, Authority::Ours | Authority::Shared) => &[Fate::Held],
        };
        let entry = self.turn(id, from, Fate::Paid);
        match (entry.direction, authority) {
            // Who decides, decides by its own clock.
            (Incoming, Authority::Ours) | (Outgoing, Authority::Ours | Authority::Shared) => entry.is_shown(fulfillment, Some(at)),
            (Outgoing, Authority::Theirs) => entry.is_shown(fulfillment, None),
            (Incoming, _) => assert_eq!(entry.shown, Some(fulfillment), "it is what we showed"),
        }
        entry.owed = entry.direction == Incoming && authority == Authority::Ours;
    }

    fn rejected(&mut self, id: &TransferId, by: Party) {
        let authority = self.config.authority;
        let entry = self.turn(id, &[Fate::Held, Fate::Lapsed], Fate::Back);
        match by {
            Party::Us => assert_eq!(entry.direction, Incoming, "the payee declines"),
            Party::Peer => assert!(entry.direction == Outgoing || authority == Authority::Theirs, "so does the peer, or hosts"),
        }
        entry.owed = by == Party::Us;
    }

    fn expired(&mut self, id: &TransferId, at: Timestamp) {
        let (authority, direction) = (self.config.authority, self.known(id).direction);
        let lapses = direction == Outgoing && authority == Authority::Theirs;
        let entry = self.turn(id, &[Fate::Held], if lapses { Fate::Lapsed } else { Fate::Back });
        assert!(entry.terms.is_some_and(|(_, expires_at)| expires_at <= at), "its time has come");
        entry.owed = authority == Authority::Ours || direction == Incoming;
    }

    fn begin(&mut self, id: TransferId, direction: Direction, amount: u64, terms: Option<(Condition, Timestamp)>, fate: Fate) {
        assert!(amount > 0, "nothing is no amount");
        let entry = Entry { direction, amount, fate, shown: None, terms, owed: false };
        assert!(self.entries.insert(id, entry).is_none(), "an id is used once");
    }

    fn turn(&mut self, id: &TransferId, from: &[Fate], to: Fate) -> &mut Entry {
        let entry = self.known(id);
        assert!(from.contains(&entry.fate), "what is {:?} cannot become {to:?}", entry.fate);
        entry.fate = to;
        entry
    }

    fn known(&mut self, id: &TransferId) -> &mut Entry {
        self.entries.get_mut(id).expect("the transfer was begun")
    }

    /// DESIGN.md, "Money": with everything pending counted.
    fn check_bounds(&self, direction: Direction) {
        let Sums { incoming_posted, incoming_pending, outgoing_posted, outgoing_pending } = self.sums();
        let signed = |sum: u128| i128::try_from(sum).expect("it is far below 2^127");
        match direction {
            Incoming => {
                let most = signed(incoming_posted + incoming_pending) - signed(outgoing_posted);
                assert!(most <= self.bounds.maximum, "the balance could reach {most}, and the limit is {}", self.bounds.maximum);
            }
            Outgoing => {
                let least = signed(incoming_posted) - signed(outgoing_posted + outgoing_pending);
                assert!(least >= self.bounds.minimum, "the balance could reach {least}, and the limit is {}", self.bounds.minimum);
            }
        }
    }
}

impl Entry {
    /// `before_expiry`: our clock, where it decides.
    fn is_shown(&mut self, fulfillment: Fulfillment, before_expiry: Option<Timestamp>) {
        let (condition, expires_at) = self.terms.expect("a conditional transfer is fulfilled");
        assert_eq!(fulfillment.condition(), condition, "it is the preimage");
        assert!(before_expiry.is_none_or(|at| at < expires_at), "it came too late");
        self.shown = Some(fulfillment);
    }
}
