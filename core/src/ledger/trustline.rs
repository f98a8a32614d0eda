//! A trustline and what we do with it: each operation checks everything, then decides one effect, then applies it.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;

use super::effect::{Effect, Fact, Party};
use super::expiries::Expiries;
use super::lineage::Lineage;
use super::memory::Memory;
use super::refusal::{FulfillError, PrepareError, Refusal, RejectError};
use super::sums::{Bounds, Sums};
use super::transfer::{Direction, OpenTransfer, State, Terms, Transfer};
use crate::transfer_map::{TransferMap, transfer_map};
use crate::{Fulfillment, Limits, Timestamp, TransferId};

/// Whose word counts where the two ledgers could differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// We host the ledger: our clock and our books decide.
    Ours,
    /// The peer hosts the ledger: what we do is in doubt until it answers.
    Theirs,
    /// Both keep it, as equals: the payer decides whether a fulfillment came in time.
    Shared,
}

/// What a trustline is built with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrustlineConfig {
    /// Whose word counts.
    pub authority: Authority,
    /// The bounds on the balance at the start; effects may have changed them since.
    pub bounds: Bounds,
    /// Most open transfers.
    pub open_transfers: usize,
    /// How far away the expiry of a transfer may be.
    pub furthest_expiry: Duration,
    /// How long a finished transfer is remembered beyond its expiry.
    pub memory_margin: Duration,
    /// Most ledgers of the peer that are remembered.
    pub peers: usize,
    /// Most openings of this ledger that are remembered.
    pub openings: usize,
    /// Key of the hash maps, whose keys the peer chooses: random in production, fixed in tests. It never shows.
    pub hash_seed: u64,
}

impl TrustlineConfig {
    /// A trustline without bounds of its own and with the default [`Limits`].
    pub fn new(authority: Authority) -> Self {
        let limits = Limits::default();
        Self {
            authority,
            bounds: Bounds::UNBOUNDED,
            open_transfers: limits.open_transfers,
            furthest_expiry: limits.furthest_expiry,
            memory_margin: limits.memory_margin,
            peers: limits.peers,
            openings: limits.openings,
            hash_seed: 0,
        }
    }
}

/// One bilateral ledger, as one of its two sides keeps it. See the [module documentation](super).
///
/// ```
/// use trustline_core::ledger::{Authority, Direction, Transfer, Trustline, TrustlineConfig};
/// use trustline_core::{Fulfillment, Timestamp, TransferId};
///
/// let mut shop = Trustline::new(TrustlineConfig::new(Authority::Ours));
/// let now = Timestamp::from_millis(1_500_000_000_000);
/// let fulfillment = Fulfillment::from([7; 32]);
/// let transfer = Transfer {
///     id: TransferId::from([1; 16]),
///     amount: 10,
///     condition: fulfillment.condition(),
///     expires_at: Timestamp::from_millis(1_500_000_030_000),
///     protocol_data: Default::default(),
/// };
/// let prepared = shop.receive_prepare(transfer, now)?.expect("it is new, so there is an effect");
/// let fulfilled = shop.fulfill(TransferId::from([1; 16]), fulfillment, Default::default(), now)?;
/// assert_eq!(shop.balance(), 10);
///
/// // The effects are the ledger: another trustline that applies them is the same.
/// let mut copy = Trustline::new(TrustlineConfig::new(Authority::Ours));
/// copy.apply(&prepared);
/// copy.apply(&fulfilled);
/// assert_eq!(copy.snapshot(), shop.snapshot());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Trustline {
    pub(super) config: TrustlineConfig,
    pub(super) bounds: Bounds,
    pub(super) sums: Sums,
    pub(super) sequence: u64,
    pub(super) open: TransferMap<OpenTransfer>,
    /// Of the conditional transfers in state `Prepared`.
    pub(super) expiries: Expiries,
    pub(super) memory: Memory,
    pub(super) lineage: Lineage,
}

/// Views.
impl Trustline {
    /// A trustline on which nothing has happened.
    pub fn new(config: TrustlineConfig) -> Self {
        Self {
            bounds: config.bounds,
            sums: Sums::default(),
            sequence: 0,
            open: transfer_map(config.hash_seed),
            expiries: Expiries::default(),
            memory: Memory::new(config.hash_seed),
            lineage: Lineage::default(),
            config,
        }
    }

    /// Whose word counts.
    pub fn authority(&self) -> Authority {
        self.config.authority
    }

    /// Incoming minus outgoing posted, in the smallest unit.
    pub fn balance(&self) -> i128 {
        self.sums.balance()
    }

    /// The four sums.
    pub fn sums(&self) -> &Sums {
        &self.sums
    }

    /// The bounds on the balance in force.
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// The sequence number of the newest effect; 0 if there is none.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// A transfer of which something is still to come.
    pub fn open_transfer(&self, id: &TransferId) -> Option<&OpenTransfer> {
        self.open.get(id)
    }

