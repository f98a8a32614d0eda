//! What is not allowed in a state is refused, and nothing happens (which [`Account`](super::statement::Account) checks).

use alloc::format;

use super::statement::{ALL, on};
use crate::ledger::Authority::{self, Ours, Shared, Theirs};

/// All that can be said about a transfer that nobody knows.
#[test]
fn of_an_unknown_transfer() {
    on(&ALL).statement(
        "
        we fulfill 1            | refused: NotFound
        we reject 1             | refused: NotFound
        expire 1                | nothing
        peer fulfills 1         | refused: TransferNotFound
        peer rejects 1          | refused: TransferNotFound
    ",
    );
    answers_change_nothing(&ALL, "", &["prepare", "transfer", "fulfill", "reject"]);
}

#[test]
fn of_a_prepared_payment_of_ours() {
    let opening = "we prepare 1 10 | 0 0 0 10 | Prepared";
    on(&ALL).statement(&format!(
        "{opening}
        we prepare 1 10         | refused: DuplicateId
        we transfer 1 10        | refused: DuplicateId
        we fulfill 1            | refused: NotFound
        we reject 1             | refused: NotFound
        expire 1                | nothing
        peer prepares 1 10      | refused: DuplicateId
        peer transfers 1 10     | refused: DuplicateId
        peer fulfills 1 with 2  | refused: InvalidFulfillment
        peer accepts transfer 1 | nothing
    "
    ));
    answers_change_nothing(&ALL, opening, &["fulfill", "reject"]);
}

#[test]
fn of_a_payment_of_ours_whose_expiry_is_owed() {
    let opening = "
        we prepare 1 10         | 0 0 0 10 | Prepared
        at 30000
        expire 1                | 0 0 0  0 | ExpiryOwed";
    on(&[Ours]).statement(&format!(
        "{opening}
        expire 1                | nothing
        we prepare 1 10         | refused: DuplicateId
        we fulfill 1            | refused: NotFound
        peer fulfills 1         | refused: AlreadyRolledBack
        peer fulfills 1 with 2  | refused: AlreadyRolledBack
        peer rejects 1          | nothing
    "
    ));
    answers_change_nothing(&[Ours], opening, &["prepare", "transfer", "fulfill"]);
}

#[test]
fn of_a_payment_that_we_made() {
    let opening = "
        we prepare 1 10         | 0 0  0 10 | Prepared
        peer fulfills 1         | 0 0 10  0 | fulfilled";
    on(&ALL).statement(&format!(
        "{opening}
        we prepare 1 10         | refused: DuplicateId
        we transfer 1 10        | refused: DuplicateId
        we fulfill 1            | refused: NotFound
        we reject 1             | refused: NotFound
        peer fulfills 1 with 2  | refused: InvalidFulfillment
        peer rejects 1          | refused: AlreadyFulfilled
        peer prepares 1 10      | refused: DuplicateId
        at 30000
        expire 1                | nothing
    "
    ));
    answers_change_nothing(&ALL, opening, &["prepare", "transfer", "fulfill", "reject"]);
}

#[test]
fn of_a_payment_of_ours_that_was_rejected() {
    let opening = "
        we prepare 1 10         | 0 0 0 10 | Prepared
        peer rejects 1          | 0 0 0  0 | rolled back";
    on(&ALL).statement(&format!(
        "{opening}
        we prepare 1 10         | refused: DuplicateId
        we fulfill 1            | refused: NotFound
        peer fulfills 1         | refused: AlreadyRolledBack
        peer prepares 1 10      | refused: DuplicateId
    "
    ));
    answers_change_nothing(&ALL, opening, &["prepare", "transfer", "fulfill", "reject"]);
}

#[test]
fn of_a_prepared_payment_to_us() {
    let opening = "peer prepares 1 10 | 0 10 0 0 | Prepared";
    on(&ALL).statement(&format!(
        "{opening}
        we prepare 1 10         | refused: DuplicateId
        we transfer 1 10        | refused: DuplicateId
        we fulfill 1 with 2     | refused: InvalidFulfillment
        expire 1                | nothing
        peer fulfills 1         | refused: NotThePayee
        peer prepares 1 11      | refused: DuplicateId
        peer transfers 1 10     | refused: DuplicateId
    "
    ));
    on(&[Ours, Shared]).statement(&format!(
        "{opening}
        peer rejects 1          | refused: NotThePayee
    "
    ));
    answers_change_nothing(&ALL, opening, &["prepare", "transfer", "fulfill", "reject"]);
}

