//! The laws of `trustline_core::ledger`, for operations nobody would think of.

use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use proptest::sample::select;
use trustline_core::ledger::{Authority, Bounds, Direction, Effect, Lineage, Position, Transfer, Trustline, TrustlineConfig};
use trustline_core::{Fulfillment, LedgerId, Timestamp, TransferId};
use trustline_tests::model::{Model, Verdict};
use trustline_tests::{START, conditional, fulfillment, transfer_id, with};

/// Something that may be done to a trustline. Transfers are known by a number below [`IDS`], so that they meet.
#[derive(Clone, Debug)]
enum Operation {
    Prepare { n: u32, amount: u64, expires_in: i64 },
    Transfer { n: u32, amount: u64 },
    Fulfill { n: u32, with: u32 },
    Reject { n: u32 },
    Expire { n: u32 },
    SetBounds { bounds: Bounds },
    ReceivePrepare { n: u32, amount: u64, expires_in: i64 },
    ReceiveTransfer { n: u32, amount: u64 },
    ReceiveFulfill { n: u32, with: u32 },
    ReceiveReject { n: u32 },
    Answered { n: u32, to: &'static str, accepted: bool },
    Open { name: u8 },
    SeePeer { position: Position },
    SeeUnnamed,
    Wait { millis: i64 },
}

const IDS: u32 = 6;

fn id(name: u8) -> LedgerId {
    LedgerId::from([name; 16])
}

/// Around every power of two, where arithmetic goes wrong if it does.
fn amount() -> impl Strategy<Value = u64> {
    prop_oneof![
        3 => 0..20_u64,
        2 => (0..64_u32, 0..3_u64).prop_map(|(k, plus)| (1_u64 << k).wrapping_add(plus).wrapping_sub(1)),
        1 => Just(u64::MAX),
    ]
}

fn bound() -> impl Strategy<Value = i128> {
    prop_oneof![
        2 => 0..100_i128,
        1 => Just(0),
        1 => Just(i128::MAX),
        2 => (0..70_u32, -1..2_i128).prop_map(|(k, plus)| (1 << k) + plus),
    ]
}

fn bounds() -> impl Strategy<Value = Bounds> {
    (bound(), bound()).prop_map(|(below, maximum)| Bounds { minimum: if below == i128::MAX { i128::MIN } else { -below }, maximum })
}

/// From the past to beyond the furthest expiry.
fn expires_in() -> impl Strategy<Value = i64> {
    select(vec![-1, 0, 1, 1_000, 1_000, 1_000, 5_000, 10_000, 10_001])
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    // The right fulfillment most of the time.
    let with = |n: u32| prop_oneof![5 => Just(n), 1 => 0..IDS];
    prop_oneof![
        (0..IDS, amount(), expires_in()).prop_map(|(n, amount, expires_in)| Prepare { n, amount, expires_in }),
        (0..IDS, amount()).prop_map(|(n, amount)| Transfer { n, amount }),
        (0..IDS).prop_flat_map(move |n| with(n).prop_map(move |with| Fulfill { n, with })),
        (0..IDS).prop_map(|n| Reject { n }),
        (0..IDS).prop_map(|n| Expire { n }),
        bounds().prop_map(|bounds| SetBounds { bounds }),
        (0..IDS, amount(), expires_in()).prop_map(|(n, amount, expires_in)| ReceivePrepare { n, amount, expires_in }),
        (0..IDS, amount()).prop_map(|(n, amount)| ReceiveTransfer { n, amount }),
        (0..IDS).prop_flat_map(move |n| with(n).prop_map(move |with| ReceiveFulfill { n, with })),
        (0..IDS).prop_map(|n| ReceiveReject { n }),
        (0..IDS, select(vec!["Prepare", "Transfer", "Fulfill", "Reject"]), any::<bool>()).prop_map(|(n, to, accepted)| Answered {
            n,
            to,
            accepted
        }),
        (0..4_u8).prop_map(|name| Open { name }),
        (0..4_u8, 0..4_u8, 0..4_u64)
            .prop_map(|(ledger, opening, sequence)| SeePeer { position: Position { ledger: id(ledger), opening: id(opening), sequence } }),
        Just(SeeUnnamed),
        select(vec![0, 1, 999, 1_000, 5_000, 20_000]).prop_map(|millis| Wait { millis }),
    ]
}

fn authority() -> impl Strategy<Value = Authority> {
    select(vec![Authority::Ours, Authority::Theirs, Authority::Shared])
}

/// Small limits, so that they are met.
fn config(authority: Authority, bounds: Bounds) -> TrustlineConfig {
    let (furthest_expiry, memory_margin) = (Duration::from_secs(10), Duration::from_secs(5));
    with(TrustlineConfig::new(authority), |config| {
        config.bounds = bounds;
        config.open_transfers = 4;
        config.furthest_expiry = furthest_expiry;
        config.memory_margin = memory_margin;
        config.peers = 2;
        config.openings = 2;
    })
}

/// The real ledger, and the clock.
struct Bank {
    trustline: Trustline,
    now: Timestamp,
}

/// The effect, or the name of the reason.
type Result = std::result::Result<Option<Effect>, String>;

fn reason(error: impl std::fmt::Debug) -> String {
    let words = format!("{error:?}");
    words.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}

impl Bank {
    fn transfer(&self, n: u32, amount: u64, expires_in: i64) -> Transfer {
        // A shared moment, so that a repeat is a repeat.
        let base = self.now.as_millis() / 1_000 * 1_000;
        conditional(n, amount, Timestamp::from_millis(base + expires_in))
    }

