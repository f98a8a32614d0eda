//! DESIGN.md, "Money": what a peer no longer speaks of is settled by its balance, with a dispute if that does not explain
//! it. The test is the peer.

use std::time::Duration;

use trustline_core::session::{ConnectionId, ErrorName};
use trustline_core::wire::{Body, Entry, ProtocolData};
use trustline_core::{Limits, Timestamp};
use trustline_tests::{START, Solo, millis, no_data, seconds};

/// When a payment of these stories expires.
const EXPIRY: Duration = seconds(30);

fn at(after: Duration) -> Timestamp {
    START.saturating_add(after)
}

fn just_before(moment: Duration) -> Duration {
    moment.saturating_sub(millis(1))
}

/// The balance of a foreign peer: what we owe it.
fn balance(owed: i64) -> ProtocolData {
    Entry::octets("balance", owed.to_be_bytes().to_vec()).into()
}

/// The books of a peer of our kind: what it received from us, and what it paid us.
fn books(received: u128, paid: u128) -> Body {
    let owed = i64::try_from(received).unwrap() - i64::try_from(paid).unwrap();
    Body::Response(balance(owed).with(sums([received, paid, 0, 0])))
}

/// The peer received, and paid, so much; and is in doubt about so much more of each.
fn sums(sums: [u128; 4]) -> Entry {
    Entry::octets("sums", sums.map(u128::to_be_bytes).concat())
}

/// What the peer said last about `n` is lost with the connection; it is `after` the start when the next one is there.
fn away_until(solo: &mut Solo, after: Duration) {
    solo.is_left();
    solo.side.clock(at(after));
    solo.is_joined_again();
    solo.side.events();
}

fn names(asked: &[Body]) -> Vec<&'static str> {
    let name = |body: &Body| match body {
        Body::Prepare(_) => "Prepare",
        Body::Fulfill(_) => "Fulfill",
        Body::Reject(_) => "Reject",
        Body::Transfer(_) => "Transfer",
        Body::Message(data) if data.get("balance").is_some() => "balance",
        _ => "other",
    };
    asked.iter().map(name).collect()
}

/// An equal that fulfilled payment 1 of 10, and did not hear what became of it.
fn in_doubt_since(after: Duration) -> Solo {
    let mut equal = Solo::equal();
    equal.accepts(Solo::prepare(1, 10));
    equal.side.fulfills(1);
    away_until(&mut equal, after);
    equal
}

// When a peer's word counts, and when it proves nothing.

#[test]
fn a_payer_that_must_remember_a_payment_decides_and_one_that_need_not_is_asked() {
    // The other half is for what the two clocks differ.
    let margin = Limits::default().memory_margin / 2;
    let mut equal = in_doubt_since(just_before(EXPIRY + margin));
    equal.is_answered(Solo::error(ErrorName::TransferNotFound));
    assert_eq!(equal.side.events(), ["in 1 refused: F03 TransferNotFoundError"]);
    assert_eq!(names(&equal.asked()), [""; 0]);

    let mut equal = in_doubt_since(EXPIRY + margin);
    equal.is_answered(Solo::error(ErrorName::TransferNotFound));
    assert_eq!(equal.side.events(), [""; 0]);
    assert_eq!(names(&equal.asked()), ["balance"]);
}

#[test]
fn an_unconditional_transfer_is_repeated_as_long_as_it_is_remembered_for_sure() {
    let furthest = Limits::default().furthest_expiry;
    for (after, asks) in [(just_before(furthest), "Transfer"), (furthest, "balance")] {
        let mut customer = Solo::customer();
        customer.side.transfers(1, 10);
        away_until(&mut customer, after);
        assert_eq!(names(&customer.asked()), [asks]);
        assert_eq!(customer.side.pending(), (0, 10));
    }
}

#[test]
fn a_prepare_is_repeated_as_long_as_its_answer_proves_something() {
    // The other half is for what the two clocks differ.
    let margin = Limits::default().memory_margin / 2;
    for (after, asks) in [(just_before(EXPIRY + margin), &["Prepare", "balance"][..]), (EXPIRY + margin, &["balance"])] {
        let mut customer = Solo::customer();
        customer.side.pays(1, 10);
        away_until(&mut customer, after);
        customer.side.clock(at(after));
        assert_eq!(names(&customer.asked()), asks);
    }
}

