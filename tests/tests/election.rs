//! Two equals that both dial keep one connection, and no payment suffers from it. The customer has the smaller address
//! (`example.customer`, `example.shop`), so it is the one that it has dialed.

use std::collections::HashSet;

use trustline_core::ledger::Authority;
use trustline_core::session::{ConnectionId, DeadlineReason, DisconnectReason, ErrorName, SessionConfig};
use trustline_core::wire::{Body, Entry};
use trustline_tests::{Pair, Role, Side, Solo, custom, ledger_info, millis, no_data, seconds, with};

/// What is asked to see whether a connection lives.
const WHO: &str = "Message: info";

/// Until a connection that was replaced is closed.
const LINGERS: std::time::Duration = seconds(5);

/// Both have dialed, and nothing has arrived yet: first the customer's connection, then the shop's.
fn dialing() -> (Pair, [ConnectionId; 2]) {
    let mut pair = Pair::equals();
    let customers = pair.connect();
    let shops = pair.connect_as(Role::Shop);
    assert_eq!(pair.arrivals(), [(customers, Role::Shop), (shops, Role::Customer)]);
    (pair, [customers, shops])
}

/// Both have dialed, and know which connection they keep; the other is still there.
fn elected() -> (Pair, [ConnectionId; 2]) {
    let (mut pair, connections) = dialing();
    pair.drive();
    pair.forget_talk();
    (pair, connections)
}

fn connections(side: &Side) -> Vec<ConnectionId> {
    side.session.connections().collect()
}

#[track_caller]
fn assert_kept(pair: &Pair, kept: ConnectionId) {
    assert_eq!((connections(&pair.shop), connections(&pair.customer)), (vec![kept], vec![kept]));
}

// Which connection is kept.

#[test]
fn both_ask_whether_the_first_in_rank_lives_and_close_the_other() {
    let (mut pair, [kept, other]) = dialing();
    pair.drive();
    let talk = pair.talk();
    assert_eq!(talk.iter().filter(|line| line.ends_with(WHO)).count(), 2, "each asks once: {talk:?}");
    assert!(
        talk.contains(&"shop: Response: info example.shop".to_owned())
            && talk.contains(&"customer: Response: info example.customer".to_owned())
    );
    assert_eq!((connections(&pair.shop), connections(&pair.customer)), (vec![other, kept], vec![kept, other]));
    pair.advance(LINGERS);
    assert_kept(&pair, kept);
    assert!(pair.is_connected());
    assert_eq!(pair.talk(), [""; 0]);
}

/// Goes all the ways in which frames can arrive, to their ends. `begins` is called when a side has its first connection.
fn in_every_order(mut begins: impl FnMut(&mut Pair, Role), mut ends: impl FnMut(Pair, [ConnectionId; 2])) {
    let (mut seen, mut paths) = (HashSet::new(), vec![Vec::new()]);
    while let Some(path) = paths.pop() {
        let (mut pair, connections) = dialing();
        let mut begun = [false; 2];
        for choice in &path {
            let arrivals = pair.arrivals();
            pair.arrives(arrivals[*choice]);
            for (begun, role) in begun.iter_mut().zip([Role::Shop, Role::Customer]) {
                if !*begun && pair.side(role).session.is_connected() {
                    *begun = true;
                    begins(&mut pair, role);
                }
            }
        }
        let arrivals = pair.arrivals();
        // Two orders after which everything is the same go on in the same ways.
        if !seen.insert(format!("{:?}{:?}{arrivals:?}", pair.shop, pair.customer)) {
            continue;
        }
        if arrivals.is_empty() {
            ends(pair, connections);
        }
        paths.extend((0..arrivals.len()).map(|choice| [&path[..], &[choice]].concat()));
    }
    assert!(seen.len() > 20, "there is more than one order");
}

#[test]
fn in_every_order_of_arrival_both_keep_the_connection_of_the_smaller_address() {
    in_every_order(
        |_, _| {},
        |mut pair, [kept, _]| {
            pair.advance(LINGERS);
            assert_kept(&pair, kept);
        },
    );
}

