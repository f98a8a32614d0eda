//! The packets of BTP 1.0.

#[cfg(test)]
mod tests;

use alloc::borrow::Cow;
use alloc::string::String;

use bytes::Bytes;

use super::error::{DecodeError, EncodeError, Field, Problem};
use super::error_code::ErrorCode;
use super::generalized_time;
use super::protocol_data::ProtocolData;
use super::reader::Reader;
use super::writer::{self, Writer};
use crate::condition::{Condition, Fulfillment};
use crate::limits::WireLimits;
use crate::time::Timestamp;
use crate::transfer_id::TransferId;

/// The longest error name that is sent, in bytes: those of RFC 0023 have 23 at most.
const LONGEST_ERROR_NAME: usize = 255;

/// The most bytes of `data` in an Error that may be sent (RFC 0023, *Error*: `SIZE (0..8192)`).
const MOST_ERROR_DATA: usize = 8192;

/// One BTP packet: the content of one frame (RFC 0023, `BilateralTransferProtocolPacket`).
///
/// ```
/// use trustline_core::WireLimits;
/// use trustline_core::wire::{Body, Entry, Name, Packet};
///
/// let packet = Packet { request_id: 7, body: Body::Message(Entry::octets(Name::INFO, vec![2]).into()) };
/// let frame = packet.encode()?;
/// assert_eq!(*frame, *b"\x06\0\0\0\x07\x0a\x01\x01\x04info\0\x01\x02");
/// assert_eq!(Packet::decode(&frame, &WireLimits::default())?, packet);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Which request this is, among the sender's, or which of the receiver's it answers.
    pub request_id: u32,
    /// What it asks or answers.
    pub body: Body,
}

/// What a packet asks or answers: its type and the content of that type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Type 1, answers a request: it is done.
    Response(ProtocolData),
    /// Type 2, answers a request: it is refused.
    Error(ErrorPacket),
    /// Type 3, a request: hold an amount for a transfer.
    Prepare(Prepare),
    /// Type 4, a request: execute a prepared transfer.
    Fulfill(Fulfill),
    /// Type 5, a request: cancel a prepared transfer.
    Reject(Reject),
    /// Type 6, a request that moves no money.
    Message(ProtocolData),
    /// Type 7, a request: transfer an amount without condition.
    Transfer(Transfer),
}

/// Why a request is refused (RFC 0023, *Error*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorPacket {
    /// The code, such as `F00`.
    pub code: ErrorCode,
    /// The name that belongs to the code, such as `NotAcceptedError`. At most 255 bytes of ASCII are sent; longer ones are read.
    pub name: Cow<'static, str>,
    /// When the error was made.
    pub triggered_at: Timestamp,
    /// More about it, often JSON. At most 8192 bytes are sent; longer ones are read.
    pub data: Bytes,
    /// Sub-protocol entries.
    pub protocol_data: ProtocolData,
}

/// A conditional transfer is to be prepared (RFC 0023, *Prepare*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepare {
    /// The transfer, named by its payer.
    pub transfer_id: TransferId,
    /// The amount, in the trustline's smallest unit.
    pub amount: u64,
    /// What must be shown to execute it.
    pub condition: Condition,
    /// The moment from which it cannot be executed.
    pub expires_at: Timestamp,
    /// Sub-protocol entries, such as the `ilp` packet that it pays for.
    pub protocol_data: ProtocolData,
}

/// A prepared transfer is to be executed (RFC 0023, *Fulfill*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fulfill {
    /// The transfer.
    pub transfer_id: TransferId,
    /// The preimage of its condition.
    pub fulfillment: Fulfillment,
    /// Sub-protocol entries.
    pub protocol_data: ProtocolData,
}

/// A prepared transfer is to be cancelled (RFC 0023, *Reject*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The transfer.
    pub transfer_id: TransferId,
    /// Sub-protocol entries, among them an `ilp` error that says why.
    pub protocol_data: ProtocolData,
}

/// An amount is transferred without condition (RFC 0023, *Transfer*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The amount, in the trustline's smallest unit.
    pub amount: u64,
    /// Sub-protocol entries, such as a claim.
    pub protocol_data: ProtocolData,
}

impl Packet {
    /// Reads a frame. Bytes behind the last field, of the content and of the frame, are ignored (RFC 0030, extensibility).
    ///
    /// Nothing that is returned borrows from the frame or shares its memory, and no more is allocated than the frame's bytes
    /// and the limits allow.
    pub fn decode(frame: &[u8], limits: &WireLimits) -> Result<Self, DecodeError> {
        if frame.len() > limits.frame_bytes {
            return Err(DecodeError::LimitExceeded { field: Field::Frame, offset: 0, limit: limits.frame_bytes });
        }
        let mut envelope = Reader::new(frame);
        let kind = envelope.u8(Field::Type)?;
        let request_id = envelope.u32(Field::RequestId)?;
        let mut content = envelope.open_type(Field::Content)?;
        Ok(Self { request_id, body: Body::read(kind, &mut content, limits)? })
    }

