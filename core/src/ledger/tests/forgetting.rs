//! How long what is finished is remembered: its expiry and a margin, which is an hour by default; and never before the
//! peer has acknowledged it.

use core::time::Duration;

use super::statement::{ALL, Account, on};
use crate::ledger::Authority::{Ours, Shared, Theirs};
use crate::ledger::TrustlineConfig;

#[test]
fn until_the_margin_after_its_expiry_is_past() {
    on(&ALL).statement(
        "
        we prepare 1 10         | 0 0  0 10 | Prepared
        peer fulfills 1         | 0 0 10  0 | fulfilled
        at 3629999
        peer transfers - 1      | 1 0 10  0
        peer fulfills 1         | nothing
        at 3630000
        peer transfers - 1      | 2 0 10  0
        peer fulfills 1         | refused: TransferNotFound
        peer rejects 1          | refused: TransferNotFound
    ",
    );
}

#[test]
fn only_an_effect_forgets_so_that_replay_forgets_the_same() {
    let mut account = Account::new(Ours);
    account.statement(
        "
        we prepare 1 10         | 0 0  0 10 | Prepared
        peer fulfills 1         | 0 0 10  0 | fulfilled
        at 99999999
        peer fulfills 1         | nothing
        expire 1                | nothing
        we prepare 1 10         | refused: DuplicateId
    ",
    );
    assert_eq!(account.trustline.remembered_len(), 1);
    account.statement("bounds -99 99 | 0 0 10 0");
    assert_eq!(account.trustline.remembered_len(), 0);
}

#[test]
fn never_before_the_peer_has_acknowledged_the_outcome() {
    on(&[Ours]).statement(
        "
        peer prepares 1 10      |  0 10 0 0 | Prepared
        we fulfill 1            | 10  0 0 0 | FulfillOwed
        at 99999999
        peer transfers - 1      | 11  0 0 0
        peer prepares 1 10      | refused: AlreadyFulfilled
        peer accepts fulfill 1  | 11  0 0 0 | forgotten
        peer prepares 1 10      | refused: Expired
    ",
    );
    on(&[Theirs, Shared]).statement(
        "
        peer prepares 1 10      |  0 10 0 0 | Prepared
        we fulfill 1            |  0 10 0 0 | Fulfilling
        at 99999999
        peer transfers - 1      |  1 10 0 0
        peer prepares 1 10      | nothing
        peer accepts fulfill 1  | 11  0 0 0 | forgotten
    ",
    );
    on(&ALL).statement(
        "
        peer prepares 1 10      | 0 10 0 0 | Prepared
        we reject 1             | 0  0 0 0 | RejectOwed
        at 99999999
        peer transfers - 1      | 1  0 0 0
        peer prepares 1 10      | refused: AlreadyRolledBack
    ",
    );
}

/// What is not remembered is at least expired.
#[test]
fn a_replay_after_that_is_refused_as_expired() {
    on(&ALL).statement(
        "
        peer prepares 1 10      | 0 10 0 0 | Prepared
        we reject 1             | 0  0 0 0 | RejectOwed
        peer accepts reject 1   | 0  0 0 0 | rolled back
        peer prepares 1 10      | refused: AlreadyRolledBack
        at 3630000
        peer transfers - 1      | 1  0 0 0
        peer prepares 1 10      | refused: Expired
    ",
    );
}

/// An unconditional transfer has no expiry: the furthest there could be, 24 hours, stands for it.
#[test]
fn an_unconditional_transfer_for_the_furthest_expiry_and_the_margin() {
    on(&ALL).statement(
        "
        peer transfers 1 10     | 10 0 0 0 | fulfilled
        we transfer 2 10        | 10 0 0 10 | Transferring
        peer accepts transfer 2 | 10 0 10 0 | fulfilled
        at 89999999
        peer transfers - 1      | 11 0 10 0
        peer transfers 1 10     | nothing
        we transfer 2 10        | refused: DuplicateId
        at 90000000
        peer transfers - 1      | 12 0 10 0
        we transfer 2 10        | 12 0 10 10 | Transferring
        peer transfers 1 10     | 22 0 10 10 | fulfilled
    ",
    );
}

#[test]
fn the_earliest_first_whatever_the_order_in_which_they_ended() {
    let mut account = Account::new(Ours);
    account.statement(
        "
        we prepare 1 1 until 2000 | 0 0 0 1 | Prepared
        we prepare 2 1 until 1000 | 0 0 0 2 | Prepared
        we prepare 3 1 until 3000 | 0 0 0 3 | Prepared
        peer rejects 1            | 0 0 0 2 | rolled back
        peer fulfills 2           | 0 0 1 1 | fulfilled
        peer rejects 3            | 0 0 1 0 | rolled back
        at 3601000
        peer transfers - 1        | 1 0 1 0
        peer fulfills 2           | refused: TransferNotFound
        peer rejects 1            | nothing
        peer rejects 3            | nothing
        at 3602000
        peer transfers - 1        | 2 0 1 0
        peer rejects 1            | refused: TransferNotFound
        peer rejects 3            | nothing
    ",
    );
    assert_eq!(account.trustline.remembered_len(), 1);
}

#[test]
fn without_a_margin_at_the_expiry_itself() {
    Account::with(TrustlineConfig { memory_margin: Duration::ZERO, ..TrustlineConfig::new(Shared) }).statement(
        "
        we prepare 1 10         | 0 0  0 10 | Prepared
        peer fulfills 1         | 0 0 10  0 | fulfilled
        at 29999
        peer transfers - 1      | 1 0 10 0
        peer fulfills 1         | nothing
        at 30000
        peer transfers - 1      | 2 0 10 0
        peer fulfills 1         | refused: TransferNotFound
    ",
    );
}

/// A clock that was set back brings nothing back, and loses nothing.
#[test]
fn a_clock_that_runs_back_forgets_nothing_early() {
    on(&ALL).statement(
        "
        we prepare 1 10         | 0 0  0 10 | Prepared
        at -5000
        peer fulfills 1         | 0 0 10  0 | fulfilled
        at 3630000
        peer transfers - 1      | 1 0 10 0
        at 0
        peer transfers - 1      | 2 0 10 0
        peer fulfills 1         | refused: TransferNotFound
    ",
    );
}