    /// How many transfers are open.
    pub fn open_len(&self) -> usize {
        self.open.len()
    }

    /// How many finished transfers are remembered.
    pub fn remembered_len(&self) -> usize {
        self.memory.len()
    }

    /// All open transfers, in the order in which they came into their present state. Costs a sort.
    pub fn open_transfers(&self) -> Vec<(TransferId, &OpenTransfer)> {
        #[expect(clippy::disallowed_methods, reason = "sorted in the next line")]
        let mut open: Vec<_> = self.open.iter().map(|(id, transfer)| (*id, transfer)).collect();
        open.sort_unstable_by_key(|(_, transfer)| transfer.sequence);
        open
    }

    /// Whether a transfer of this id is open or remembered, so that a request about it is a repeat or a mistake.
    pub fn knows(&self, id: &TransferId) -> bool {
        self.open.contains_key(id) || self.memory.get(id).is_some()
    }

    /// The earliest expiry of a prepared transfer.
    pub fn next_expiry(&self, direction: Direction) -> Option<Timestamp> {
        self.expiries.first(direction)
    }

    /// The prepared transfers that expire at `now` or before, earliest first.
    pub fn expired(&self, direction: Direction, now: Timestamp) -> impl Iterator<Item = TransferId> + '_ {
        self.expiries.due(direction, now)
    }

    /// A transfer of ours on the peer's ledger that we let expire without the host's word: its Fulfill would still be
    /// taken.
    pub fn lapsed_transfer(&self, id: &TransferId) -> Option<&Arc<Transfer>> {
        self.memory.lapsed(id)
    }
}

/// What we do: `Err` means that nothing changed.
impl Trustline {
    /// Holds the amount of a transfer that we are about to propose to the peer.
    pub fn prepare(&mut self, transfer: Transfer, now: Timestamp) -> Result<Effect, PrepareError> {
        if self.knows(&transfer.id) {
            return Err(PrepareError::DuplicateId);
        }
        self.admit(Direction::Outgoing, &transfer, now).map_err(|refusal| match refusal {
            Refusal::ZeroAmount => PrepareError::ZeroAmount,
            Refusal::Expired { .. } => PrepareError::Expired,
            Refusal::ExpiryTooFar { .. } => PrepareError::ExpiryTooFar,
            Refusal::TooManyOpen => PrepareError::TooManyOpen,
            _ => PrepareError::InsufficientBalance,
        })?;
        Ok(self.decide(Fact::Prepared { direction: Direction::Outgoing, transfer: Arc::new(transfer) }, now))
    }

    /// Pays without a condition (BTP type 7). The amount is pending until the peer's answer.
    pub fn transfer(&mut self, id: TransferId, amount: u64, protocol_data: Bytes, now: Timestamp) -> Result<Effect, PrepareError> {
        if self.knows(&id) {
            return Err(PrepareError::DuplicateId);
        }
        if amount == 0 {
            return Err(PrepareError::ZeroAmount);
        }
        if self.open.len() >= self.config.open_transfers {
            return Err(PrepareError::TooManyOpen);
        }
        if !self.sums.fits(Direction::Outgoing, amount, &self.bounds) {
            return Err(PrepareError::InsufficientBalance);
        }
        Ok(self.decide(Fact::Transferring { id, amount, protocol_data }, now))
    }

    /// Takes the money of an incoming transfer: posted at once where the authority is ours, else in doubt until the
    /// peer's answer ([`fulfill_accepted`](Self::fulfill_accepted) or [`fulfill_refused`](Self::fulfill_refused)).
    pub fn fulfill(
        &mut self,
        id: TransferId,
        fulfillment: Fulfillment,
        protocol_data: Bytes,
        now: Timestamp,
    ) -> Result<Effect, FulfillError> {
        let open = self.incoming(&id).ok_or(FulfillError::NotFound)?;
        let (State::Prepared, Terms::Conditional(transfer)) = (&open.state, &open.terms) else {
            return Err(FulfillError::AlreadyDecided);
        };
        if now >= transfer.expires_at {
            return Err(FulfillError::Expired);
        }
        if !fulfillment.fulfills(&transfer.condition) {
            return Err(FulfillError::InvalidFulfillment);
        }
        let fact = match self.config.authority {
            Authority::Ours => Fact::Fulfilled { id, fulfillment, protocol_data },
            Authority::Theirs | Authority::Shared => Fact::Fulfilling { id, fulfillment, protocol_data },
        };
        Ok(self.decide(fact, now))
    }

    /// Declines an incoming transfer and releases its amount.
    pub fn reject(&mut self, id: TransferId, protocol_data: Bytes, now: Timestamp) -> Result<Effect, RejectError> {
        let open = self.incoming(&id).ok_or(RejectError::NotFound)?;
        if open.state != State::Prepared {
            return Err(RejectError::AlreadyDecided);
        }
        Ok(self.decide(Fact::Rejected { id, by: Party::Us, protocol_data }, now))
    }

