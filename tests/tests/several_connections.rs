//! PROTOCOL.md section 2, last point: several connections to one account, as all customers of the tutorial's shop share
//! the one with the empty token.

use trustline_core::session::{ConnectionId, DisconnectReason, ErrorName, subprotocol};
use trustline_core::wire::Body;
use trustline_tests::{Pair, Role, Side, Solo, custom, describe_frame, millis, seconds};

/// A shop, its customer, and two others who share the customer's account.
fn crowd() -> Pair {
    let mut pair = Pair::connected();
    pair.add_other();
    pair.add_other();
    pair
}

#[test]
fn an_answer_goes_to_who_asked() {
    let mut pair = crowd();
    pair.others[0].asks(subprotocol::balance_request());
    pair.customer.asks(subprotocol::limit_request());
    pair.drive();
    assert_eq!(pair.others[0].events(), ["answered: balance"]);
    assert_eq!(pair.customer.events(), ["answered: limit \"1000000\""]);
    assert_eq!(pair.others[1].events(), [""; 0]);
}

#[test]
fn the_applications_answer_goes_to_who_asked_in_whatever_order() {
    let mut pair = crowd();
    pair.customer.asks(custom("\"first\""));
    pair.others[0].asks(custom("\"second\""));
    pair.drive();
    assert_eq!(pair.shop.events(), ["request: custom \"first\"", "request: custom \"second\""]);
    let (first, second) = (pair.shop.token(), pair.shop.token());
    pair.shop.attempt(|session, now| session.respond(second, custom("2"), now)).unwrap();
    pair.shop.attempt(|session, now| session.respond(first, custom("1"), now)).unwrap();
    pair.drive();
    assert_eq!(pair.customer.events(), ["answered: custom 1"]);
    assert_eq!(pair.others[0].events(), ["answered: custom 2"]);
}

#[test]
fn an_answer_for_who_has_left_goes_nowhere() {
    let mut shop = Solo::shop();
    shop.hears(Body::Message(custom("{}")));
    shop.side.events();
    let token = shop.side.token();
    shop.is_left();
    shop.is_joined_again();
    let before = shop.side.snapshot();
    shop.side.attempt(|session, now| session.respond(token, custom("{}"), now)).unwrap();
    assert_eq!(shop.talk(), [""; 0]);
    assert_eq!(shop.side.snapshot(), before);
}

#[test]
fn an_outcome_goes_over_the_connection_that_brought_the_prepare() {
    let mut pair = crowd();
    pair.others[0].pays(1, 10);
    pair.customer.pays(2, 20);
    pair.others[1].pays(3, 30);
    pair.drive();
    pair.shop.fulfills(3);
    pair.shop.rejects(2);
    pair.shop.fulfills(1);
    pair.drive();
    assert_eq!(pair.others[0].events(), ["out 1 prepared", "out 1 fulfilled"]);
    assert_eq!(pair.customer.events(), ["out 2 prepared", "out 2 rejected: F99 Application Error"]);
    assert_eq!(pair.others[1].events(), ["out 3 prepared", "out 3 fulfilled"]);
    assert!(!pair.talk().iter().any(|line| line.contains("Error:")), "nobody is asked about what is not its own");
    assert_eq!(pair.shop.balance(), 40, "they share one account");
    assert_eq!(pair.shop.snapshot().open, []);
}

#[test]
fn an_expiry_is_told_to_who_paid() {
    let mut pair = crowd();
    pair.customer.pays(1, 10);
    pair.advance(seconds(30));
    assert_eq!(pair.customer.events(), ["out 1 prepared", "out 1 rejected: R00 Transfer Timed Out"]);
    assert_eq!(pair.others[1].events(), [""; 0]);
}

#[test]
fn an_outcome_whose_connection_is_gone_goes_over_the_newest() {
    let mut shop = Solo::shop();
    shop.accepts(Solo::prepare(1, 10));
    let payer = shop.connection;
    shop.is_joined_again();
    shop.is_joined_again();
    shop.side.disconnected(payer);
    shop.side.fulfills(1);
    let frames = shop.side.take_frames();
    let over: Vec<_> = frames.iter().map(|(connection, _)| *connection).collect();
    assert_eq!(over, [ConnectionId(3)]);
}