    fn real(&mut self, operation: &Operation) -> Result {
        use Operation::*;
        let (trustline, now, no_data) = (&mut self.trustline, self.now, Bytes::new());
        match *operation {
            Prepare { n, amount, expires_in } => {
                let transfer = self.transfer(n, amount, expires_in);
                self.trustline.prepare(transfer, now).map(Some).map_err(reason)
            }
            Transfer { n, amount } => trustline.transfer(transfer_id(n), amount, no_data, now).map(Some).map_err(reason),
            Fulfill { n, with } => trustline.fulfill(transfer_id(n), fulfillment(with), no_data, now).map(Some).map_err(reason),
            Reject { n } => trustline.reject(transfer_id(n), no_data, now).map(Some).map_err(reason),
            Expire { n } => Ok(trustline.expire(transfer_id(n), now)),
            SetBounds { bounds } => Ok(trustline.set_bounds(bounds, now)),
            ReceivePrepare { n, amount, expires_in } => {
                let transfer = self.transfer(n, amount, expires_in);
                self.trustline.receive_prepare(transfer, now).map_err(reason)
            }
            ReceiveTransfer { n, amount } => trustline.receive_transfer(Some(transfer_id(n)), amount, no_data, now).map_err(reason),
            ReceiveFulfill { n, with } => trustline.receive_fulfill(transfer_id(n), fulfillment(with), no_data, now).map_err(reason),
            ReceiveReject { n } => trustline.receive_reject(transfer_id(n), no_data, now).map_err(reason),
            Answered { n, to, accepted } => Ok(match (to, accepted) {
                ("Prepare", true) => None,
                ("Transfer", true) => trustline.transfer_accepted(transfer_id(n), now),
                ("Fulfill", true) => trustline.fulfill_accepted(transfer_id(n), now),
                ("Fulfill", false) => trustline.fulfill_refused(transfer_id(n), now),
                ("Reject", _) => trustline.reject_answered(transfer_id(n), now),
                _ => trustline.refused(transfer_id(n), now),
            }),
            Open { name } => Ok(trustline.open(id(name), now)),
            SeePeer { position } => Ok(trustline.see_peer(position, now)),
            SeeUnnamed => Ok(trustline.see_unnamed(now)),
            Wait { millis } => {
                self.now = Timestamp::from_millis(self.now.as_millis() + millis);
                Ok(None)
            }
        }
    }

