//! Who dials anew has left the older connection, and goes by what is answered over the newer one. What the host has still to
//! read from the older must move nothing.

use trustline_core::LedgerId;
use trustline_core::ledger::{Authority, Bounds};
use trustline_core::session::{ConnectionId, SessionConfig};
use trustline_tests::{Pair, Role, Side, Solo, TOKEN, ledger_info, seconds, with};

/// A shop that takes up to 10, and a customer with a ledger that lives as long as its process.
fn in_memory() -> Pair {
    let shop = with(SessionConfig::new(Authority::Ours), |config| {
        config.bounds = Bounds { minimum: -10, maximum: 10 };
        config.info = Some(ledger_info());
    });
    let customer = with(SessionConfig::new(Authority::Theirs), |config| {
        config.credentials.token = TOKEN.into();
        config.ledger = Some(LedgerId::from([7; 16]));
    });
    Pair::new(shop, customer)
}

/// Two equals, of whom the shop takes up to 10 and has dialed; the other dials when it gives that connection up.
fn equals_of_whom_the_other_dials() -> Pair {
    let mut pair = Pair::equals();
    let bounds = Bounds { minimum: -10, maximum: 10 };
    pair.shop = Side::new(with(pair.shop.config().clone(), |config| config.bounds = bounds));
    pair.connect_as(Role::Shop);
    pair.drive();
    pair.forget_talk();
    pair
}

/// The customer asks what `asks` says over a connection on which the shop does not read for so long that the customer dials
/// anew, and has the answer from there. Only then does the shop read the rest of the older one.
fn is_read_late(mut pair: Pair, asks: impl Fn(&mut Pair), answer: &str) {
    pair.customer.pays(1, 10);
    pair.drive();
    pair.forget_talk();

    pair.delay = seconds(6);
    asks(&mut pair);
    pair.advance(seconds(5));
    assert_eq!(pair.customer.events(), ["disconnected"]);
    pair.delay = seconds(0);
    pair.connect();
    pair.drive();
    assert_eq!(pair.customer.events(), ["connected", answer], "there is no room for it");

    pair.shop.rejects(1);
    pair.drive();
    pair.shop.events();
    pair.advance(seconds(60));
    let mut news = pair.shop.events();
    news.retain(|event| event != "disconnected");
    assert_eq!(news, [""; 0], "there is room now, and it was refused");
    assert_eq!(pair.shop.balance(), 0);
    pair.assert_mirrored();
}

#[test]
fn a_refused_transfer_is_not_taken_from_the_connection_that_was_left() {
    for pair in [in_memory(), in_memory().keeping_ledgers()] {
        is_read_late(pair.after_connecting(), |pair| pair.customer.transfers(2, 10), "out 2 refused: F08 InsufficientBalanceError");
    }
}

#[test]
fn nor_a_refused_payment() {
    for pair in [in_memory(), in_memory().keeping_ledgers()] {
        is_read_late(pair.after_connecting(), |pair| pair.customer.pays(2, 10), "out 2 refused: F08 InsufficientBalanceError");
    }
}

#[test]
fn nor_from_the_connection_that_its_reader_has_dialed() {
    let pair = equals_of_whom_the_other_dials;
    is_read_late(pair(), |pair| pair.customer.transfers(2, 10), "out 2 refused: F08 InsufficientBalanceError");
    is_read_late(pair(), |pair| pair.customer.pays(2, 10), "out 2 refused: F08 InsufficientBalanceError");
}

/// Hears a transfer that its bounds do not allow, and allows it too late.
fn refuses_at_first(solo: &mut Solo, n: u32) {
    assert_eq!(solo.refuses(Solo::transfer(n, 2_000_000)), "InsufficientBalanceError");
    solo.side.sets_bounds(-2_000_000, 2_000_000);
}

#[test]
fn what_was_refused_is_remembered_while_there_are_two_connections() {
    let mut equal = Solo::equal();
    equal.is_joined_again();
    refuses_at_first(&mut equal, 2);
    equal.is_joined_again();
    assert_eq!(equal.refuses(Solo::transfer(2, 2_000_000)), "NotAcceptedError");
    equal.side.disconnected(ConnectionId(2));
    assert_eq!(equal.refuses(Solo::transfer(2, 2_000_000)), "NotAcceptedError", "two are left");
    equal.side.disconnected(ConnectionId(1));
    equal.accepts(Solo::transfer(2, 2_000_000));
}

#[test]
fn what_was_refused_when_there_was_one_connection_was_read_in_order() {
    let mut equal = Solo::equal();
    refuses_at_first(&mut equal, 2);
    equal.is_joined_again();
    equal.accepts(Solo::transfer(2, 2_000_000));
}

#[test]
fn a_host_judges_what_another_of_its_clients_was_refused() {
    let mut shop = Solo::shop();
    shop.is_joined_again();
    refuses_at_first(&mut shop, 2);
    shop.is_joined_again();
    shop.accepts(Solo::transfer(2, 2_000_000));
}

#[test]
fn what_was_taken_once_is_answered_as_then_although_another_of_its_id_was_refused() {
    let mut equal = Solo::equal();
    equal.is_joined_again();
    equal.accepts(Solo::transfer(2, 10));
    assert_eq!(equal.refuses(Solo::transfer(2, 11)), "DuplicateIdError");
    equal.is_joined_again();
    equal.accepts(Solo::transfer(2, 10));
    assert_eq!(equal.side.balance(), 10);
}

#[test]
fn only_so_many_refused_transfers_are_remembered_as_may_be_in_flight() {
    let mut equal = Solo::equal();
    let config = with(equal.side.config().clone(), |config| config.limits.in_flight_requests = 1);
    equal = Solo::new(config);
    equal.is_joined();
    equal.is_joined_again();
    refuses_at_first(&mut equal, 2);
    equal.side.sets_bounds(-1_000_000, 1_000_000);
    refuses_at_first(&mut equal, 3);
    equal.is_joined_again();
    assert_eq!(equal.refuses(Solo::transfer(2, 2_000_000)), "NotAcceptedError");
    equal.accepts(Solo::transfer(3, 2_000_000));
}

#[test]
fn who_left_a_connection_is_let_in_where_there_is_room_for_one() {
    let mut pair = in_memory();
    pair.shop = Side::new(with(pair.shop.config().clone(), |config| config.limits.connections = 1));
    pair = pair.after_connecting();
    pair.cut_noticed_after(seconds(60), seconds(0));
    pair.connect();
    pair.drive();
    assert_eq!(pair.shop.events(), ["disconnected", "connected"], "the shop had not noticed");
    assert_eq!(pair.customer.events(), ["disconnected", "connected"]);
}

#[test]
fn others_who_share_the_account_keep_theirs() {
    let mut pair = in_memory().keeping_ledgers().after_connecting();
    pair.add_other();
    pair.cut_noticed_after(seconds(60), seconds(0));
    pair.connect();
    pair.drive();
    assert_eq!(pair.others[0].events(), [""; 0]);
    assert_eq!(pair.shop.session.connections().count(), 2);
}
