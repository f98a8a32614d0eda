//! PROTOCOL.md section 2: an outcome whose payer has left. Several processes may share a hosted account, and one that does
//! not know a transfer proves nothing. The test is all of them.

use trustline_core::session::{ConnectionId, ErrorName};
use trustline_core::wire::{Body, Packet};
use trustline_core::{Limits, WireLimits};
use trustline_tests::{START, Side, Solo, describe_frame, millis, seconds};

const UNKNOWN: ErrorName = ErrorName::TransferNotFound;

/// What a shop sent, and over which connections.
fn told(shop: &mut Solo) -> Vec<(u64, String, u32)> {
    let id = |frame: &[u8]| Packet::decode(frame, &WireLimits::default()).unwrap().request_id;
    let line = |(ConnectionId(connection), frame): (ConnectionId, bytes::Bytes)| (connection, describe_frame(&frame), id(&frame));
    shop.side.take_frames().into_iter().map(line).collect()
}

fn words(told: &[(u64, String, u32)]) -> Vec<(u64, &str)> {
    told.iter().map(|(connection, what, _)| (*connection, what.as_str())).collect()
}

/// The request that was told last is answered over the connection that it came over.
fn answers(shop: &mut Solo, told: &[(u64, String, u32)], answer: Body) {
    let (connection, _, request_id) = told.last().unwrap();
    shop.side.receives(ConnectionId(*connection), *request_id, answer);
}

/// Payment 1 came over connection 1, which is gone; there are as many others, and the last was told of the outcome.
fn shop_left_by_its_payer(others: usize) -> Solo {
    let mut shop = Solo::shop();
    shop.accepts(Solo::prepare(1, 10));
    for _ in 0..others {
        shop.is_joined_again();
    }
    shop.side.disconnected(ConnectionId(1));
    shop.side.events();
    shop.side.take_frames();
    shop.side.fulfills(1);
    shop.side.events();
    shop
}

fn open(side: &Side) -> usize {
    side.session.trustline().open_len()
}

#[test]
fn each_is_asked_once_and_then_whoever_comes() {
    let mut shop = shop_left_by_its_payer(2);
    let first = told(&mut shop);
    assert_eq!(words(&first), [(3, "Fulfill 1")], "the newest first");
    answers(&mut shop, &first, Solo::error(UNKNOWN));
    let second = told(&mut shop);
    assert_eq!(words(&second), [(2, "Fulfill 1")]);
    answers(&mut shop, &second, Solo::error(UNKNOWN));
    assert_eq!((told(&mut shop), open(&shop.side)), (vec![], 1), "nobody is left to ask, and it stays owed");

    shop.connection = ConnectionId(4);
    shop.side.accepted(shop.connection, 0);
    let third = told(&mut shop);
    assert_eq!(words(&third), [(4, "Response"), (4, "Fulfill 1")]);
    answers(&mut shop, &third, Solo::response());
    assert_eq!((told(&mut shop), open(&shop.side), shop.side.balance()), (vec![], 0, 10));
    // It is told no more.
    shop.is_joined_again();
    assert_eq!(shop.asked(), []);
}

#[test]
fn a_payer_that_denies_its_own_payment_disputes_it() {
    let mut shop = Solo::shop();
    shop.accepts(Solo::prepare(1, 10));
    shop.side.fulfills(1);
    shop.side.events();
    shop.is_answered(Solo::error(UNKNOWN));
    assert_eq!(shop.side.events(), ["dispute: fulfill 1 denied: F03 TransferNotFoundError"]);
    assert_eq!((open(&shop.side), shop.side.balance()), (0, 10), "ours stands");
}

#[test]
fn a_stranger_is_no_payer_and_disputes_nothing() {
    let mut shop = shop_left_by_its_payer(1);
    let only = told(&mut shop);
    answers(&mut shop, &only, Solo::error(UNKNOWN));
    assert_eq!((shop.side.events(), open(&shop.side)), (vec![], 1));
}

#[test]
fn who_refuses_for_another_reason_knows_it_and_denies_it() {
    let mut shop = shop_left_by_its_payer(2);
    let first = told(&mut shop);
    answers(&mut shop, &first, Solo::error(ErrorName::AlreadyRolledBack));
    assert_eq!(shop.side.events(), ["dispute: fulfill 1 denied: F06 AlreadyRolledBackError"]);
    assert_eq!((open(&shop.side), shop.side.balance()), (0, 10), "ours stands");
}

#[test]
fn a_reject_looks_for_its_payer_too() {
    let mut shop = Solo::shop();
    shop.accepts(Solo::prepare(1, 10));
    shop.is_left();
    shop.is_joined_again();
    shop.side.rejects(1);
    shop.is_answered(Solo::error(UNKNOWN));
    assert_eq!(open(&shop.side), 1);
    shop.is_joined_again();
    assert_eq!(shop.asked().len(), 1);
    shop.is_answered(Solo::response());
    assert_eq!(open(&shop.side), 0);
}

