//! PROTOCOL.md section 5: what the JavaScript peer gets wrong, row by row, with ours doing right.
//!
//! Here is what the core has to do with each. Where the row is about processes and sockets, `shop_survives.rs` runs
//! our shop and customer as processes, and `src/contract` runs every adapter; the comment above such a row says which.

use std::time::Duration;

use trustline_core::Limits;
use trustline_core::session::{Acceptance, Acceptor, ConnectionId, Credentials, ErrorName, Token};
use trustline_core::wire::{Body, Entry, Packet, ProtocolData};
use trustline_tests::{Pair, Role, START, Side, Solo, TOKEN, custom, millis, no_data, payment, reason, seconds, transfer_id, with};

fn auth(token: &str) -> Body {
    Body::Message(ProtocolData::from(vec![Entry::octets("auth", vec![]), Entry::text("auth_token", token)]))
}

fn encode(body: Body) -> Vec<u8> {
    Packet { request_id: 7, body }.encode().unwrap().into()
}

// "The same Prepare replayed 10 times: 10 letters for one payment."

#[test]
fn a_prepare_replayed_ten_times_is_one_payment() {
    let mut shop = Solo::shop();
    for _ in 0..5 {
        shop.accepts(Solo::prepare(1, 10));
    }
    assert_eq!(shop.side.events(), ["in 1 prepared: 10"], "the application hears of it once");
    assert_eq!(shop.side.pending(), (10, 0));
    shop.side.fulfills(1);
    for _ in 0..5 {
        assert_eq!(shop.refuses(Solo::prepare(1, 10)), "AlreadyFulfilledError");
    }
    shop.is_answered(Solo::response());
    assert_eq!(shop.side.balance(), 10);
    // Nor long after: what is forgotten is refused as expired.
    shop.side.clock(START.saturating_add(seconds(3 * 60 * 60)));
    shop.accepts(Body::Prepare(payment(2, 10, shop.side.now.saturating_add(seconds(30)))));
    assert_eq!(shop.refuses(Solo::prepare(1, 10)), "NotAcceptedError");
}

// "An over-limit Prepare sent twice under one id: second is accepted and fulfilled beyond the limit."

#[test]
fn a_prepare_over_the_limit_is_refused_however_often_it_is_sent() {
    let mut shop = Solo::shop();
    shop.side.sets_bounds(0, 25);
    shop.accepts(Solo::prepare(1, 20));
    shop.side.fulfills(1);
    shop.is_answered(Solo::response());
    for _ in 0..10 {
        assert_eq!(shop.refuses(Solo::prepare(2, 10)), "InsufficientBalanceError");
        assert!(shop.side.session.trustline().open_transfer(&transfer_id(2)).is_none());
    }
    assert_eq!((shop.side.balance(), shop.side.pending()), (20, (0, 0)));
}

// "Client connects and is silent 2 s; first frame garbage; payment too small: the shop process dies."
// That the process lives: tests/shop_survives.rs,
// `who_says_nothing_is_shown_out_after_two_seconds_whoever_else_authenticates`,
// `a_first_frame_that_is_no_authentication_harms_nobody_else`, `a_payment_that_buys_nothing_is_rejected_with_its_reason`.

#[test]
fn a_silent_client_has_a_deadline_and_no_part_in_the_session() {
    let mut pair = Pair::connected();
    let mut silent = pair.customer.config().clone();
    // Whoever hangs up, it is not the client.
    silent.limits.authentication_timeout = seconds(3600);
    pair.others.push(Side::new(silent));
    pair.connect_as(Role::Other(0));
    pair.others[0].take_frames();
    let before = pair.shop.snapshot();
    pair.advance(millis(1_999));
    assert_eq!(pair.others[0].session.connections().count(), 1);
    pair.advance(millis(1));
    assert_eq!(pair.others[0].session.connections().count(), 0, "it was shown out");
    assert_eq!((pair.shop.snapshot(), pair.shop.events(), pair.talk()), (before, vec![], vec![]));
    assert!(pair.is_connected(), "the others stay");
}

