//! DESIGN.md, *Money*: who is believed where both keep the ledger as equals.

use trustline_core::Timestamp;
use trustline_core::ledger::State;
use trustline_core::session::{ErrorName, FulfillFailure};
use trustline_core::wire::Entry;
use trustline_tests::{Pair, START, Solo, fulfillment, millis, no_data, no_funds, seconds, transfer_id};

/// When the payments of [`Solo::prepare`] expire.
const EXPIRY: Timestamp = Timestamp::from_millis(START.as_millis() + 30_000);

/// An equal that offers to pay the test 10.
fn payer() -> Solo {
    let mut equal = Solo::equal();
    equal.side.pays(1, 10);
    equal.is_answered(Solo::response());
    equal.side.events();
    equal
}

/// An equal that the test offers to pay 10.
fn payee() -> Solo {
    let mut equal = Solo::equal();
    equal.accepts(Solo::prepare(1, 10));
    equal.side.events();
    equal
}

fn state(equal: &Solo) -> State {
    equal.side.session.trustline().open_transfer(&transfer_id(1)).expect("it is open").state.clone()
}

#[test]
fn either_pays_the_other() {
    let mut pair = Pair::connected_equals();
    pair.customer.pays(1, 10);
    pair.shop.pays(2, 3);
    pair.drive();
    pair.shop.fulfills(1);
    pair.customer.fulfills(2);
    pair.drive();
    assert_eq!((pair.shop.balance(), pair.customer.balance()), (7, -7));
    assert_eq!(pair.shop.events(), ["in 1 prepared: 10", "out 2 prepared", "out 2 fulfilled", "in 1 fulfilled"]);
    assert_eq!(pair.customer.events(), ["in 2 prepared: 3", "out 1 prepared", "out 1 fulfilled", "in 2 fulfilled"]);
    pair.assert_mirrored();
}

// We fulfill an incoming transfer: in doubt until the peer's Response.

#[test]
fn what_we_fulfill_is_in_doubt_until_the_payer_answers() {
    let mut equal = payee();
    equal.side.fulfills(1);
    assert_eq!((equal.side.balance(), equal.side.pending()), (0, (10, 0)));
    assert!(matches!(state(&equal), State::Fulfilling { .. }));
    assert_eq!(equal.side.events(), [""; 0], "not yet ours to deliver for");
    let decided = equal.side.attempt(|session, now| session.fulfill(transfer_id(1), fulfillment(1), &no_data(), now));
    assert!(matches!(decided, Err(FulfillFailure::Ledger(_))));
    assert!(equal.side.attempt(|session, now| session.reject(transfer_id(1), &no_funds(), now)).is_err());
    equal.is_answered(Solo::response());
    assert_eq!((equal.side.balance(), equal.side.pending()), (10, (0, 0)));
    assert_eq!(equal.side.events(), ["in 1 fulfilled"]);
}

#[test]
fn what_is_in_doubt_counts_against_the_limit() {
    let mut equal = payee();
    equal.side.sets_bounds(-10, 15);
    equal.side.fulfills(1);
    assert_eq!(equal.refuses(Solo::prepare(2, 6)), "InsufficientBalanceError");
    equal.accepts(Solo::prepare(2, 5));
}

// The peer's Fulfill of our outgoing: posted if before expiry by our clock, else refused.

#[test]
fn the_payers_clock_decides_whether_a_fulfill_is_in_time() {
    let mut equal = payer();
    equal.side.now = EXPIRY.saturating_sub(millis(1));
    assert_eq!(equal.refuses(Solo::fulfill_with(1, 2)), "InvalidFulfillmentError");
    assert_eq!(equal.hears(Solo::fulfill(1)), ["Response"]);
    assert_eq!((equal.side.balance(), equal.side.pending()), (-10, (0, 0)));

    let mut equal = payer();
    equal.side.now = EXPIRY;
    assert_eq!(equal.hears(Solo::fulfill(1)), ["Error: F06 AlreadyRolledBackError"]);
    assert_eq!((equal.side.balance(), equal.side.pending()), (0, (0, 0)));
    assert_eq!(equal.side.events(), ["out 1 expired"]);
    assert_eq!(equal.refuses(Solo::fulfill(1)), "AlreadyRolledBackError", "however often");
}

// Expiry: each rolls back its own outgoing; an incoming one that we fulfilled stays in doubt.

#[test]
fn the_payer_rolls_back_by_itself_and_says_nothing() {
    let mut equal = payer();
    equal.talk();
    equal.side.clock(EXPIRY);
    assert_eq!(equal.side.events(), ["out 1 expired"]);
    assert_eq!((equal.side.balance(), equal.side.pending()), (0, (0, 0)));
    assert_eq!(equal.talk(), [""; 0]);
}

#[test]
fn the_payee_rolls_back_by_itself_what_it_did_not_fulfill() {
    let mut equal = payee();
    equal.side.clock(EXPIRY);
    assert_eq!(equal.side.events(), ["in 1 expired"]);
    assert_eq!(equal.side.pending(), (0, 0));
    // It need not say so, but the payer has its money back sooner, should its clock be behind.
    assert_eq!(equal.talk(), ["Reject 1: R00 Transfer Timed Out"]);
    equal.is_answered(Solo::error(ErrorName::AlreadyRolledBack));
    assert_eq!(equal.side.snapshot().open, []);
}

