//! Whatever bytes a fuzzer has, every kind of thing comes of some of them.

use std::collections::BTreeSet;
use std::fmt::Debug;

use arbitrary::{Arbitrary, Unstructured};
use trustline_core::ledger::{Authority, Fact, TrustlineConfig};
use trustline_core::testing::{Act, Bank, Operation, TRANSFERS, number};
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

fn kinds<T: Debug>(things: &[T]) -> BTreeSet<String> {
    let kind = |thing: &T| format!("{thing:?}").split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned();
    things.iter().map(kind).collect()
}

#[test]
fn every_kind_comes_up() {
    assert_eq!(kinds(&things::<Body>()).len(), 7);
    assert_eq!(kinds(&things::<IlpPacket>()).len(), 3);
    assert_eq!(kinds(&things::<Fact>()).len(), 13);
    assert_eq!(kinds(&things::<Act>()).len(), 10);
    assert_eq!(kinds(&things::<Operation>()).len(), 15);
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
