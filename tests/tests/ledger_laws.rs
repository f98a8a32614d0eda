//! The laws of `trustline_core::ledger`, for operations nobody would think of.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;
use trustline_core::TransferId;
use trustline_core::ledger::{Authority, Direction, Effect, Fact, OpenTransfer, State, Transfer, Trustline, TrustlineConfig};
use trustline_core::testing::strategies::{authority, bounds, config, operations};
use trustline_core::testing::{Bank, Operation, Request, small_config};
use trustline_tests::watched::{Watched, views};
use trustline_tests::{transfer_id, with};

/// All effects of these operations, and the trustline that they led to.
fn history(config: TrustlineConfig, operations: &[Operation]) -> (Vec<Effect>, Bank) {
    let mut bank = Bank::new(config);
    let effects = operations.iter().filter_map(|operation| bank.perform(operation).ok().flatten()).collect();
    (effects, bank)
}

fn signed(sum: u128) -> i128 {
    i128::try_from(sum).expect("it is far below 2^127")
}

proptest! {
    /// After each operation the verdict, the sums, the names and the number of open and remembered transfers are those of
    /// the naive ledger.
    #[test]
    fn the_ledger_does_what_the_naive_one_does(config in config(), operations in operations(1..60)) {
        let mut watched = Watched::new(config);
        for operation in &operations {
            watched.perform(operation);
        }
    }

    /// What has no effect, because it was refused or nothing new, changes nothing; what has one has the next number.
    #[test]
    fn nothing_changes_without_an_effect(config in config(), operations in operations(1..60)) {
        let mut bank = Bank::new(config);
        for operation in &operations {
            let before = views(&bank.trustline);
            if let Ok(Some(effect)) = bank.perform(operation) {
                prop_assert_eq!((effect.sequence, effect.at), (before.0.sequence + 1, bank.now));
                prop_assert_eq!(bank.trustline.sequence(), effect.sequence);
            } else {
                prop_assert_eq!(&views(&bank.trustline), &before, "{:?}", operation);
            }
        }
    }

    /// After every effect, and whether an effect is applied once or twice.
    #[test]
    fn replaying_all_effects_gives_the_live_trustline(config in config(), operations in operations(1..60)) {
        let mut bank = Bank::new(config.clone());
        let mut replica = Trustline::new(config);
        for operation in &operations {
            if let Ok(Some(effect)) = bank.perform(operation) {
                replica.apply(&effect);
                replica.apply(&effect);
                prop_assert_eq!(views(&replica), views(&bank.trustline), "{:?}", operation);
            }
        }
    }

    /// A snapshot at any point, and the effects after it, give the live trustline, which goes on like the live one.
    #[test]
    fn a_snapshot_and_the_later_effects_rebuild_the_trustline(
        config in config(),
        before in operations(0..40),
        after in operations(0..40),
        further in operations(0..20),
    ) {
        let (mut effects, mut bank) = history(config.clone(), &before);
        let mut rebuilt = Trustline::from_snapshot(config, bank.trustline.snapshot());
        effects.extend(after.iter().filter_map(|operation| bank.perform(operation).ok().flatten()));
        // All of them: those that the snapshot contains change nothing.
        for effect in &effects {
            rebuilt.apply(effect);
        }
        prop_assert_eq!(views(&rebuilt), views(&bank.trustline));
        let mut twin = Bank { trustline: rebuilt, now: bank.now };
        for operation in &further {
            prop_assert_eq!(twin.perform(operation), bank.perform(operation));
        }
        prop_assert_eq!(views(&twin.trustline), views(&bank.trustline));
    }

    /// The balance stays inside the bounds whatever becomes of what is pending, as long as nobody narrows the bounds.
    /// (The one exception, a lapsed transfer that the host fulfills, is a transfer that was inside them when it was made.)
    #[test]
    fn the_bounds_hold_in_the_worst_case(
        authority in select(vec![Authority::Ours, Authority::Shared]),
        bounds in bounds(),
        operations in operations(1..60),
    ) {
        let mut bank = Bank::new(with(small_config(authority), |config| config.bounds = bounds));
        for operation in operations.iter().filter(|operation| !matches!(operation, Operation::SetBounds { .. })) {
            let _ = bank.perform(operation);
            let sums = bank.trustline.sums();
            let highest = signed(sums.incoming_posted + sums.incoming_pending) - signed(sums.outgoing_posted);
            let lowest = signed(sums.incoming_posted) - signed(sums.outgoing_posted + sums.outgoing_pending);
            prop_assert!(highest <= bounds.maximum && lowest >= bounds.minimum, "{:?} outside {:?}", sums, bounds);
        }
    }

    #[test]
    fn what_is_posted_only_grows(config in config(), operations in operations(1..60)) {
        let mut bank = Bank::new(config);
        for operation in &operations {
            let before = *bank.trustline.sums();
            let _ = bank.perform(operation);
            let after = *bank.trustline.sums();
            prop_assert!(after.incoming_posted >= before.incoming_posted && after.outgoing_posted >= before.outgoing_posted);
        }
    }

    /// Whatever came before, saying everything again at the same moment moves no money.
    #[test]
    fn repeated_messages_move_nothing(authority in authority(), operations in operations(1..40)) {
        let mut bank = Bank::new(small_config(authority));
        for operation in &operations {
            let _ = bank.perform(operation);
            let (sums, sequence) = (*bank.trustline.sums(), bank.trustline.sequence());
            // Without an id nobody can tell a repeat from another transfer.
            if !matches!(operation, Operation::Wait { .. } | Operation::ReceiveTransfer { n: None, .. }) {
                let again = bank.perform(operation);
                prop_assert!(!matches!(again, Ok(Some(_))), "{:?} again: {:?}", operation, again);
            }
            prop_assert_eq!((*bank.trustline.sums(), bank.trustline.sequence()), (sums, sequence));
        }
    }

    /// A Prepare that comes again, with the same contents, is prepared once: while it is remembered because it is, and then
    /// because it is expired. That holds for clocks that are set back by less than the margin.
    #[test]
    fn a_prepare_is_prepared_once_however_late_it_is_repeated(authority in authority(), operations in operations(1..60)) {
        let mut bank = Bank::new(small_config(authority));
        let mut received: Vec<Transfer> = Vec::new();
        for operation in operations.iter().filter(|operation| !matches!(operation, Operation::Wait { millis: ..=-1 })) {
            if let Ok(Some(Effect { fact: Fact::Prepared { direction: Direction::Incoming, transfer }, .. })) = bank.perform(operation) {
                prop_assert!(!received.contains(&transfer), "{:?} again", transfer);
                received.push(Transfer::clone(&transfer));
            }
            for transfer in &received {
                let again = bank.trustline.receive_prepare(transfer.clone(), bank.now);
                prop_assert!(!matches!(again, Ok(Some(_))), "{:?} again", transfer);
            }
        }
    }

    /// Where our clock decides, and whoever takes money for a Fulfill of ours that the peer's clock will judge.
    #[test]
    fn nothing_is_fulfilled_from_its_expiry_on(authority in authority(), operations in operations(1..60)) {
        for (effect, direction, transfer) in fulfilled(authority, &operations) {
            let decides = match (&effect.fact, direction) {
                (Fact::Fulfilling { .. }, _) => true,
                (_, Direction::Incoming) => authority == Authority::Ours,
                (_, Direction::Outgoing) => authority != Authority::Theirs,
            };
            prop_assert!(!decides || effect.at < transfer.expires_at, "{:?} of {:?}", effect, transfer);
        }
    }

    #[test]
    fn nothing_is_fulfilled_but_by_the_preimage_of_its_condition(authority in authority(), operations in operations(1..60)) {
        for (effect, _, transfer) in fulfilled(authority, &operations) {
            let (Fact::Fulfilling { fulfillment, .. } | Fact::Fulfilled { fulfillment, .. }) = effect.fact else { unreachable!() };
            prop_assert!(fulfillment.fulfills(&transfer.condition), "{:?} of {:?}", effect, transfer);
        }
    }

    /// Not by an expiry, not by a Reject, and not by anything of ours.
    #[test]
    fn what_is_in_doubt_ends_only_by_an_answer(config in config(), operations in operations(1..60)) {
        let mut bank = Bank::new(config);
        for operation in &operations {
            let before = in_doubt(&bank.trustline);
            let _ = bank.perform(operation);
            let still = in_doubt(&bank.trustline);
            for id in before.iter().filter(|id| !still.contains(id)) {
                let is_answered = matches!(operation, Operation::Answered { n, to: Request::Fulfill, .. } if transfer_id(*n) == *id);
                prop_assert!(is_answered, "{:?} by {:?}", id, operation);
            }
        }
    }

    /// What is remembered is what was finished lately: nothing is that was due to be forgotten at the newest effect, and all is
    /// due within the furthest expiry and the margin.
    #[test]
    fn the_memory_is_bounded_by_time_and_not_by_history(authority in authority(), operations in operations(1..60)) {
        let config = small_config(authority);
        let mut bank = Bank::new(config.clone());
        for operation in operations.iter().filter(|operation| !matches!(operation, Operation::Wait { millis: ..=-1 })) {
            let Ok(Some(effect)) = bank.perform(operation) else { continue };
            let furthest = effect.at.saturating_add(config.furthest_expiry).saturating_add(config.memory_margin);
            for finished in bank.trustline.snapshot().finished {
                prop_assert!(effect.fact.is_lineage() || finished.forget_at > effect.at, "{:?} after {:?}", finished, effect);
                prop_assert!(finished.forget_at <= furthest, "{:?} after {:?}", finished, effect);
            }
        }
    }

    /// Neither the order of hash maps nor anything else that no input brought has a say.
    #[test]
    fn the_same_operations_give_the_same_effects(config in config(), seed: u64, operations in operations(1..60)) {
        let (effects, bank) = history(config.clone(), &operations);
        let (again, twin) = history(with(config, |config| config.hash_seed = seed), &operations);
        prop_assert_eq!(effects, again);
        prop_assert_eq!(bank.trustline.snapshot(), twin.trustline.snapshot());
    }
}

fn in_doubt(trustline: &Trustline) -> Vec<TransferId> {
    let fulfilling = |open: &OpenTransfer| matches!(open.state, State::Fulfilling { .. });
    trustline.open_transfers().into_iter().filter(|(_, open)| fulfilling(open)).map(|(id, _)| id).collect()
}

/// Every effect that fulfills a transfer, and that transfer.
fn fulfilled(authority: Authority, operations: &[Operation]) -> Vec<(Effect, Direction, Transfer)> {
    let (effects, _) = history(small_config(authority), operations);
    let mut prepared = BTreeMap::<TransferId, (Direction, Transfer)>::new();
    let mut fulfilled = Vec::new();
    for effect in effects {
        match &effect.fact {
            Fact::Prepared { direction, transfer } => drop(prepared.insert(transfer.id, (*direction, Transfer::clone(transfer)))),
            Fact::Fulfilling { id, .. } | Fact::Fulfilled { id, .. } => {
                let (direction, transfer) = prepared[id].clone();
                fulfilled.push((effect, direction, transfer));
            }
            _ => {}
        }
    }
    fulfilled
}
