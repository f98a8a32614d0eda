//! What the peer asked and was not given.

use core::ops::AddAssign;

use crate::ledger::Refusal;

/// Requests of the peer that the session answered with an Error, by reason. Counted since the session was built. What the
/// application declines is not among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusals {
    /// See [`Refusal::TransferNotFound`].
    pub transfer_not_found: u64,
    /// See [`Refusal::DuplicateId`].
    pub duplicate_id: u64,
    /// See [`Refusal::NotThePayee`].
    pub not_the_payee: u64,
    /// See [`Refusal::AlreadyFulfilled`].
    pub already_fulfilled: u64,
    /// See [`Refusal::AlreadyRolledBack`].
    pub already_rolled_back: u64,
    /// See [`Refusal::InvalidFulfillment`].
    pub invalid_fulfillment: u64,
    /// See [`Refusal::TooFast`].
    pub too_fast: u64,
    /// See [`Refusal::ZeroAmount`].
    pub zero_amount: u64,
    /// See [`Refusal::Expired`].
    pub expired: u64,
    /// See [`Refusal::ExpiryTooFar`].
    pub expiry_too_far: u64,
    /// See [`Refusal::TooManyOpen`].
    pub too_many_open: u64,
    /// See [`Refusal::InsufficientBalance`].
    pub insufficient_balance: u64,
    /// For another reason than the ledger's: a sub-protocol that nobody handles, more requests than the application
    /// answers, a side that is closing, one connection too many, data that cannot be kept.
    pub other: u64,
}

impl Refusals {
    pub(super) fn count(&mut self, refusal: &Refusal) {
        let count = match refusal {
            Refusal::TransferNotFound => &mut self.transfer_not_found,
            Refusal::DuplicateId => &mut self.duplicate_id,
            Refusal::NotThePayee => &mut self.not_the_payee,
            Refusal::AlreadyFulfilled => &mut self.already_fulfilled,
            Refusal::AlreadyRolledBack => &mut self.already_rolled_back,
            Refusal::InvalidFulfillment => &mut self.invalid_fulfillment,
            Refusal::TooFast => &mut self.too_fast,
            Refusal::ZeroAmount => &mut self.zero_amount,
            Refusal::Expired { .. } => &mut self.expired,
            Refusal::ExpiryTooFar { .. } => &mut self.expiry_too_far,
            Refusal::TooManyOpen => &mut self.too_many_open,
            Refusal::InsufficientBalance => &mut self.insufficient_balance,
        };
        *count += 1;
    }
}

impl Refusals {
    /// Each reason, as its field is called, and its count.
    pub fn by_reason(&self) -> [(&'static str, u64); 13] {
        [
            ("transfer_not_found", self.transfer_not_found),
            ("duplicate_id", self.duplicate_id),
            ("not_the_payee", self.not_the_payee),
            ("already_fulfilled", self.already_fulfilled),
            ("already_rolled_back", self.already_rolled_back),
            ("invalid_fulfillment", self.invalid_fulfillment),
            ("too_fast", self.too_fast),
            ("zero_amount", self.zero_amount),
            ("expired", self.expired),
            ("expiry_too_far", self.expiry_too_far),
            ("too_many_open", self.too_many_open),
            ("insufficient_balance", self.insufficient_balance),
            ("other", self.other),
        ]
    }
}

impl AddAssign for Refusals {
    fn add_assign(&mut self, other: Self) {
        self.transfer_not_found += other.transfer_not_found;
        self.duplicate_id += other.duplicate_id;
        self.not_the_payee += other.not_the_payee;
        self.already_fulfilled += other.already_fulfilled;
        self.already_rolled_back += other.already_rolled_back;
        self.invalid_fulfillment += other.invalid_fulfillment;
        self.too_fast += other.too_fast;
        self.zero_amount += other.zero_amount;
        self.expired += other.expired;
        self.expiry_too_far += other.expiry_too_far;
        self.too_many_open += other.too_many_open;
        self.insufficient_balance += other.insufficient_balance;
        self.other += other.other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_of_several_sessions_add_up() {
        let one = Refusals {
            transfer_not_found: 1,
            duplicate_id: 20,
            not_the_payee: 3,
            already_fulfilled: 4,
            already_rolled_back: 5,
            invalid_fulfillment: 6,
            too_fast: 7,
            zero_amount: 8,
            expired: 9,
            expiry_too_far: 10,
            too_many_open: 11,
            insufficient_balance: 12,
            other: 13,
        };
        let mut all = one;
        all += one;
        for ((_, sum), (reason, count)) in all.by_reason().into_iter().zip(one.by_reason()) {
            assert_eq!(sum, 2 * count, "{reason}");
        }
    }

    #[test]
    fn each_reason_is_called_as_its_field_and_has_its_count() {
        let refusals = Refusals { duplicate_id: 1, too_fast: 2, insufficient_balance: 3, other: 4, ..Refusals::default() };
        let fields = alloc::format!("{refusals:?}");
        for (name, count) in refusals.by_reason() {
            assert!(fields.contains(&alloc::format!(" {name}: {count}")), "{name} is not {count} in {fields}");
        }
        assert_eq!(refusals.by_reason().len(), fields.matches(": ").count());
    }
}
