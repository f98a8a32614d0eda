//! What can be wrong with bytes that were received, and with a packet that is to be sent.

use core::fmt;

/// Why bytes are not a packet for us, and where: the field, and the offset of its first byte (of its length, if it has
/// one) from the start of what was decoded.
///
/// ```
/// use trustline_core::WireLimits;
/// use trustline_core::wire::{Field, Packet};
///
/// let error = Packet::decode(b"\x06\0\0\0\x07\x05\x01\x00", &WireLimits::default()).unwrap_err();
/// assert_eq!((error.field(), error.offset()), (Field::Content, 5));
/// assert_eq!(error.to_string(), "packet content at byte 5: longer than what is left");
/// assert!(!error.is_limit());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes are no packet. Such a frame is ignored: an answer to it could start a loop (RFC 0023, *Flow*).
    Unreadable {
        /// The field that cannot be read.
        field: Field,
        /// Where it starts, in bytes.
        offset: usize,
        /// What is wrong with it.
        problem: Problem,
    },
    /// The bytes exceed one of our [`WireLimits`](crate::WireLimits). The connection is closed.
    LimitExceeded {
        /// The field that is too long, or has too many entries.
        field: Field,
        /// Where it starts, in bytes.
        offset: usize,
        /// The most bytes or entries that it may have.
        limit: usize,
    },
}

impl DecodeError {
    /// Whether one of our limits was exceeded, which ends the connection; otherwise the frame is unreadable, and ignored.
    pub const fn is_limit(&self) -> bool {
        matches!(self, Self::LimitExceeded { .. })
    }

    /// The field that is at fault.
    pub const fn field(&self) -> Field {
        match self {
            Self::Unreadable { field, .. } | Self::LimitExceeded { field, .. } => *field,
        }
    }

    /// Where that field starts, in bytes from the start of what was decoded.
    pub const fn offset(&self) -> usize {
        match self {
            Self::Unreadable { offset, .. } | Self::LimitExceeded { offset, .. } => *offset,
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { field, offset, problem } => write!(f, "{field} at byte {offset}: {problem}"),
            Self::LimitExceeded { field, offset, limit } => write!(f, "{field} at byte {offset}: more than the limit of {limit}"),
        }
    }
}

impl core::error::Error for DecodeError {}

/// What makes a field unreadable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// It says, or needs, more bytes or entries than there are.
    Truncated,
    /// Its length or count is not in the one canonical form (RFC 0030, *Length determinant*).
    NotCanonical,
    /// It has a byte above 0x7f, which an `IA5String` has not (RFC 0023, *Flow*: illegal characters).
    NotAscii,
    /// It is not a UTC date and time that exists, written `YYYYMMDDHHMMSS[.f]Z`.
    NotATime,
    /// It is a packet type that BTP 1.0 does not have.
    UnknownType(u8),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("longer than what is left"),
            Self::NotCanonical => f.write_str("length or count not in canonical form"),
            Self::NotAscii => f.write_str("not ASCII"),
            Self::NotATime => f.write_str("not a UTC time"),
            Self::UnknownType(value) => write!(f, "unknown type {value}"),
        }
    }
}

/// Why a packet cannot be sent. Nothing of it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeError {
    /// A field is longer than may be sent.
    TooLong {
        /// The field.
        field: Field,
        /// Its length, in bytes.
        length: usize,
        /// The most bytes that it may have.
        limit: usize,
    },
    /// A field that must be ASCII is not.
    NotAscii {
        /// The field.
        field: Field,
    },
}

impl EncodeError {
    /// The field that is at fault.
    pub const fn field(&self) -> Field {
        match self {
            Self::TooLong { field, .. } | Self::NotAscii { field } => *field,
        }
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { field, length, limit } => write!(f, "{field}: {length} bytes, at most {limit} may be sent"),
            Self::NotAscii { field } => write!(f, "{field}: not ASCII"),
        }
    }
}

impl core::error::Error for EncodeError {}

/// A field of a packet, by its name in the ASN.1 modules of RFC 0023 and RFC 0003.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Field {
    /// The whole frame.
    Frame,
    /// `type`: what packet this is.
    Type,
    /// `requestId`.
    RequestId,
    /// `data` of the envelope: the packet's content, behind its length.
    Content,
    /// `transferId`.
    TransferId,
    /// `amount`.
    Amount,
    /// `executionCondition`.
    ExecutionCondition,
    /// `expiresAt`.
    ExpiresAt,
    /// `fulfillment`.
    Fulfillment,
    /// `code` of an error.
    Code,
    /// `name` of an error.
    Name,
    /// `triggeredAt` of an error.
    TriggeredAt,
    /// `data` of an error or of an ILP packet.
    Data,
    /// `protocolData`: the count before its entries.
    ProtocolData,
    /// `protocolName` of an entry.
    ProtocolName,
    /// `contentType` of an entry.
    ContentType,
    /// `data` of an entry.
    EntryData,
    /// `account` of an ILP payment.
    Account,
    /// `triggeredBy` of an ILP error.
    TriggeredBy,
    /// `forwardedBy` of an ILP error: the count, or one of the accounts.
    ForwardedBy,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Frame => "frame",
            Self::Type => "type",
            Self::RequestId => "requestId",
            Self::Content => "packet content",
            Self::TransferId => "transferId",
            Self::Amount => "amount",
            Self::ExecutionCondition => "executionCondition",
            Self::ExpiresAt => "expiresAt",
            Self::Fulfillment => "fulfillment",
            Self::Code => "error code",
            Self::Name => "error name",
            Self::TriggeredAt => "triggeredAt",
            Self::Data => "data",
            Self::ProtocolData => "protocolData",
            Self::ProtocolName => "protocolName",
            Self::ContentType => "contentType",
            Self::EntryData => "protocolData's data",
            Self::Account => "account",
            Self::TriggeredBy => "triggeredBy",
            Self::ForwardedBy => "forwardedBy",
        })
    }
}
