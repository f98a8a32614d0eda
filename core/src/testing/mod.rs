//! What property tests and fuzzers of trustlines are made of: ours, and those of who embeds one.

mod numbered;
mod operation;
#[cfg(feature = "proptest")]
pub mod strategies;

pub use numbered::{START, TRANSFERS, conditional, fulfillment, number, payment, transfer_id};
pub use operation::{Bank, NotDone, Operation, Request};