// What the books tell.

#[test]
fn the_books_tell_both_directions_at_once() {
    for (received, paid) in [(0, 0), (7, 0), (0, 10), (7, 10)] {
        let mut equal = Solo::equal();
        equal.accepts(Solo::prepare(1, 10));
        equal.side.fulfills(1);
        equal.side.transfers(2, 7);
        away_until(&mut equal, seconds(26 * 60 * 60));
        equal.is_answered(Solo::error(ErrorName::TransferNotFound));
        equal.is_answered(books(received, paid));
        let mut events = equal.side.events();
        events.sort();
        let incoming = if paid == 0 { "in 1 refused: F03 TransferNotFoundError" } else { "in 1 fulfilled" };
        let outgoing = if received == 0 { "out 2 refused: F03 TransferNotFoundError" } else { "out 2 transferred: 7" };
        assert_eq!(events, [incoming, outgoing]);
        assert_eq!(equal.side.balance(), i128::try_from(paid).unwrap() - i128::try_from(received).unwrap());
        assert_eq!((equal.side.pending(), equal.side.deadline()), ((0, 0), None));
    }
}

#[test]
fn a_balance_alone_tells_nothing_about_two_directions() {
    let mut equal = Solo::equal();
    equal.accepts(Solo::prepare(1, 10));
    equal.side.fulfills(1);
    equal.side.transfers(2, 10);
    away_until(&mut equal, seconds(26 * 60 * 60));
    equal.is_answered(Solo::error(ErrorName::TransferNotFound));
    let before = equal.side.snapshot();
    // None of them or both.
    equal.is_answered(Body::Response(balance(0)));
    assert_eq!(equal.side.events(), ["dispute: balance 0 here, 0 there, 2 undecided"]);
    assert_eq!(equal.side.snapshot(), before);
}

#[test]
fn a_balance_alone_is_compared_with_the_one_before() {
    // A host: five were paid, and then ten.
    let mut customer = Solo::customer();
    customer.side.transfers(3, 5);
    customer.is_answered(Solo::response());
    customer.side.transfers(1, 10);
    away_until(&mut customer, seconds(26 * 60 * 60));
    customer.is_answered(Body::Response(balance(15)));
    assert_eq!(customer.side.events(), ["out 1 transferred: 10"]);
    // An equal, the other way round.
    let mut equal = Solo::equal();
    equal.accepts(Solo::transfer(3, 5));
    equal.accepts(Solo::prepare(1, 10));
    equal.side.fulfills(1);
    away_until(&mut equal, EXPIRY + seconds(2 * 60 * 60));
    equal.is_answered(Solo::error(ErrorName::TransferNotFound));
    equal.is_answered(Body::Response(balance(-15)));
    assert_eq!(equal.side.events(), ["in 1 fulfilled"]);
}

#[test]
fn a_balance_alone_does_not_tell_which_of_two_payments_a_silent_host_took() {
    for (owed, event) in [(10, "dispute: balance 0 here, -10 there, 2 undecided"), (0, "out 1 expired")] {
        let mut customer = Solo::customer();
        customer.side.pays(1, 10);
        customer.side.transfers(2, 10);
        away_until(&mut customer, seconds(26 * 60 * 60));
        customer.is_answered(Body::Response(balance(owed)));
        assert_eq!(customer.side.events()[0], event);
        assert_eq!(customer.side.snapshot().open.len(), if owed == 0 { 0 } else { 2 });
    }
}

#[test]
fn what_was_sent_before_the_connection_broke_was_taken_and_what_came_after_was_not() {
    for (received, taken) in [(0, 0), (3, 1), (7, 2), (12, 3)] {
        let mut customer = Solo::customer();
        for (n, amount) in [(1, 3), (2, 4), (3, 5)] {
            customer.side.transfers(n, amount);
        }
        away_until(&mut customer, seconds(26 * 60 * 60));
        customer.is_answered(books(received, 0));
        let events = customer.side.events();
        assert_eq!(events.iter().filter(|event| event.contains("transferred")).count(), taken, "{events:?}");
        assert_eq!((events.len(), customer.side.snapshot().open.len()), (3, 0));
    }
}