    /// The frame of this packet, in canonical OER.
    pub fn encode(&self) -> Result<Bytes, EncodeError> {
        let content_length = self.body.encoded_length();
        writer::encode(1 + 4 + writer::octets_length(content_length), |writer| {
            writer.u8(Field::Type, self.body.kind())?;
            writer.u32(Field::RequestId, self.request_id)?;
            writer.length(Field::Content, content_length)?;
            self.body.write(writer)
        })
    }
}

impl Body {
    /// The sub-protocol entries.
    pub const fn protocol_data(&self) -> &ProtocolData {
        match self {
            Self::Response(protocol_data)
            | Self::Error(ErrorPacket { protocol_data, .. })
            | Self::Prepare(Prepare { protocol_data, .. })
            | Self::Fulfill(Fulfill { protocol_data, .. })
            | Self::Reject(Reject { protocol_data, .. })
            | Self::Message(protocol_data)
            | Self::Transfer(Transfer { protocol_data, .. }) => protocol_data,
        }
    }

    const fn kind(&self) -> u8 {
        match self {
            Self::Response(_) => 1,
            Self::Error(_) => 2,
            Self::Prepare(_) => 3,
            Self::Fulfill(_) => 4,
            Self::Reject(_) => 5,
            Self::Message(_) => 6,
            Self::Transfer(_) => 7,
        }
    }

    fn read(kind: u8, reader: &mut Reader<'_>, limits: &WireLimits) -> Result<Self, DecodeError> {
        Ok(match kind {
            1 => Self::Response(ProtocolData::read(reader, limits)?),
            2 => Self::Error(ErrorPacket {
                code: reader.error_code(Field::Code)?,
                name: String::from(reader.ascii(Field::Name)?).into(),
                triggered_at: reader.time(Field::TriggeredAt)?,
                data: reader.bytes(Field::Data)?,
                protocol_data: ProtocolData::read(reader, limits)?,
            }),
            3 => Self::Prepare(Prepare {
                transfer_id: reader.array(Field::TransferId)?.into(),
                amount: reader.u64(Field::Amount)?,
                condition: reader.array(Field::ExecutionCondition)?.into(),
                expires_at: reader.time(Field::ExpiresAt)?,
                protocol_data: ProtocolData::read(reader, limits)?,
            }),
            4 => Self::Fulfill(Fulfill {
                transfer_id: reader.array(Field::TransferId)?.into(),
                fulfillment: reader.array(Field::Fulfillment)?.into(),
                protocol_data: ProtocolData::read(reader, limits)?,
            }),
            5 => Self::Reject(Reject {
                transfer_id: reader.array(Field::TransferId)?.into(),
                protocol_data: ProtocolData::read(reader, limits)?,
            }),
            6 => Self::Message(ProtocolData::read(reader, limits)?),
            7 => Self::Transfer(Transfer { amount: reader.u64(Field::Amount)?, protocol_data: ProtocolData::read(reader, limits)? }),
            unknown => {
                return Err(DecodeError::Unreadable { field: Field::Type, offset: 0, problem: Problem::UnknownType(unknown) });
            }
        })
    }

    fn write(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        match self {
            Self::Response(_) | Self::Message(_) => {}
            Self::Error(error) => {
                writer.array(Field::Code, error.code.as_bytes())?;
                writer.ascii(Field::Name, &error.name, LONGEST_ERROR_NAME)?;
                writer.time(Field::TriggeredAt, error.triggered_at)?;
                let length = error.data.len();
                if length > MOST_ERROR_DATA {
                    return Err(EncodeError::TooLong { field: Field::Data, length, limit: MOST_ERROR_DATA });
                }
                writer.octets(Field::Data, &error.data)?;
            }
            Self::Prepare(prepare) => {
                writer.array(Field::TransferId, prepare.transfer_id.as_bytes())?;
                writer.u64(Field::Amount, prepare.amount)?;
                writer.array(Field::ExecutionCondition, prepare.condition.as_bytes())?;
                writer.time(Field::ExpiresAt, prepare.expires_at)?;
            }
            Self::Fulfill(fulfill) => {
                writer.array(Field::TransferId, fulfill.transfer_id.as_bytes())?;
                writer.array(Field::Fulfillment, fulfill.fulfillment.as_bytes())?;
            }
            Self::Reject(reject) => writer.array(Field::TransferId, reject.transfer_id.as_bytes())?,
            Self::Transfer(transfer) => writer.u64(Field::Amount, transfer.amount)?,
        }
        self.protocol_data().write(writer)
    }

    fn encoded_length(&self) -> usize {
        const TIME: usize = writer::octets_length(generalized_time::LENGTH);
        let fields = match self {
            Self::Response(_) | Self::Message(_) => 0,
            Self::Error(error) => 3 + writer::octets_length(error.name.len()) + TIME + writer::octets_length(error.data.len()),
            Self::Prepare(_) => 16 + 8 + 32 + TIME,
            Self::Fulfill(_) => 16 + 32,
            Self::Reject(_) => 16,
            Self::Transfer(_) => 8,
        };
        fields + self.protocol_data().encoded_length()
    }
}