#[test]
fn garbage_as_a_first_frame_is_ignored_and_anything_else_refused() {
    let mut acceptor = Acceptor::new(Limits::default(), START);
    for garbage in [&b""[..], b"\xff\xff\xff\xff\xff\xff", b"hello", b"\x06\0\0\0\x01\x05\x04\xff\xff\xff\xff"] {
        assert_eq!(acceptor.handle_frame(garbage, START), Acceptance::Waiting);
    }
    assert!(matches!(acceptor.handle_frame(&encode(Solo::prepare(1, 10)), START), Acceptance::Refused(_)));
    let mut acceptor = Acceptor::new(Limits::default(), START);
    assert!(matches!(acceptor.handle_frame(&encode(auth(TOKEN)), START), Acceptance::Authenticate(_)));
}

#[test]
fn a_payment_too_small_is_rejected_and_the_next_one_taken() {
    let mut shop = Solo::shop();
    shop.accepts(Solo::prepare(1, 9));
    shop.side.rejects(1);
    let rejects = shop.asked();
    assert_eq!(reason(&rejects[0]).name, "Application Error");
    shop.is_answered(Solo::response());
    shop.accepts(Solo::prepare(2, 10));
    shop.side.fulfills(2);
    shop.is_answered(Solo::response());
    assert_eq!((shop.side.balance(), shop.side.pending()), (10, (0, 0)));
}

// "Limit reached; token wrong; shop gone: the client process dies; connect() never settles; no reconnect."
// The process and the dialing: tests/shop_survives.rs, `our_customer_says_what_is_wrong_and_ends`,
// `our_customer_notices_that_the_shop_is_gone`; tests/src/contract, clients and pairs/reconnecting.

#[test]
fn a_client_at_its_limit_is_told_so_and_goes_on() {
    let mut pair = Pair::connected();
    pair.shop.sets_bounds(-100, 15);
    for n in 1..=2 {
        pair.customer.pays(n, 10);
    }
    pair.drive();
    assert_eq!(pair.customer.events(), ["out 1 prepared", "out 2 refused: F08 InsufficientBalanceError"]);
    pair.shop.fulfills(1);
    pair.drive();
    pair.customer.pays(3, 5);
    pair.drive();
    pair.shop.fulfills(3);
    pair.drive();
    assert_eq!(pair.customer.balance(), -15);
    pair.assert_mirrored();
}

#[test]
fn a_client_with_a_wrong_token_is_told_so() {
    let pair = Pair::hosted();
    let credentials = Credentials { username: String::new(), token: Token::from("wrong"), protocol_data: no_data() };
    let customer = with(pair.customer.config().clone(), |config| config.credentials = credentials);
    let mut pair = Pair::new(pair.shop.config().clone(), customer);
    pair.connect();
    pair.drive();
    assert_eq!(pair.customer.events(), ["authentication refused: F00 NotAcceptedError", "disconnected"]);
    assert_eq!(pair.customer.deadline(), None);
}

#[test]
fn a_client_whose_shop_is_gone_notices_and_goes_on_where_it_was() {
    let mut pair = Pair::connected();
    pair.customer.pays(1, 10);
    pair.cut();
    assert_eq!(pair.customer.events(), ["disconnected"]);
    let refused = pair.customer.attempt(|session, now| session.message(custom("{}"), now));
    assert_eq!(refused, Err(trustline_core::session::MessageError::NotConnected));
    pair.connect();
    pair.drive();
    pair.shop.fulfills(1);
    pair.drive();
    assert_eq!(pair.customer.balance(), -10);
    pair.assert_mirrored();

    // A host that accepts the connection and says nothing is no reason to wait for ever.
    let mut customer = Solo::dialing(trustline_core::ledger::Authority::Theirs);
    customer.side.clock(START.saturating_add(seconds(2)));
    assert_eq!(customer.side.take_disconnects().len(), 1);
}

// "The answer to a Prepare is an Error: the client keeps the amount on hold for ever."

