//! PROTOCOL.md section 4: conditional transfers, each rule of it.

use trustline_core::ledger::{FulfillError, PrepareError, RejectError};
use trustline_core::session::{FulfillFailure, PrepareFailure, RejectFailure};
use trustline_core::wire::{Body, Entry, Prepare};
use trustline_core::{Fulfillment, Timestamp};
use trustline_tests::{Pair, START, Solo, fulfillment, millis, no_data, no_funds, payment, seconds, transfer_id};

/// When the payments of [`Solo::prepare`] expire.
const EXPIRY: Timestamp = Timestamp::from_millis(START.as_millis() + 30_000);

fn expiring_at(n: u32, expires_at: Timestamp) -> Body {
    Body::Prepare(payment(n, 10, expires_at))
}

// Prepare

#[test]
fn a_prepared_payment_is_held_and_counted() {
    let mut pair = Pair::connected();
    pair.customer.pays(1, 10);
    assert_eq!(pair.customer.pending(), (0, 10), "before the peer has heard of it");
    pair.drive();
    assert_eq!(pair.talk(), ["customer: Prepare 1: 10", "shop: Response"]);
    assert_eq!(pair.shop.events(), ["in 1 prepared: 10"]);
    assert_eq!(pair.customer.events(), ["out 1 prepared"]);
    assert_eq!((pair.shop.pending(), pair.customer.pending()), ((10, 0), (0, 10)));
    assert_eq!((pair.shop.balance(), pair.customer.balance()), (0, 0), "nobody is paid yet");
}

#[test]
fn an_identical_prepare_is_answered_again_and_changes_nothing() {
    let mut shop = Solo::shop();
    shop.accepts(Solo::prepare(1, 10));
    assert_eq!(shop.side.events(), ["in 1 prepared: 10"]);
    let before = shop.side.snapshot();
    for _ in 0..3 {
        assert_eq!(shop.hears(Solo::prepare(1, 10)), ["Response"]);
    }
    assert_eq!(shop.side.snapshot(), before);
    assert_eq!(shop.side.events(), [""; 0]);
}

#[test]
fn an_identical_prepare_of_a_finished_payment_is_refused() {
    let mut shop = Solo::shop();
    for n in 1..=3 {
        shop.accepts(Solo::prepare(n, 10));
    }
    shop.side.fulfills(1);
    shop.side.rejects(2);
    assert_eq!(shop.talk(), ["Fulfill 1", "Reject 2: F99 Application Error"]);
    // Before the payer has acknowledged the outcome, and after.
    for _ in 0..2 {
        assert_eq!(shop.refuses(Solo::prepare(1, 10)), "AlreadyFulfilledError");
        assert_eq!(shop.refuses(Solo::prepare(2, 10)), "AlreadyRolledBackError");
        if !shop.asked().is_empty() {
            shop.is_answered(Solo::response());
            shop.is_answered(Solo::response());
        }
    }
    shop.side.clock(EXPIRY);
    assert_eq!(shop.talk(), ["Reject 3: R00 Transfer Timed Out"]);
    assert_eq!(shop.refuses(Solo::prepare(3, 10)), "AlreadyRolledBackError");
}

#[test]
fn a_transfer_id_is_not_used_for_other_contents() {
    let Body::Prepare(first) = Solo::prepare(1, 10) else { unreachable!() };
    let mut later = first.clone();
    later.expires_at = EXPIRY.saturating_add(millis(1));
    let others = [
        Prepare { amount: 11, ..first.clone() },
        Prepare { condition: fulfillment(2).condition(), ..first.clone() },
        later,
        Prepare { protocol_data: no_data(), ..first.clone() },
        Prepare { protocol_data: first.protocol_data.clone().with(Entry::json("custom", "{}")), ..first.clone() },
    ];
    let mut shop = Solo::shop();
    shop.accepts(Body::Prepare(first));
    for other in &others {
        assert_eq!(shop.refuses(Body::Prepare(other.clone())), "DuplicateIdError", "{other:?}");
    }
    shop.side.fulfills(1);
    shop.is_answered(Solo::response());
    for other in &others {
        assert_eq!(shop.refuses(Body::Prepare(other.clone())), "DuplicateIdError", "finished: {other:?}");
    }
}

