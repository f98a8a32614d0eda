//! The laws of a store, for what a ledger decides that nobody would think of: the largest amounts, the widest bounds, the first
//! and the last moment.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use proptest::prelude::*;
use trustline_core::ledger::{Authority, Effect, Trustline, TrustlineConfig};
use trustline_core::testing::Bank;
use trustline_core::testing::strategies::{config, effect, operations};
use trustline_runtime::{Appended, Committed, Journal, JournalError, Sqlite};
use trustline_tests::Scratch;

/// Hears that a batch is durable.
struct Waiting(Sender<Result<(), JournalError>>);

impl Committed for Waiting {
    fn committed(self: Arc<Self>, result: Result<(), JournalError>) {
        self.0.send(result).expect("the test waits");
    }
}

fn append(journal: &Sqlite, state: &Trustline, effects: Vec<Effect>) {
    let (sender, receiver) = channel();
    match journal.append("alice", effects, state, Arc::new(Waiting(sender))) {
        Appended::Done(result) => result.expect("it can be stored"),
        Appended::Pending => receiver.recv().expect("it is answered").expect("it can be stored"),
    }
}

proptest! {
    // Each opens files, and syncs.
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// One that no trustline would have: the first and the last moment, any amount, any bounds, any data.
    #[test]
    fn any_effect_is_read_as_it_was_written(effects in prop::collection::vec(effect(), 1..20)) {
        let numbered = (1..).zip(effects).map(|(sequence, effect)| Effect { sequence, ..effect });
        let effects: Vec<_> = numbered.collect();
        let scratch = Scratch::new("journal-laws");
        let journal = Sqlite::builder(scratch.file("ledger.db")).keep_all_effects().open().expect("the file can be opened");
        append(&journal, &Trustline::new(TrustlineConfig::new(Authority::Ours)), effects.clone());
        prop_assert_eq!(journal.effects("alice", 0, usize::MAX).expect("they can be read"), effects);
    }

    /// However the effects come in batches, and whenever the file is closed and opened again.
    #[test]
    fn a_ledger_and_its_effects_are_read_as_they_were_written(
        config in config(),
        lives in prop::collection::vec(prop::collection::vec(operations(0..10), 0..4), 1..4),
    ) {
        let scratch = Scratch::new("journal-laws");
        let mut bank = Bank::new(config.clone());
        let mut decided = Vec::new();
        for batches in &lives {
            let journal = Sqlite::builder(scratch.file("ledger.db")).keep_all_effects().open().expect("the file can be opened");
            let state = journal.load("alice").expect("it can be read");
            let found = state.map_or_else(|| Trustline::new(config.clone()), |state| Trustline::from_snapshot(config.clone(), state));
            prop_assert_eq!(found.snapshot(), bank.trustline.snapshot());
            bank.trustline = found;
            for operations in batches {
                let effects: Vec<_> = operations.iter().filter_map(|operation| bank.perform(operation).ok().flatten()).collect();
                decided.extend(effects.iter().cloned());
                append(&journal, &bank.trustline, effects);
                prop_assert_eq!(journal.load("alice").expect("it can be read"), (!decided.is_empty()).then(|| bank.trustline.snapshot()));
            }
            prop_assert_eq!(&journal.effects("alice", 0, usize::MAX).expect("they can be read"), &decided);
        }
    }
}
