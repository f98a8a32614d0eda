//! The four sums of a trustline and the bounds on its balance.

use super::transfer::Direction;

/// What has moved and what may still move, in the trustline's smallest unit. The posted sums only ever grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Paid to us, for good.
    pub incoming_posted: u128,
    /// Prepared towards us, not yet decided.
    pub incoming_pending: u128,
    /// Paid by us, for good.
    pub outgoing_posted: u128,
    /// Prepared by us, not yet decided.
    pub outgoing_pending: u128,
}

/// How far the balance may go, with everything pending counted against us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The lowest our balance may reach: how much more than we were paid we pay, as a negative number.
    pub minimum: i128,
    /// The highest our balance may reach: how much more than we paid we take.
    pub maximum: i128,
}

impl Bounds {
    /// No bound of our own: the peer's is the only one.
    pub const UNBOUNDED: Self = Self { minimum: i128::MIN, maximum: i128::MAX };
}

impl Sums {
    /// Incoming minus outgoing posted: what we were paid, less what we paid.
    pub fn balance(&self) -> i128 {
        difference(self.incoming_posted, self.outgoing_posted)
    }

    /// Whether another `amount` in `direction` stays inside `bounds` even if everything pending that way is fulfilled
    /// and nothing that goes the other way is.
    pub fn fits(&self, direction: Direction, amount: u64, bounds: &Bounds) -> bool {
        let amount = u128::from(amount);
        match direction {
            Direction::Incoming => {
                let most = self.incoming_posted.saturating_add(self.incoming_pending).saturating_add(amount);
                difference(most, self.outgoing_posted) <= bounds.maximum
            }
            Direction::Outgoing => {
                let most = self.outgoing_posted.saturating_add(self.outgoing_pending).saturating_add(amount);
                difference(self.incoming_posted, most) >= bounds.minimum
            }
        }
    }

    pub(super) fn hold(&mut self, direction: Direction, amount: u64) {
        let pending = self.pending_mut(direction);
        *pending = pending.saturating_add(u128::from(amount));
    }

    pub(super) fn release(&mut self, direction: Direction, amount: u64) {
        let pending = self.pending_mut(direction);
        debug_assert!(*pending >= u128::from(amount), "released more than was held");
        *pending = pending.saturating_sub(u128::from(amount));
    }

    pub(super) fn post(&mut self, direction: Direction, amount: u64) {
        let posted = match direction {
            Direction::Incoming => &mut self.incoming_posted,
            Direction::Outgoing => &mut self.outgoing_posted,
        };
        *posted = posted.saturating_add(u128::from(amount));
    }

    fn pending_mut(&mut self, direction: Direction) -> &mut u128 {
        match direction {
            Direction::Incoming => &mut self.incoming_pending,
            Direction::Outgoing => &mut self.outgoing_pending,
        }
    }
}

/// `a - b`, where both are far below 2^127 (2^63 transfers of the largest amount), saturating all the same.
fn difference(a: u128, b: u128) -> i128 {
    let signed = |n| i128::try_from(n).unwrap_or(i128::MAX);
    signed(a).saturating_sub(signed(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pending_counts_against_the_bound_of_its_own_direction_only() {
        let mut sums = Sums::default();
        let bounds = Bounds { minimum: -5, maximum: 10 };
        sums.hold(Direction::Incoming, 6);
        assert!(sums.fits(Direction::Incoming, 4, &bounds));
        assert!(!sums.fits(Direction::Incoming, 5, &bounds));
        assert!(sums.fits(Direction::Outgoing, 5, &bounds), "what may come in cannot be spent, nor does it hinder");
        assert!(!sums.fits(Direction::Outgoing, 6, &bounds));
    }

    #[test]
    fn the_largest_amounts_do_not_overflow() {
        let mut sums = Sums::default();
        for _ in 0..4 {
            sums.post(Direction::Incoming, u64::MAX);
        }
        assert_eq!(sums.balance(), 4 * i128::from(u64::MAX));
        assert!(!sums.fits(Direction::Incoming, 1, &Bounds { minimum: 0, maximum: 4 * i128::from(u64::MAX) }));
        assert!(sums.fits(Direction::Incoming, u64::MAX, &Bounds::UNBOUNDED));
    }
}
