//! PROTOCOL.md section 4, *Transfer* (type 7): money without a condition.

use trustline_core::ledger::PrepareError;
use trustline_core::session::{ErrorName, PrepareFailure};
use trustline_core::wire::{Body, Entry, Transfer};
use trustline_tests::{Pair, START, Solo, custom, fulfillment, millis, no_data, seconds, transfer_id};

/// A transfer as a foreign peer sends it: nothing names it.
fn nameless(amount: u64) -> Body {
    Body::Transfer(Transfer { amount, protocol_data: no_data() })
}

#[test]
fn a_response_means_that_the_balance_moved() {
    let mut pair = Pair::connected();
    pair.customer.transfers(1, 10);
    assert_eq!((pair.customer.balance(), pair.customer.pending()), (0, (0, 10)), "until the peer answers");
    pair.drive();
    assert_eq!(pair.talk(), ["customer: Transfer: 10", "shop: Response"]);
    assert_eq!(pair.shop.events(), ["in 1 transferred: 10"]);
    assert_eq!(pair.customer.events(), ["out 1 transferred: 10"]);
    assert_eq!((pair.shop.balance(), pair.customer.balance()), (10, -10));
    pair.assert_mirrored();
}

#[test]
fn either_side_settles_with_whatever_travels_along() {
    for mut pair in [Pair::connected(), Pair::connected_equals()] {
        pair.shop.attempt(|session, now| session.transfer(transfer_id(1), 10, &custom("{\"claim\":1}"), now)).unwrap();
        pair.drive();
        assert_eq!((pair.shop.balance(), pair.customer.balance()), (-10, 10));
        let events = pair.customer.take_events();
        let [trustline_core::session::Event::IncomingTransferred { id, amount, protocol_data }] = &events[..] else { panic!("{events:?}") };
        assert_eq!((*id, *amount), (Some(transfer_id(1)), 10));
        assert_eq!(*protocol_data, custom("{\"claim\":1}"), "without the entry that names the transfer");
        pair.assert_mirrored();
    }
}

#[test]
fn an_error_means_that_nothing_moved() {
    let mut customer = Solo::customer();
    customer.side.transfers(1, 10);
    // As from a JavaScript peer, which does not know this type.
    customer.is_answered(Solo::error(ErrorName::NotAccepted));
    assert_eq!(customer.side.events(), ["out 1 refused: F00 NotAcceptedError"]);
    assert_eq!((customer.side.balance(), customer.side.pending()), (0, (0, 0)));
}

#[test]
fn a_peer_that_does_not_answer_at_all_is_asked_again_over_the_next_connection() {
    // JavaScript throws when it reads this type, and says nothing.
    let mut customer = Solo::customer();
    customer.side.transfers(1, 10);
    let asked = customer.asked();
    customer.side.clock(START.saturating_add(seconds(5)));
    assert_eq!(customer.side.take_disconnects().len(), 1);
    customer.is_left();
    customer.connection.0 += 1;
    customer.side.connected(customer.connection);
    customer.is_answered(Solo::response());
    assert_eq!(customer.asked(), asked);
    customer.is_answered(Solo::response());
    assert_eq!(customer.side.balance(), -10);
}

#[test]
fn a_repeat_is_known_by_its_id() {
    let mut shop = Solo::shop();
    shop.accepts(Solo::transfer(1, 10));
    assert_eq!(shop.side.events(), ["in 1 transferred: 10"]);
    let before = shop.side.snapshot();
    assert_eq!(shop.hears(Solo::transfer(1, 10)), ["Response"]);
    assert_eq!(shop.side.snapshot(), before);
    assert_eq!(shop.side.events(), [""; 0]);
    assert_eq!(shop.refuses(Solo::transfer(1, 11)), "DuplicateIdError");
    let Body::Transfer(first) = Solo::transfer(1, 10) else { unreachable!() };
    let more = Transfer { protocol_data: first.protocol_data.with(Entry::json("custom", "{}")), ..first };
    assert_eq!(shop.refuses(Body::Transfer(more)), "DuplicateIdError");
    assert_eq!(shop.refuses(Solo::prepare(1, 10)), "DuplicateIdError", "nor is the id free for a Prepare");
}

#[test]
fn without_an_id_each_counts() {
    let mut shop = Solo::shop();
    for _ in 0..2 {
        shop.accepts(nameless(10));
    }
    assert_eq!(shop.side.events(), ["in transferred: 10", "in transferred: 10"]);
    assert_eq!(shop.side.balance(), 20);
    // An entry of that name that holds no id is only an entry.
    let strange = Entry::octets("transfer_id", vec![1, 2, 3]);
    shop.accepts(Body::Transfer(Transfer { amount: 5, protocol_data: strange.into() }));
    assert_eq!(shop.side.balance(), 25);
}

