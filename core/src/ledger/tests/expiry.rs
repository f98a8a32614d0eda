//! Who decides an expiry, and the millisecond before it, at it and after it.

use alloc::vec::Vec;

use super::operation::transfer_id;
use super::statement::{ALL, Account, OPENING, on};
use crate::Timestamp;
use crate::ledger::Authority::{Ours, Shared, Theirs};
use crate::ledger::Direction;

#[test]
fn nothing_expires_before_its_moment() {
    on(&ALL).statement(
        "
        we prepare 1 10         | 0  0 0 10 | Prepared
        peer prepares 2 20      | 0 20 0 10 | Prepared
        at 29999
        expire 1                | nothing
        expire 2                | nothing
    ",
    );
}

#[test]
fn we_fulfill_until_the_millisecond_before() {
    on(&[Theirs, Shared]).statement(
        "
        peer prepares 1 10      | 0 10 0 0 | Prepared
        at 29999
        we fulfill 1            | 0 10 0 0 | Fulfilling
    ",
    );
    on(&ALL).statement(
        "
        peer prepares 1 10      | 0 10 0 0 | Prepared
        at 30000
        we fulfill 1            | refused: Expired
        we reject 1             | 0  0 0 0 | RejectOwed
    ",
    );
}

#[test]
fn the_peer_fulfills_until_the_millisecond_before_by_our_clock() {
    on(&ALL).statement(
        "
        we prepare 1 10         | 0 0  0 10 | Prepared
        at 29999
        peer fulfills 1         | 0 0 10  0 | fulfilled
    ",
    );
    on(&[Ours, Shared]).statement(
        "
        we prepare 1 10         | 0 0 0 10 | Prepared
        at 30000
        peer fulfills 1         | refused: AlreadyRolledBack
        peer rejects 1          | 0 0 0  0 | rolled back
    ",
    );
}

#[test]
fn where_the_peer_hosts_the_ledger_its_clock_counts() {
    on(&[Theirs]).statement(
        "
        we prepare 1 10         | 0 0  0 10 | Prepared
        at 999999
        peer fulfills 1         | 0 0 10  0 | fulfilled
    ",
    );
}

#[test]
fn what_is_in_doubt_stays_so_past_its_expiry() {
    on(&[Theirs, Shared]).statement(
        "
        peer prepares 1 10      |  0 10 0 0 | Prepared
        we fulfill 1            |  0 10 0 0 | Fulfilling
        at 30000
        expire 1                | nothing
        at 999999999
        expire 1                | nothing
        peer accepts fulfill 1  | 10  0 0 0 | forgotten
    ",
    );
}

#[test]
fn an_expiry_must_lie_in_the_future_and_not_too_far_away() {
    // The default limit is 24 hours.
    on(&ALL).statement(
        "
        we prepare 1 1 until 0             | refused: Expired
        we prepare 1 1 until -1            | refused: Expired
        we prepare 1 1 until 86400001      | refused: ExpiryTooFar
        we prepare 1 1 until 1             | 0 0 0 1 | Prepared
        we prepare 2 1 until 86400000      | 0 0 0 2 | Prepared
        peer prepares 3 1 until 0          | refused: Expired
        peer prepares 3 1 until -1         | refused: Expired
        peer prepares 3 1 until 86400001   | refused: ExpiryTooFar
        peer prepares 3 1 until 1          | 0 1 0 2 | Prepared
        peer prepares 4 1 until 86400000   | 0 2 0 2 | Prepared
    ",
    );
}

#[test]
fn what_is_due_is_listed_by_direction_and_earliest_first() {
    let mut account = Account::new(Shared);
    account.statement(
        "
        we prepare 1 1 until 3000      | 0 0 0 1 | Prepared
        we prepare 2 1 until 1000      | 0 0 0 2 | Prepared
        we prepare 3 1 until 2000      | 0 0 0 3 | Prepared
        peer prepares 4 1 until 500    | 0 1 0 3 | Prepared
    ",
    );
    let after = |millis| Timestamp::from_millis(OPENING + millis);
    let due = |account: &Account, millis| -> Vec<_> { account.trustline.expired(Direction::Outgoing, after(millis)).collect() };
    assert_eq!(account.trustline.next_expiry(Direction::Incoming), Some(after(500)));
    assert_eq!(account.trustline.next_expiry(Direction::Outgoing), Some(after(1000)));
    assert_eq!(due(&account, 999), []);
    assert_eq!(due(&account, 2000), [2, 3].map(transfer_id));
    // Whatever ends a transfer takes it off the list.
    account.statement(
        "
        peer fulfills 2                | 0 1 1 2 | fulfilled
        peer rejects 3                 | 0 1 1 1 | rolled back
    ",
    );
    assert_eq!(due(&account, 3000), [1].map(transfer_id));
    account.statement(
        "
        peer refuses prepare 1         | 0 1 1 0 | rolled back
        we fulfill 4                   | 0 1 1 0 | Fulfilling
    ",
    );
    assert_eq!(due(&account, i64::MAX - OPENING), []);
    assert_eq!(account.trustline.next_expiry(Direction::Incoming), None);
}
