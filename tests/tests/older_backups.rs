//! DESIGN.md, "Stores": a trustline whose journal is from an older backup than what the peer has seen must notice and stop.

use trustline_core::Limits;
use trustline_core::session::{
    Acceptance, Acceptor, AuthenticationRequest, ConnectionId, Credentials, DeadlineReason, DisconnectReason, Dispute, MessageError,
    PrepareFailure, Stopped,
};
use trustline_core::wire::Entry;
use trustline_tests::{Pair, Role, Side, Solo, no_data, payment, seconds, transfer_id};

/// Connected, and both keep ledgers that have names.
fn hosted() -> Pair {
    Pair::hosted().keeping_ledgers().after_connecting()
}

fn equals() -> Pair {
    Pair::equals().keeping_ledgers().after_connecting()
}

/// Somebody pays the shop.
fn buys(pair: &mut Pair, who: Role, n: u32) {
    pair.side(who).pays(n, 10);
    pair.drive();
    pair.shop.fulfills(n);
    pair.drive();
    pair.forget_talk();
}

/// Somebody is gone and comes back, and has told how far its ledger is.
fn reconnect(pair: &mut Pair, who: Role) {
    pair.cut_off(who, seconds(0), seconds(0));
    pair.connect_as(who);
    pair.drive();
    pair.forget_talk();
}

/// What both say when `who` dials.
fn dial(pair: &mut Pair, who: Role) -> (Vec<String>, Vec<String>) {
    pair.connect_as(who);
    pair.drive();
    (pair.side(who).events(), pair.shop.events())
}

#[track_caller]
fn assert_stopped(side: &mut Side) {
    assert!(matches!(side.session.dispute(), Some(Dispute::Rewound { .. } | Dispute::Sums { .. })));
    assert_eq!(side.session.connections().count(), 0);
    assert_eq!(side.deadline(), None);
    let prepare = payment(99, 10, side.now.saturating_add(seconds(30)));
    assert_eq!(side.attempt(|session, now| session.prepare(prepare, now)), Err(PrepareFailure::Stopped(Stopped::Dispute)));
    assert_eq!(side.attempt(|session, now| session.message(no_data(), now)), Err(MessageError::Stopped(Stopped::Dispute)));
}

// What is said.

#[test]
fn each_connection_begins_with_a_comparison() {
    let mut pair = Pair::hosted().keeping_ledgers();
    pair.connect();
    pair.drive();
    let authentication = "customer: Message: auth, auth_username alice, auth_token, trustline";
    assert_eq!(pair.talk()[..4], [authentication, "shop: Response: trustline", "customer: Message: trustline", "customer: Message: info"]);
    assert_eq!((pair.customer.events().len(), pair.shop.events().len()), (2, 1), "it is no news for the application");
}

#[test]
fn who_keeps_nothing_says_nothing_and_is_told_nothing() {
    for (shop_keeps, customer_keeps) in [(false, false), (false, true), (true, false)] {
        let mut pair = Pair::hosted();
        if shop_keeps {
            pair.shop = pair.shop.keeping_ledger(1);
        }
        if customer_keeps {
            pair.customer = pair.customer.keeping_ledger(2);
        }
        pair.connect();
        pair.drive();
        let talk = pair.talk();
        assert_eq!(talk[0].ends_with("trustline"), customer_keeps, "{talk:?}");
        assert!(!talk[1..].iter().any(|line| line.ends_with("trustline")), "{talk:?}");
        buys(&mut pair, Role::Customer, 1);
        pair.assert_mirrored();
    }
}

#[test]
fn positions_are_told_while_the_ledgers_change_and_before_a_side_closes() {
    let mut pair = hosted();
    buys(&mut pair, Role::Customer, 1);
    let interval = Limits::default().position_interval;
    assert_eq!(pair.customer.deadline().map(|deadline| deadline.reason), Some(DeadlineReason::Position));
    pair.advance(interval);
    assert_eq!(pair.talk(), ["customer: Message: trustline", "shop: Response: trustline"]);
    // That they told each other is nothing to tell.
    pair.advance(interval * 10);
    assert_eq!((pair.talk(), pair.customer.deadline()), (vec![], None));
    buys(&mut pair, Role::Customer, 2);
    pair.customer.closes();
    pair.drive();
    assert_eq!(pair.talk(), ["customer: Message: trustline", "shop: Response: trustline"]);
    assert!(!pair.is_connected());
}

