//! Protocol data as the ledger keeps it, and packets as they are sent.

use bytes::Bytes;

use super::machine::Session;
use crate::WireLimits;
use crate::wire::{EncodeError, ErrorPacket, Field, Packet, ProtocolData};

/// What a command or the wire has checked before.
pub(super) fn encode(packet: &Packet) -> Bytes {
    packet.encode().expect("its protocol data was encoded before, and everything else is ours")
}

/// Protocol data that we encoded ourselves, for the ledger to keep.
pub(super) fn decode(protocol_data: &Bytes) -> ProtocolData {
    if protocol_data.is_empty() {
        return ProtocolData::new();
    }
    ProtocolData::decode(protocol_data, &WireLimits::NONE).expect("we encoded it")
}

/// As the ledger keeps it: nothing at all where there are no entries, which is the common case of a Fulfill.
pub(super) fn keep(protocol_data: &ProtocolData) -> Result<Bytes, EncodeError> {
    if protocol_data.is_empty() { Ok(Bytes::new()) } else { protocol_data.encode() }
}

/// What a frame holds beside its protocol data, rounded up: 87 bytes for the longest, and 30 for a `transfer_id` entry.
const ENVELOPE_BYTES: usize = 128;

impl Session {
    /// [`keep`], if a peer with our own limits would take it. What it cannot take ends its connection, and would be sent
    /// again over the next one, for ever.
    pub(super) fn sendable(&self, protocol_data: &ProtocolData) -> Result<Bytes, EncodeError> {
        let WireLimits { frame_bytes, entries, name_bytes } = self.config.limits.wire;
        let count = protocol_data.len();
        if count > entries {
            return Err(EncodeError::TooLong { field: Field::ProtocolData, length: count, limit: entries });
        }
        if let Some(entry) = protocol_data.iter().find(|entry| entry.name.len() > name_bytes) {
            return Err(EncodeError::TooLong { field: Field::ProtocolName, length: entry.name.len(), limit: name_bytes });
        }
        let kept = keep(protocol_data)?;
        let most = frame_bytes.saturating_sub(ENVELOPE_BYTES);
        if kept.len() > most {
            return Err(EncodeError::TooLong { field: Field::ProtocolData, length: kept.len(), limit: most });
        }
        Ok(kept)
    }
}

pub(super) fn boxed(error: ErrorPacket) -> alloc::boxed::Box<ErrorPacket> {
    alloc::boxed::Box::new(error)
}
