//! The laws of a store, for what a ledger decides that nobody would think of: the largest amounts, the widest bounds, the first
//! and the last moment; and of who waits for it.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use futures_lite::AsyncWriteExt;
use proptest::prelude::*;
use trustline_core::WireLimits;
use trustline_core::ledger::{Authority, Effect, Fact, Snapshot, Trustline, TrustlineConfig};
use trustline_core::testing::Bank;
use trustline_core::testing::strategies::{config, effect, operations};
use trustline_core::wire::{Body, Packet};
use trustline_runtime::websocket::Incoming;
use trustline_runtime::{Appended, Committed, Journal, JournalError, Sqlite};
use trustline_smol::Smol;
use trustline_tests::contract::rig::{ANYWHERE, Peer, finishes, letter, masked, shop};
use trustline_tests::{Scratch, transfer_id};

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

/// The first byte of a WebSocket's binary message.
const BINARY: u8 = 0x82;

/// The requests of alice have numbers from this on, and her transfers have the same without it.
const FIRST_REQUEST: u32 = 1_000;

/// A store that fails after so many batches, for ever.
struct Failing {
    /// Another thread stores a batch, and says so.
    is_late: bool,
    kept: Arc<Mutex<Kept>>,
}

struct Kept {
    batches_left: usize,
    effects: Vec<Effect>,
}

impl Kept {
    fn keep(&mut self, effects: Vec<Effect>) -> Result<(), JournalError> {
        self.batches_left = self.batches_left.checked_sub(1).ok_or_else(|| JournalError::Other("the disk is full".to_owned()))?;
        self.effects.extend(effects);
        Ok(())
    }

    fn has(&self, is_it: impl Fn(&Fact) -> bool) -> bool {
        self.effects.iter().any(|effect| is_it(&effect.fact))
    }
}

impl Journal for Failing {
    fn load(&self, _account: &str) -> Result<Option<Snapshot>, JournalError> {
        Ok(None)
    }

    fn append(&self, _account: &str, effects: Vec<Effect>, _state: &Trustline, waiting: Arc<dyn Committed>) -> Appended {
        if !self.is_late {
            return Appended::Done(self.kept.lock().unwrap().keep(effects));
        }
        let kept = self.kept.clone();
        thread::spawn(move || {
            let result = kept.lock().unwrap().keep(effects);
            waiting.committed(result);
        });
        Appended::Pending
    }
}

/// Alice pays a shop, so many letters at a time, and leaves. What she hears is durable by then, until its store has failed.
async fn hears_only_what_is_durable(is_late: bool, batches: usize, payments: &[u32]) {
    let kept = Arc::new(Mutex::new(Kept { batches_left: usize::MAX, effects: Vec::new() }));
    let journal = Failing { is_late, kept: kept.clone() };
    let host = shop::<Smol>().journal(Arc::new(journal)).listen(ANYWHERE).await.unwrap();
    let mut alice = Peer::<Smol>::alice(host.address()).await;
    kept.lock().unwrap().batches_left = batches;

    let mut last = 0;
    'paying: for at_once in payments {
        let mut written = Vec::new();
        for n in last + 1..=last + at_once {
            let prepare = letter(n, 10).expires_in(Duration::from_secs(60)).into_prepare();
            let frame = Packet { request_id: FIRST_REQUEST + n, body: Body::Prepare(prepare) }.encode().unwrap();
            written.extend(masked(BINARY, &frame));
        }
        last += at_once;
        // It may have hung up by now.
        let _ = alice.stream.write_all(&written).await;
        // Each is answered, and fulfilled.
        let mut missing = 2 * at_once;
        while missing > 0 {
            let Ok(Incoming::Frame(frame)) = alice.incoming().await else { break 'paying };
            let packet = Packet::decode(&frame, &WireLimits::default()).unwrap();
            let kept = kept.lock().unwrap();
            let is_durable = match &packet.body {
                Body::Response(_) => {
                    let id = transfer_id(packet.request_id - FIRST_REQUEST);
                    kept.has(|fact| matches!(fact, Fact::Prepared { transfer, .. } if transfer.id == id))
                }
                Body::Fulfill(fulfill) => kept.has(|fact| matches!(fact, Fact::Fulfilled { id, .. } if *id == fulfill.transfer_id)),
                other => panic!("{other:?}"),
            };
            assert!(is_durable, "{packet:?} rests on what is not stored");
            missing -= 1;
        }
    }
    drop(alice);
    host.close().await;
}

proptest! {
    // Each opens files, and syncs, or opens ports.
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

    /// However many of the payments are stored before: what rests on the next stays.
    #[test]
    fn a_commit_that_fails_lets_no_frame_leave(
        is_late: bool,
        batches in 0..12_usize,
        payments in prop::collection::vec(1..6_u32, 1..5),
    ) {
        smol::block_on(finishes::<Smol>(hears_only_what_is_durable(is_late, batches, &payments)));
    }
}
