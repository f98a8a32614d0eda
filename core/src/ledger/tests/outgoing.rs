//! We pay: every transition of an outgoing conditional transfer.

use super::statement::{ALL, on};
use crate::ledger::Authority::{Ours, Shared, Theirs};

#[test]
fn the_peer_fulfills() {
    on(&ALL).statement(
        "
        we prepare 1 10       | 0 0  0 10 | Prepared
        peer accepts prepare 1 | nothing
        peer fulfills 1       | 0 0 10  0 | fulfilled
    ",
    );
}

#[test]
fn the_peer_rejects() {
    on(&ALL).statement(
        "
        we prepare 1 10       | 0 0 0 10 | Prepared
        peer rejects 1        | 0 0 0  0 | rolled back
    ",
    );
}

#[test]
fn the_peer_refuses_to_prepare() {
    on(&ALL).statement(
        "
        we prepare 1 10        | 0 0 0 10 | Prepared
        peer refuses prepare 1 | 0 0 0  0 | rolled back
    ",
    );
}

#[test]
fn it_expires_on_our_ledger_and_the_peer_must_be_told() {
    for answer in ["accepts", "refuses"] {
        on(&[Ours]).statement(&alloc::format!(
            "
            we prepare 1 10        | 0 0 0 10 | Prepared
            at 30000
            expire 1               | 0 0 0  0 | ExpiryOwed
            peer {answer} reject 1 | 0 0 0  0 | rolled back
        "
        ));
    }
}

#[test]
fn it_expires_on_a_shared_ledger_and_each_side_knows_by_itself() {
    on(&[Shared]).statement(
        "
        we prepare 1 10       | 0 0 0 10 | Prepared
        at 30000
        expire 1              | 0 0 0  0 | rolled back
    ",
    );
}

#[test]
fn it_lapses_on_the_ledger_of_the_peer_until_that_speaks() {
    on(&[Theirs]).statement(
        "
        we prepare 1 10       | 0 0 0 10 | Prepared
        at 30000
        expire 1              | 0 0 0  0 | lapsed
    ",
    );
}

#[test]
fn the_host_tells_the_expiry_itself() {
    on(&[Theirs]).statement(
        "
        we prepare 1 10       | 0 0 0 10 | Prepared
        at 30000
        peer rejects 1        | 0 0 0  0 | rolled back
        expire 1              | nothing
    ",
    );
}

#[test]
fn several_are_independent() {
    on(&ALL).statement(
        "
        we prepare 1 10       | 0 0  0 10 | Prepared
        we prepare 2 20       | 0 0  0 30 | Prepared
        we prepare 3 40       | 0 0  0 70 | Prepared
        peer fulfills 2       | 0 0 20 50 | fulfilled
        peer rejects 1        | 0 0 20 40 | rolled back
        peer refuses prepare 3 | 0 0 20 0 | rolled back
    ",
    );
}