#[test]
fn the_two_sides_cannot_use_one_transfer_id_for_two_payments() {
    let mut shop = Solo::shop();
    shop.side.pays(1, 10);
    assert_eq!(shop.talk(), ["Prepare 1: 10"]);
    assert_eq!(shop.refuses(Solo::prepare(1, 10)), "DuplicateIdError");
    shop.accepts(Solo::prepare(2, 10));
    let prepare = payment(2, 10, EXPIRY);
    let refused = shop.side.attempt(|session, now| session.prepare(prepare, now));
    assert_eq!(refused, Err(PrepareFailure::Ledger(PrepareError::DuplicateId)));
}

#[test]
fn what_would_exceed_the_limit_if_everything_pending_were_paid_is_refused() {
    let mut shop = Solo::shop();
    shop.side.sets_bounds(-1_000_000, 30);
    shop.accepts(Solo::prepare(1, 10));
    shop.side.fulfills(1);
    shop.is_answered(Solo::response());
    shop.accepts(Solo::prepare(2, 10));
    assert_eq!(shop.refuses(Solo::prepare(3, 11)), "InsufficientBalanceError");
    shop.accepts(Solo::prepare(3, 10));
    // A payment the other way makes room only when it is paid.
    shop.side.pays(4, 5);
    assert_eq!(shop.refuses(Solo::prepare(5, 1)), "InsufficientBalanceError");
    shop.is_answered(Solo::response());
    shop.accepts(Solo::fulfill(4));
    shop.accepts(Solo::prepare(5, 5));
}

#[test]
fn what_was_refused_for_the_limit_may_be_sent_again_once_there_is_room() {
    let mut shop = Solo::shop();
    shop.side.sets_bounds(0, 10);
    shop.accepts(Solo::prepare(1, 10));
    assert_eq!(shop.refuses(Solo::prepare(2, 10)), "InsufficientBalanceError");
    shop.side.rejects(1);
    shop.accepts(Solo::prepare(2, 10));
}

#[test]
fn a_payment_that_is_expired_on_arrival_is_refused() {
    let mut shop = Solo::shop();
    assert_eq!(shop.refuses(expiring_at(1, START)), "NotAcceptedError");
    assert_eq!(shop.refuses(expiring_at(1, START.saturating_sub(seconds(1)))), "NotAcceptedError");
    shop.accepts(expiring_at(1, START.saturating_add(millis(1))));
}

#[test]
fn a_payment_of_nothing_is_refused() {
    let mut shop = Solo::shop();
    assert_eq!(shop.refuses(Solo::prepare(1, 0)), "InvalidFieldsError");
}

#[test]
fn our_own_payment_is_refused_before_it_is_sent_where_the_peer_could_not_take_it() {
    let mut shop = Solo::shop();
    shop.side.pays(1, 10);
    let refusals = [
        (payment(1, 10, EXPIRY), PrepareError::DuplicateId),
        (payment(2, 0, EXPIRY), PrepareError::ZeroAmount),
        (payment(2, 10, START), PrepareError::Expired),
        (payment(2, 10, START.saturating_add(seconds(24 * 60 * 60 + 1))), PrepareError::ExpiryTooFar),
        (payment(2, 1_000_000, EXPIRY), PrepareError::InsufficientBalance),
    ];
    for (prepare, expected) in refusals {
        let refused = shop.side.attempt(|session, now| session.prepare(prepare, now));
        assert_eq!(refused, Err(PrepareFailure::Ledger(expected)));
    }
    shop.is_left();
    let refused = shop.side.attempt(|session, now| session.prepare(payment(2, 10, EXPIRY), now));
    assert_eq!(refused, Err(PrepareFailure::NotConnected));
}

// Fulfill

#[test]
fn a_fulfilled_payment_is_paid() {
    let mut pair = Pair::connected();
    pair.customer.pays(1, 10);
    pair.drive();
    pair.shop.fulfills(1);
    assert_eq!(pair.shop.balance(), 10, "the host decides");
    assert_eq!(pair.shop.events(), ["in 1 prepared: 10", "in 1 fulfilled"]);
    assert_eq!(pair.customer.balance(), 0);
    pair.drive();
    assert_eq!(pair.customer.balance(), -10);
    assert_eq!(pair.customer.events(), ["out 1 prepared", "out 1 fulfilled"]);
    pair.assert_mirrored();
}

