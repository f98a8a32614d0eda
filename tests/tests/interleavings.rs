//! All orders in which one payment, or two at the same time, can happen, with a cut or a crash at every point of each.

use trustline_tests::simulator::{Begun, Explored, Scenario, Verdict, explore};

const FULFILL: Option<Verdict> = Some(Verdict::Fulfill);
const REJECT: Option<Verdict> = Some(Verdict::Reject);
const EXPIRE: Option<Verdict> = Some(Verdict::Nothing);
/// It has no condition.
const TRANSFER: Option<Verdict> = None;

#[test]
fn one_payment() {
    for equals in [false, true] {
        for by_host in [false, true] {
            for verdict in [FULFILL, REJECT, EXPIRE, TRANSFER] {
                survives(&Scenario { equals, payments: vec![Begun { by_host, verdict }] });
            }
        }
    }
}

#[test]
fn two_payments_that_meet() {
    for equals in [false, true] {
        let payments = vec![Begun { by_host: false, verdict: FULFILL }, Begun { by_host: true, verdict: FULFILL }];
        survives(&Scenario { equals, payments });
    }
}

/// As `.ci/run` does it.
#[test]
#[ignore = "takes a minute"]
fn two_payments() {
    let kinds = [FULFILL, REJECT, EXPIRE, TRANSFER];
    let kinds: Vec<Begun> = [false, true].iter().flat_map(|by_host| kinds.map(|verdict| Begun { by_host: *by_host, verdict })).collect();
    for equals in [false, true] {
        for first in &kinds {
            for second in &kinds {
                survives(&Scenario { equals, payments: vec![*first, *second] });
            }
        }
    }
}

fn survives(scenario: &Scenario) {
    let explored = explore(scenario).unwrap_or_else(|failure| panic!("{failure}"));
    println!("{scenario:?}: {explored:?}");
    let Explored { situations, faults, .. } = explored;
    assert!(situations > 5 && faults == situations * 5, "there is more than one way: {explored:?}");
}