/// One was refused over a connection that held for the next, and that answer was lost.
#[test]
fn what_was_refused_on_its_own_is_told_from_what_was_taken_if_only_that_explains_the_books() {
    let takes = |amounts: &[u64], paid: u128| {
        let mut equal = Solo::equal();
        for (n, amount) in (1..).zip(amounts) {
            equal.accepts(Solo::prepare(n, *amount));
            equal.side.fulfills(n);
        }
        away_until(&mut equal, seconds(7_200));
        for _ in amounts {
            equal.is_answered(Solo::error(ErrorName::TransferNotFound));
        }
        equal.is_answered(books(0, paid));
        equal.side.events()
    };
    assert_eq!(takes(&[5, 1], 1), ["in 1 refused: F03 TransferNotFoundError", "in 2 fulfilled"]);
    assert_eq!(takes(&[5, 1, 2], 3), ["in 1 refused: F03 TransferNotFoundError", "in 2 fulfilled", "in 3 fulfilled"]);
    let disputed = takes(&[4, 1, 1], 1);
    assert!(disputed.iter().all(|event| event.starts_with("dispute")), "it may be either of two: {disputed:?}");
}

#[test]
fn what_the_books_do_not_explain_is_disputed_and_asked_again_a_minute_later() {
    let mut customer = Solo::customer();
    customer.side.transfers(1, 10);
    away_until(&mut customer, seconds(26 * 60 * 60));
    let before = customer.side.snapshot();
    customer.is_answered(books(4, 0));
    assert_eq!(customer.side.events(), ["dispute: balance 0 here, -4 there, 1 undecided"]);
    assert_eq!(customer.side.snapshot(), before);
    // However often the clock is looked at meanwhile.
    let asked = customer.side.now;
    for after in [seconds(0), seconds(1), seconds(59)] {
        let now = asked.saturating_add(after);
        customer.side.session.handle_timeout(now);
        customer.side.drain();
        assert_eq!(names(&customer.asked()), [""; 0]);
    }
    assert_eq!(customer.side.deadline().map(|deadline| deadline.at), Some(asked.saturating_add(seconds(60))));
    customer.side.clock(asked.saturating_add(seconds(60)));
    assert_eq!(names(&customer.asked()), ["balance"]);
    customer.is_answered(books(10, 0));
    assert_eq!(customer.side.events(), ["out 1 transferred: 10"]);
}

#[test]
fn books_that_cannot_be_explain_nothing() {
    let impossible = u128::MAX;
    for (sums_of_host, sums_of_equal) in
        [([impossible, 0, 0, 0], [0, impossible, 0, 0]), ([0, impossible, 0, 0], [impossible, 0, 0, 0]), ([3, 0, 0, 0], [0, 3, 0, 0])]
    {
        let mut customer = Solo::customer();
        customer.side.transfers(1, 10);
        away_until(&mut customer, seconds(26 * 60 * 60));
        let mut equal = in_doubt_since(EXPIRY + seconds(2 * 60 * 60));
        equal.is_answered(Solo::error(ErrorName::TransferNotFound));
        for (solo, told) in [(&mut customer, sums_of_host), (&mut equal, sums_of_equal)] {
            let before = solo.side.snapshot();
            solo.is_answered(Body::Response(balance(0).with(sums(told))));
            assert_eq!(solo.side.events(), ["dispute: balance 0 here, 0 there, 1 undecided"]);
            assert_eq!(solo.side.snapshot(), before);
        }
    }
}

#[test]
fn an_error_instead_of_a_balance_decides_nothing() {
    let mut customer = Solo::customer();
    customer.side.transfers(1, 10);
    away_until(&mut customer, seconds(26 * 60 * 60));
    let before = customer.side.snapshot();
    customer.is_answered(Solo::error(ErrorName::NotAccepted));
    assert_eq!((customer.side.events(), customer.side.snapshot()), (vec![], before));
    customer.side.clock(at(seconds(26 * 60 * 60 + 60)));
    assert_eq!(names(&customer.asked()), ["balance"]);
}

// The two books must speak of the same moment.

