//! What a peer says.

use alloc::format;

use bytes::Bytes;

use super::desk::OPENING;
use crate::session::ErrorName;
use crate::wire::{Body, Entry, ErrorCode, ErrorPacket, Fulfill, IlpError, Prepare, ProtocolData, Reject, Transfer};
use crate::{Fulfillment, Timestamp, TransferId};

/// Transfers have small numbers: number 3 has the id 3, 3, 3... and the fulfillment 3, 3, 3...
pub(super) fn id(number: u8) -> TransferId {
    TransferId::from([number; 16])
}

pub(super) fn fulfillment(number: u8) -> Fulfillment {
    Fulfillment::from([number; 32])
}

/// Ten units, for 30 seconds from the opening.
pub(super) fn prepare(number: u8) -> Prepare {
    prepare_until(number, 30_000)
}

pub(super) fn prepare_until(number: u8, millis: i64) -> Prepare {
    Prepare {
        transfer_id: id(number),
        amount: 10,
        condition: fulfillment(number).condition(),
        expires_at: Timestamp::from_millis(OPENING + millis),
        protocol_data: ProtocolData::new(),
    }
}

pub(super) fn fulfill(number: u8) -> Body {
    Body::Fulfill(Fulfill { transfer_id: id(number), fulfillment: fulfillment(number), protocol_data: ProtocolData::new() })
}

pub(super) fn reject(number: u8) -> Body {
    Body::Reject(Reject { transfer_id: id(number), protocol_data: ProtocolData::new() })
}

pub(super) fn transfer(number: u8) -> Body {
    let protocol_data = Entry::octets("transfer_id", [number; 16].to_vec()).into();
    Body::Transfer(Transfer { amount: 10, protocol_data })
}

pub(super) fn message(name: &str, data: &'static [u8]) -> Body {
    Body::Message(Entry::octets(name, Bytes::from_static(data)).into())
}

/// Why we decline a transfer.
pub(super) fn reason() -> IlpError {
    IlpError {
        code: ErrorCode::new(*b"F99").unwrap(),
        name: "Application Error".into(),
        triggered_by: "peer.us".into(),
        forwarded_by: alloc::vec![],
        triggered_at: Timestamp::from_millis(OPENING),
        data: Bytes::new(),
    }
}

pub(super) fn error(name: ErrorName) -> ErrorPacket {
    name.error(&format!("{name:?}"), Timestamp::from_millis(OPENING))
}

/// What no packet can carry.
pub(super) fn unsendable() -> ProtocolData {
    Entry::octets("", alloc::vec![0; 200_000]).into()
}