#[test]
fn what_was_not_acknowledged_goes_over_the_newest_when_its_connection_breaks() {
    let mut shop = Solo::shop();
    for n in 1..=3 {
        shop.accepts(Solo::prepare(n, 10));
    }
    let payer = shop.connection;
    shop.is_joined_again();
    shop.side.fulfills(2);
    shop.side.rejects(1);
    shop.side.fulfills(3);
    let first: Vec<_> = shop.side.take_frames();
    assert!(first.iter().all(|(connection, _)| *connection == payer));
    shop.side.disconnected(payer);
    let again = shop.side.take_frames();
    assert!(again.iter().all(|(connection, _)| *connection == shop.connection));
    assert_eq!(words(&again), ["Fulfill 2", "Reject 1: F99 Application Error", "Fulfill 3"], "in their first order");
}

#[test]
fn what_several_leave_at_once_is_sent_again_in_its_order_and_not_over_each_other() {
    let given_up: [fn(&mut Side); 2] = [
        |shop| {
            shop.session.disconnect_all(&DisconnectReason::Suspended, shop.now);
            shop.drain();
        },
        |shop| shop.clock(shop.now.saturating_add(seconds(5))),
    ];
    for give_up in given_up {
        let mut shop = Solo::shop();
        shop.side.pays(1, 10);
        shop.is_joined_again();
        shop.side.pays(2, 10);
        shop.talk();
        give_up(&mut shop.side);
        assert_eq!((shop.talk(), shop.side.take_disconnects().len()), (vec![], 2));
        shop.side.accepted(ConnectionId(3), 0);
        assert_eq!(shop.talk(), ["Response", "Prepare 1: 10", "Prepare 2: 10"]);
    }
}

fn words(frames: &[(ConnectionId, bytes::Bytes)]) -> Vec<String> {
    frames.iter().map(|(_, frame)| describe_frame(frame)).collect()
}

#[test]
fn a_repeat_of_the_prepare_shows_where_its_payer_is_now() {
    let mut shop = Solo::shop();
    shop.accepts(Solo::prepare(1, 10));
    // The payer has come back before its old connection was noticed to be dead; then someone else comes.
    shop.is_joined_again();
    shop.accepts(Solo::prepare(1, 10));
    let payer = shop.connection;
    shop.is_joined_again();
    shop.side.fulfills(1);
    let frames = shop.side.take_frames();
    assert_eq!(frames.iter().map(|(connection, _)| *connection).collect::<Vec<_>>(), [payer]);
}

#[test]
fn a_payer_that_shows_itself_where_there_is_room_is_told_there() {
    let mut shop = Solo::shop_with(|config| config.limits.in_flight_requests = 1);
    shop.accepts(Solo::prepare(1, 10));
    shop.accepts(Solo::prepare(2, 10));
    shop.side.fulfills(1);
    shop.side.fulfills(2);
    assert_eq!(shop.talk(), ["Fulfill 1"], "and no more before that is answered");
    shop.is_joined_again();
    assert_eq!(shop.hears(Solo::prepare(2, 10)), ["Error: F07 AlreadyFulfilledError", "Fulfill 2"]);
}

#[test]
fn other_requests_go_over_the_newest() {
    let mut pair = crowd();
    pair.shop.pays(1, 10);
    pair.shop.asks(custom("{}"));
    pair.drive();
    assert_eq!(pair.others[1].events(), ["in 1 prepared: 10", "request: custom {}"]);
    assert_eq!((pair.customer.events(), pair.others[0].events()), (vec![], vec![]));
}

#[test]
fn when_the_newest_leaves_the_one_before_takes_its_place() {
    let mut shop = Solo::shop();
    shop.is_joined_again();
    shop.side.pays(1, 10);
    let prepare = shop.side.take_frames();
    assert_eq!(prepare[0].0, ConnectionId(2));
    shop.side.disconnected(ConnectionId(2));
    let again = shop.side.take_frames();
    assert_eq!((again.len(), again[0].0), (1, ConnectionId(1)), "at once, over the one that is left");
    assert_eq!(words(&again), words(&prepare));
    shop.side.pays(2, 10);
    assert_eq!(shop.side.take_frames()[0].0, ConnectionId(1));
}

