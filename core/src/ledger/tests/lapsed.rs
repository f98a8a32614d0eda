//! Our payments on the peer's ledger that we gave up without its word.

use super::operation::transfer_id;
use super::statement::{Account, on};
use crate::ledger::Authority::Theirs;

const LAPSED: &str = "
    we prepare 1 10         | 0 0 0 10 | Prepared
    at 40000
    expire 1                | 0 0 0  0 | lapsed
";

fn lapsed() -> Account {
    let mut account = Account::new(Theirs);
    account.statement(LAPSED);
    account
}

#[test]
fn the_host_fulfills_it_all_the_same() {
    let mut account = lapsed();
    assert_eq!(account.trustline.lapsed_transfer(&transfer_id(1)).map(|transfer| transfer.amount), Some(10));
    account.statement(
        "
        peer fulfills 1         | 0 0 10 0 | fulfilled
        peer fulfills 1         | nothing
        peer fulfills 1 with 2  | refused: InvalidFulfillment
        peer rejects 1          | refused: AlreadyFulfilled
    ",
    );
    assert_eq!(account.trustline.lapsed_transfer(&transfer_id(1)), None);
}

#[test]
fn the_host_rejects_it_and_cannot_think_again() {
    let mut account = lapsed();
    account.statement(
        "
        peer rejects 1          | 0 0 0 0 | rolled back
        peer rejects 1          | nothing
        peer fulfills 1         | refused: AlreadyRolledBack
    ",
    );
    assert_eq!(account.trustline.lapsed_transfer(&transfer_id(1)), None);
}

#[test]
fn anything_else_is_refused_and_it_stays_lapsed() {
    lapsed().statement(
        "
        peer fulfills 1 with 2  | refused: InvalidFulfillment
        peer accepts prepare 1  | nothing
        peer refuses prepare 1  | nothing
        expire 1                | nothing
        we prepare 1 10         | refused: DuplicateId
        we transfer 1 10        | refused: DuplicateId
        peer prepares 1 10      | refused: DuplicateId
        peer transfers 1 10     | refused: DuplicateId
        peer fulfills 1         | 0 0 10 0 | fulfilled
    ",
    );
}

#[test]
fn its_money_can_be_spent_again_and_the_host_can_take_the_balance_past_the_minimum() {
    Account::bounded(Theirs, -10, 0).statement(
        "
        we prepare 1 10         | 0 0  0 10 | Prepared
        we prepare 2 1          | refused: InsufficientBalance
        at 40000
        expire 1                | 0 0  0  0 | lapsed
        we prepare 2 10 until 60000 | 0 0 0 10 | Prepared
        peer fulfills 2         | 0 0 10  0 | fulfilled
        peer fulfills 1         | 0 0 20  0 | fulfilled
        we prepare 3 1 until 60000 | refused: InsufficientBalance
    ",
    );
}

/// For as long as the host waits for us: a day and an hour after we gave it up, by default.
const FORGOTTEN: i64 = 40_000 + 25 * 60 * 60 * 1000;

#[test]
fn the_hosts_word_counts_as_long_as_we_remember_it() {
    for fulfilled_at in [FORGOTTEN - 1, FORGOTTEN, 999_999_999] {
        on(&[Theirs]).statement(&alloc::format!(
            "
            {LAPSED}
            at {fulfilled_at}
            peer fulfills 1     | 0 0 10 0 | {}
        ",
            if fulfilled_at < FORGOTTEN { "fulfilled" } else { "forgotten" }
        ));
    }
}

#[test]
fn it_is_forgotten_like_any_other_with_the_next_effect() {
    lapsed().statement(&alloc::format!(
        "
        at {}
        peer transfers - 1      | 1 0 0 0
        at {FORGOTTEN}
        peer transfers - 1      | 2 0 0 0
        peer fulfills 1         | refused: TransferNotFound
        peer rejects 1          | refused: TransferNotFound
    ",
        FORGOTTEN - 1
    ));
}