#[test]
fn what_we_fulfilled_stays_in_doubt_beyond_its_expiry() {
    let mut equal = payee();
    equal.side.now = EXPIRY.saturating_sub(millis(1));
    equal.side.fulfills(1);
    equal.is_left();
    equal.side.clock(EXPIRY.saturating_add(seconds(60)));
    assert_eq!(equal.side.pending(), (10, 0), "only an answer ends it");
    assert_eq!(equal.side.events(), [""; 0]);
    equal.is_joined_again();
    equal.is_answered(Solo::response());
    assert_eq!(equal.side.balance(), 10);
}

#[test]
fn both_let_a_payment_expire_at_once() {
    let mut pair = Pair::connected_equals();
    pair.customer.pays(1, 10);
    pair.advance(seconds(30));
    assert_eq!(pair.customer.events(), ["out 1 prepared", "out 1 expired"]);
    assert_eq!(pair.shop.events(), ["in 1 prepared: 10", "in 1 expired"]);
    pair.assert_mirrored();
}

// Error to our Fulfill: rolled back.

#[test]
fn what_the_payer_refuses_is_rolled_back() {
    for name in [ErrorName::AlreadyRolledBack, ErrorName::TransferNotFound, ErrorName::NotAccepted] {
        let mut equal = payee();
        equal.side.fulfills(1);
        equal.is_answered(Solo::error(name));
        let event = format!("in 1 refused: {} {}", name.code(), name.as_str());
        assert_eq!(equal.side.events(), [event]);
        assert_eq!((equal.side.balance(), equal.side.pending()), (0, (0, 0)));
    }
}

#[test]
fn a_temporary_error_decides_nothing() {
    let mut equal = payee();
    equal.side.fulfills(1);
    equal.is_answered(Solo::error(ErrorName::Unreachable));
    assert_eq!(equal.side.pending(), (10, 0));
    equal.side.clock(START.saturating_add(seconds(1)));
    assert_eq!(equal.talk(), ["Fulfill 1"]);
}

#[test]
fn a_payer_that_may_have_forgotten_the_payment_is_asked_for_its_balance() {
    for (balance, received) in [(-10_i64, 10), (0, 0)] {
        let mut equal = payee();
        equal.side.fulfills(1);
        equal.is_left();
        // Beyond its expiry and the time for which it is remembered.
        equal.side.clock(EXPIRY.saturating_add(seconds(2 * 60 * 60)));
        equal.is_joined_again();
        equal.is_answered(Solo::error(ErrorName::TransferNotFound));
        assert_eq!(equal.side.pending(), (10, 0), "that proves nothing by now");
        equal.is_answered(trustline_core::wire::Body::Response(Entry::octets("balance", balance.to_be_bytes().to_vec()).into()));
        assert_eq!((equal.side.balance(), equal.side.pending()), (received, (0, 0)));
    }
}

// Only the receiver may reject or fulfill.

#[test]
fn the_payer_does_not_reject_its_own_payment_to_an_equal() {
    let mut equal = payee();
    assert_eq!(equal.refuses(Solo::reject(1)), "NotAcceptedError");
    assert_eq!(equal.refuses(Solo::fulfill(1)), "NotAcceptedError");
    equal.side.fulfills(1);
    assert_eq!(equal.refuses(Solo::reject(1)), "NotAcceptedError", "nor does that end the doubt");
    assert_eq!(equal.side.pending(), (10, 0));
}

// Clocks that differ.

#[test]
fn clocks_that_differ_end_a_payment_alike() {
    for ahead in [-20_000, -1_000, 0, 1_000, 20_000] {
        for fulfilled_after in [0, 15_000, 29_500, 31_000] {
            let mut pair = Pair::connected_equals();
            pair.delay = millis(20);
            pair.shop.pays(1, 10);
            pair.customer_ahead = ahead;
            pair.advance(millis(fulfilled_after));
            let fulfill =
                |session: &mut trustline_core::session::Session, now| session.fulfill(transfer_id(1), fulfillment(1), &no_data(), now);
            // By its own clock it may be too late already: then it is refused, and nothing is lost.
            let _ = pair.customer.attempt(fulfill);
            pair.advance(seconds(120));
            pair.assert_mirrored();
            assert_eq!(pair.shop.session.in_flight() + pair.customer.session.in_flight(), 0, "{ahead} {fulfilled_after}");
        }
    }
}

#[test]
fn a_fulfill_that_is_on_its_way_when_the_payers_clock_strikes_is_refused_on_both_sides() {
    let mut pair = Pair::connected_equals();
    pair.customer.pays(1, 10);
    pair.delay = millis(50);
    pair.advance(millis(29_980));
    pair.shop.fulfills(1);
    assert_eq!(pair.shop.pending(), (10, 0));
    pair.advance(seconds(1));
    assert_eq!(pair.customer.events(), ["out 1 prepared", "out 1 expired"]);
    assert_eq!(pair.shop.events(), ["in 1 prepared: 10", "in 1 refused: F06 AlreadyRolledBackError"]);
    pair.assert_mirrored();
}
