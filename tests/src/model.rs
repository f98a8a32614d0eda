//! A naive ledger: a list of everything that ever happened, and sums that are added up whenever someone asks. Slow, and
//! plain enough to be believed. It shares the vocabulary of the real one, and no code.

use bytes::Bytes;
use trustline_core::ledger::{Authority, Bounds, Direction, Position, Sums, Transfer, TrustlineConfig};
use trustline_core::testing::Request;
use trustline_core::{Fulfillment, LedgerId, Timestamp, TransferId};

use Direction::{Incoming, Outgoing};

/// Whether something changed, or the name of the reason why it may not.
pub type Verdict = Result<bool, &'static str>;

/// The list.
#[derive(Debug)]
pub struct Model {
    config: TrustlineConfig,
    bounds: Bounds,
    entries: Vec<Entry>,
    /// The names of the openings in their order.
    openings: Vec<LedgerId>,
    /// How far each ledger of the peer was, the one that was heard of last at the end.
    peers: Vec<Position>,
    /// Money may have moved with others than these.
    others: bool,
    changes: usize,
}

#[derive(Debug)]
struct Entry {
    direction: Direction,
    transfer: Transfer,
    conditional: bool,
    fate: Fate,
    /// The peer has not answered the message that tells our decision.
    owed: bool,
    /// Once it is finished.
    forget_at: Option<Timestamp>,
    /// Nobody looks at it any more, but its money stays where it is.
    forgotten: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Held,
    InDoubt(Fulfillment),
    Paid(Option<Fulfillment>),
    Back,
    /// Back, if the host of the ledger does not say otherwise.
    Lapsed,
}

impl Entry {
    fn is_open(&self) -> bool {
        self.owed || matches!(self.fate, Fate::Held | Fate::InDoubt(_))
    }
}

/// What can be asked. An unconditional transfer's condition and expiry mean nothing.
impl Model {
    /// An empty list.
    pub fn new(config: TrustlineConfig) -> Self {
        Self { bounds: config.bounds, config, entries: Vec::new(), openings: Vec::new(), peers: Vec::new(), others: false, changes: 0 }
    }

    /// The four sums.
    pub fn sums(&self) -> Sums {
        let sum = |direction, counts: fn(&Fate) -> bool| {
            let counted = self.entries.iter().filter(|entry| entry.direction == direction && counts(&entry.fate));
            counted.map(|entry| u128::from(entry.transfer.amount)).sum()
        };
        let (posted, pending) = (|fate: &_| matches!(fate, Fate::Paid(_)), |fate: &_| matches!(fate, Fate::Held | Fate::InDoubt(_)));
        Sums {
            incoming_posted: sum(Incoming, posted),
            incoming_pending: sum(Incoming, pending),
            outgoing_posted: sum(Outgoing, posted),
            outgoing_pending: sum(Outgoing, pending),
        }
    }

    /// How many are open, and how many are finished and remembered.
    pub fn counts(&self) -> (usize, usize) {
        let known = || self.entries.iter().filter(|entry| !entry.forgotten);
        (known().filter(|entry| entry.is_open()).count(), known().filter(|entry| !entry.is_open()).count())
    }

    /// We pay, or are about to be paid.
    pub fn prepare(&mut self, direction: Direction, transfer: &Transfer, conditional: bool, now: Timestamp) -> Verdict {
        if let Some(known) = self.find(transfer.id) {
            let same = known.conditional && known.direction == Incoming && known.transfer == *transfer;
            return match known.fate {
                _ if direction == Outgoing || !same => Err("DuplicateId"),
                Fate::Held | Fate::InDoubt(_) => Ok(false),
                Fate::Paid(_) => Err("AlreadyFulfilled"),
                Fate::Back | Fate::Lapsed => Err("AlreadyRolledBack"),
            };
        }
        self.admit(direction, transfer, conditional, now)?;
        self.add(direction, transfer, conditional, Fate::Held, now)
    }

    /// We take what the peer pays.
    pub fn fulfill(&mut self, id: TransferId, fulfillment: Fulfillment, now: Timestamp) -> Verdict {
        let ours = self.config.authority == Authority::Ours;
        let entry = self.find(id).filter(|entry| entry.direction == Incoming && entry.is_open()).ok_or("NotFound")?;
        match entry.fate {
            Fate::Held if now >= entry.transfer.expires_at => Err("Expired"),
            Fate::Held if fulfillment.condition() != entry.transfer.condition => Err("InvalidFulfillment"),
            Fate::Held if ours => self.turn(id, Fate::Paid(Some(fulfillment)), true, now),
            Fate::Held => self.turn(id, Fate::InDoubt(fulfillment), false, now),
            _ => Err("AlreadyDecided"),
        }
    }

    /// We decline what the peer pays.
    pub fn reject(&mut self, id: TransferId, now: Timestamp) -> Verdict {
        let entry = self.find(id).filter(|entry| entry.direction == Incoming && entry.is_open()).ok_or("NotFound")?;
        if entry.fate == Fate::Held { self.turn(id, Fate::Back, true, now) } else { Err("AlreadyDecided") }
    }

