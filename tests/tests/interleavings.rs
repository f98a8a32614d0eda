//! All orders in which one payment, or two at the same time, can happen, with a cut or a crash at every point of each.

use trustline_tests::simulator::{Begun, Between, Explored, Scenario, Verdict, explore};

const FULFILL: Option<Verdict> = Some(Verdict::Fulfill);
const REJECT: Option<Verdict> = Some(Verdict::Reject);
const EXPIRE: Option<Verdict> = Some(Verdict::Nothing);
/// It has no condition.
const TRANSFER: Option<Verdict> = None;

const CONNECTED: [Between; 2] = [Between::HostAndCustomer, Between::Equals];

#[test]
fn one_payment() {
    for between in CONNECTED {
        for by_host in [false, true] {
            for verdict in [FULFILL, REJECT, EXPIRE, TRANSFER] {
                survives(&Scenario { between, payments: vec![Begun { by_host, verdict }] });
            }
        }
    }
}

#[test]
fn two_payments_that_meet() {
    for between in CONNECTED {
        let payments = vec![Begun { by_host: false, verdict: FULFILL }, Begun { by_host: true, verdict: FULFILL }];
        survives(&Scenario { between, payments });
    }
}

#[test]
fn equals_who_dial_at_once() {
    survives(&Scenario { between: Between::EqualsWhoBothDial, payments: Vec::new() });
}

/// As soon as it has a connection, whichever that is, one of them pays.
#[test]
fn a_transfer_between_equals_who_dial_at_once() {
    dial_and_pay(&[TRANSFER]);
}

/// As `.ci/run` does it.
#[test]
#[ignore = "takes half a minute"]
fn a_payment_between_equals_who_dial_at_once() {
    dial_and_pay(&[FULFILL, REJECT]);
}

fn dial_and_pay(verdicts: &[Option<Verdict>]) {
    for by_host in [false, true] {
        for verdict in verdicts {
            survives(&Scenario { between: Between::EqualsWhoBothDial, payments: vec![Begun { by_host, verdict: *verdict }] });
        }
    }
}

/// As `.ci/run` does it.
#[test]
#[ignore = "takes a minute"]
fn two_payments() {
    let kinds = [FULFILL, REJECT, EXPIRE, TRANSFER];
    let kinds: Vec<Begun> = [false, true].iter().flat_map(|by_host| kinds.map(|verdict| Begun { by_host: *by_host, verdict })).collect();
    for between in CONNECTED {
        for first in &kinds {
            for second in &kinds {
                survives(&Scenario { between, payments: vec![*first, *second] });
            }
        }
    }
}

fn survives(scenario: &Scenario) {
    let explored = explore(scenario).unwrap_or_else(|failure| panic!("{failure}"));
    println!("{scenario:?}: {explored:?}");
    let Explored { situations, faults, .. } = explored;
    let each = if scenario.between == Between::EqualsWhoBothDial { 6 } else { 5 };
    assert!(situations > 5 && faults == situations * each, "there is more than one way: {explored:?}");
}
