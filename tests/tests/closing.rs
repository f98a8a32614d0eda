//! How a session ends: nothing new is taken on, what was accepted is answered.

use trustline_core::session::{ConnectionId, DisconnectReason, ErrorName, MessageError, PrepareFailure};
use trustline_core::wire::{Body, Entry};
use trustline_tests::{Pair, START, Solo, custom, fulfillment, millis, no_data, payment, seconds, transfer_id};

fn closed(connection: ConnectionId) -> (ConnectionId, DisconnectReason) {
    (connection, DisconnectReason::Closed)
}

#[test]
fn who_waits_for_nothing_closes_at_once() {
    let mut shop = Solo::shop();
    shop.side.closes();
    assert_eq!(shop.side.take_disconnects(), [closed(shop.connection)]);
    assert_eq!(shop.side.events(), ["disconnected"]);
    assert_eq!(shop.side.deadline(), None);
    assert!(shop.side.session.is_closing());
}

#[test]
fn all_connections_are_closed() {
    let mut shop = Solo::shop();
    shop.is_joined_again();
    shop.side.closes();
    assert_eq!(shop.side.take_disconnects(), [closed(ConnectionId(1)), closed(ConnectionId(2))]);
}

#[test]
fn without_a_connection_there_is_nothing_to_close() {
    let mut shop = Solo::shop();
    shop.is_left();
    shop.side.closes();
    assert_eq!(shop.side.take_disconnects(), []);
    assert_eq!(shop.side.deadline(), None);
}

#[test]
fn who_closes_asks_for_nothing_more() {
    let mut shop = Solo::shop();
    shop.side.pays(1, 10);
    shop.side.closes();
    let prepare = payment(2, 10, START.saturating_add(seconds(30)));
    let refused = shop.side.attempt(|session, now| session.prepare(prepare, now));
    assert_eq!(refused, Err(PrepareFailure::Closing));
    let refused = shop.side.attempt(|session, now| session.transfer(transfer_id(2), 10, &no_data(), now));
    assert_eq!(refused, Err(PrepareFailure::Closing));
    let refused = shop.side.attempt(|session, now| session.message(custom("{}"), now));
    assert_eq!(refused, Err(MessageError::Closing));
}

#[test]
fn who_closes_takes_nothing_new_on() {
    let mut shop = Solo::shop();
    shop.side.pays(1, 10);
    shop.side.closes();
    assert_eq!(shop.refuses(Solo::prepare(2, 10)), "UnreachableError", "which may be tried again elsewhere, or later");
    assert_eq!(shop.refuses(Solo::transfer(2, 10)), "UnreachableError");
    assert_eq!(shop.refuses(Body::Message(custom("{}"))), "UnreachableError");
    // What costs nothing is answered.
    shop.accepts(Solo::message(Entry::octets("balance", vec![0])));
    assert_eq!(shop.side.take_disconnects(), []);
}

#[test]
fn what_was_taken_on_before_is_answered_again() {
    let mut shop = Solo::shop();
    shop.accepts(Solo::prepare(1, 10));
    shop.accepts(Solo::transfer(2, 10));
    shop.side.pays(3, 10);
    shop.side.closes();
    let before = shop.side.snapshot();
    assert_eq!(shop.hears(Solo::prepare(1, 10)), ["Response"]);
    assert_eq!(shop.hears(Solo::transfer(2, 10)), ["Response"]);
    assert_eq!(shop.side.snapshot(), before);
}

#[test]
fn our_own_requests_wait_for_their_answers() {
    let mut shop = Solo::shop();
    shop.side.pays(1, 10);
    shop.side.asks(custom("{}"));
    shop.side.closes();
    shop.is_answered(Solo::response());
    assert_eq!(shop.side.take_disconnects(), []);
    shop.is_answered(Body::Response(custom("{}")));
    assert_eq!(shop.side.take_disconnects(), [closed(shop.connection)]);
    assert_eq!(shop.side.events(), ["out 1 prepared", "answered: custom {}", "disconnected"]);
    assert_eq!(shop.side.pending(), (0, 10), "its outcome follows, in another session");
}

#[test]
fn the_peers_requests_wait_for_their_answers() {
    let mut shop = Solo::shop();
    shop.hears(Body::Message(custom("{}")));
    shop.side.events();
    shop.side.closes();
    assert_eq!(shop.side.take_disconnects(), []);
    shop.side.responds(custom("{}"));
    assert_eq!(shop.talk(), ["Response: custom {}"]);
    assert_eq!(shop.side.take_disconnects(), [closed(shop.connection)]);
}