#[test]
fn in_every_order_of_arrival_payments_that_were_begun_at_once_are_paid_once() {
    in_every_order(
        |pair, role| {
            let n = if role == Role::Shop { 2 } else { 1 };
            pair.side(role).transfers(n, u64::from(10 * n));
        },
        |mut pair, [kept, _]| {
            pair.advance(LINGERS);
            assert_kept(&pair, kept);
            assert_eq!((pair.shop.balance(), pair.customer.balance()), (-10, 10));
            pair.assert_mirrored();
        },
    );
}

#[test]
fn whoever_is_the_smaller_the_connection_it_dialed_is_kept() {
    let (mut pair, [customers, shops]) = dialing();
    let swapped = |side: &Side| {
        with(side.config().clone(), |config| {
            config.account = side.config().peer_account.clone();
            config.peer_account = side.config().account.clone();
        })
    };
    let mut other = Pair::new(swapped(&pair.shop), swapped(&pair.customer));
    other.connect();
    other.connect_as(Role::Shop);
    for pair in [&mut pair, &mut other] {
        pair.advance(LINGERS);
    }
    assert_kept(&pair, customers);
    assert_kept(&other, shops);
}

#[test]
fn who_dials_again_means_the_newer_connection() {
    for dialer in [Role::Customer, Role::Shop] {
        let mut pair = Pair::equals();
        pair.connect_as(dialer);
        pair.drive();
        // It has noticed that its connection broke; the other will do so in an hour.
        let hour = seconds(3600);
        let notices = if dialer == Role::Shop { [seconds(0), hour] } else { [hour, seconds(0)] };
        pair.cut_off(Role::Customer, notices[0], notices[1]);
        let newer = pair.connect_as(dialer);
        pair.advance(LINGERS);
        assert_kept(&pair, newer);
    }
}

#[test]
fn equals_that_lose_each_other_and_dial_at_once_elect_again() {
    let (mut pair, _) = elected();
    for _ in 0..3 {
        pair.cut();
        assert_eq!(connections(&pair.shop), []);
        pair.connect_as(Role::Shop);
        let kept = pair.connect();
        pair.advance(LINGERS);
        assert_kept(&pair, kept);
    }
}

// A connection that only one side believes in.

#[test]
fn a_connection_that_only_one_side_believes_in_gives_way_though_it_is_the_first_in_rank() {
    let mut pair = Pair::connected_equals();
    // Only the shop has noticed that the customer's connection broke. It dials.
    pair.cut_noticed_after(seconds(0), seconds(3600));
    let shops = pair.connect_as(Role::Shop);
    pair.drive();
    pair.forget_talk();
    pair.customer.pays(1, 10);
    pair.drive();
    assert_eq!(pair.shop.events(), ["in 1 prepared: 10"], "the newest connection is used at once");
    pair.shop.fulfills(1);
    pair.advance(seconds(5));
    assert_kept(&pair, shops);
    assert_eq!(pair.customer.events(), ["out 1 prepared", "out 1 fulfilled", "disconnected"]);
    pair.assert_mirrored();
}

// No payment suffers, and no question.

#[test]
fn requests_go_over_the_connection_that_is_kept_and_what_was_asked_over_the_other_is_answered() {
    let (mut pair, [kept, other]) = dialing();
    // The shop's connection is ready first, and both use it.
    for at in [Role::Customer, Role::Shop] {
        pair.arrives((other, at));
        pair.arrivals();
    }
    pair.shop.pays(1, 10);
    pair.customer.asks(custom("\"before\""));
    pair.arrivals();
    pair.drive();
    pair.customer.asks(custom("\"after\""));
    let frames = pair.customer.take_frames();
    assert_eq!(frames[0].0, kept);
    assert_eq!(pair.shop.events(), ["connected", "connected", "request: custom \"before\"", "out 1 prepared"]);
    pair.customer.fulfills(1);
    pair.shop.responds(custom("1"));
    pair.drive();
    let told = pair.customer.events();
    assert_eq!(told.last().map(String::as_str), Some("in 1 fulfilled"));
    assert!(told.contains(&"answered: custom 1".to_owned()), "over a connection that was replaced: {told:?}");
    pair.advance(LINGERS);
    assert_kept(&pair, kept);
    pair.assert_mirrored();
}