// A client's ledger.

#[test]
fn a_customer_that_was_set_back_is_told_so_and_stops() {
    let mut pair = hosted();
    buys(&mut pair, Role::Customer, 1);
    let backup = pair.customer.journal().len();
    buys(&mut pair, Role::Customer, 2);
    reconnect(&mut pair, Role::Customer);
    let (newest, lost) = (pair.customer.journal().to_vec(), pair.customer.snapshot());
    pair.restore(Role::Customer, backup);
    pair.forget_talk();
    let before = (*pair.customer.session.sums(), *pair.shop.session.sums());
    // What it noted last of the shop, it has not told any more.
    let seen = newest.len() - 1;
    let [ours, theirs] = ["Us", "Peer"].map(|who| format!("dispute: {who} rewound from {seen} to {backup}"));
    assert_eq!(
        dial(&mut pair, Role::Customer),
        (vec![ours, "disconnected".into()], vec!["connected".into(), theirs, "disconnected".into()])
    );
    assert_stopped(&mut pair.customer);
    assert_eq!((*pair.customer.session.sums(), *pair.shop.session.sums()), before, "nothing is adjusted");
    // However often it tries.
    for _ in 0..3 {
        pair.restart(Role::Customer);
        pair.forget_talk();
        let (said, _) = dial(&mut pair, Role::Customer);
        assert!(said[0].starts_with(&format!("dispute: Us rewound from {seen} to ")), "{said:?}");
    }
    // Until its newest file is back.
    pair.customer.goes_on_from(newest);
    assert_eq!(pair.customer.snapshot().sums, lost.sums);
    let (said, _) = dial(&mut pair, Role::Customer);
    assert_eq!(said[0], "connected");
    buys(&mut pair, Role::Customer, 3);
    pair.assert_mirrored();
}

#[test]
fn a_customer_that_was_set_back_and_went_on_alone_is_found_out_all_the_same() {
    let mut pair = hosted();
    buys(&mut pair, Role::Customer, 1);
    let backup = pair.customer.journal().len();
    buys(&mut pair, Role::Customer, 2);
    reconnect(&mut pair, Role::Customer);
    pair.restore(Role::Customer, backup);
    // Its number is soon higher than the one that the shop has seen.
    for minimum in 1..=10 {
        pair.customer.sets_bounds(-minimum * 1000, 1000);
    }
    pair.forget_talk();
    let (said, _) = dial(&mut pair, Role::Customer);
    assert!(said[0].starts_with("dispute: Us rewound"), "{said:?}");
    assert_stopped(&mut pair.customer);
}

#[test]
fn a_new_ledger_is_no_older_one() {
    let mut pair = hosted();
    buys(&mut pair, Role::Customer, 1);
    // The file was deleted: what it said is lost, but it is another ledger, and the shop does not take it for the old one.
    pair.customer.goes_on_from(vec![]);
    pair.cut();
    pair.forget_talk();
    let (said, heard) = dial(&mut pair, Role::Customer);
    assert_eq!((said[0].as_str(), heard), ("connected", vec!["connected".to_owned()]));
    buys(&mut pair, Role::Customer, 2);
    assert_eq!((pair.shop.balance(), pair.customer.balance()), (20, -10));
}

// A host's ledger.

#[test]
fn a_shop_that_was_set_back_says_so_and_its_customer_stops() {
    let mut pair = hosted();
    buys(&mut pair, Role::Customer, 1);
    let backup = pair.shop.journal().len();
    buys(&mut pair, Role::Customer, 2);
    reconnect(&mut pair, Role::Customer);
    pair.restore(Role::Shop, backup);
    pair.forget_talk();
    let (said, heard) = dial(&mut pair, Role::Customer);
    assert!(said[0].starts_with("dispute: Peer rewound"), "{said:?}");
    assert!(heard[0].starts_with("dispute: Us rewound"), "{heard:?}");
    assert_stopped(&mut pair.customer);
    assert_eq!(pair.shop.session.stopped(), None, "a host goes on");
}