#[test]
fn a_decision_can_be_made_and_told_while_closing() {
    let mut pair = Pair::connected();
    pair.delay = millis(10);
    pair.customer.pays(1, 10);
    pair.advance(millis(50));
    pair.shop.asks(custom("{}"));
    pair.shop.closes();
    pair.shop.fulfills(1);
    pair.advance(millis(100));
    assert_eq!((pair.shop.balance(), pair.customer.balance()), (10, -10));
    assert_eq!(pair.shop.snapshot().open, [], "the Fulfill was answered");
    assert!(pair.is_connected(), "the question was not");
    pair.advance(seconds(5));
    assert!(!pair.is_connected());
    pair.assert_mirrored();
}

#[test]
fn who_is_not_answered_closes_after_the_request_timeout() {
    let mut shop = Solo::shop();
    shop.hears(Body::Message(custom("{}")));
    shop.side.closes();
    shop.side.clock(START.saturating_add(millis(4_999)));
    assert_eq!(shop.side.take_disconnects(), []);
    shop.side.clock(START.saturating_add(seconds(5)));
    assert_eq!(shop.side.take_disconnects(), [closed(shop.connection)]);
    assert_eq!(shop.side.deadline(), None);
}

#[test]
fn to_close_twice_is_to_close_once() {
    let mut shop = Solo::shop();
    shop.side.pays(1, 10);
    shop.side.closes();
    let deadline = shop.side.deadline();
    shop.side.now = START.saturating_add(seconds(3));
    shop.side.closes();
    assert_eq!(shop.side.deadline(), deadline, "the second does not gain time");
    shop.is_answered(Solo::response());
    assert_eq!(shop.side.take_disconnects(), [closed(shop.connection)]);
    shop.side.closes();
    assert_eq!(shop.side.take_disconnects(), []);
}

#[test]
fn who_comes_while_a_session_closes_does_not_stay() {
    let mut shop = Solo::shop();
    shop.hears(Body::Message(custom("{}")));
    shop.side.closes();
    shop.is_joined_again();
    shop.side.clock(START.saturating_add(seconds(5)));
    assert_eq!(shop.side.take_disconnects(), [closed(ConnectionId(1)), closed(ConnectionId(2))]);
    shop.is_joined_again();
    assert_eq!(shop.side.take_disconnects(), [closed(ConnectionId(3))]);
}

#[test]
fn the_loss_of_the_last_that_was_waited_for_closes_the_others() {
    let mut shop = Solo::shop();
    shop.hears(Body::Message(custom("{}")));
    shop.is_joined_again();
    shop.side.closes();
    shop.side.disconnected(ConnectionId(1));
    assert_eq!(shop.side.take_disconnects(), [closed(ConnectionId(2))]);
}

#[test]
fn those_that_are_given_up_together_go_for_one_reason_and_leave_nothing_to_each_other() {
    let mut shop = Solo::shop();
    shop.hears(Body::Message(custom("{}")));
    shop.side.pays(1, 10);
    shop.is_joined_again();
    shop.side.closes();
    let now = shop.side.now;
    shop.side.session.disconnect_all(&DisconnectReason::Suspended, now);
    shop.side.drain();
    let given_up = [1, 2].map(|n| (ConnectionId(n), DisconnectReason::Suspended));
    assert_eq!(shop.side.take_disconnects(), given_up);
    assert_eq!(shop.talk(), [""; 0], "what waits for an answer on the first is not asked over the second, which goes as well");
}

#[test]
fn what_is_undecided_is_there_when_the_session_starts_again() {
    let mut pair = Pair::connected();
    pair.customer.pays(1, 10);
    pair.customer.pays(2, 10);
    pair.drive();
    pair.shop.closes();
    // Without a connection too, the application may decide.
    pair.shop.attempt(|session, now| session.fulfill(transfer_id(1), fulfillment(1), &no_data(), now)).unwrap();
    pair.drive();
    assert!(!pair.is_connected());
    pair.shop.restart();
    assert!(!pair.shop.session.is_closing());
    assert_eq!(pair.shop.events(), ["in 2 prepared: 10"], "the application is asked again");
    pair.connect();
    pair.drive();
    pair.shop.fulfills(2);
    pair.drive();
    assert_eq!(pair.customer.balance(), -20);
    pair.assert_mirrored();
}

#[test]
fn what_the_peer_put_off_is_tried_again_before_closing() {
    let mut shop = Solo::shop();
    shop.accepts(Solo::prepare(1, 10));
    shop.side.fulfills(1);
    shop.side.closes();
    shop.is_answered(Solo::error(ErrorName::Unreachable));
    assert_eq!(shop.side.take_disconnects(), []);
    shop.side.clock(START.saturating_add(seconds(1)));
    shop.is_answered(Solo::response());
    assert_eq!(shop.side.take_disconnects(), [closed(shop.connection)]);
}