#[test]
fn what_a_connection_that_is_not_kept_leaves_without_an_answer_is_sent_again_over_the_other() {
    for cut in [false, true] {
        let (mut pair, [kept, other]) = dialing();
        for at in [Role::Customer, Role::Shop] {
            pair.arrives((other, at));
            pair.arrivals();
        }
        pair.shop.pays(1, 10);
        pair.customer.pays(2, 20);
        pair.delay = millis(100);
        pair.arrivals();
        if cut {
            pair.cut_one(other, seconds(0), seconds(0));
        }
        pair.advance(seconds(1));
        pair.customer.fulfills(1);
        pair.shop.fulfills(2);
        pair.advance(seconds(1));
        assert_eq!((pair.shop.balance(), pair.customer.balance()), (10, -10), "cut: {cut}");
        pair.assert_mirrored();
        pair.advance(LINGERS);
        assert_kept(&pair, kept);
    }
}

#[test]
fn a_connection_that_was_replaced_takes_no_new_request_even_where_it_is_the_last() {
    let (mut pair, [kept, other]) = elected();
    pair.cut_one(kept, seconds(0), seconds(0));
    assert_eq!(connections(&pair.shop), [other]);
    assert!(!pair.shop.session.is_connected() && !pair.customer.session.is_connected(), "whoever dials should");
    let newer = pair.connect();
    pair.drive();
    assert!(pair.is_connected());
    pair.advance(LINGERS);
    assert_kept(&pair, newer);
}

// What there is to choose by.

#[test]
fn equals_of_which_one_is_configured_otherwise_keep_both_and_one_is_told() {
    let both = Pair::equals();
    let other = with(both.shop.config().clone(), |config| config.peer_account = Some("example.zoe".into()));
    let mut pair = Pair::new(other, both.customer.config().clone());
    pair.connect();
    pair.connect_as(Role::Shop);
    pair.drive();
    let told = pair.shop.events();
    let dispute = r#"Dispute(Account { ours: "example.zoe", theirs: "example.customer" })"#;
    assert_eq!(told.iter().filter(|event| *event == dispute).count(), 1, "{told:?}");
    pair.advance(seconds(60));
    // The customer knows better, and closes one; they would lose both if the shop closed the other.
    assert_eq!(connections(&pair.shop).len(), 1);
    pair.customer.transfers(1, 10);
    pair.drive();
    assert_eq!(pair.shop.balance(), 10);
}

#[test]
fn without_two_different_addresses_or_among_a_host_and_its_clients_all_connections_stay() {
    let nameless = with(SessionConfig::new(Authority::Shared), |config| config.info = Some(ledger_info()));
    let address = Some("example.same".to_owned());
    let namesakes = with(nameless.clone(), |config| {
        config.account = address.clone();
        config.peer_account = address.clone();
    });
    let [hosting, hosted] = [Authority::Ours, Authority::Theirs].map(|authority| {
        with(namesakes.clone(), |config| {
            config.authority = authority;
            config.account = Some("example.a".into());
        })
    });
    for config in [nameless, namesakes, hosting, hosted] {
        let mut solo = Solo::new(config);
        solo.is_joined();
        solo.side.accepted(ConnectionId(2), 0);
        assert_eq!(solo.talk(), ["Response"], "nobody is asked who lives");
        assert_eq!(connections(&solo.side).len(), 2);
    }
}

