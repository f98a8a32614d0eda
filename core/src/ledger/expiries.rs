//! When prepared transfers expire.

use alloc::collections::BTreeSet;

use super::transfer::Direction;
use crate::{Timestamp, TransferId};

/// The expiries of each direction, in order: who decides about an expiry depends on the direction.
#[derive(Clone, Debug, Default)]
pub(super) struct Expiries {
    incoming: BTreeSet<(Timestamp, TransferId)>,
    outgoing: BTreeSet<(Timestamp, TransferId)>,
}

impl Expiries {
    pub(super) fn insert(&mut self, direction: Direction, at: Timestamp, id: TransferId) {
        self.of_mut(direction).insert((at, id));
    }

    pub(super) fn remove(&mut self, direction: Direction, at: Timestamp, id: TransferId) {
        self.of_mut(direction).remove(&(at, id));
    }

    pub(super) fn first(&self, direction: Direction) -> Option<Timestamp> {
        self.of(direction).first().map(|(at, _)| *at)
    }

    /// Those at `now` or before, earliest first.
    pub(super) fn due(&self, direction: Direction, now: Timestamp) -> impl Iterator<Item = TransferId> + '_ {
        self.of(direction).iter().take_while(move |(at, _)| *at <= now).map(|(_, id)| *id)
    }

    fn of(&self, direction: Direction) -> &BTreeSet<(Timestamp, TransferId)> {
        match direction {
            Direction::Incoming => &self.incoming,
            Direction::Outgoing => &self.outgoing,
        }
    }

    fn of_mut(&mut self, direction: Direction) -> &mut BTreeSet<(Timestamp, TransferId)> {
        match direction {
            Direction::Incoming => &mut self.incoming,
            Direction::Outgoing => &mut self.outgoing,
        }
    }
}
