//! What property tests and fuzzers of trustlines are made of: ours, and those of who embeds one. With the feature `proptest` or
//! `arbitrary`, and for tests alone: nothing here belongs into a program that moves money.
//!
//! | what | strategy (`proptest`) | by itself |
//! |---|---|---|
//! | frames, packets and what they hold | [`packet`](strategies::packet), [`frame`](strategies::frame), [`ilp_packet`](strategies::ilp_packet), ... | [`wire`](crate::wire) |
//! | what is done to a ledger, and a ledger to do it to | [`operations`](strategies::operations), [`config`](strategies::config) | [`Operation`], [`Bank`], [`TrustlineConfig`](crate::ledger::TrustlineConfig) |
//! | what a ledger has decided | [`effect`](strategies::effect), [`fact`](strategies::fact) | [`Effect`](crate::ledger::Effect) |
//! | what happens between parties, and to their lines and processes | [`acts`](strategies::acts) | [`Act`], [`Conversation`] |
//! | what a peer may say that keeps to no rule | [`request`](strategies::request), [`answer`](strategies::answer) | [`Body`](crate::wire::Body) |
//!
//! With `arbitrary`, packets and what they hold, operations, configurations, effects and acts of two parties are
//! `arbitrary::Arbitrary`: whatever bytes a fuzzer has become something valid.
//!
//! # Units, and what there is more of than chance would give
//!
//! Amounts are in the trustline's smallest unit, times are milliseconds of UTC, lengths are bytes. Of strategies and of fuzzers'
//! bytes alike:
//!
//! * **Amounts**: 0, 1 and others below 20, all 2^k - 1, 2^k and 2^k + 1, `u64::MAX`. **Bounds**: none, or the same up to beyond
//!   what amounts can reach.
//! * **Lengths**: 0, 1, those next to where their encoding changes (127, 128, 255, 256, 65,535, 65,536), and the most that is
//!   allowed.
//! * **Ids**: [numbers](transfer_id) below [`TRANSFERS`], so that most are repeated, and that anyone can
//!   [fulfill](fulfillment) them. Five of six fulfillments are the right one.
//! * **Times**: pauses are such that what is done comes at the very moment of an expiry, a millisecond before it, or behind it;
//!   some set the clock back, some are longer than anything is remembered.
//!
//! What a strategy gives shrinks: vectors to fewer, numbers towards 0, kinds towards simpler ones.
//!
//! # The invariants of a ledger of one's own
//!
//! An embedder's ledger executes our [effects](crate::ledger::Effect), and has to come to the same. Here one that keeps what an
//! accountant would: a list of what is held, and a balance. It is checked after every operation of any sequence, with any
//! configuration.
//!
#![cfg_attr(feature = "proptest", doc = "```")]
#![cfg_attr(not(feature = "proptest"), doc = "```ignore")]
//! use std::collections::HashMap;
//!
//! use proptest::prelude::*;
//! use trustline_core::TransferId;
//! use trustline_core::ledger::{Direction, Effect, Fact};
//! use trustline_core::testing::{Bank, strategies};
//!
//! #[derive(Debug, Default, PartialEq)]
//! struct MyLedger {
//!     balance: i128,
//!     /// Less than nothing where we pay.
//!     held: HashMap<TransferId, i128>,
//!     /// What we gave up and the host may still fulfill, if its clock is behind ours.
//!     given_up: HashMap<TransferId, i128>,
//! }
//!
//! fn signed(direction: Direction, amount: u64) -> i128 {
//!     if direction == Direction::Incoming { amount.into() } else { -i128::from(amount) }
//! }
//!
//! impl MyLedger {
//!     fn execute(&mut self, effect: &Effect) {
//!         match &effect.fact {
//!             Fact::Prepared { direction, transfer } => {
//!                 self.held.insert(transfer.id, signed(*direction, transfer.amount));
//!             }
//!             Fact::Transferring { id, amount, .. } => {
//!                 self.held.insert(*id, signed(Direction::Outgoing, *amount));
//!             }
//!             Fact::Fulfilled { id, .. } => {
//!                 self.balance += self.held.remove(id).or_else(|| self.given_up.remove(id)).expect("it was prepared");
//!             }
//!             Fact::Transferred { direction, id, amount, .. } => {
//!                 id.and_then(|id| self.held.remove(&id));
//!                 self.balance += signed(*direction, *amount);
//!             }
//!             Fact::Expired { id } => {
//!                 let amount = self.held.remove(id).expect("it was prepared");
//!                 self.given_up.insert(*id, amount);
//!             }
//!             Fact::Rejected { id, .. } | Fact::Refused { id } => {
//!                 self.held.remove(id);
//!             }
//!             // These move no money.
//!             Fact::Fulfilling { .. } | Fact::Acknowledged { .. } | Fact::BoundsChanged { .. } => {}
//!             Fact::Opened { .. } | Fact::PeerSeen { .. } | Fact::UnnamedPeerSeen => {}
//!         }
//!     }
//!
//!     /// The lowest and the highest that the balance can become, whatever is fulfilled of what is held.
//!     fn extremes(&self) -> (i128, i128) {
//!         let sum = |sign: i128| self.held.values().filter(|amount| amount.signum() == sign).sum::<i128>();
//!         (self.balance + sum(-1), self.balance + sum(1))
//!     }
//! }
//!
//! proptest! {
//!     # #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
//!     # /*
//!     #[test]
//!     # */
//!     fn my_ledger_has_the_same_balance(config in strategies::config(), operations in strategies::operations(0..50)) {
//!         let mut theirs = Bank::new(config);
//!         let mut mine = MyLedger::default();
//!         let mut journal = Vec::new();
//!         for operation in &operations {
//!             let (lowest, highest) = mine.extremes();
//!             // An operation that is refused, or nothing new, has no effect.
//!             let Ok(Some(effect)) = theirs.perform(operation) else { continue };
//!             mine.execute(&effect);
//!             prop_assert_eq!(mine.balance, theirs.trustline.balance());
//!             let sums = theirs.trustline.sums();
//!             let held = i128::try_from(sums.incoming_pending).unwrap() - i128::try_from(sums.outgoing_pending).unwrap();
//!             prop_assert_eq!(mine.held.values().sum::<i128>(), held);
//!             // What is new stays inside the bounds, even if all of it is fulfilled.
//!             if matches!(effect.fact, Fact::Prepared { .. } | Fact::Transferring { .. }) {
//!                 let (bounds, extremes) = (theirs.trustline.bounds(), mine.extremes());
//!                 prop_assert!(extremes.0 >= bounds.minimum.min(lowest) && extremes.1 <= bounds.maximum.max(highest));
//!             }
//!             journal.push(effect);
//!         }
//!         let mut replayed = MyLedger::default();
//!         journal.iter().for_each(|effect| replayed.execute(effect));
//!         prop_assert_eq!(replayed, mine);
//!     }
//! }
//! # my_ledger_has_the_same_balance();
//! ```

mod act;
#[cfg(feature = "arbitrary")]
mod arbitrary;
mod edges;
mod numbered;
mod operation;
#[cfg(feature = "proptest")]
pub mod strategies;

pub use act::{Act, Conversation};
pub use numbered::{START, TRANSFERS, conditional, fulfillment, number, payment, transfer_id};
pub use operation::{Bank, NotDone, Operation, Request, small_config};
