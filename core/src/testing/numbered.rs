//! Transfers that are known by a small number, so that what is said about them meets.

use crate::wire::{Entry, Name, Prepare};
use crate::{Fulfillment, Timestamp, TransferId, ledger};

/// When everything starts that needs a time to start at: 2017-11-06T12:00:00Z.
pub const START: Timestamp = Timestamp::from_millis(1_509_969_600_000);

/// How many transfers there are where they are to meet: their numbers are below this.
pub const TRANSFERS: u32 = 6;

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
        protocol_data: Entry::octets(Name::ILP, n.to_be_bytes().to_vec()).into(),
    }
}

/// Transfer number `n` as the ledger sees it: what [`payment`] asks to prepare.
pub fn conditional(n: u32, amount: u64, expires_at: Timestamp) -> ledger::Transfer {
    let Prepare { transfer_id, amount, condition, expires_at, protocol_data } = payment(n, amount, expires_at);
    // One short entry can always be encoded.
    let protocol_data = protocol_data.encode().unwrap_or_default();
    ledger::Transfer { id: transfer_id, amount, condition, expires_at, protocol_data }
}