    /// What the naive ledger makes of it. The clock stays.
    fn naive(&self, model: &mut Model, operation: &Operation) -> Verdict {
        use Operation::*;
        let now = self.now;
        let unconditional = |n, amount| super_transfer(transfer_id(n), amount);
        match *operation {
            Prepare { n, amount, expires_in } => model.prepare(Direction::Outgoing, &self.transfer(n, amount, expires_in), true, now),
            Transfer { n, amount } => model.prepare(Direction::Outgoing, &unconditional(n, amount), false, now),
            Fulfill { n, with } => model.fulfill(transfer_id(n), fulfillment(with), now),
            Reject { n } => model.reject(transfer_id(n), now),
            Expire { n } => model.expire(transfer_id(n), now),
            SetBounds { bounds } => model.set_bounds(bounds, now),
            ReceivePrepare { n, amount, expires_in } => {
                model.prepare(Direction::Incoming, &self.transfer(n, amount, expires_in), true, now)
            }
            ReceiveTransfer { n, amount } => model.receive_transfer(&unconditional(n, amount), now),
            ReceiveFulfill { n, with } => model.receive_fulfill(transfer_id(n), fulfillment(with), now),
            ReceiveReject { n } => model.receive_reject(transfer_id(n), now),
            Open { name } => model.open(id(name)),
            SeePeer { position } => model.see_peer(position),
            SeeUnnamed => model.see_unnamed(),
            Answered { to: "Prepare", accepted: true, .. } | Wait { .. } => Ok(false),
            Answered { n, to, accepted } => model.answered(transfer_id(n), to, accepted, now),
        }
    }
}

/// Without condition and expiry.
fn super_transfer(id: TransferId, amount: u64) -> Transfer {
    let condition = Fulfillment::from([0; 32]).condition();
    Transfer { id, amount, condition, expires_at: START, protocol_data: Bytes::new() }
}

proptest! {
    /// After each operation: the verdict, the sums and the number of open and remembered transfers are those of the
    /// naive ledger; there is an effect if and only if something changed; and applying it elsewhere changes the same.
    #[test]
    fn the_ledger_does_what_the_naive_one_does(
        authority in authority(),
        bounds in bounds(),
        operations in prop::collection::vec(operation(), 1..60),
    ) {
        let config = config(authority, bounds);
        let mut bank = Bank { trustline: Trustline::new(config.clone()), now: START };
        let mut replica = Trustline::new(config.clone());
        let mut model = Model::new(config);
        for operation in &operations {
            let before = bank.trustline.snapshot();
            let expected = bank.naive(&mut model, operation);
            let result = bank.real(operation);
            let verdict = result.as_ref().map(Option::is_some).map_err(String::as_str);
            prop_assert_eq!(verdict, expected, "{:?}", operation);
            if let Ok(Some(effect)) = result {
                prop_assert_eq!(effect.sequence, before.sequence + 1);
                prop_assert_eq!(effect.at, bank.now);
                replica.apply(&effect);
                replica.apply(&effect); // a second time changes nothing
            } else {
                prop_assert_eq!(&bank.trustline.snapshot(), &before, "no effect, no change");
            }
            prop_assert_eq!(replica.snapshot(), bank.trustline.snapshot(), "replay gives the live trustline");
            prop_assert_eq!(bank.trustline.sums(), &model.sums());
            let Lineage { ledger, openings, peers, others } = bank.trustline.lineage();
            let openings = openings.iter().map(|opening| opening.id).collect();
            prop_assert_eq!((*ledger, openings, peers.values().map(|peer| peer.position).collect(), *others), model.lineage());
            prop_assert_eq!((bank.trustline.open_len(), bank.trustline.remembered_len()), model.counts());
        }
    }

    /// The balance stays inside the bounds whatever becomes of what is pending, as long as nobody narrows the bounds.
    /// (The one exception, a lapsed transfer that the host fulfills, is a transfer that was inside them when it was made.)
    #[test]
    fn the_bounds_hold_in_the_worst_case(
        authority in select(vec![Authority::Ours, Authority::Shared]),
        bounds in bounds(),
        operations in prop::collection::vec(operation(), 1..60),
    ) {
        let mut bank = Bank { trustline: Trustline::new(config(authority, bounds)), now: START };
        for operation in operations.iter().filter(|operation| !matches!(operation, Operation::SetBounds { .. })) {
            let before = *bank.trustline.sums();
            let _ = bank.real(operation);
            let sums = bank.trustline.sums();
            let signed = |sum: u128| i128::try_from(sum).expect("it is far below 2^127");
            let highest = signed(sums.incoming_posted + sums.incoming_pending) - signed(sums.outgoing_posted);
            let lowest = signed(sums.incoming_posted) - signed(sums.outgoing_posted + sums.outgoing_pending);
            prop_assert!(highest <= bounds.maximum && lowest >= bounds.minimum, "{:?} outside {:?}", sums, bounds);
            prop_assert!(sums.incoming_posted >= before.incoming_posted && sums.outgoing_posted >= before.outgoing_posted);
        }
    }

    /// A snapshot at any point, and the effects after it, give the live trustline; so do all effects. And the rebuilt one
    /// goes on like the live one.
    #[test]
    fn a_snapshot_and_the_later_effects_rebuild_the_trustline(
        authority in authority(),
        bounds in bounds(),
        operations in prop::collection::vec(operation(), 1..60),
        further in prop::collection::vec(operation(), 0..20),
        at in any::<prop::sample::Index>(),
    ) {
        let config = config(authority, bounds);
        let mut bank = Bank { trustline: Trustline::new(config.clone()), now: START };
        let at = at.index(operations.len());
        let mut effects = Vec::new();
        let mut snapshot = None;
        for (index, operation) in operations.iter().enumerate() {
            if index == at {
                snapshot = Some(bank.trustline.snapshot());
            }
            effects.extend(bank.real(operation).ok().flatten());
        }
        let mut rebuilt = Trustline::from_snapshot(config, snapshot.expect("the point is inside"));
        // All of them: those that the snapshot contains change nothing.
        for effect in &effects {
            rebuilt.apply(effect);
        }
        prop_assert_eq!(rebuilt.snapshot(), bank.trustline.snapshot());
        let mut twin = Bank { trustline: rebuilt, now: bank.now };
        for operation in &further {
            prop_assert_eq!(twin.real(operation), bank.real(operation));
        }
        prop_assert_eq!(twin.trustline.snapshot(), bank.trustline.snapshot());
    }

    /// Whatever came before, saying everything again at the same moment moves no money.
    #[test]
    fn repeated_messages_move_nothing(
        authority in authority(),
        operations in prop::collection::vec(operation(), 1..40),
    ) {
        let mut bank = Bank { trustline: Trustline::new(config(authority, Bounds::UNBOUNDED)), now: START };
        for operation in &operations {
            let _ = bank.real(operation);
            let (sums, sequence) = (*bank.trustline.sums(), bank.trustline.sequence());
            if !matches!(operation, Operation::Wait { .. }) {
                let again = bank.real(operation);
                prop_assert!(!matches!(again, Ok(Some(_))), "{:?} again: {:?}", operation, again);
            }
            prop_assert_eq!((*bank.trustline.sums(), bank.trustline.sequence()), (sums, sequence));
        }
    }
}