    /// Time is up.
    pub fn expire(&mut self, id: TransferId, now: Timestamp) -> Verdict {
        let authority = self.config.authority;
        match self.find(id) {
            Some(entry) if entry.conditional && entry.fate == Fate::Held && entry.transfer.expires_at <= now => {
                match (authority, entry.direction) {
                    (Authority::Theirs, Outgoing) => self.turn(id, Fate::Lapsed, false, now),
                    (Authority::Shared, Outgoing) => self.turn(id, Fate::Back, false, now),
                    (Authority::Ours, Outgoing) | (_, Incoming) => self.turn(id, Fate::Back, true, now),
                }
            }
            _ => Ok(false),
        }
    }

    /// From now on these bounds hold.
    pub fn set_bounds(&mut self, bounds: Bounds, now: Timestamp) -> Verdict {
        if bounds == self.bounds {
            return Ok(false);
        }
        self.bounds = bounds;
        self.changed(now)
    }

    /// A process opens the ledger.
    pub fn open(&mut self, id: LedgerId) -> Verdict {
        if self.openings.last() == Some(&id) {
            return Ok(false);
        }
        self.others |= self.openings.is_empty() && self.changes > 0;
        self.openings.push(id);
        self.noted()
    }

    /// The peer tells how far its ledger is.
    pub fn see_peer(&mut self, position: Position) -> Verdict {
        let known = self.peers.iter().position(|peer| peer.ledger == position.ledger);
        match known {
            Some(index) if self.peers[index].sequence >= position.sequence => return Ok(false),
            Some(index) => drop(self.peers.remove(index)),
            None => {}
        }
        self.peers.push(position);
        if self.peers.len() > self.config.peers {
            self.peers.remove(0);
            self.others = true;
        }
        self.noted()
    }

    /// A peer takes part that does not name its ledger.
    pub fn see_unnamed(&mut self) -> Verdict {
        if self.openings.is_empty() || self.others {
            return Ok(false);
        }
        self.others = true;
        self.noted()
    }

    /// The ledger's name, its openings that are remembered, how far the peers' ledgers were in the order of their names, and
    /// whether there were others.
    pub fn lineage(&self) -> (Option<LedgerId>, Vec<LedgerId>, Vec<Position>, bool) {
        let mut peers = self.peers.clone();
        peers.sort_by_key(|peer| peer.ledger);
        let forgotten = self.openings.len().saturating_sub(self.config.openings);
        (self.openings.first().copied(), self.openings[forgotten..].to_vec(), peers, self.others)
    }

    /// The peer takes what we pay.
    pub fn receive_fulfill(&mut self, id: TransferId, fulfillment: Fulfillment, now: Timestamp) -> Verdict {
        let hosted = self.config.authority == Authority::Theirs;
        let entry = self.find(id).ok_or("TransferNotFound")?;
        match entry.fate {
            _ if entry.direction == Incoming => Err("NotThePayee"),
            Fate::Held if !entry.conditional => Err("NotThePayee"),
            Fate::Held if !hosted && now >= entry.transfer.expires_at => Err("AlreadyRolledBack"),
            Fate::Back => Err("AlreadyRolledBack"),
            Fate::Paid(known) if known == Some(fulfillment) => Ok(false),
            Fate::Held | Fate::Lapsed if fulfillment.condition() == entry.transfer.condition => {
                self.turn(id, Fate::Paid(Some(fulfillment)), false, now)
            }
            _ => Err("InvalidFulfillment"),
        }
    }

    /// The peer declines what we pay, or says that it expired on its ledger.
    pub fn receive_reject(&mut self, id: TransferId, now: Timestamp) -> Verdict {
        let hosted = self.config.authority == Authority::Theirs;
        let entry = self.find(id).ok_or("TransferNotFound")?;
        match entry.fate {
            _ if entry.direction == Incoming && !hosted => Err("NotThePayee"),
            Fate::Held if !entry.conditional => Err("NotThePayee"),
            Fate::Paid(_) => Err("AlreadyFulfilled"),
            Fate::Back | Fate::InDoubt(_) => Ok(false),
            Fate::Held | Fate::Lapsed => self.turn(id, Fate::Back, false, now),
        }
    }

    /// The peer pays without a condition.
    pub fn receive_transfer(&mut self, transfer: &Transfer, now: Timestamp) -> Verdict {
        if let Some(known) = self.find(transfer.id) {
            let same = known.transfer.amount == transfer.amount && known.transfer.protocol_data == transfer.protocol_data;
            return if same && !known.conditional && known.direction == Incoming { Ok(false) } else { Err("DuplicateId") };
        }
        match self.admit(Incoming, transfer, false, now) {
            // It is finished at once, so it does not count among the open ones.
            Err("TooManyOpen") if !self.fits(Incoming, transfer.amount) => Err("InsufficientBalance"),
            Ok(()) | Err("TooManyOpen") => self.add(Incoming, transfer, false, Fate::Paid(None), now),
            Err(reason) => Err(reason),
        }
    }