#[test]
fn the_host_pays_its_customer() {
    let mut pair = Pair::connected();
    pair.shop.pays(1, 10);
    pair.drive();
    pair.customer.fulfills(1);
    assert_eq!(pair.customer.balance(), 0, "the host has not heard of it");
    pair.drive();
    assert_eq!(pair.talk(), ["shop: Prepare 1: 10", "customer: Response", "customer: Fulfill 1", "shop: Response"]);
    assert_eq!(pair.customer.events(), ["in 1 prepared: 10", "in 1 fulfilled"]);
    assert_eq!(pair.shop.events(), ["out 1 prepared", "out 1 fulfilled"]);
    assert_eq!(pair.customer.balance(), 10);
    pair.assert_mirrored();
}

#[test]
fn a_fulfillment_must_hash_to_the_condition() {
    let mut shop = Solo::shop();
    shop.side.pays(1, 10);
    shop.is_answered(Solo::response());
    assert_eq!(shop.refuses(Solo::fulfill_with(1, 2)), "InvalidFulfillmentError");
    assert_eq!(shop.hears(Solo::fulfill(1)), ["Response"], "a wrong one does not spoil the right one");
    assert_eq!(shop.side.balance(), -10);
    assert_eq!(shop.refuses(Solo::fulfill_with(1, 2)), "InvalidFulfillmentError");
}

#[test]
fn an_identical_fulfill_is_answered_again_and_pays_once() {
    let mut shop = Solo::shop();
    shop.side.pays(1, 10);
    shop.is_answered(Solo::response());
    shop.accepts(Solo::fulfill(1));
    assert_eq!(shop.side.events(), ["out 1 prepared", "out 1 fulfilled"]);
    let before = shop.side.snapshot();
    for _ in 0..3 {
        assert_eq!(shop.hears(Solo::fulfill(1)), ["Response"]);
    }
    assert_eq!(shop.side.snapshot(), before);
    assert_eq!(shop.side.events(), [""; 0]);
}

#[test]
fn the_host_takes_a_fulfill_until_its_own_clock_shows_the_expiry() {
    for (at, taken) in [(EXPIRY.saturating_sub(millis(1)), true), (EXPIRY, false)] {
        let mut shop = Solo::shop();
        shop.side.pays(1, 10);
        shop.is_answered(Solo::response());
        // The frame comes before the deadline is served.
        shop.side.now = at;
        let answer = shop.hears(Solo::fulfill(1));
        if taken {
            assert_eq!(answer, ["Response"]);
        } else {
            // What expired is told before what was asked is answered.
            assert_eq!(answer, ["Reject 1: R00 Transfer Timed Out", "Error: F06 AlreadyRolledBackError"]);
        }
        assert_eq!(shop.side.balance(), if taken { -10 } else { 0 });
    }
}

#[test]
fn what_nobody_prepared_cannot_be_fulfilled() {
    let mut shop = Solo::shop();
    assert_eq!(shop.refuses(Solo::fulfill(1)), "TransferNotFoundError");
    let refused = shop.side.attempt(|session, now| session.fulfill(transfer_id(1), fulfillment(1), &no_data(), now));
    assert_eq!(refused, Err(FulfillFailure::Ledger(FulfillError::NotFound)));
}

#[test]
fn what_was_rejected_cannot_be_fulfilled() {
    let mut shop = Solo::shop();
    shop.side.pays(1, 10);
    shop.is_answered(Solo::response());
    shop.accepts(Solo::reject(1));
    assert_eq!(shop.refuses(Solo::fulfill(1)), "AlreadyRolledBackError");
}

#[test]
fn the_payer_cannot_fulfill_its_own_payment() {
    let mut shop = Solo::shop();
    shop.accepts(Solo::prepare(1, 10));
    assert_eq!(shop.refuses(Solo::fulfill(1)), "NotAcceptedError");
    shop.side.fulfills(1);
    assert_eq!(shop.refuses(Solo::fulfill(1)), "NotAcceptedError");
    shop.is_answered(Solo::response());
    assert_eq!(shop.refuses(Solo::fulfill(1)), "NotAcceptedError");
    shop.side.pays(2, 10);
    let own = shop.side.attempt(|session, now| session.fulfill(transfer_id(2), fulfillment(2), &no_data(), now));
    assert_eq!(own, Err(FulfillFailure::Ledger(FulfillError::NotFound)));
}