#[test]
fn an_error_to_a_prepare_releases_the_amount() {
    for name in [ErrorName::InsufficientBalance, ErrorName::NotAccepted, ErrorName::Unreachable, ErrorName::DuplicateId] {
        let mut customer = Solo::customer();
        customer.side.sets_bounds(-10, 0);
        customer.side.pays(1, 10);
        assert_eq!(customer.side.pending(), (0, 10));
        customer.is_answered(Solo::error(name));
        assert_eq!((customer.side.balance(), customer.side.pending()), (0, (0, 0)));
        assert_eq!(customer.side.snapshot().open, []);
        customer.side.pays(2, 10);
    }
}

// "Expiry more than 24.8 days away: rejected after 5 ms (timer overflow)."

#[test]
fn an_expiry_far_away_is_refused_at_once_or_kept_as_long_as_it_takes() {
    let far = seconds(25 * 24 * 60 * 60);
    let prepare = || Body::Prepare(payment(1, 10, START.saturating_add(far)));
    let mut shop = Solo::shop();
    assert_eq!(shop.refuses(prepare()), "NotAcceptedError");

    let mut patient = Solo::shop_with(|config| config.limits.furthest_expiry = far);
    patient.accepts(prepare());
    assert_eq!(patient.side.deadline().map(|deadline| deadline.at), Some(START.saturating_add(far)));
    patient.side.clock(START.saturating_add(far.saturating_sub(Duration::from_millis(1))));
    assert_eq!(patient.side.pending(), (10, 0));
    patient.side.fulfills(1);
    assert_eq!(patient.side.balance(), 10);
}

// "A client leaves and another comes; two clients at once: fulfills go to every socket, first answer wins, errors logged
// for good payments." More of it in tests/several_connections.rs.

#[test]
fn two_clients_at_once_are_told_of_their_own_payments_only() {
    let mut pair = Pair::connected();
    pair.add_other();
    for n in 0..20 {
        let role = if n % 2 == 0 { Role::Customer } else { Role::Other(0) };
        pair.side(role).pays(n, 10);
    }
    pair.drive();
    for n in (0..20).rev() {
        pair.shop.fulfills(n);
    }
    pair.drive();
    assert!(!pair.talk().iter().any(|line| line.contains("Error:")));
    for role in [Role::Customer, Role::Other(0)] {
        let fulfilled = pair.side(role).events().iter().filter(|event| event.ends_with("fulfilled")).count();
        assert_eq!((fulfilled, pair.side(role).balance()), (10, -100), "{role:?}");
    }
    assert_eq!(pair.shop.balance(), 200);
}

#[test]
fn a_client_that_comes_when_another_left_gets_the_answers_to_its_own_payments() {
    let mut pair = Pair::connected();
    pair.cut();
    pair.add_other();
    pair.others[0].pays(1, 10);
    pair.drive();
    pair.shop.fulfills(1);
    pair.drive();
    assert_eq!(pair.others[0].events(), ["out 1 prepared", "out 1 fulfilled"]);
    assert_eq!(pair.talk(), ["other 0: Prepare 1: 10", "shop: Response", "shop: Fulfill 1", "other 0: Response"]);
}

// "One client authenticates: cancels the auth timeout of every other waiting socket."
// The sockets' timers: tests/shop_survives.rs,
// `who_says_nothing_is_shown_out_after_two_seconds_whoever_else_authenticates`;
// tests/src/contract/hosts/strangers.rs.

#[test]
fn each_waiting_connection_has_its_own_deadline() {
    let mut first = Acceptor::new(Limits::default(), START);
    let second = Acceptor::new(Limits::default(), START.saturating_add(seconds(1)));
    assert!(matches!(first.handle_frame(&encode(auth(TOKEN)), START), Acceptance::Authenticate(_)));
    assert_eq!(second.deadline(), START.saturating_add(seconds(3)));
}

// "HTTP reader gone: takes the money, loses the letter."
// The reader: tests/shop_survives.rs, `no_money_is_taken_for_a_letter_that_nobody_is_there_to_read`.