#[test]
fn of_a_payment_to_us_that_is_in_doubt() {
    let opening = "
        peer prepares 1 10      | 0 10 0 0 | Prepared
        we fulfill 1            | 0 10 0 0 | Fulfilling";
    on(&[Theirs, Shared]).statement(&format!(
        "{opening}
        we fulfill 1            | refused: AlreadyDecided
        we reject 1             | refused: AlreadyDecided
        peer fulfills 1         | refused: NotThePayee
        peer prepares 1 11      | refused: DuplicateId
        at 30000
        expire 1                | nothing
        we fulfill 1            | refused: AlreadyDecided
    "
    ));
    on(&[Shared]).statement(&format!(
        "{opening}
        peer rejects 1          | refused: NotThePayee
    "
    ));
    answers_change_nothing(&[Theirs, Shared], opening, &["prepare", "transfer", "reject"]);
}

#[test]
fn of_a_payment_to_us_that_the_peer_has_not_acknowledged() {
    let opening = "
        peer prepares 1 10      |  0 10 0 0 | Prepared
        we fulfill 1            | 10  0 0 0 | FulfillOwed";
    on(&[Ours]).statement(&format!(
        "{opening}
        we fulfill 1            | refused: AlreadyDecided
        we reject 1             | refused: AlreadyDecided
        peer prepares 1 10      | refused: AlreadyFulfilled
        peer prepares 1 11      | refused: DuplicateId
        peer fulfills 1         | refused: NotThePayee
        peer rejects 1          | refused: NotThePayee
        at 30000
        expire 1                | nothing
    "
    ));
    answers_change_nothing(&[Ours], opening, &["prepare", "transfer", "reject"]);
}

#[test]
fn of_a_payment_to_us_that_we_declined() {
    for decline in ["we reject 1 | 0 0 0 0 | RejectOwed", "at 30000 \n expire 1 | 0 0 0 0 | ExpiryOwed"] {
        let opening = format!("peer prepares 1 10 | 0 10 0 0 | Prepared\n{decline}");
        on(&ALL).statement(&format!(
            "{opening}
            we fulfill 1        | refused: AlreadyDecided
            we reject 1         | refused: AlreadyDecided
            peer prepares 1 10  | refused: AlreadyRolledBack
            peer prepares 1 11  | refused: DuplicateId
            peer fulfills 1     | refused: NotThePayee
            at 60000
            expire 1            | nothing
        "
        ));
        on(&[Ours, Shared]).statement(&format!(
            "{opening}
            peer rejects 1      | refused: NotThePayee
        "
        ));
        answers_change_nothing(&ALL, &opening, &["prepare", "transfer", "fulfill"]);
    }
}

#[test]
fn of_a_payment_to_us_that_is_finished() {
    let paid = "
        peer prepares 1 10      |  0 10 0 0 | Prepared
        we fulfill 1            | 10  0 0 0 | FulfillOwed
        peer accepts fulfill 1  | 10  0 0 0 | fulfilled";
    let declined = "
        peer prepares 1 10      | 0 10 0 0 | Prepared
        we reject 1             | 0  0 0 0 | RejectOwed
        peer accepts reject 1   | 0  0 0 0 | rolled back";
    for (opening, why) in [(paid, "AlreadyFulfilled"), (declined, "AlreadyRolledBack")] {
        on(&[Ours]).statement(&format!(
            "{opening}
            we fulfill 1        | refused: NotFound
            we reject 1         | refused: NotFound
            we prepare 1 10     | refused: DuplicateId
            peer prepares 1 10  | refused: {why}
            peer prepares 1 11  | refused: DuplicateId
            peer transfers 1 10 | refused: DuplicateId
            peer fulfills 1     | refused: NotThePayee
            peer rejects 1      | refused: NotThePayee
            at 30000
            expire 1            | nothing
        "
        ));
        answers_change_nothing(&[Ours], opening, &["prepare", "transfer", "fulfill", "reject"]);
    }
}

#[test]
fn of_an_unconditional_payment_of_ours() {
    let opening = "we transfer 1 10 | 0 0 0 10 | Transferring";
    on(&ALL).statement(&format!(
        "{opening}
        we transfer 1 10        | refused: DuplicateId
        we prepare 1 10         | refused: DuplicateId
        we fulfill 1            | refused: NotFound
        we reject 1             | refused: NotFound
        peer prepares 1 10      | refused: DuplicateId
        peer transfers 1 10     | refused: DuplicateId
        peer fulfills 1         | refused: NotThePayee
        peer rejects 1          | refused: NotThePayee
    "
    ));
    answers_change_nothing(&ALL, opening, &["fulfill", "reject"]);
}

/// An answer to a request that the transfer does not wait for.
fn answers_change_nothing(authorities: &[Authority], opening: &str, requests: &[&str]) {
    for request in requests {
        on(authorities).statement(&format!(
            "{opening}
            peer accepts {request} 1 | nothing
            peer refuses {request} 1 | nothing
        "
        ));
    }
}
