//! We are paid: every transition of an incoming conditional transfer.

use super::statement::{ALL, on};
use crate::ledger::Authority::{Ours, Shared, Theirs};

#[test]
fn what_we_fulfill_on_our_own_ledger_is_posted_at_once_and_stays() {
    for answer in ["accepts", "refuses"] {
        on(&[Ours]).statement(&alloc::format!(
            "
            peer prepares 1 10      |  0 10 0 0 | Prepared
            we fulfill 1            | 10  0 0 0 | FulfillOwed
            peer {answer} fulfill 1 | 10  0 0 0 | fulfilled
        "
        ));
    }
}

#[test]
fn what_we_fulfill_elsewhere_is_in_doubt_until_the_peer_accepts() {
    on(&[Theirs, Shared]).statement(
        "
        peer prepares 1 10     |  0 10 0 0 | Prepared
        we fulfill 1           |  0 10 0 0 | Fulfilling
        peer accepts fulfill 1 | 10  0 0 0 | fulfilled
    ",
    );
}

#[test]
fn what_we_fulfill_elsewhere_is_rolled_back_if_the_peer_refuses() {
    on(&[Theirs, Shared]).statement(
        "
        peer prepares 1 10     | 0 10 0 0 | Prepared
        we fulfill 1           | 0 10 0 0 | Fulfilling
        peer refuses fulfill 1 | 0  0 0 0 | rolled back
    ",
    );
}

#[test]
fn what_we_reject_is_released_at_once_whatever_the_peer_answers() {
    for answer in ["accepts", "refuses"] {
        on(&ALL).statement(&alloc::format!(
            "
            peer prepares 1 10     | 0 10 0 0 | Prepared
            we reject 1            | 0  0 0 0 | RejectOwed
            peer {answer} reject 1 | 0  0 0 0 | rolled back
        "
        ));
    }
}

#[test]
fn what_expires_is_released_at_once_whatever_the_peer_answers() {
    for answer in ["accepts", "refuses"] {
        on(&ALL).statement(&alloc::format!(
            "
            peer prepares 1 10     | 0 10 0 0 | Prepared
            at 30000
            expire 1               | 0  0 0 0 | ExpiryOwed
            peer {answer} reject 1 | 0  0 0 0 | rolled back
        "
        ));
    }
}

#[test]
fn the_host_says_that_it_expired() {
    on(&[Theirs]).statement(
        "
        peer prepares 1 10     | 0 10 0 0 | Prepared
        peer rejects 1         | 0  0 0 0 | rolled back
    ",
    );
}

#[test]
fn the_host_cannot_reject_what_we_fulfilled_before_it_answers_that() {
    on(&[Theirs]).statement(
        "
        peer prepares 1 10     |  0 10 0 0 | Prepared
        we fulfill 1           |  0 10 0 0 | Fulfilling
        peer rejects 1         | nothing
        peer accepts fulfill 1 | 10  0 0 0 | fulfilled
    ",
    );
}

#[test]
fn the_host_may_repeat_what_we_said() {
    on(&[Theirs]).statement(
        "
        peer prepares 1 10     | 0 10 0 0 | Prepared
        we reject 1            | 0  0 0 0 | RejectOwed
        peer rejects 1         | nothing
        peer prepares 2 10     | 0 10 0 0 | Prepared
        at 30000
        expire 2               | 0  0 0 0 | ExpiryOwed
        peer rejects 2         | nothing
        peer accepts reject 1  | 0  0 0 0 | rolled back
        peer accepts reject 2  | 0  0 0 0 | rolled back
        peer rejects 1         | nothing
    ",
    );
}

#[test]
fn money_comes_and_goes() {
    on(&[Ours]).statement(
        "
        peer prepares 1 10     |  0 10 0 0 | Prepared
        we fulfill 1           | 10  0 0 0 | FulfillOwed
        we prepare 2 4         | 10  0 0 4 | Prepared
        peer prepares 3 5      | 10  5 0 4 | Prepared
        peer fulfills 2        | 10  5 4 0 | fulfilled
        we fulfill 3           | 15  0 4 0 | FulfillOwed
    ",
    );
}
