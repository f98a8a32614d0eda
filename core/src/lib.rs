//! The state machine of a trustline: a private ledger between two parties who pay each other over BTP 1.0
//! (Interledger RFC 0023), thousands of times a second.
//!
//! It is pure: byte frames and time go in, frames and ledger effects come out. No sockets, no clock, no randomness that
//! was not given, no async. `no_std` with `alloc`.
//!
//! | module | what it knows |
//! |---|---|
//! | [`wire`] | shapes: packets as canonical OER, protocol data, ILP v1 packets |
//! | [`ledger`] | money and time: the sums, limits and states of one trustline, and its effects |
//! | [`session`] | one peer relationship across reconnects; joins the other two. Start here |
//!
//! Two features, both off by default, are for tests, ours and yours: `proptest` brings strategies, `arbitrary` implements
//! `arbitrary::Arbitrary`, for packets, for what is done to a ledger, and for what happens between two. See `testing`, which is
//! there with either.
//!
//! To pay or be paid over WebSockets, take one of the adapters, `trustline-smol` or `trustline-async-std`. To embed the
//! ledger in something else, take [`session::Session`] and keep its contract: *feed one input or command, drain the
//! outputs, read the deadline*.
//!
//! # What may grow
//!
//! Configurations, limits, counts, reasons and events are `#[non_exhaustive]`: a new limit or a new reason is no breaking change.
//! Take the default, and set what is different. Pairs of numbers that belong together, such as
//! [`Bounds`](ledger::Bounds), and [`Credentials`](session::Credentials) are complete. What an embedder has to act on is not: a new
//! [`Fact`](ledger::Fact), [`Output`](session::Output), or part of a [`Snapshot`](ledger::Snapshot) that a match or a copy
//! left out would be lost money, and so the compiler has to say so. Packets are as RFC 0023 has them.

#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

extern crate alloc;

mod condition;
mod ledger_id;
mod limits;
mod time;
mod transfer_id;
mod transfer_map;
mod uuid;

pub mod ledger;
pub mod session;
#[cfg(any(feature = "arbitrary", feature = "proptest"))]
pub mod testing;
pub mod wire;

#[cfg(test)]
mod tests;

pub use condition::{Condition, Fulfillment};
pub use ledger_id::LedgerId;
pub use limits::{Limits, TransferRate, WireLimits};
pub use time::{Timestamp, TimestampError};
pub use transfer_id::{TransferId, TransferIdError};