#[test]
fn a_shop_that_was_set_back_is_found_out_after_others_have_paid() {
    let mut pair = hosted();
    pair.add_other();
    buys(&mut pair, Role::Customer, 1);
    let backup = pair.shop.journal().len();
    buys(&mut pair, Role::Customer, 2);
    reconnect(&mut pair, Role::Customer);
    pair.restore(Role::Shop, backup);
    pair.connect_as(Role::Other(0));
    pair.drive();
    for n in 10..20 {
        buys(&mut pair, Role::Other(0), n);
    }
    pair.forget_talk();
    let (said, heard) = dial(&mut pair, Role::Customer);
    assert!(said[0].starts_with("dispute: Peer rewound"), "{said:?}");
    assert!(heard[0].starts_with("dispute: Us rewound"), "{heard:?}");
    // The other has nothing to complain about.
    buys(&mut pair, Role::Other(0), 20);
    assert_eq!(pair.others[0].session.dispute(), None);
}

#[test]
fn a_shop_that_lost_its_file_does_not_have_the_money_of_its_customer() {
    let mut pair = hosted();
    buys(&mut pair, Role::Customer, 1);
    pair.shop.goes_on_from(vec![]);
    pair.cut();
    pair.forget_talk();
    let (said, heard) = dial(&mut pair, Role::Customer);
    assert_eq!(said, ["dispute: paid 10 and got 0 here, got 0 and paid 0 there", "disconnected"]);
    assert_eq!(heard, ["connected", "dispute: paid 0 and got 0 here, got 0 and paid 10 there", "disconnected"]);
    assert_stopped(&mut pair.customer);
}

#[test]
fn a_shop_that_takes_an_old_ledger_up_again_is_older_than_was_seen() {
    let mut pair = hosted();
    buys(&mut pair, Role::Customer, 1);
    let first = pair.shop.journal()[..2].to_vec();
    reconnect(&mut pair, Role::Customer);
    // Another ledger in between, of which the customer has heard last. An honest one has the money, too.
    let mut between = Side::new(pair.shop.config().clone()).keeping_ledger(0x77);
    std::mem::swap(&mut pair.shop, &mut between);
    pair.cut();
    pair.add_other();
    buys(&mut pair, Role::Other(0), 2);
    reconnect(&mut pair, Role::Customer);
    assert_eq!(pair.customer.session.dispute(), None);
    std::mem::swap(&mut pair.shop, &mut between);
    pair.shop.goes_on_from(first);
    for who in [Role::Customer, Role::Other(0)] {
        pair.cut_off(who, seconds(0), seconds(0));
    }
    pair.forget_talk();
    let (said, _) = dial(&mut pair, Role::Customer);
    assert!(said[0].starts_with("dispute: Peer rewound"), "{said:?}");
}

// Equals.

#[test]
fn of_equals_both_stop() {
    for who in [Role::Shop, Role::Customer] {
        let mut pair = equals();
        buys(&mut pair, Role::Customer, 1);
        let backup = pair.side(who).journal().len();
        buys(&mut pair, Role::Customer, 2);
        reconnect(&mut pair, Role::Customer);
        pair.restore(who, backup);
        pair.forget_talk();
        let (said, heard) = dial(&mut pair, Role::Customer);
        let (customers, shops) = if who == Role::Shop { ("Peer", "Us") } else { ("Us", "Peer") };
        assert!(said[0].starts_with(&format!("dispute: {customers} rewound")), "{said:?}");
        assert!(heard.iter().any(|event| event.starts_with(&format!("dispute: {shops} rewound"))), "{heard:?}");
        assert_stopped(&mut pair.customer);
        assert_stopped(&mut pair.shop);
        // Nor does it let anybody in.
        pair.shop.accepted(ConnectionId(99), 1);
        assert_eq!(pair.shop.take_disconnects().last(), Some(&(ConnectionId(99), DisconnectReason::Disputed)));
    }
}

// Several who share an account.

