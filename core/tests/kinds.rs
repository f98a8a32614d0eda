//! Every kind of thing comes up: of some of the bytes that a fuzzer has, and of each strategy.

use std::collections::BTreeSet;

use arbitrary::{Arbitrary, Unstructured};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use trustline_core::ledger::{Authority, Bounds, Fact, TrustlineConfig};
use trustline_core::testing::{Act, Bank, Conversation, Operation, TRANSFERS, number, strategies};
use trustline_core::wire::{Body, IlpPacket};

/// Things of 4,000 different bytes.
fn things<T: for<'a> Arbitrary<'a>>() -> Vec<T> {
    let mut state = 1_u64;
    let mut byte = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    let bytes: Vec<u8> = (0..4_000 + 400).map(|_| byte()).collect();
    (0..4_000).filter_map(|at| T::arbitrary(&mut Unstructured::new(&bytes[at..at + 400])).ok()).collect()
}

/// Things of a strategy, always the same.
fn samples<T>(strategy: impl Strategy<Value = T>) -> Vec<T> {
    let things = vec(strategy, 1_000).new_tree(&mut TestRunner::deterministic()).expect("it has values");
    things.current()
}

/// Checks for a type that each of its kinds comes up. The compiler notices if one is missing here.
macro_rules! every_kind {
    ($type:ident of $strategy:expr; $($kind:ident)+) => {
        let kind = |thing: &$type| match thing {
            $($type::$kind { .. } => stringify!($kind)),+
        };
        let all = BTreeSet::from([$(stringify!($kind)),+]);
        let of_bytes: BTreeSet<_> = things().iter().map(kind).collect();
        assert_eq!(of_bytes, all);
        let of_strategy: BTreeSet<_> = samples($strategy).iter().map(kind).collect();
        assert_eq!(of_strategy, all);
    };
}

#[test]
fn every_kind_comes_up() {
    every_kind! { Body of strategies::body(); Response Error Prepare Fulfill Reject Message Transfer }
    every_kind! { IlpPacket of strategies::ilp_packet(); Payment Error Other }
    every_kind! {
        Fact of strategies::fact();
        Prepared Fulfilling Fulfilled Rejected Refused Expired Acknowledged Transferring Transferred BoundsChanged Opened PeerSeen
        UnnamedPeerSeen
    }
    every_kind! {
        Act of strategies::act(&Conversation::between_two());
        Pay Transfer Decide Wait Delay Cut CutAfter Connect Restart Crash
    }
    every_kind! {
        Operation of strategies::operation();
        Prepare Transfer Fulfill Reject Expire SetBounds ReceivePrepare ReceiveTransfer ReceiveFulfill ReceiveReject Answered Open
        SeePeer SeeUnnamed Wait
    }
}

#[test]
fn edges_come_up_of_bytes() {
    let amounts: Vec<_> =
        things().into_iter().filter_map(|body| if let Body::Prepare(prepare) = body { Some(prepare.amount) } else { None }).collect();
    assert!([0, 1, u64::MAX].iter().all(|edge| amounts.contains(edge)), "{amounts:?}");
    assert!(amounts.iter().any(|amount| *amount > 1 << 32 && amount.is_power_of_two()), "{amounts:?}");
    let bounds: Vec<_> = things().into_iter().map(|config: TrustlineConfig| config.bounds).collect();
    assert!(bounds.contains(&Bounds::UNBOUNDED) && bounds.iter().any(|bounds| bounds.maximum < 10 && bounds.minimum > -10));
    assert!(bounds.iter().all(|bounds| bounds.minimum <= 0 && bounds.maximum >= 0));
}

#[test]
fn operations_are_about_numbered_transfers_and_move_money() {
    let operations = things::<Operation>();
    for authority in [Authority::Ours, Authority::Theirs, Authority::Shared] {
        let mut fulfilled = 0;
        for operations in operations.chunks(40) {
            let mut bank = Bank::new(TrustlineConfig::new(authority));
            for effect in operations.iter().filter_map(|operation| bank.perform(operation).ok().flatten()) {
                match effect.fact {
                    Fact::Prepared { transfer, .. } => assert!(number(transfer.id) < TRANSFERS),
                    Fact::Fulfilled { .. } => fulfilled += 1,
                    _ => {}
                }
            }
        }
        assert!(fulfilled > 10, "{fulfilled}");
    }
}