#[test]
fn books_that_an_equal_read_while_ours_changed_are_not_compared() {
    let mut equal = in_doubt_since(EXPIRY + seconds(2 * 60 * 60));
    equal.is_answered(Solo::error(ErrorName::TransferNotFound));
    equal.accepts(Solo::transfer(2, 10));
    equal.side.events();
    // The peer counted its transfer before or after it read its books: who knows?
    equal.is_answered(books(0, 10));
    assert_eq!((equal.side.events(), equal.side.pending()), (vec![], (10, 0)));
    let later = equal.side.now.saturating_add(seconds(1));
    equal.side.clock(later);
    assert_eq!(names(&equal.asked()), ["balance"], "again");
    equal.is_answered(books(0, 10));
    assert_eq!(equal.side.events(), ["in 1 refused: F03 TransferNotFoundError"], "the ten are the transfer's");
    assert_eq!((equal.side.balance(), equal.side.pending()), (10, (0, 0)));
}

#[test]
fn a_host_is_believed_at_once_if_everything_comes_over_one_connection() {
    for connections in [1, 2] {
        let mut customer = Solo::customer();
        customer.side.pays(1, 10);
        customer.is_answered(Body::Response(no_data()));
        // A host whose clock is behind still speaks of the payment, but a day later it may not.
        away_until(&mut customer, Limits::default().furthest_expiry);
        customer.side.clock(at(Limits::default().furthest_expiry));
        assert_eq!(names(&customer.asked()), ["balance"]);
        if connections == 2 {
            let other = ConnectionId(99);
            customer.side.connected(other);
        }
        // Meanwhile our books change.
        customer.accepts(Solo::transfer(2, 5));
        customer.side.events();
        customer.is_answered(books(0, 5));
        let expected = if connections == 1 { vec!["out 1 expired"] } else { vec![] };
        assert_eq!(customer.side.events(), expected, "{connections}");
    }
}

/// Found by the simulator: an equal that asked at the wrong moment reported a dispute.
#[test]
fn a_peer_that_is_in_doubt_itself_is_asked_again_when_it_has_had_time_for_our_answers() {
    let mut equal = in_doubt_since(EXPIRY + seconds(60 * 60));
    equal.is_answered(Solo::error(ErrorName::TransferNotFound));
    // It paid us 7 without a condition and waits for our answer; whether it paid the 10 does not show.
    let in_doubt = Body::Response(balance(0).with(sums([0, 0, 0, 7])));
    equal.is_answered(in_doubt);
    assert_eq!((equal.side.events(), names(&equal.asked())), (vec![], vec![]));
    equal.side.clock(at(EXPIRY + seconds(60 * 60 + 1)));
    assert_eq!(names(&equal.asked()), ["balance"]);
    equal.is_answered(books(0, 10));
    assert_eq!(equal.side.events(), ["in 1 fulfilled"]);
}

#[test]
fn a_peers_doubts_about_the_other_direction_hide_nothing() {
    let mut paid = in_doubt_since(EXPIRY + seconds(60 * 60));
    paid.is_answered(Solo::error(ErrorName::TransferNotFound));
    paid.is_answered(Body::Response(balance(-10).with(sums([0, 10, 7, 0]))));
    assert_eq!(paid.side.events(), ["in 1 fulfilled"]);
    let payer = || {
        let mut payer = Solo::equal();
        payer.side.transfers(2, 7);
        away_until(&mut payer, seconds(26 * 60 * 60));
        payer
    };
    let mut told = payer();
    told.is_answered(Body::Response(balance(7).with(sums([7, 0, 0, 9]))));
    assert_eq!(told.side.events(), ["out 2 transferred: 7"]);
    let mut asks_again = payer();
    asks_again.is_answered(Body::Response(balance(7).with(sums([7, 0, 9, 0]))));
    assert_eq!(asks_again.side.events(), [""; 0]);
}

#[test]
fn two_that_wait_for_each_others_books_are_told_so() {
    let mut equal = in_doubt_since(EXPIRY + seconds(60 * 60));
    equal.is_answered(Solo::error(ErrorName::TransferNotFound));
    let before = equal.side.snapshot();
    for second in 1..=10 {
        equal.is_answered(Body::Response(balance(0).with(sums([0, 0, 0, 7]))));
        assert_eq!(equal.side.events(), [""; 0]);
        equal.side.clock(at(EXPIRY + seconds(60 * 60 + second)));
    }
    equal.is_answered(Body::Response(balance(0).with(sums([0, 0, 0, 7]))));
    assert_eq!(equal.side.events(), ["dispute: balance 0 here, 0 there, 1 undecided"]);
    assert_eq!(equal.side.snapshot(), before);
}