#[test]
fn an_answer_counts_only_on_the_connection_that_was_asked() {
    let mut shop = Solo::shop();
    shop.side.pays(1, 10);
    let frames = shop.side.take_frames();
    let request_id = u32::from_be_bytes(frames[0].1[1..5].try_into().unwrap());
    shop.is_joined_again();
    let before = shop.side.snapshot();
    // In JavaScript, the strangers' errors come back like this, and count.
    shop.side.receives(shop.connection, request_id, Solo::error(ErrorName::TransferNotFound));
    assert_eq!(shop.side.snapshot(), before);
    assert_eq!(shop.side.session.violations().unsolicited, 1);
    assert_eq!(shop.side.events(), [""; 0]);
    shop.side.receives(ConnectionId(1), request_id, Solo::response());
    assert_eq!(shop.side.events(), ["out 1 prepared"]);
}

/// Whatever was asked, and whatever the other says, under every number that a request could have.
#[test]
fn no_answer_of_another_connection_counts() {
    let mut shop = Solo::shop();
    for n in [1, 2] {
        shop.accepts(Solo::prepare(n, 10));
    }
    shop.side.fulfills(1);
    shop.side.rejects(2);
    shop.side.pays(3, 10);
    shop.side.transfers(4, 10);
    shop.side.asks(custom("\"who?\""));
    shop.side.drain();
    let asked = shop.side.session.in_flight();
    assert_eq!(asked, 5);
    shop.is_joined_again();
    let before = (shop.side.snapshot(), shop.side.deadline());
    let names = [ErrorName::Unreachable, ErrorName::TransferNotFound, ErrorName::AlreadyFulfilled, ErrorName::AlreadyRolledBack];
    for answer in names.map(Solo::error).into_iter().chain([Solo::response()]) {
        for request_id in (0..100).chain([u32::MAX]) {
            shop.side.receives(shop.connection, request_id, answer.clone());
        }
    }
    assert_eq!((shop.side.snapshot(), shop.side.deadline()), before);
    assert_eq!((shop.side.events(), shop.side.said()), (vec![], vec![]));
    assert_eq!((shop.side.session.in_flight(), shop.side.session.violations().unsolicited), (asked, 5 * 101));
}

#[test]
fn a_stranger_that_does_not_know_a_transfer_proves_nothing() {
    let mut pair = crowd();
    pair.customer.pays(1, 10);
    pair.drive();
    pair.forget_talk();
    pair.cut();
    pair.shop.fulfills(1);
    pair.drive();
    let talk = pair.talk();
    let errors = talk.iter().filter(|line| line.ends_with("Error: F03 TransferNotFoundError")).count();
    assert_eq!((talk.len(), errors), (4, 2), "each of the others is asked once: {talk:?}");
    assert!(!pair.shop.events().iter().any(|event| event.starts_with("dispute")));
    assert_eq!(pair.shop.balance(), 10, "ours stands");

    pair.connect();
    pair.drive();
    assert_eq!(pair.customer.events().last().map(String::as_str), Some("out 1 fulfilled"));
    assert_eq!(pair.customer.balance(), -10);
    pair.assert_mirrored();
}

#[test]
fn who_is_paid_speaks_for_the_account() {
    let mut pair = crowd();
    pair.shop.pays(1, 10);
    pair.drive();
    pair.others[1].fulfills(1);
    pair.drive();
    assert_eq!(pair.shop.balance(), -10);
    assert_eq!(pair.others[1].balance(), 10);
    assert_eq!(pair.shop.snapshot().open, []);
}

fn fulfill_what_came(shop: &mut Side) {
    for event in shop.events() {
        if let Some((n, _)) = event.strip_prefix("in ").and_then(|event| event.split_once(" prepared")) {
            shop.fulfills(n.parse().unwrap());
        }
    }
}