#[test]
fn no_money_is_taken_before_the_application_says_so() {
    let mut shop = Solo::shop();
    shop.accepts(Solo::prepare(1, 10));
    shop.side.clock(START.saturating_add(seconds(20)));
    assert_eq!((shop.side.balance(), shop.side.pending()), (0, (10, 0)), "there is time to see whether the reader is there");
    assert_eq!(shop.talk(), [""; 0]);
    shop.side.rejects(1);
    shop.is_answered(Solo::response());
    assert_eq!((shop.side.balance(), shop.side.pending()), (0, (0, 0)));
}

// "Restart: prepared transfers and their holds are forgotten."

#[test]
fn a_restart_forgets_nothing() {
    for who in [Role::Shop, Role::Customer] {
        let mut pair = Pair::connected();
        for n in 1..=4 {
            pair.customer.pays(n, 10);
        }
        pair.drive();
        pair.shop.fulfills(1);
        pair.drive();
        let before = (pair.shop.snapshot(), pair.customer.snapshot());
        pair.restart(who);
        assert_eq!((pair.shop.snapshot(), pair.customer.snapshot()), before, "{who:?}");
        assert_eq!((pair.shop.pending(), pair.customer.pending()), ((30, 0), (0, 30)));
        pair.connect();
        pair.drive();
        pair.shop.fulfills(2);
        pair.shop.rejects(3);
        // The fourth expires, and that is noticed too.
        pair.advance(seconds(31));
        assert_eq!((pair.shop.balance(), pair.customer.balance()), (20, -20));
        pair.assert_mirrored();
    }
}

#[test]
fn what_expires_while_the_host_is_down_is_told_when_it_is_up() {
    let mut pair = Pair::connected();
    pair.customer.pays(1, 10);
    pair.drive();
    pair.restart(Role::Shop);
    pair.forget_talk();
    pair.advance(seconds(31));
    pair.connect();
    pair.drive();
    assert_eq!(pair.talk().iter().filter(|line| *line == "shop: Reject 1: R00 Transfer Timed Out").count(), 1);
    assert_eq!(pair.customer.events(), ["connected", "out 1 rejected: R00 Transfer Timed Out"]);
    pair.assert_mirrored();
}

// "Connection lost between Fulfill and its Response: the two ledgers differ for ever; nothing notices."
// Every frame boundary and every crash: tests/reconnection.rs. Any sequence of them: tests/session_laws.rs.

#[test]
fn a_connection_lost_between_fulfill_and_response_loses_nothing() {
    // After the Fulfill was sent, and after it was taken; from either side, on either kind of trustline.
    for (make, payer) in [
        (Pair::connected as fn() -> Pair, Role::Customer),
        (Pair::connected, Role::Shop),
        (Pair::connected_equals, Role::Customer),
        (Pair::connected_equals, Role::Shop),
    ] {
        for arrives in [false, true] {
            let mut pair = make();
            pair.delay = millis(10);
            let payee = if payer == Role::Shop { Role::Customer } else { Role::Shop };
            pair.side(payer).pays(1, 10);
            pair.advance(millis(50));
            pair.side(payee).fulfills(1);
            pair.advance(millis(if arrives { 15 } else { 5 }));
            pair.cut();
            assert_eq!(pair.side(payer).balance(), if arrives { -10 } else { 0 });
            pair.connect();
            pair.advance(seconds(1));
            assert_eq!((pair.side(payee).balance(), pair.side(payer).balance()), (10, -10), "{payer:?} {arrives}");
            pair.assert_mirrored();
        }
    }
}

#[test]
fn a_difference_that_a_foreign_peer_made_is_noticed_and_nothing_is_adjusted() {
    let mut shop = Solo::shop();
    shop.accepts(Solo::prepare(1, 10));
    shop.side.fulfills(1);
    shop.is_left();
    shop.is_joined_again();
    // This customer forgot its payment while it was away.
    shop.accepts(Solo::message(Entry::octets("balance", vec![0])));
    assert_eq!(shop.asked().len(), 1, "the Fulfill again");
    shop.is_answered(Solo::error(ErrorName::AlreadyRolledBack));
    assert_eq!(shop.side.events(), ["dispute: fulfill 1 denied: F06 AlreadyRolledBackError"]);
    assert_eq!(shop.side.balance(), 10);
    assert_eq!(shop.connection, ConnectionId(2));
}
