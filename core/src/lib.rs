//! Trustline core.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod condition;
mod limits;
mod time;
mod transfer_id;
mod transfer_map;

pub mod ledger;
pub mod session;
pub mod wire;

pub use condition::{Condition, Fulfillment};
pub use limits::{Limits, WireLimits};
pub use time::{Timestamp, TimestampError};
pub use transfer_id::{TransferId, TransferIdError};
