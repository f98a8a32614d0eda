//! Where several reasons to refuse apply, the first in the order of their enum is told.

use super::statement::{ALL, Account, on};
use crate::ledger::Authority::{self, Ours, Shared};
use crate::ledger::{Bounds, TrustlineConfig};

/// There is no place, no money, and no time.
fn destitute(authority: Authority) -> Account {
    let bounds = Bounds { minimum: 0, maximum: 0 };
    Account::with(TrustlineConfig { open_transfers: 1, bounds, ..TrustlineConfig::new(authority) })
}

#[test]
fn of_a_prepare() {
    for authority in ALL {
        let mut account = destitute(authority);
        account.statement(
            "
            peer prepares 1 0 until 0         | refused: ZeroAmount
            peer prepares 1 0 until 86400001  | refused: ZeroAmount
            peer prepares 1 1 until 0         | refused: Expired
            peer prepares 1 1 until 86400001  | refused: ExpiryTooFar
            peer prepares 1 1                 | refused: InsufficientBalance
            bounds 0 1                        | 0 0 0 0
            peer prepares 9 1                 | 0 1 0 0 | Prepared
            peer prepares 9 0 until 0         | refused: DuplicateId
            peer prepares 1 0 until 0         | refused: ZeroAmount
            peer prepares 1 1 until 0         | refused: Expired
            peer prepares 1 1 until 86400001  | refused: ExpiryTooFar
            peer prepares 1 1                 | refused: TooManyOpen
        ",
        );
    }
}

#[test]
fn of_a_prepare_of_ours() {
    for authority in ALL {
        destitute(authority).statement(
            "
            we prepare 1 0 until 0            | refused: ZeroAmount
            we prepare 1 1 until 0            | refused: Expired
            we prepare 1 1 until 86400001     | refused: ExpiryTooFar
            we prepare 1 1                    | refused: InsufficientBalance
            bounds -1 0                       | 0 0 0 0
            we prepare 9 1                    | 0 0 0 1 | Prepared
            we prepare 9 0 until 0            | refused: DuplicateId
            we prepare 1 0 until 0            | refused: ZeroAmount
            we prepare 1 1 until 0            | refused: Expired
            we prepare 1 1 until 86400001     | refused: ExpiryTooFar
            we prepare 1 1                    | refused: TooManyOpen
        ",
        );
    }
}

#[test]
fn of_an_unconditional_transfer() {
    for authority in ALL {
        destitute(authority).statement(
            "
            we transfer 1 0                   | refused: ZeroAmount
            we transfer 1 1                   | refused: InsufficientBalance
            peer transfers 1 0                | refused: ZeroAmount
            peer transfers 1 1                | refused: InsufficientBalance
            bounds -1 0                       | 0 0 0 0
            we transfer 9 1                   | 0 0 0 1 | Transferring
            we transfer 9 0                   | refused: DuplicateId
            we transfer 1 0                   | refused: ZeroAmount
            we transfer 1 1                   | refused: TooManyOpen
            peer transfers 9 0                | refused: DuplicateId
            peer transfers 1 0                | refused: ZeroAmount
        ",
        );
    }
}

#[test]
fn of_our_fulfill_and_reject() {
    on(&ALL).statement(
        "
        peer prepares 1 10                    | 0 10 0 0 | Prepared
        peer prepares 2 10                    | 0 20 0 0 | Prepared
        we reject 2                           | 0 10 0 0 | RejectOwed
        at 30000
        we fulfill 9 with 1                   | refused: NotFound
        we fulfill 2 with 1                   | refused: AlreadyDecided
        we fulfill 1 with 2                   | refused: Expired
        at 29999
        we fulfill 1 with 2                   | refused: InvalidFulfillment
    ",
    );
}

#[test]
fn of_the_peers_fulfill() {
    on(&[Ours, Shared]).statement(
        "
        peer prepares 1 10                    | 0 10 0  0 | Prepared
        we reject 1                           | 0  0 0  0 | RejectOwed
        we prepare 2 10                       | 0  0 0 10 | Prepared
        at 30000
        peer fulfills 1 with 9                | refused: NotThePayee
        peer fulfills 2 with 9                | refused: AlreadyRolledBack
        at 29999
        peer fulfills 2 with 9                | refused: InvalidFulfillment
        peer accepts reject 1                 | 0  0 0 10 | rolled back
        peer fulfills 1 with 9                | refused: NotThePayee
    ",
    );
}

#[test]
fn of_the_peers_reject() {
    on(&[Ours]).statement(
        "
        peer prepares 1 10                    |  0 10 0 0 | Prepared
        we fulfill 1                          | 10  0 0 0 | FulfillOwed
        peer rejects 1                        | refused: NotThePayee
        peer accepts fulfill 1                | 10  0 0 0 | fulfilled
        peer rejects 1                        | refused: NotThePayee
    ",
    );
}
