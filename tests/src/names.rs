//! The fixed things of all scenarios: a start, and payments that are known by their number.

use std::time::Duration;

use trustline_core::ledger;
use trustline_core::session::LedgerInfo;
use trustline_core::wire::{Entry, ErrorCode, IlpError, Prepare, ProtocolData};
use trustline_core::{Fulfillment, Timestamp, TransferId};

/// When every scenario starts: 2017-11-06T12:00:00Z.
pub const START: Timestamp = Timestamp::from_millis(1_509_969_600_000);

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

/// The id of transfer number `n`.
pub fn transfer_id(n: u32) -> TransferId {
    let mut id = [0; 16];
    id[12..].copy_from_slice(&n.to_be_bytes());
    TransferId::from(id)
}

/// The number of a transfer that [`transfer_id`] named.
pub fn number(id: TransferId) -> u32 {
    let [.., a, b, c, d] = *id.as_bytes();
    u32::from_be_bytes([a, b, c, d])
}

/// What fulfills transfer number `n`.
pub fn fulfillment(n: u32) -> Fulfillment {
    let mut bytes = [7; 32];
    bytes[28..].copy_from_slice(&n.to_be_bytes());
    Fulfillment::from(bytes)
}

/// The Prepare of transfer number `n`.
pub fn payment(n: u32, amount: u64, expires_at: Timestamp) -> Prepare {
    Prepare {
        transfer_id: transfer_id(n),
        amount,
        condition: fulfillment(n).condition(),
        expires_at,
        protocol_data: Entry::octets("ilp", n.to_be_bytes().to_vec()).into(),
    }
}

/// Transfer number `n` as the ledger sees it.
pub fn conditional(n: u32, amount: u64, expires_at: Timestamp) -> ledger::Transfer {
    let Prepare { transfer_id, amount, condition, expires_at, protocol_data } = payment(n, amount, expires_at);
    let protocol_data = protocol_data.encode().expect("it is short");
    ledger::Transfer { id: transfer_id, amount, condition, expires_at, protocol_data }
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