#[test]
fn the_limit_holds_for_it_too() {
    let mut shop = Solo::shop();
    shop.side.sets_bounds(-20, 20);
    shop.accepts(Solo::prepare(1, 15));
    assert_eq!(shop.refuses(Solo::transfer(2, 6)), "InsufficientBalanceError");
    assert_eq!(shop.refuses(nameless(6)), "InsufficientBalanceError");
    shop.accepts(Solo::transfer(2, 5));
    shop.side.transfers(3, 20);
    let refused = shop.side.attempt(|session, now| session.transfer(transfer_id(4), 6, &no_data(), now));
    assert_eq!(refused, Err(PrepareFailure::Ledger(PrepareError::InsufficientBalance)), "5 came in, 20 go out");
    shop.side.transfers(4, 5);
}

#[test]
fn a_transfer_of_nothing_is_refused() {
    let mut shop = Solo::shop();
    assert_eq!(shop.refuses(Solo::transfer(1, 0)), "InvalidFieldsError");
    assert_eq!(shop.refuses(nameless(0)), "InvalidFieldsError");
    let refused = shop.side.attempt(|session, now| session.transfer(transfer_id(1), 0, &no_data(), now));
    assert_eq!(refused, Err(PrepareFailure::Ledger(PrepareError::ZeroAmount)));
}

#[test]
fn an_id_is_used_once() {
    let mut shop = Solo::shop();
    shop.side.transfers(1, 10);
    let again = |shop: &mut Solo| shop.side.attempt(|session, now| session.transfer(transfer_id(1), 10, &no_data(), now));
    assert_eq!(again(&mut shop), Err(PrepareFailure::Ledger(PrepareError::DuplicateId)));
    shop.is_answered(Solo::response());
    assert_eq!(again(&mut shop), Err(PrepareFailure::Ledger(PrepareError::DuplicateId)));
    shop.is_left();
    assert_eq!(again(&mut shop), Err(PrepareFailure::NotConnected));
}

#[test]
fn it_cannot_be_fulfilled_or_rejected() {
    let mut shop = Solo::shop();
    shop.side.transfers(1, 10);
    assert_eq!(shop.refuses(Solo::fulfill(1)), "NotAcceptedError");
    assert_eq!(shop.refuses(Solo::reject(1)), "NotAcceptedError");
    shop.accepts(Solo::transfer(2, 10));
    let own = shop.side.attempt(|session, now| session.fulfill(transfer_id(2), fulfillment(2), &no_data(), now));
    assert!(own.is_err());
    assert_eq!(shop.refuses(Solo::fulfill(2)), "NotAcceptedError");
    // Ours, once it is paid.
    shop.is_answered(Solo::response());
    assert_eq!(shop.refuses(Solo::reject(1)), "AlreadyFulfilledError");
}

#[test]
fn wherever_the_link_breaks_it_is_paid_once() {
    for (frames, make) in
        [(1, Pair::connected as fn() -> Pair), (2, Pair::connected), (1, Pair::connected_equals), (2, Pair::connected_equals)]
    {
        let mut pair = make();
        pair.delay = millis(10);
        pair.cut_after = Some(frames);
        pair.customer.transfers(1, 10);
        pair.advance(seconds(1));
        assert_eq!(pair.customer.balance(), if frames == 1 { 0 } else { -10 });
        if frames == 1 {
            assert_eq!(pair.shop.balance(), 10, "the shop took it, and its answer was lost");
        }
        pair.connect();
        pair.advance(seconds(1));
        assert_eq!((pair.shop.balance(), pair.customer.balance()), (10, -10));
        pair.assert_mirrored();
    }
}

#[test]
fn an_entry_of_the_application_does_not_name_it() {
    let mut pair = Pair::connected();
    let other = Entry::octets("transfer_id", transfer_id(9).as_bytes().to_vec());
    pair.customer.attempt(|session, now| session.transfer(transfer_id(1), 10, &other.into(), now)).unwrap();
    pair.drive();
    assert_eq!(pair.shop.events(), ["in 1 transferred: 10"]);
}

/// Found by `tests/session_laws.rs`: each hid the other from the balance, for ever.
#[test]
fn one_in_doubt_and_a_payment_overdue_are_both_decided_by_the_hosts_books() {
    for arrives in [true, false] {
        let mut pair = Pair::connected();
        pair.delay = millis(10);
        pair.customer.transfers(1, 10);
        pair.customer.pays(2, 10);
        if arrives {
            pair.cut_after = Some(1);
        } else {
            pair.cut();
        }
        pair.advance(seconds(26 * 60 * 60));
        pair.forget_talk();
        pair.connect();
        pair.advance(seconds(1));
        let events = pair.customer.events();
        let first = if arrives { "out 1 transferred: 10" } else { "out 1 refused: F03 TransferNotFoundError" };
        assert!(events.contains(&first.to_string()) && events.contains(&"out 2 expired".to_string()), "{events:?}");
        assert_eq!(pair.shop.balance(), if arrives { 10 } else { 0 });
        pair.assert_mirrored();
    }
}
