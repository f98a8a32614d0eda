//! How far the balance may go.

use alloc::format;

use super::operation::{Operation, transfer};
use super::statement::{ALL, Account};
use crate::ledger::Authority::{Ours, Shared};
use crate::ledger::{Authority, Bounds, TrustlineConfig};

#[test]
fn what_fits_exactly_is_taken_and_one_more_is_not() {
    for authority in ALL {
        Account::bounded(authority, -10, 20).statement(
            "
            we prepare 1 11         | refused: InsufficientBalance
            we transfer 1 11        | refused: InsufficientBalance
            we prepare 1 10         | 0 0 0 10 | Prepared
            we prepare 2 1          | refused: InsufficientBalance
            we transfer 2 1         | refused: InsufficientBalance
        ",
        );
        Account::bounded(authority, -10, 20).statement(
            "
            peer prepares 1 21      | refused: InsufficientBalance
            peer transfers 1 21     | refused: InsufficientBalance
            peer transfers - 21     | refused: InsufficientBalance
            peer prepares 1 20      | 0 20 0 0 | Prepared
            peer prepares 2 1       | refused: InsufficientBalance
            peer transfers 2 1      | refused: InsufficientBalance
        ",
        );
    }
}

#[test]
fn what_is_pending_the_other_way_makes_no_room() {
    Account::bounded(Ours, 0, 10).statement(
        "
        peer prepares 1 10      |  0 10 0 0 | Prepared
        we prepare 2 1          | refused: InsufficientBalance
        we fulfill 1            | 10  0 0 0 | FulfillOwed
        we prepare 2 10         | 10  0 0 10 | Prepared
        peer prepares 3 1       | refused: InsufficientBalance
        peer fulfills 2         | 10  0 10 0 | fulfilled
        peer prepares 3 10      | 10 10 10 0 | Prepared
    ",
    );
}

#[test]
fn what_is_in_doubt_holds_its_room_until_it_is_decided() {
    Account::bounded(Shared, -10, 10).statement(
        "
        peer prepares 1 10      | 0 10 0 0 | Prepared
        we fulfill 1            | 0 10 0 0 | Fulfilling
        peer prepares 2 1       | refused: InsufficientBalance
        peer refuses fulfill 1  | 0  0 0 0 | rolled back
        peer prepares 2 10      | 0 10 0 0 | Prepared
        we transfer 3 10        | 0 10 0 10 | Transferring
        we transfer 4 1         | refused: InsufficientBalance
        peer refuses transfer 3 | 0 10 0 0 | rolled back
        we transfer 4 1         | 0 10 0 1 | Transferring
    ",
    );
}

#[test]
fn what_is_released_can_be_held_again_before_the_peer_has_answered() {
    for authority in ALL {
        Account::bounded(authority, -10, 10).statement(
            "
            peer prepares 1 10  | 0 10 0 0 | Prepared
            we reject 1         | 0  0 0 0 | RejectOwed
            peer prepares 2 10  | 0 10 0 0 | Prepared
        ",
        );
    }
}

#[test]
fn new_bounds_hold_for_what_is_prepared_from_then_on() {
    Account::bounded(Ours, -10, 10).statement(
        "
        bounds -10 10           | nothing
        peer prepares 1 10      |  0 10 0 0 | Prepared
        bounds -5 5             |  0 10 0 0
        we fulfill 1            | 10  0 0 0 | FulfillOwed
        peer prepares 2 1       | refused: InsufficientBalance
        we prepare 3 16         | refused: InsufficientBalance
        we prepare 3 15         | 10  0 0 15 | Prepared
        bounds -10 11           | 10  0 0 15
        peer prepares 2 1       | 10  1 0 15 | Prepared
    ",
    );
}

#[test]
fn at_every_power_of_two_one_more_is_too_much() {
    // An interpreter is too slow for all of them.
    for bits in (0..=63).step_by(if cfg!(miri) { 21 } else { 1 }) {
        for bound in [(1_u64 << bits) - 1, 1 << bits, (1 << bits) + 1] {
            let (most, more) = (i128::from(bound), bound + 1);
            let mut account = Account::bounded(Ours, -most, most);
            account.statement(&format!(
                "
                peer prepares 1 {more} | refused: InsufficientBalance
                we prepare 2 {more}    | refused: InsufficientBalance
            "
            ));
            if bound > 0 {
                account.statement(&format!(
                    "
                    peer prepares 1 {bound} | 0 {bound} 0 0 | Prepared
                    we prepare 2 {bound}    | 0 {bound} 0 {bound} | Prepared
                "
                ));
            }
        }
    }
}