#[test]
fn customers_that_come_and_go_lose_nothing() {
    let mut pair = crowd();
    pair.delay = millis(10);
    for n in 0..30 {
        let role = [Role::Customer, Role::Other(0), Role::Other(1)][n as usize % 3];
        pair.side(role).pays(n, 10);
        pair.advance(millis(7));
        fulfill_what_came(&mut pair.shop);
        if n % 3 == 2 {
            pair.cut();
            pair.connect();
            pair.advance(millis(50));
        }
    }
    pair.advance(seconds(1));
    fulfill_what_came(&mut pair.shop);
    pair.advance(seconds(60));
    let balances: i128 = [Role::Customer, Role::Other(0), Role::Other(1)].map(|role| pair.side(role).balance()).iter().sum();
    assert_eq!(pair.shop.balance(), -balances, "what they paid is what the shop got");
    assert_eq!(pair.shop.balance(), 300);
    assert_eq!(pair.shop.snapshot().open, []);
    assert_eq!(pair.shop.session.violations().unsolicited, 0);
}

#[test]
fn a_customer_that_puts_us_off_delays_nobody_else() {
    let mut shop = Solo::shop();
    shop.accepts(Solo::prepare(1, 10));
    let slow = shop.connection;
    shop.is_joined_again();
    shop.accepts(Solo::prepare(2, 10));
    shop.side.fulfills(1);
    shop.is_answered(Solo::error(ErrorName::Unreachable));
    shop.side.fulfills(2);
    assert_eq!(words(&shop.side.take_frames()), ["Fulfill 2"], "it does not wait for the second attempt");
    shop.side.pays(3, 10);
    assert_eq!(words(&shop.side.take_frames()), ["Prepare 3: 10"]);
    let now = shop.side.now;
    shop.side.clock(now.saturating_add(seconds(1)));
    let again = shop.side.take_frames();
    assert_eq!((again[0].0, words(&again)), (slow, vec!["Fulfill 1".to_string()]));
}

/// Found by the simulator: the host's sums tell one of several payers nothing, and that was taken for a dispute.
#[test]
fn a_payer_that_waits_longer_than_the_host_asks_about_its_payment_and_wrongs_nobody() {
    let mut pair = crowd();
    pair.others[0].pays(1, 7);
    pair.drive();
    pair.shop.fulfills(1);
    pair.drive();
    // Its payment expires in 45 s by the shop's clock, and 30 s by its own.
    pair.customer_ahead = 15_000;
    pair.advance(seconds(0));
    pair.customer.pays(2, 10);
    pair.drive();
    pair.forget_talk();

    pair.advance(seconds(40));
    let asked = ["customer: Message: balance, sums", "shop: Response: balance, sums", "customer: Prepare 2: 10", "shop: Response"];
    assert_eq!(pair.talk(), asked);
    assert_eq!((pair.customer.events(), pair.customer.pending()), (vec!["out 2 prepared".to_owned()], (0, 10)));
    pair.advance(seconds(5));
    assert_eq!(pair.talk(), ["shop: Reject 2: R00 Transfer Timed Out", "customer: Response"]);
    assert_eq!(pair.customer.events(), ["out 2 rejected: R00 Transfer Timed Out"]);
}

/// Why a host must not pay those who share an account, as its documentation says.
#[test]
fn two_who_share_an_account_may_both_believe_that_the_host_has_paid_them() {
    let mut pair = Pair::connected();
    pair.add_other();
    pair.delay = millis(50);
    pair.shop.pays(1, 10);
    pair.advance(millis(60));
    pair.cut_off(Role::Other(0), millis(0), millis(0));
    pair.advance(millis(60));
    assert_eq!(pair.others[0].events(), ["in 1 prepared: 10", "disconnected"]);
    assert_eq!(pair.customer.events(), ["in 1 prepared: 10"], "the host had no answer, and asked again");
    pair.customer.fulfills(1);
    pair.others[0].fulfills(1);
    pair.connect_as(Role::Other(0));
    pair.advance(seconds(1));
    assert_eq!((pair.shop.balance(), pair.customer.balance(), pair.others[0].balance()), (-10, 10, 10));
}