#[test]
fn we_do_not_fulfill_what_the_peer_could_not_take() {
    let mut shop = Solo::shop();
    for n in 1..=2 {
        shop.accepts(Solo::prepare(n, 10));
    }
    let attempt = |shop: &mut Solo, n, fulfillment: Fulfillment| {
        shop.side.attempt(|session, now| session.fulfill(transfer_id(n), fulfillment, &no_data(), now))
    };
    assert_eq!(attempt(&mut shop, 1, fulfillment(2)), Err(FulfillFailure::Ledger(FulfillError::InvalidFulfillment)));
    shop.side.fulfills(1);
    assert_eq!(attempt(&mut shop, 1, fulfillment(1)), Err(FulfillFailure::Ledger(FulfillError::AlreadyDecided)));
    // By the clock alone, before the deadline is served.
    shop.side.now = EXPIRY;
    assert_eq!(attempt(&mut shop, 2, fulfillment(2)), Err(FulfillFailure::Ledger(FulfillError::Expired)));
}

// Reject

#[test]
fn a_rejected_payment_comes_to_nothing() {
    let mut pair = Pair::connected();
    pair.customer.pays(1, 10);
    pair.drive();
    pair.shop.rejects(1);
    pair.drive();
    let talk = ["customer: Prepare 1: 10", "shop: Response", "shop: Reject 1: F99 Application Error", "customer: Response"];
    assert_eq!(pair.talk(), talk);
    assert_eq!(pair.customer.events(), ["out 1 prepared", "out 1 rejected: F99 Application Error"]);
    assert_eq!(pair.shop.events(), ["in 1 prepared: 10", "in 1 rejected by Us"]);
    assert_eq!(pair.shop.balance(), 0);
    pair.assert_mirrored();
}

#[test]
fn an_identical_reject_is_answered_again_and_changes_nothing() {
    let mut customer = Solo::customer();
    customer.side.pays(1, 10);
    customer.is_answered(Solo::response());
    customer.accepts(Solo::reject(1));
    assert_eq!(customer.side.events(), ["out 1 prepared", "out 1 rejected: F99 Application Error"]);
    let before = customer.side.snapshot();
    assert_eq!(customer.hears(Solo::reject(1)), ["Response"]);
    assert_eq!(customer.side.snapshot(), before);
    assert_eq!(customer.side.events(), [""; 0]);
}

#[test]
fn what_was_fulfilled_or_never_prepared_cannot_be_rejected() {
    let mut shop = Solo::shop();
    assert_eq!(shop.refuses(Solo::reject(1)), "TransferNotFoundError");
    shop.side.pays(1, 10);
    shop.is_answered(Solo::response());
    shop.accepts(Solo::fulfill(1));
    assert_eq!(shop.refuses(Solo::reject(1)), "AlreadyFulfilledError");

    shop.accepts(Solo::prepare(2, 10));
    shop.side.fulfills(2);
    let attempt = |shop: &mut Solo, n| shop.side.attempt(|session, now| session.reject(transfer_id(n), &no_funds(), now));
    assert_eq!(attempt(&mut shop, 2), Err(RejectFailure::Ledger(RejectError::AlreadyDecided)));
    assert_eq!(attempt(&mut shop, 3), Err(RejectFailure::Ledger(RejectError::NotFound)));
}

#[test]
fn the_payer_cannot_reject_its_own_payment() {
    let mut shop = Solo::shop();
    shop.accepts(Solo::prepare(1, 10));
    assert_eq!(shop.refuses(Solo::reject(1)), "NotAcceptedError");
    shop.side.rejects(1);
    shop.is_answered(Solo::response());
    assert_eq!(shop.refuses(Solo::reject(1)), "NotAcceptedError");
    shop.side.pays(2, 10);
    let own = shop.side.attempt(|session, now| session.reject(transfer_id(2), &no_funds(), now));
    assert_eq!(own, Err(RejectFailure::Ledger(RejectError::NotFound)));
}
