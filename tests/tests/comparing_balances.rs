//! DESIGN.md, "Money": a host that keeps no ledger with a name is compared by its balance, where nobody else moves it. The
//! test is the host.

use trustline_core::Limits;
use trustline_core::ledger::Authority;
use trustline_core::session::{ConnectionId, ErrorName, PrepareFailure, SessionConfig, Stopped};
use trustline_core::wire::{Body, Entry};
use trustline_tests::{Pair, Side, Solo, millis, payment, seconds, with};

/// A customer that has paid ten, whose account nobody else has, and which dials again.
fn exclusive_customer(pending: bool) -> Solo {
    let mut customer = Solo::customer();
    let config = with(customer.side.config().clone(), |config| config.account_is_exclusive = true);
    customer.side.pays(1, 10);
    customer.is_answered(Solo::response());
    customer.accepts(Solo::fulfill(1));
    if pending {
        customer.side.pays(2, 5);
    }
    let journal = customer.side.journal().to_vec();
    let mut again = Solo::new(config);
    again.side.goes_on_from(journal);
    again.side.connected(again.connection);
    again.is_answered(Solo::response());
    again.side.events();
    again
}

fn balance(owed: i64) -> Body {
    Body::Response(Entry::octets("balance", owed.to_be_bytes().to_vec()).into())
}

#[test]
fn a_foreign_host_is_compared_by_its_balance_where_nobody_shares_the_account() {
    for (pending, owed, dispute) in [
        (false, 10, None),
        (false, 11, Some("dispute: balance -10 here, -11 there, 0 undecided")),
        (false, 0, Some("dispute: balance -10 here, 0 there, 0 undecided")),
        (true, 10, None),
        (true, 15, None),
        (true, 16, Some("dispute: balance -10 here, -16 there, 0 undecided")),
        (true, 9, Some("dispute: balance -10 here, -9 there, 0 undecided")),
        (false, i64::MIN, Some("dispute: balance -10 here, 9223372036854775808 there, 0 undecided")),
    ] {
        let mut customer = exclusive_customer(pending);
        assert!(matches!(&customer.asked()[0], Body::Message(data) if data.get("balance").is_some()), "before anything else");
        customer.is_answered(balance(owed));
        let expected = dispute.map_or(vec!["connected"], |dispute| vec![dispute, "disconnected"]);
        assert_eq!(customer.side.events(), expected, "{owed}");
        if dispute.is_some() {
            assert_eq!(customer.side.session.stopped(), Some(Stopped::Dispute));
        }
    }
}

#[test]
fn a_balance_is_not_asked_for_in_vain() {
    // Others share the account.
    let mut shared = Solo::customer();
    shared.side.pays(1, 10);
    shared.is_left();
    shared.side.connected(ConnectionId(2));
    assert_eq!(shared.asked().len(), 1);
    shared.is_answered(Solo::response());
    assert!(!shared.talk().iter().any(|line| line.contains("balance")));
    // Nothing has ever happened.
    let config = with(SessionConfig::new(Authority::Theirs), |config| config.account_is_exclusive = true);
    let mut new = Solo::new(config);
    new.side.connected(new.connection);
    assert_eq!(new.is_answered(Solo::response()), ["Message: info"]);
    // The host tells more than its balance.
    let mut pair = Pair::hosted().keeping_ledgers();
    let config = with(pair.customer.config().clone(), |config| config.account_is_exclusive = true);
    pair.customer = Side::new(config).keeping_ledger(2);
    pair.connect();
    pair.delay = millis(1);
    pair.advance(seconds(1));
    assert!(!pair.talk().iter().any(|line| line.contains("balance")));
}

#[test]
fn nothing_is_paid_before_the_balance_is_compared() {
    let mut customer = exclusive_customer(false);
    assert!(!customer.side.session.is_connected());
    let prepare = payment(3, 10, customer.side.now.saturating_add(seconds(30)));
    assert_eq!(customer.side.attempt(|session, now| session.prepare(prepare, now)), Err(PrepareFailure::NotConnected));
    // What the host asks meanwhile is heard.
    customer.accepts(Solo::prepare(9, 7));
    assert_eq!(customer.side.events(), ["in 9 prepared: 7"]);
    customer.side.fulfills(9);
    assert_eq!(customer.talk(), [""; 0]);
    assert_eq!(customer.is_answered(balance(10)), ["Message: info", "Fulfill 9"]);
    assert_eq!(customer.side.events(), ["connected"]);
}

#[test]
fn no_answer_to_the_balance_is_no_dispute() {
    let mut refused = exclusive_customer(false);
    refused.is_answered(Solo::error(ErrorName::NotAccepted));
    let mut silent = exclusive_customer(false);
    silent.side.clock(silent.side.now.saturating_add(Limits::default().request_timeout));
    let mut unreadable = exclusive_customer(false);
    unreadable.is_answered(Solo::response());
    for mut customer in [refused, silent, unreadable] {
        assert_eq!(customer.side.events(), ["connected"]);
        customer.side.pays(3, 10);
    }
}
