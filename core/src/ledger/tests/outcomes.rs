//! Which fulfillment is shown of a transfer, through its life and after it.

use alloc::format;

use super::operation::{fulfillment, transfer_id};
use super::statement::{ALL, Account};
use crate::ledger::Authority::{self, Ours, Shared, Theirs};
use crate::ledger::NoFulfillment::{NotKept, RolledBack, TransferNotFound, Unconditional, Undecided};
use crate::ledger::{NoFulfillment, Outcome, Refusal, Trustline, TrustlineConfig};

#[track_caller]
fn shows(account: &Account, expected: Result<u8, NoFulfillment>) {
    assert_eq!(account.trustline.fulfillment(&transfer_id(1)), expected.map(fulfillment));
}

/// Runs the lines on a new trustline of each authority; then this is what it shows.
#[track_caller]
fn after(authorities: &[Authority], table: &str, expected: Result<u8, NoFulfillment>) {
    for authority in authorities {
        let mut account = Account::new(*authority);
        account.statement(table);
        shows(&account, expected);
    }
}

#[test]
fn ours_that_the_peer_fulfilled() {
    after(&ALL, "", Err(TransferNotFound));
    after(&ALL, "we prepare 1 10 | 0 0 0 10 | Prepared", Err(Undecided));
    let paid = "
        we prepare 1 10         | 0 0  0 10 | Prepared
        peer fulfills 1         | 0 0 10  0 | fulfilled
    ";
    after(&ALL, paid, Ok(1));
}

#[test]
fn the_peers_that_we_fulfilled() {
    let taken = "
        peer prepares 1 10      | 0 10 0 0 | Prepared
        we fulfill 1            | 10 0 0 0 | FulfillOwed
    ";
    after(&[Ours], taken, Ok(1));
    after(&[Ours], &format!("{taken} peer accepts fulfill 1 | 10 0 0 0 | fulfilled"), Ok(1));
    let in_doubt = "
        peer prepares 1 10      | 0 10 0 0 | Prepared
        we fulfill 1            | 0 10 0 0 | Fulfilling
    ";
    after(&[Theirs, Shared], in_doubt, Err(Undecided));
    after(&[Theirs, Shared], &format!("{in_doubt} peer accepts fulfill 1 | 10 0 0 0 | fulfilled"), Ok(1));
    after(&[Theirs, Shared], &format!("{in_doubt} peer refuses fulfill 1 | 0 0 0 0 | rolled back"), Err(RolledBack));
}

#[test]
fn what_was_rejected_or_expired() {
    let rejected = "
        peer prepares 1 10      | 0 10 0 0 | Prepared
        we reject 1             | 0  0 0 0 | RejectOwed
    ";
    after(&ALL, rejected, Err(RolledBack));
    after(&ALL, &format!("{rejected} peer accepts reject 1 | 0 0 0 0 | rolled back"), Err(RolledBack));
    let expired = "
        peer prepares 1 10      | 0 10 0 0 | Prepared
        at 30000
        expire 1                | 0  0 0 0 | ExpiryOwed
    ";
    after(&ALL, expired, Err(RolledBack));
}

#[test]
fn what_lapsed_and_was_fulfilled_all_the_same() {
    let lapsed = "
        we prepare 1 10         | 0 0 0 10 | Prepared
        at 40000
        expire 1                | 0 0 0  0 | lapsed
    ";
    after(&[Theirs], lapsed, Err(RolledBack));
    after(&[Theirs], &format!("{lapsed} peer fulfills 1 | 0 0 10 0 | fulfilled"), Ok(1));
}

#[test]
fn what_has_no_condition() {
    after(&ALL, "we transfer 1 10 | 0 0 0 10 | Transferring", Err(Unconditional));
    after(&ALL, "we transfer 1 10 | 0 0 0 10 | Transferring\n peer accepts transfer 1 | 0 0 10 0 | fulfilled", Err(Unconditional));
    after(&ALL, "peer transfers 1 10 | 10 0 0 0 | fulfilled", Err(Unconditional));
}

#[test]
fn what_is_forgotten() {
    let mut account = Account::new(Ours);
    account.statement(
        "
        we prepare 1 10         | 0 0  0 10 | Prepared
        peer fulfills 1         | 0 0 10  0 | fulfilled
        at 3629999
        peer transfers - 1      | 1 0 10  0
    ",
    );
    shows(&account, Ok(1));
    account.statement(
        "
        at 3630000
        peer transfers - 1      | 2 0 10  0
    ",
    );
    shows(&account, Err(TransferNotFound));
}

/// A store of an earlier version may have kept that a transfer was fulfilled, and not by what. A peer that had no answer
/// to its Fulfill repeats it, and must hear that the money is its own.
#[test]
fn what_was_not_kept_is_taken_on_trust() {
    let mut account = Account::new(Shared);
    account.statement(
        "
        we prepare 1 10         | 0 0  0 10 | Prepared
        peer fulfills 1         | 0 0 10  0 | fulfilled
    ",
    );
    let mut snapshot = account.trustline.snapshot();
    assert_eq!(snapshot.finished[0].outcome, Outcome::Fulfilled(Some(fulfillment(1))));
    snapshot.finished[0].outcome = Outcome::Fulfilled(None);
    let mut trustline = Trustline::from_snapshot(TrustlineConfig::new(Shared), snapshot.clone());
    assert_eq!(trustline.fulfillment(&transfer_id(1)), Err(NotKept));
    assert_eq!(trustline.receive_fulfill(transfer_id(1), fulfillment(1), bytes::Bytes::new(), account.now), Ok(None));
    assert_eq!(trustline.receive_reject(transfer_id(1), bytes::Bytes::new(), account.now), Err(Refusal::AlreadyFulfilled));
    assert_eq!(trustline.snapshot(), snapshot);
}