#[test]
fn of_several_customers_only_the_one_that_was_set_back_is_stopped() {
    let mut pair = hosted();
    pair.add_other();
    pair.add_other();
    let all = [Role::Customer, Role::Other(0), Role::Other(1)];
    let mut backup = 0;
    for (n, who) in (1..).zip(all.into_iter().cycle().take(9)) {
        if n == 5 {
            backup = pair.others[0].journal().len();
        }
        buys(&mut pair, who, n);
        reconnect(&mut pair, who);
    }
    assert!(all.into_iter().all(|who| pair.side(who).session.dispute().is_none()), "they differ, and none was set back");
    assert_eq!(pair.shop.events(), [""; 0]);
    pair.restore(Role::Other(0), backup);
    pair.forget_talk();
    let (said, heard) = dial(&mut pair, Role::Other(0));
    assert!(said[0].starts_with("dispute: Us rewound"), "{said:?}");
    assert!(heard[1].starts_with("dispute: Peer rewound"), "{heard:?}");
    for who in [Role::Customer, Role::Other(1)] {
        reconnect(&mut pair, who);
        assert_eq!(pair.side(who).session.dispute(), None);
    }
}

#[test]
fn somebody_without_a_ledger_leaves_the_sums_of_the_others_alone() {
    let mut pair = Pair::hosted();
    pair.shop = pair.shop.keeping_ledger(1);
    pair.connect();
    pair.drive();
    buys(&mut pair, Role::Customer, 1);
    assert!(pair.shop.snapshot().lineage.others, "money moved with somebody unknown");
    // A second process with a ledger of its own, which has none of that.
    let other = Side::new(pair.customer.config().clone()).keeping_ledger(2);
    pair.others.push(other);
    let (said, _) = dial(&mut pair, Role::Other(0));
    assert_eq!(said[0], "connected");
    buys(&mut pair, Role::Other(0), 2);
    reconnect(&mut pair, Role::Other(0));
    assert_eq!(pair.others[0].session.dispute(), None);
}

#[test]
fn who_has_paid_nothing_is_nobody_to_share_with() {
    let mut pair = hosted();
    let stranger = Side::new(pair.customer.config().clone());
    pair.others.push(stranger);
    dial(&mut pair, Role::Other(0));
    buys(&mut pair, Role::Customer, 2);
    assert!(!pair.shop.snapshot().lineage.others, "who has paid names its ledger");
    pair.others[0].pays(1, 10);
    pair.drive();
    assert!(pair.shop.snapshot().lineage.others);
}

#[test]
fn only_so_many_ledgers_are_remembered() {
    let mut pair = hosted();
    let mut config = pair.shop.config().clone();
    config.limits.peers = 3;
    pair.shop = Side::new(config).keeping_ledger(1);
    pair.cut();
    for _ in 0..4 {
        pair.add_other();
    }
    let lineage = pair.shop.snapshot().lineage;
    assert_eq!((lineage.peers.len(), lineage.others), (3, true));
    let first = pair.others[0].session.trustline().position().unwrap().ledger;
    assert!(!lineage.peers.contains_key(&first), "the one that was seen longest ago");
    // Who is forgotten is a stranger, and not suspected.
    pair.restore(Role::Other(0), 1);
    pair.forget_talk();
    let (said, _) = dial(&mut pair, Role::Other(0));
    assert_eq!(said[0], "connected");
}

// What is under way and what was cut.

#[test]
fn what_is_in_doubt_explains_a_difference() {
    let mut pair = hosted();
    pair.customer.pays(1, 10);
    pair.drive();
    pair.shop.fulfills(1);
    // The Fulfill is lost: ten are paid there and pending here.
    pair.cut();
    pair.forget_talk();
    let (said, _) = dial(&mut pair, Role::Customer);
    assert_eq!(said[..2], ["connected", "out 1 fulfilled"]);
    pair.assert_mirrored();
}

#[test]
fn what_lapsed_explains_a_difference() {
    let mut pair = hosted();
    pair.customer.pays(1, 10);
    pair.drive();
    pair.shop.fulfills(1);
    // The Fulfill is lost, and the customer has given the payment up meanwhile.
    pair.cut();
    let expiry = pair.now().saturating_add(seconds(30));
    let lapsed = pair.customer.session.trustline().clone().expire(transfer_id(1), expiry).expect("its time has come");
    let journal = [pair.customer.journal(), &[lapsed]].concat();
    pair.customer.goes_on_from(journal);
    assert_eq!(pair.customer.pending(), (0, 0));
    pair.forget_talk();
    let (said, heard) = dial(&mut pair, Role::Customer);
    assert_eq!(said[..2], ["connected", "out 1 fulfilled"], "the shop: {heard:?}");
    pair.assert_mirrored();
}

