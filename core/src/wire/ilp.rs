//! The packets of ILP v1, which travel in `ilp` entries (RFC 0003).

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use super::error::{DecodeError, EncodeError, Field};
use super::error_code::ErrorCode;
use super::generalized_time;
use super::reader::Reader;
use super::writer::{self, Writer};
use crate::time::Timestamp;

/// ILP's strings have no limit of their own: the frame is the limit.
const UNLIMITED: usize = usize::MAX;

/// What stands for the empty, extensible `extensions` sequence that ends each ILP packet: no extensions.
const NO_EXTENSIONS: u8 = 0;

/// An ILP v1 packet: those that a trustline needs to understand, and all others as they are.
///
/// ```
/// use trustline_core::wire::{IlpPacket, IlpPayment};
///
/// let payment = IlpPacket::Payment(IlpPayment { amount: 10, account: "example.alice".into(), data: Default::default() });
/// let bytes = payment.encode()?;
/// assert_eq!(*bytes, *b"\x01\x18\0\0\0\0\0\0\0\x0a\x0dexample.alice\0\0");
/// assert_eq!(IlpPacket::decode(&bytes)?, payment);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IlpPacket {
    /// Type 1: a payment.
    Payment(IlpPayment),
    /// Type 8: an error.
    Error(IlpError),
    /// Another type, such as a quote.
    Other {
        /// The type, neither 1 nor 8 when it was received.
        kind: u8,
        /// The content, unread.
        content: Bytes,
    },
}

/// What is to arrive where (RFC 0003, `InterledgerProtocolPaymentMessage`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IlpPayment {
    /// The amount that is to arrive, in the smallest unit of the destination's ledger.
    pub amount: u64,
    /// The ILP address of the destination. That it is a valid address is not checked.
    pub account: String,
    /// For the receiver.
    pub data: Bytes,
}

/// Why a payment failed (RFC 0003, `InterledgerProtocolError`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IlpError {
    /// The code, such as `R00`.
    pub code: ErrorCode,
    /// The name that belongs to the code, such as `Transfer Timed Out`.
    pub name: Cow<'static, str>,
    /// The ILP address of who made the error. That it is a valid address is not checked.
    pub triggered_by: String,
    /// The ILP addresses of the connectors that passed it on.
    pub forwarded_by: Vec<String>,
    /// When the error was made.
    pub triggered_at: Timestamp,
    /// More about it, usually text in UTF-8.
    pub data: Bytes,
}

impl IlpPacket {
    const PAYMENT: u8 = 1;
    const ERROR: u8 = 8;

    /// Reads a packet. Extensions and bytes behind them are ignored; that they are there at all is not required.
    pub fn decode(packet: &[u8]) -> Result<Self, DecodeError> {
        let mut envelope = Reader::new(packet);
        let kind = envelope.u8(Field::Type)?;
        match kind {
            Self::PAYMENT => IlpPayment::read(&mut envelope.open_type(Field::Content)?).map(Self::Payment),
            Self::ERROR => IlpError::read(&mut envelope.open_type(Field::Content)?).map(Self::Error),
            kind => Ok(Self::Other { kind, content: envelope.bytes(Field::Content)? }),
        }
    }

    /// The packet in canonical OER.
    pub fn encode(&self) -> Result<Bytes, EncodeError> {
        match self {
            Self::Payment(payment) => payment.encode(),
            Self::Error(error) => error.encode(),
            Self::Other { kind, content } => writer::encode(1 + writer::octets_length(content.len()), |writer| {
                writer.u8(Field::Type, *kind)?;
                writer.octets(Field::Content, content)
            }),
        }
    }
}

impl IlpPayment {
    /// The packet of this payment in canonical OER.
    pub fn encode(&self) -> Result<Bytes, EncodeError> {
        encode_known(IlpPacket::PAYMENT, self.encoded_length(), |writer| {
            writer.u64(Field::Amount, self.amount)?;
            writer.ascii(Field::Account, &self.account, UNLIMITED)?;
            writer.octets(Field::Data, &self.data)
        })
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { amount: reader.u64(Field::Amount)?, account: reader.ascii(Field::Account)?.into(), data: reader.bytes(Field::Data)? })
    }

    fn encoded_length(&self) -> usize {
        8 + writer::octets_length(self.account.len()) + writer::octets_length(self.data.len())
    }
}

impl IlpError {
    /// The packet of this error in canonical OER.
    pub fn encode(&self) -> Result<Bytes, EncodeError> {
        encode_known(IlpPacket::ERROR, self.encoded_length(), |writer| {
            writer.array(Field::Code, self.code.as_bytes())?;
            writer.ascii(Field::Name, &self.name, UNLIMITED)?;
            writer.ascii(Field::TriggeredBy, &self.triggered_by, UNLIMITED)?;
            writer.count(Field::ForwardedBy, self.forwarded_by.len())?;
            for account in &self.forwarded_by {
                writer.ascii(Field::ForwardedBy, account, UNLIMITED)?;
            }
            writer.time(Field::TriggeredAt, self.triggered_at)?;
            writer.octets(Field::Data, &self.data)
        })
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            code: reader.error_code(Field::Code)?,
            name: String::from(reader.ascii(Field::Name)?).into(),
            triggered_by: reader.ascii(Field::TriggeredBy)?.into(),
            forwarded_by: {
                let count = reader.count(Field::ForwardedBy, 1)?;
                (0..count).map(|_| reader.ascii(Field::ForwardedBy).map(String::from)).collect::<Result<_, _>>()?
            },
            triggered_at: reader.time(Field::TriggeredAt)?,
            data: reader.bytes(Field::Data)?,
        })
    }

    fn encoded_length(&self) -> usize {
        3 + writer::octets_length(self.name.len())
            + writer::octets_length(self.triggered_by.len())
            + writer::count_length(self.forwarded_by.len())
            + self.forwarded_by.iter().map(|account| writer::octets_length(account.len())).sum::<usize>()
            + writer::octets_length(generalized_time::LENGTH)
            + writer::octets_length(self.data.len())
    }
}