/// An equal that has dialed, and been dialed by the test.
fn contested() -> (Solo, ConnectionId) {
    let mut equal = Solo::equal();
    let config = with(equal.side.config().clone(), |config| config.peer_account = Some("example.shop".into()));
    equal = Solo::new(config);
    equal.side.connected(equal.connection);
    equal.is_answered(Solo::response());
    let dialed = equal.connection;
    equal.connection.0 += 1;
    equal.side.accepted(equal.connection, 0);
    equal.side.events();
    assert_eq!(equal.talk(), ["Response", WHO]);
    (equal, dialed)
}

#[test]
fn any_answer_is_a_sign_of_life() {
    for answer in [Solo::response(), Solo::error(ErrorName::NotAccepted), Body::Response(Entry::text("info", "example.shop").into())] {
        let (mut equal, dialed) = contested();
        assert_eq!(equal.asked(), [Body::Message(Entry::octets("info", vec![0]).into())]);
        equal.is_answered(answer);
        let now = equal.side.now;
        equal.side.clock(now.saturating_add(LINGERS));
        assert_eq!(equal.side.take_disconnects(), [(equal.connection, DisconnectReason::Replaced)]);
        assert_eq!(connections(&equal.side), [dialed]);
    }
}

#[test]
fn one_that_does_not_answer_is_given_up() {
    let (mut equal, dialed) = contested();
    let now = equal.side.now;
    equal.side.clock(now.saturating_add(seconds(5)));
    assert_eq!(equal.side.take_disconnects(), [(dialed, DisconnectReason::RequestTimeout)]);
    assert_eq!(connections(&equal.side), [equal.connection]);
    assert!(equal.side.session.is_connected());
}

#[test]
fn an_answer_replaces_only_those_that_were_there_when_it_was_asked_for() {
    let (mut equal, dialed) = contested();
    equal.side.disconnected(equal.connection);
    equal.connection.0 += 1;
    equal.side.accepted(equal.connection, 0);
    assert_eq!(equal.talk(), ["Response"], "one question at a time");
    // It may be from before the other end gave this connection up, and dialed.
    assert_eq!(equal.is_answered(Solo::response()), [WHO]);
    assert!(equal.side.deadline().is_some_and(|deadline| deadline.reason == DeadlineReason::Answer(dialed)));
    equal.is_answered(Solo::response());
    assert!(equal.side.deadline().is_some_and(|deadline| deadline.reason == DeadlineReason::Replaced(equal.connection)));
}

#[test]
fn of_more_than_two_the_first_in_rank_replaces_all_the_others() {
    let (mut equal, dialed) = contested();
    equal.side.accepted(ConnectionId(3), 0);
    assert_eq!(equal.talk(), ["Response"]);
    equal.is_answered(Solo::response());
    equal.is_answered(Solo::response());
    let later = equal.side.now.saturating_add(LINGERS);
    equal.side.clock(later);
    assert_eq!(connections(&equal.side), [dialed]);
}

#[test]
fn one_that_can_take_no_more_requests_is_asked_when_it_has_answered_one() {
    let mut equal = Solo::equal();
    let mut config = equal.side.config().clone();
    config.peer_account = Some("example.shop".into());
    config.limits.in_flight_requests = 1;
    equal = Solo::new(config);
    equal.side.connected(equal.connection);
    equal.is_answered(Solo::response());
    equal.side.asks(custom("{}"));
    equal.talk();
    equal.connection.0 += 1;
    equal.side.accepted(equal.connection, 0);
    assert_eq!(equal.talk(), ["Response"]);
    assert_eq!(equal.is_answered(Body::Response(no_data())), [WHO]);
}

#[test]
fn who_is_closing_asks_nobody() {
    let mut pair = Pair::connected_equals();
    pair.shop.asks(custom("{}"));
    pair.shop.closes();
    pair.connect_as(Role::Shop);
    pair.drive();
    let talk = pair.talk();
    assert!(!talk.contains(&format!("shop: {WHO}")), "{talk:?}");
    pair.advance(seconds(10));
    assert_eq!(connections(&pair.shop), []);
}