    /// Changes the bounds on the balance, for what is prepared from now on. `None`: they are these already.
    pub fn set_bounds(&mut self, bounds: Bounds, now: Timestamp) -> Option<Effect> {
        (bounds != self.bounds).then(|| self.decide(Fact::BoundsChanged { bounds }, now))
    }

    /// Changes how many transfers may be open, for what is prepared from now on. It is configuration, and no effect.
    pub fn set_open_transfers(&mut self, most: usize) {
        self.config.open_transfers = most;
    }

    /// Rolls back a prepared transfer whose expiry has come. `None`: it is not prepared, or not expired.
    pub fn expire(&mut self, id: TransferId, now: Timestamp) -> Option<Effect> {
        let open = self.open.get(&id)?;
        let (State::Prepared, Terms::Conditional(transfer)) = (&open.state, &open.terms) else {
            return None;
        };
        (transfer.expires_at <= now).then(|| self.decide(Fact::Expired { id }, now))
    }
}

/// What the peer answered. `None`: the transfer no longer waits for that answer.
impl Trustline {
    /// The peer answered our Prepare or Transfer with an Error: it never came to be.
    pub fn refused(&mut self, id: TransferId, now: Timestamp) -> Option<Effect> {
        let open = self.open.get(&id)?;
        let waits = open.direction == Direction::Outgoing && matches!(open.state, State::Prepared | State::Transferring);
        waits.then(|| self.decide(Fact::Refused { id }, now))
    }

    /// The peer answered our Transfer with a Response: the money has moved.
    pub fn transfer_accepted(&mut self, id: TransferId, now: Timestamp) -> Option<Effect> {
        let open = self.open.get(&id)?;
        let (State::Transferring, Terms::Unconditional { amount, protocol_data, .. }) = (&open.state, &open.terms) else {
            return None;
        };
        let (amount, protocol_data) = (*amount, protocol_data.clone());
        Some(self.decide(Fact::Transferred { direction: Direction::Outgoing, id: Some(id), amount, protocol_data }, now))
    }

    /// The peer answered our Fulfill with a Response.
    pub fn fulfill_accepted(&mut self, id: TransferId, now: Timestamp) -> Option<Effect> {
        let fact = match &self.open.get(&id)?.state {
            State::Fulfilling { fulfillment, protocol_data } => {
                Fact::Fulfilled { id, fulfillment: *fulfillment, protocol_data: protocol_data.clone() }
            }
            State::FulfillOwed { .. } => Fact::Acknowledged { id },
            _ => return None,
        };
        Some(self.decide(fact, now))
    }

    /// The peer answered our Fulfill with an Error. Where the authority is ours, the money stays: it is only
    /// acknowledged. Else the transfer is rolled back.
    pub fn fulfill_refused(&mut self, id: TransferId, now: Timestamp) -> Option<Effect> {
        let fact = match self.open.get(&id)?.state {
            State::Fulfilling { .. } => Fact::Refused { id },
            State::FulfillOwed { .. } => Fact::Acknowledged { id },
            _ => return None,
        };
        Some(self.decide(fact, now))
    }

    /// The peer answered our Reject, with a Response or an Error: either way it has been told.
    pub fn reject_answered(&mut self, id: TransferId, now: Timestamp) -> Option<Effect> {
        let owed = matches!(self.open.get(&id)?.state, State::RejectOwed { .. } | State::ExpiryOwed);
        owed.then(|| self.decide(Fact::Acknowledged { id }, now))
    }
}

impl Trustline {
    fn incoming(&self, id: &TransferId) -> Option<&OpenTransfer> {
        self.open.get(id).filter(|open| open.direction == Direction::Incoming)
    }

    /// Whether a transfer that nobody knows yet may be prepared.
    pub(super) fn admit(&self, direction: Direction, transfer: &Transfer, now: Timestamp) -> Result<(), Refusal> {
        if transfer.amount == 0 {
            return Err(Refusal::ZeroAmount);
        }
        if transfer.expires_at <= now {
            return Err(Refusal::Expired { expires_at: transfer.expires_at, now });
        }
        let furthest = now.saturating_add(self.config.furthest_expiry);
        if transfer.expires_at > furthest {
            return Err(Refusal::ExpiryTooFar { furthest });
        }
        if self.open.len() >= self.config.open_transfers {
            return Err(Refusal::TooManyOpen);
        }
        if !self.sums.fits(direction, transfer.amount, &self.bounds) {
            return Err(Refusal::InsufficientBalance);
        }
        Ok(())
    }

    /// From here on it must succeed.
    pub(super) fn decide(&mut self, fact: Fact, now: Timestamp) -> Effect {
        let effect = Effect { sequence: self.sequence + 1, at: now, fact };
        self.apply(&effect);
        effect
    }
}