#[test]
fn the_largest_amounts_add_up() {
    let (max, twice) = (u64::MAX, 2 * u128::from(u64::MAX));
    Account::new(Ours).statement(&format!(
        "
        peer prepares 1 {max}   |     0 {max} 0 0 | Prepared
        peer prepares 2 {max}   |     0 {twice} 0 0 | Prepared
        we fulfill 1            | {max} {max} 0 0 | FulfillOwed
        we fulfill 2            | {twice} 0 0 0 | FulfillOwed
        we prepare 3 {max}      | {twice} 0 0 {max} | Prepared
        peer fulfills 3         | {twice} 0 {max} 0 | fulfilled
        peer transfers - {max}  | {} 0 {max} 0
    ",
        3 * u128::from(max)
    ));
    let mut bounded = Account::bounded(Ours, 0, i128::from(max));
    bounded.statement(&format!(
        "
        peer transfers - {max}  | {max} 0 0 0
        peer transfers - 1      | refused: InsufficientBalance
        we prepare 1 {max}      | {max} 0 0 {max} | Prepared
        we prepare 2 1          | refused: InsufficientBalance
    "
    ));
    assert_eq!(bounded.trustline.balance(), i128::from(max));
}

#[test]
fn bounds_may_lie_on_one_side_of_zero() {
    // We must be paid before we pay, and the peer must have been paid before it pays.
    Account::bounded(Ours, 5, 10).statement(
        "
        we prepare 1 1          | refused: InsufficientBalance
        peer transfers - 6      | 6 0 0 0
        we prepare 1 2          | refused: InsufficientBalance
        we prepare 1 1          | 6 0 0 1 | Prepared
    ",
    );
    Account::bounded(Ours, -10, -5).statement(
        "
        peer prepares 1 1       | refused: InsufficientBalance
        we prepare 2 6          | 0 0 0 6 | Prepared
        peer prepares 1 1       | refused: InsufficientBalance
        peer fulfills 2         | 0 0 6 0 | fulfilled
        peer prepares 1 2       | refused: InsufficientBalance
        peer prepares 1 1       | 0 1 6 0 | Prepared
    ",
    );
}

#[test]
fn so_many_may_be_open_and_the_owed_ones_count() {
    let config = |authority| TrustlineConfig { open_transfers: 2, ..TrustlineConfig::new(authority) };
    Account::with(config(Ours)).statement(
        "
        peer prepares 1 10      |  0 10 0 0 | Prepared
        we prepare 2 10         |  0 10 0 10 | Prepared
        peer prepares 3 10      | refused: TooManyOpen
        we prepare 3 10         | refused: TooManyOpen
        we transfer 3 10        | refused: TooManyOpen
        we fulfill 1            | 10  0 0 10 | FulfillOwed
        we prepare 3 10         | refused: TooManyOpen
        peer accepts fulfill 1  | 10  0 0 10 | fulfilled
        we transfer 3 10        | 10  0 0 20 | Transferring
        peer prepares 4 10      | refused: TooManyOpen
        peer fulfills 2         | 10  0 10 10 | fulfilled
        peer prepares 4 10      | 10 10 10 10 | Prepared
    ",
    );
}

#[test]
fn without_bounds_of_our_own_anything_fits() {
    let mut account = Account::new(Authority::Theirs);
    assert_eq!(*account.trustline.bounds(), Bounds::UNBOUNDED);
    // An interpreter is too slow for many of them.
    let count = if cfg!(miri) { 10 } else { 100 };
    for number in 0..count {
        let operation = Operation::WePrepare(transfer(number, u64::MAX, 30_000));
        assert!(account.attempt(&operation).is_ok());
    }
    assert_eq!(account.trustline.sums().outgoing_pending, u128::from(count) * u128::from(u64::MAX));
}