#[test]
fn a_payer_that_everyone_was_asked_about_shows_itself_by_its_prepare() {
    let mut shop = shop_left_by_its_payer(1);
    let denied = told(&mut shop);
    answers(&mut shop, &denied, Solo::error(UNKNOWN));
    told(&mut shop);
    // It was there all the time, and had lost its answer.
    shop.side.receives(ConnectionId(2), 77, Solo::prepare(1, 10));
    let again = told(&mut shop);
    assert_eq!(words(&again), [(2, "Error: F07 AlreadyFulfilledError"), (2, "Fulfill 1")]);
    answers(&mut shop, &again, Solo::response());
    assert_eq!(open(&shop.side), 0);
}

#[test]
fn a_payer_that_showed_itself_is_told_before_the_others() {
    let mut shop = shop_left_by_its_payer(3);
    let first = told(&mut shop);
    assert_eq!(words(&first), [(4, "Fulfill 1")]);
    shop.side.receives(ConnectionId(2), 77, Solo::prepare(1, 10));
    told(&mut shop);
    answers(&mut shop, &first, Solo::error(UNKNOWN));
    assert_eq!(words(&told(&mut shop)), [(2, "Fulfill 1")]);
}

#[test]
fn a_payer_that_has_forgotten_its_payment_by_now_ends_it_and_disputes_nothing() {
    let mut shop = shop_left_by_its_payer(0);
    // It comes back when it need not remember the payment any more, and still does; the moment after it does not.
    shop.side.clock(START.saturating_add(seconds(30) + Limits::default().memory_margin / 2));
    shop.is_joined_again();
    shop.side.events();
    shop.hears(Solo::prepare(1, 10));
    shop.is_answered(Solo::error(UNKNOWN));
    assert_eq!((open(&shop.side), shop.side.balance(), shop.side.events()), (0, 10, vec![]));
}

#[test]
fn a_payer_of_what_was_paid_is_waited_for_for_longer_than_any_payment_lives_and_no_longer() {
    let Limits { furthest_expiry, memory_margin, .. } = Limits::default();
    let kept = furthest_expiry + memory_margin;
    for (after, is_told) in [(kept.saturating_sub(millis(1)), true), (kept, false)] {
        let mut shop = shop_left_by_its_payer(1);
        let denied = told(&mut shop);
        answers(&mut shop, &denied, Solo::error(UNKNOWN));
        shop.side.clock(START.saturating_add(after));
        assert_eq!(open(&shop.side), usize::from(is_told));
        shop.is_joined_again();
        assert_eq!(shop.asked().len(), usize::from(is_told));
        assert_eq!((shop.side.balance(), shop.side.events()), (10, vec![]), "nobody was wronged");
    }
}

#[test]
fn a_payer_that_is_lost_when_it_is_waited_for_no_longer_leaves_nothing_to_wait_for() {
    let mut shop = shop_left_by_its_payer(3);
    let first = told(&mut shop);
    answers(&mut shop, &first, Solo::error(UNKNOWN));
    assert_eq!(words(&told(&mut shop)), [(3, "Fulfill 1")]);
    shop.side.closes();
    // The process slept for two days, and all are given up at once: the strangers, and who is asked.
    shop.side.clock(START.saturating_add(seconds(48 * 60 * 60)));
    assert_eq!(shop.side.deadline(), None);
    told(&mut shop);
    // Whoever comes is the last to be asked.
    shop.side.accepted(ConnectionId(5), 0);
    let last = told(&mut shop);
    assert_eq!(words(&last), [(5, "Response"), (5, "Fulfill 1")]);
    answers(&mut shop, &last, Solo::error(UNKNOWN));
    assert_eq!((open(&shop.side), shop.side.deadline()), (0, None));
}

#[test]
fn a_payer_of_what_came_to_nothing_is_told_as_long_as_it_must_remember_it() {
    let remembered = seconds(30) + Limits::default().memory_margin / 2;
    for (after, is_told) in [(remembered.saturating_sub(millis(1)), true), (remembered, false)] {
        let mut shop = Solo::shop();
        shop.accepts(Solo::prepare(1, 10));
        shop.is_left();
        shop.is_joined_again();
        shop.side.rejects(1);
        shop.is_answered(Solo::error(UNKNOWN));
        shop.side.clock(START.saturating_add(after));
        shop.is_joined_again();
        assert_eq!((shop.asked().len(), open(&shop.side)), (usize::from(is_told), usize::from(is_told)));
    }
}

#[test]
fn as_many_are_remembered_as_the_limit_says_and_no_more() {
    let mut shop = Solo::shop_with(|config| config.limits.orphans = 1);
    for n in 1..=3 {
        shop.accepts(Solo::prepare(n, 10));
    }
    shop.is_left();
    shop.is_joined_again();
    for n in 1..=2 {
        shop.side.fulfills(n);
        shop.is_answered(Solo::error(UNKNOWN));
    }
    assert_eq!(open(&shop.side), 2, "the second was given up, the third is undecided");
    // When the first has found its payer, there is room for the third.
    shop.is_joined_again();
    shop.is_answered(Solo::response());
    shop.side.fulfills(3);
    shop.is_answered(Solo::error(UNKNOWN));
    assert_eq!((open(&shop.side), shop.side.balance()), (1, 30));
}
