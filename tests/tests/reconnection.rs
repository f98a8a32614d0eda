//! PROTOCOL.md section 5, "connection lost between Fulfill and its Response": wherever a connection breaks or a process
//! dies, a payment ends the same on both sides.

use trustline_tests::{Crash, Pair, Role, seconds};

/// What the payee does about a payment.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Decision {
    Fulfill,
    Reject,
    /// Nothing: it expires.
    Wait,
}

const DECISIONS: [Decision; 3] = [Decision::Fulfill, Decision::Reject, Decision::Wait];

/// What it is called, how it begins, and who pays.
type Relationship = (&'static str, fn() -> Pair, Role);

fn relationships() -> [Relationship; 4] {
    [
        ("the customer pays the shop that hosts the ledger", Pair::connected, Role::Customer),
        ("the shop that hosts the ledger pays the customer", Pair::connected, Role::Shop),
        ("the customer pays its equal", Pair::connected_equals, Role::Customer),
        ("the shop pays its equal", Pair::connected_equals, Role::Shop),
    ]
}

/// One payment from `payer`; whenever there is no connection, a new one is made. Returns what the payer and the payee
/// heard of its end.
fn one_payment(pair: &mut Pair, payer: Role, decision: Decision) -> (Vec<String>, Vec<String>) {
    let payee = if payer == Role::Shop { Role::Customer } else { Role::Shop };
    let (mut payer_heard, mut payee_heard) = (Vec::new(), Vec::new());
    pair.side(payer).pays(1, 10);
    for _ in 0..60 {
        pair.drive();
        let news = pair.side(payee).events();
        if news.iter().any(|event| event == "in 1 prepared: 10") {
            match decision {
                Decision::Fulfill => pair.side(payee).fulfills(1),
                Decision::Reject => pair.side(payee).rejects(1),
                Decision::Wait => {}
            }
        }
        payee_heard.extend(news.into_iter().filter(|event| event.starts_with("in 1 ") && !event.contains("prepared")));
        payee_heard.extend(pair.side(payee).events().into_iter().filter(|event| event.starts_with("in 1 ")));
        payer_heard
            .extend(pair.side(payer).events().into_iter().filter(|event| event.starts_with("out 1 ") && !event.ends_with("prepared")));
        if !pair.is_connected() {
            pair.connect();
        }
        pair.advance(seconds(1));
    }
    payee_heard.extend(pair.side(payee).events());
    payer_heard.extend(pair.side(payer).events());
    (payer_heard, payee_heard)
}

fn assert_outcome(pair: &Pair, payer: Role, decision: Decision, story: &str) {
    pair.assert_mirrored();
    let paid = if decision == Decision::Fulfill { 10 } else { 0 };
    let expected = if payer == Role::Customer { paid } else { -paid };
    assert_eq!(pair.shop.balance(), expected, "{story}");
}

#[test]
fn wherever_the_link_breaks_a_payment_ends_the_same_on_both_sides() {
    for (relationship, pair, payer) in relationships() {
        for decision in DECISIONS {
            for frames in 1..=6 {
                let story = format!("{relationship}; {decision:?}; the link breaks behind frame {frames}");
                println!("{story}");
                let mut pair = pair();
                pair.cut_after = Some(frames);
                let (payer_heard, payee_heard) = one_payment(&mut pair, payer, decision);
                println!("{payer_heard:?} {payee_heard:?}");
                assert_outcome(&pair, payer, decision, &story);
                assert_eq!((payer_heard.len(), payee_heard.len()), (1, 1), "{story}: each hears of the end once");
            }
        }
    }
}

#[test]
fn wherever_a_process_dies_a_payment_ends_the_same_on_both_sides() {
    for (relationship, pair, payer) in relationships() {
        for decision in DECISIONS {
            for victim in [Role::Shop, Role::Customer] {
                for batches in 0..4 {
                    for (effects, frames) in [(0, 0), (1, 0), (1, 1), (2, 2)] {
                        let crash = Crash { batches, effects, frames };
                        println!("{relationship}; {decision:?}; the {victim:?} dies: {crash:?}");
                        let mut pair = pair();
                        pair.side(victim).crash = Some(crash);
                        one_payment(&mut pair, payer, decision);
                        let lost_before_it_began = batches == 0 && effects == 0 && victim == payer;
                        let decision = if lost_before_it_began { Decision::Wait } else { decision };
                        assert_outcome(&pair, payer, decision, "");
                    }
                }
            }
        }
    }
}