/// The customer dials over a link of its own, on which only its authentication is under way. This is what the shop hears.
fn dials_apart(pair: &mut Pair, connection: ConnectionId) -> AuthenticationRequest {
    let now = pair.now();
    pair.customer.session.handle_connected(connection, now);
    pair.customer.drain();
    let (_, frame) = pair.customer.take_frames().remove(0);
    match Acceptor::new(Limits::default(), now).handle_frame(&frame, now) {
        Acceptance::Authenticate(request) => request,
        other => panic!("no authentication: {other:?}"),
    }
}

const APART: ConnectionId = ConnectionId(77);

/// Of two connections the older one's authentication may arrive last.
#[test]
fn an_authentication_that_was_overtaken_raises_no_alarm() {
    let mut pair = hosted();
    let late = dials_apart(&mut pair, APART);
    pair.customer.disconnected(APART);
    for n in 1..4 {
        buys(&mut pair, Role::Customer, n);
        reconnect(&mut pair, Role::Customer);
    }
    let before = pair.shop.snapshot();
    pair.shop.accepted_with(APART, &late);
    assert_eq!(pair.shop.events(), ["disconnected", "connected"], "which is the newer, nobody can tell");
    assert_eq!(pair.shop.snapshot(), before, "what was seen later is not replaced");
}

/// And so may its answer.
#[test]
fn an_answer_that_was_overtaken_raises_no_alarm() {
    let mut pair = hosted();
    buys(&mut pair, Role::Customer, 1);
    let request = dials_apart(&mut pair, APART);
    pair.shop.accepted_with(APART, &request);
    let (_, late) = pair.shop.take_frames().remove(0);
    // Meanwhile ten more are paid over newer connections, and the customer hears how far the shop is by now.
    pair.connect();
    pair.drive();
    buys(&mut pair, Role::Customer, 2);
    reconnect(&mut pair, Role::Customer);
    pair.forget_talk();
    pair.customer.frame(APART, &late);
    assert_eq!(pair.customer.events(), ["connected"]);
    assert_eq!(pair.customer.session.dispute(), None);
}

// Garbage.

#[test]
fn an_entry_that_cannot_be_read_is_as_good_as_none() {
    let mut shop = Solo::shop();
    shop.side = Side::new(shop.side.config().clone()).keeping_ledger(1);
    for (n, garbage) in (10..).zip([&b""[..], b"\x01", b"\x02\x00", &[1; 105], &[0xff; 200]]) {
        let credentials = Credentials { protocol_data: Entry::octets("trustline", garbage.to_vec()).into(), ..Credentials::default() };
        shop.side.accepted_with(ConnectionId(n), &AuthenticationRequest { request_id: 1, credentials });
        assert_eq!(shop.side.events(), ["connected"]);
        assert_eq!(shop.side.said(), ["Response"], "{garbage:?}");
        assert_eq!(shop.side.snapshot().lineage.peers.len(), 0);
    }
    shop.is_joined();
    assert_eq!(shop.refuses(Solo::message(Entry::octets("trustline", b"\x01".to_vec()))), "NotAcceptedError");
    let mut nameless = Solo::shop();
    assert_eq!(nameless.refuses(Solo::message(Entry::octets("trustline", b"\x01".to_vec()))), "NotAcceptedError");
}

#[test]
fn a_host_does_not_stop_whatever_is_claimed() {
    let mut pair = hosted();
    buys(&mut pair, Role::Customer, 1);
    let position = pair.shop.session.trustline().position().unwrap();
    // A customer that claims to have seen what never was.
    let mut liar = Side::new(pair.customer.config().clone()).keeping_ledger(9);
    let mut seen = position;
    seen.sequence = u64::MAX;
    let effect = liar.session.trustline().clone().see_peer(seen, liar.now).unwrap();
    let journal = [liar.journal(), &[effect]].concat();
    liar.goes_on_from(journal);
    pair.others.push(liar);
    let (said, heard) = dial(&mut pair, Role::Other(0));
    assert!(said[0].starts_with("dispute: Peer rewound"), "{said:?}");
    assert!(heard[0].starts_with("dispute: Us rewound"), "{heard:?}");
    assert_eq!(pair.shop.session.stopped(), None);
    buys(&mut pair, Role::Customer, 2);
    pair.assert_mirrored();
}
