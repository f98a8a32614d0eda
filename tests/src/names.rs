//! The fixed things of all scenarios: a start, and payments that are known by their number.

use std::time::Duration;

use trustline_core::session::LedgerInfo;
pub use trustline_core::testing::{START, conditional, fulfillment, number, payment, transfer_id};
use trustline_core::wire::{Entry, ErrorCode, IlpError, ProtocolData};

/// The token that a shop accepts.
pub const TOKEN: &str = "tok";

/// A duration of whole seconds.
pub const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A duration of whole milliseconds.
pub const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The reason of a Reject.
pub fn no_funds() -> IlpError {
    IlpError {
        code: ErrorCode::new(*b"F99").expect("it is ASCII"),
        name: "Application Error".into(),
        triggered_by: "example.shop".into(),
        forwarded_by: Vec::new(),
        triggered_at: START,
        data: "no".into(),
    }
}

/// What a `custom` request or answer of these words holds.
pub fn custom(json: &str) -> ProtocolData {
    Entry::json("custom", json).into()
}

/// No entries.
pub const fn no_data() -> ProtocolData {
    ProtocolData::new()
}

/// The ledger of the tutorial's shop.
pub fn ledger_info() -> LedgerInfo {
    LedgerInfo::new("example.letter-shop.mytrustline.", "XRP", 9)
}
