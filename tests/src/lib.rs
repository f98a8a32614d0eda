//! What several crates are tested with: a two-party rig with one fake clock, and a naive model of the ledger.
//!
//! A scenario reads like a conversation:
//!
//! ```
//! use trustline_tests::Pair;
//!
//! let mut pair = Pair::connected();
//! pair.customer.pays(1, 10);
//! pair.drive();
//! assert_eq!(pair.shop.events(), ["in 1 prepared: 10"]);
//! pair.shop.fulfills(1);
//! pair.drive();
//! assert_eq!(pair.customer.events(), ["out 1 prepared", "out 1 fulfilled"]);
//! assert_eq!(pair.talk(), ["customer: Prepare 1: 10", "shop: Response", "shop: Fulfill 1", "customer: Response"]);
//! pair.assert_mirrored();
//! ```

#![allow(clippy::missing_panics_doc)] // a rig panics where a scenario goes wrong: that is its use

pub mod conformance;
pub mod contract;
mod conversing;
pub mod foreign_peer;
pub mod fuzzing;
pub mod laws;
mod link;
pub mod model;
mod names;
mod pair;
pub mod programs;
mod scratch;
mod side;
pub mod simulator;
mod solo;
mod story;
pub mod watched;
mod with;

pub use link::Role;
pub use names::{
    START, TOKEN, conditional, custom, fulfillment, ledger_info, millis, no_data, no_funds, number, payment, seconds, transfer_id,
};
pub use pair::Pair;
pub use scratch::Scratch;
pub use side::{Crash, Side};
pub use solo::{Solo, reason};
pub use story::{describe_event, describe_frame, end};
pub use with::with;

/// The README's code is compiled with the doctests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
