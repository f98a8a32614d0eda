//! Transfers without a condition (BTP type 7), both ways.

use super::statement::{ALL, Account, on};
use crate::ledger::Authority::Ours;

#[test]
fn ours_is_pending_until_the_peer_accepts() {
    on(&ALL).statement(
        "
        we transfer 1 10        | 0 0  0 10 | Transferring
        peer accepts transfer 1 | 0 0 10  0 | fulfilled
    ",
    );
}

#[test]
fn ours_is_rolled_back_if_the_peer_refuses() {
    on(&ALL).statement(
        "
        we transfer 1 10        | 0 0 0 10 | Transferring
        peer refuses transfer 1 | 0 0 0  0 | rolled back
    ",
    );
}

#[test]
fn ours_never_expires() {
    on(&ALL).statement(
        "
        we transfer 1 10        | 0 0 0 10 | Transferring
        at 999999999999
        expire 1                | nothing
    ",
    );
    let mut account = Account::new(Ours);
    account.statement("we transfer 1 10 | 0 0 0 10 | Transferring");
    assert_eq!(account.trustline.next_expiry(crate::ledger::Direction::Outgoing), None);
}

#[test]
fn the_peers_is_posted_at_once() {
    on(&ALL).statement(
        "
        peer transfers 1 10     | 10 0 0 0 | fulfilled
        peer transfers - 10     | 20 0 0 0
    ",
    );
}

#[test]
fn only_one_with_an_id_is_known_again() {
    on(&ALL).statement(
        "
        peer transfers 1 10     | 10 0 0 0 | fulfilled
        peer transfers 1 10     | nothing
        peer transfers 1 11     | refused: DuplicateId
        peer transfers - 10     | 20 0 0 0
        peer transfers - 10     | 30 0 0 0
    ",
    );
}

#[test]
fn it_is_finished_at_once_and_so_needs_no_place_among_the_open() {
    let mut account = Account::with(crate::ledger::TrustlineConfig { open_transfers: 0, ..crate::ledger::TrustlineConfig::new(Ours) });
    account.statement(
        "
        we transfer 1 10        | refused: TooManyOpen
        peer transfers 1 10     | 10 0 0 0 | fulfilled
    ",
    );
}