    /// The peer pays without a condition, and gives no id: nobody can ever ask about it again.
    pub fn receive_unnamed_transfer(&mut self, amount: u64, now: Timestamp) -> Verdict {
        let id = TransferId::from([0xff; 16]);
        let transfer =
            Transfer { id, amount, condition: Fulfillment::from([0; 32]).condition(), expires_at: now, protocol_data: Bytes::new() };
        let verdict = self.receive_transfer(&transfer, now);
        if let Some(entry) = self.find(id) {
            entry.forgotten = true;
        }
        verdict
    }

    /// The peer answered a request of ours, with a Response or with an Error.
    pub fn answered(&mut self, id: TransferId, to: Request, accepted: bool, now: Timestamp) -> Verdict {
        let Some(entry) = self.find(id) else { return Ok(false) };
        match (to, entry.fate) {
            (Request::Prepare | Request::Transfer, Fate::Held) if entry.direction == Outgoing && !accepted => {
                self.turn(id, Fate::Back, false, now)
            }
            (Request::Transfer, Fate::Held) if !entry.conditional => self.turn(id, Fate::Paid(None), false, now),
            (Request::Fulfill, Fate::InDoubt(shown)) => {
                self.turn(id, if accepted { Fate::Paid(Some(shown)) } else { Fate::Back }, false, now)
            }
            (Request::Fulfill, fate @ Fate::Paid(_)) | (Request::Reject, fate @ Fate::Back) if entry.owed => {
                self.turn(id, fate, false, now)
            }
            _ => Ok(false),
        }
    }
}

impl Model {
    fn find(&mut self, id: TransferId) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| !entry.forgotten && entry.transfer.id == id)
    }

    fn admit(&self, direction: Direction, transfer: &Transfer, conditional: bool, now: Timestamp) -> Result<(), &'static str> {
        match transfer {
            _ if transfer.amount == 0 => Err("ZeroAmount"),
            _ if conditional && transfer.expires_at <= now => Err("Expired"),
            _ if conditional && transfer.expires_at > now.saturating_add(self.config.furthest_expiry) => Err("ExpiryTooFar"),
            _ if self.counts().0 >= self.config.open_transfers => Err("TooManyOpen"),
            _ if !self.fits(direction, transfer.amount) => Err("InsufficientBalance"),
            _ => Ok(()),
        }
    }

    /// Even if this one and all that is pending its way are paid, and nothing that is pending the other way.
    fn fits(&self, direction: Direction, amount: u64) -> bool {
        let Sums { incoming_posted, incoming_pending, outgoing_posted, outgoing_pending } = self.sums();
        let sums = [incoming_posted, incoming_pending, outgoing_posted, outgoing_pending];
        let [got, gets, gave, gives] = sums.map(|sum| i128::try_from(sum).expect("it is far below 2^127"));
        match direction {
            Incoming => got + gets + i128::from(amount) - gave <= self.bounds.maximum,
            Outgoing => got - gave - gives - i128::from(amount) >= self.bounds.minimum,
        }
    }

    fn add(&mut self, direction: Direction, transfer: &Transfer, conditional: bool, fate: Fate, now: Timestamp) -> Verdict {
        let transfer = transfer.clone();
        self.entries.push(Entry { direction, transfer, conditional, fate, owed: false, forget_at: None, forgotten: false });
        self.changed(now)
    }

    fn turn(&mut self, id: TransferId, fate: Fate, owed: bool, now: Timestamp) -> Verdict {
        if let Some(entry) = self.find(id) {
            (entry.fate, entry.owed) = (fate, owed);
        }
        self.changed(now)
    }

    /// A change that moves nothing and lets nothing be forgotten.
    #[expect(clippy::unnecessary_wraps, reason = "an operation ends with it, and so with its verdict")]
    fn noted(&mut self) -> Verdict {
        self.changes += 1;
        Ok(true)
    }

    /// Every change is an occasion to forget what was finished long ago.
    #[expect(clippy::unnecessary_wraps, reason = "an operation ends with it, and so with its verdict")]
    fn changed(&mut self, now: Timestamp) -> Verdict {
        self.changes += 1;
        let TrustlineConfig { furthest_expiry, memory_margin, .. } = self.config;
        for entry in self.entries.iter_mut().filter(|entry| !entry.is_open()) {
            let by_its_terms = entry.conditional && entry.fate != Fate::Lapsed;
            let repeatable_until = if by_its_terms { entry.transfer.expires_at } else { now.saturating_add(furthest_expiry) };
            let forget_at = *entry.forget_at.get_or_insert(repeatable_until.saturating_add(memory_margin));
            entry.forgotten |= forget_at <= now;
        }
        Ok(true)
    }
}
