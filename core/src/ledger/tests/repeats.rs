//! A message that comes twice moves money once.

use bytes::Bytes;

use super::operation::{Operation, fulfillment, transfer, transfer_id};
use super::statement::{ALL, Account, on};
use crate::Timestamp;
use crate::ledger::Authority::{Ours, Shared, Theirs};
use crate::ledger::{Refusal, Transfer};

#[test]
fn a_prepare() {
    on(&ALL).statement(
        "
        peer prepares 1 10      | 0 10 0 0 | Prepared
        peer prepares 1 10      | nothing
        at 29999
        peer prepares 1 10      | nothing
        at 30000
        peer prepares 1 10      | nothing
    ",
    );
    on(&[Theirs, Shared]).statement(
        "
        peer prepares 1 10      | 0 10 0 0 | Prepared
        we fulfill 1            | 0 10 0 0 | Fulfilling
        peer prepares 1 10      | nothing
    ",
    );
}

#[test]
fn a_fulfill() {
    on(&ALL).statement(
        "
        we prepare 1 10         | 0 0  0 10 | Prepared
        peer fulfills 1         | 0 0 10  0 | fulfilled
        peer fulfills 1         | nothing
        at 99999
        peer fulfills 1         | nothing
    ",
    );
}

#[test]
fn a_reject() {
    on(&ALL).statement(
        "
        we prepare 1 10         | 0 0 0 10 | Prepared
        peer rejects 1          | 0 0 0  0 | rolled back
        peer rejects 1          | nothing
    ",
    );
}

#[test]
fn a_reject_of_what_was_rolled_back_otherwise() {
    on(&ALL).statement(
        "
        we prepare 1 10         | 0 0 0 10 | Prepared
        peer refuses prepare 1  | 0 0 0  0 | rolled back
        peer rejects 1          | nothing
    ",
    );
    on(&[Shared]).statement(
        "
        we prepare 1 10         | 0 0 0 10 | Prepared
        at 30000
        expire 1                | 0 0 0  0 | rolled back
        peer rejects 1          | nothing
    ",
    );
}

#[test]
fn an_answer() {
    on(&[Theirs, Shared]).statement(
        "
        peer prepares 1 10      |  0 10 0 0 | Prepared
        we fulfill 1            |  0 10 0 0 | Fulfilling
        peer accepts fulfill 1  | 10  0 0 0 | fulfilled
        peer accepts fulfill 1  | nothing
        peer refuses fulfill 1  | nothing
    ",
    );
    on(&ALL).statement(
        "
        we transfer 1 10        | 0 0  0 10 | Transferring
        peer accepts transfer 1 | 0 0 10  0 | fulfilled
        peer accepts transfer 1 | nothing
        peer refuses transfer 1 | nothing
    ",
    );
}

/// Whether it is still open, owed, or finished.
#[test]
fn a_prepare_with_any_other_content_is_no_repeat() {
    let first = transfer(1, 10, 30_000);
    let others = [
        Transfer { amount: 11, ..first.clone() },
        Transfer { condition: fulfillment(2).condition(), ..first.clone() },
        Transfer { expires_at: Timestamp::from_millis(first.expires_at.as_millis() + 1), ..first.clone() },
        Transfer { protocol_data: Bytes::from_static(b"!"), ..first.clone() },
    ];
    let mut account = Account::new(Ours);
    for line in [
        "peer prepares 1 10     |  0 10 0 0 | Prepared",
        "we fulfill 1           | 10  0 0 0 | FulfillOwed",
        "peer accepts fulfill 1 | 10  0 0 0 | fulfilled",
    ] {
        account.statement(line);
        for other in &others {
            assert_eq!(account.attempt(&Operation::PeerPrepares(other.clone())), Err("DuplicateId".into()), "{line}: {other:?}");
        }
    }
}

#[test]
fn an_unconditional_transfer_with_other_protocol_data_is_no_repeat() {
    let mut account = Account::new(Ours);
    account.statement("peer transfers 1 10 | 10 0 0 0 | fulfilled");
    let before = account.trustline.snapshot();
    let repeat = account.trustline.receive_transfer(Some(transfer_id(1)), 10, Bytes::from_static(b"!"), account.now);
    assert_eq!(repeat, Err(Refusal::DuplicateId));
    assert_eq!(account.trustline.snapshot(), before);
}

/// The ids of the two sides are one space.
#[test]
fn an_id_belongs_to_one_kind_of_transfer() {
    on(&ALL).statement(
        "
        peer transfers 1 10     | 10 0 0 0 | fulfilled
        peer prepares 1 10      | refused: DuplicateId
        we prepare 1 10         | refused: DuplicateId
        we transfer 1 10        | refused: DuplicateId
        we transfer 2 10        | 10 0  0 10 | Transferring
        peer accepts transfer 2 | 10 0 10  0 | fulfilled
        peer transfers 2 10     | refused: DuplicateId
        peer prepares 2 10      | refused: DuplicateId
    ",
    );
}