/// The packet of this type, whose content is `fields`, `length` bytes long, and no extensions.
fn encode_known(kind: u8, length: usize, fields: impl FnOnce(&mut Writer<'_>) -> Result<(), EncodeError>) -> Result<Bytes, EncodeError> {
    let length = length + size_of_val(&NO_EXTENSIONS);
    writer::encode(1 + writer::octets_length(length), |writer| {
        writer.u8(Field::Type, kind)?;
        writer.length(Field::Content, length)?;
        fields(writer)?;
        writer.u8(Field::Content, NO_EXTENSIONS)
    })
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::wire::Problem;

    fn error() -> IlpError {
        IlpError {
            code: ErrorCode::new(*b"R00").unwrap(),
            name: "Transfer Timed Out".into(),
            triggered_by: "example.bob".into(),
            forwarded_by: vec!["example.connie".into(), String::new()],
            triggered_at: Timestamp::from_millis(1_509_971_696_700),
            data: Bytes::from_static(b"late"),
        }
    }

    #[test]
    fn an_error_has_its_fields_in_their_order() {
        let bytes = error().encode().unwrap();
        let expected = b"\x08\x4eR00\x12Transfer Timed Out\x0bexample.bob\x01\x02\x0eexample.connie\x00\x1320171106123456.700Z\x04late\x00";
        assert_eq!(bytes, &expected[..]);
        assert_eq!(IlpPacket::decode(&bytes), Ok(IlpPacket::Error(error())));
    }

    #[test]
    fn extensions_may_be_absent_and_whatever_stands_there_is_ignored() {
        let payment = IlpPacket::Payment(IlpPayment { amount: 1, account: "g".into(), data: Bytes::new() });
        for (length, behind) in [(11, &b""[..]), (12, b"\x00"), (14, b"\x80\x01\x02"), (12, b"\x00trailing")] {
            let bytes = [&[1, length], &b"\0\0\0\0\0\0\0\x01\x01g\0"[..], behind].concat();
            assert_eq!(IlpPacket::decode(&bytes).as_ref(), Ok(&payment));
        }
    }

    #[test]
    fn other_packets_are_carried_unread() {
        let bytes = b"\x05\x0d\0\0\0\x02\x18\x71\x1a\0\0\0\x0b\xb8\0";
        let packet = IlpPacket::decode(bytes).unwrap();
        assert_eq!(packet, IlpPacket::Other { kind: 5, content: Bytes::from_static(&bytes[2..]) });
        assert_eq!(packet.encode().unwrap(), &bytes[..]);
    }

    #[test]
    fn lists_and_texts_of_any_length_survive() {
        for length in [1, 127, 128, 255, 256, 300] {
            let long = IlpError {
                name: "n".repeat(length).into(),
                triggered_by: "g".repeat(length),
                forwarded_by: vec!["example.connie".into(); length],
                data: vec![0; length].into(),
                ..error()
            };
            assert_eq!(IlpPacket::decode(&long.encode().unwrap()), Ok(IlpPacket::Error(long)));
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (bytes, field, offset, problem) in [
            (&b""[..], Field::Type, 0, Problem::Truncated),
            (b"\x01\x02\0", Field::Content, 1, Problem::Truncated),
            (b"\x01\x03\0\0\0", Field::Amount, 2, Problem::Truncated),
            (b"\x01\x0b\0\0\0\0\0\0\0\x01\x01\xe9\0", Field::Account, 10, Problem::NotAscii),
            (b"\x08\x0bR00\0\0\x04\xff\xff\xff\xff\0", Field::ForwardedBy, 7, Problem::Truncated),
            (b"\x08\x08R00\0\0\x01\0\0", Field::TriggeredAt, 9, Problem::NotATime),
        ] {
            assert_eq!(IlpPacket::decode(bytes), Err(DecodeError::Unreadable { field, offset, problem }), "{bytes:x?}");
        }
    }

    #[test]
    fn addresses_that_are_not_ascii_are_refused() {
        let refusal = |field| Err(EncodeError::NotAscii { field });
        let not_ascii = String::from("g.\u{e9}");
        let payment = IlpPayment { amount: 1, account: not_ascii.clone(), data: Bytes::new() };
        assert_eq!(payment.encode(), refusal(Field::Account));
        assert_eq!(IlpError { triggered_by: not_ascii.clone(), ..error() }.encode(), refusal(Field::TriggeredBy));
        assert_eq!(IlpError { forwarded_by: vec![not_ascii], ..error() }.encode(), refusal(Field::ForwardedBy));
    }
}
