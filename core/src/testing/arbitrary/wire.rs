//! Packets and what they hold.

use alloc::vec::Vec;

use arbitrary::{Arbitrary, Result, Unstructured};

use super::{amount, ascii, octets};
use crate::wire::{
    Body, ContentType, Entry, ErrorCode, ErrorPacket, Fulfill, IlpError, IlpPacket, IlpPayment, Name, Packet, Prepare, ProtocolData,
    Reject, Transfer,
};

/// The most data of an Error (RFC 0023, *Error*) and of an entry: whatever is put together of it stays below the 128 KiB that a
/// frame may have.
const MOST_DATA: usize = 8_192;
const MOST_ENTRY_DATA: usize = 1_024;

impl<'a> Arbitrary<'a> for Packet {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self { request_id: u.arbitrary()?, body: u.arbitrary()? })
    }
}

impl<'a> Arbitrary<'a> for Body {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match u.int_in_range(1..=7)? {
            1 => Self::Response(u.arbitrary()?),
            2 => Self::Error(u.arbitrary()?),
            3 => Self::Prepare(u.arbitrary()?),
            4 => Self::Fulfill(u.arbitrary()?),
            5 => Self::Reject(u.arbitrary()?),
            6 => Self::Message(u.arbitrary()?),
            _ => Self::Transfer(u.arbitrary()?),
        })
    }
}

impl<'a> Arbitrary<'a> for ErrorPacket {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let (code, name) = (u.arbitrary()?, ascii(u, 255)?.into());
        Ok(Self { code, name, triggered_at: u.arbitrary()?, data: octets(u, MOST_DATA)?, protocol_data: u.arbitrary()? })
    }
}

impl<'a> Arbitrary<'a> for Prepare {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let (transfer_id, amount, (condition, expires_at)) = (u.arbitrary()?, amount(u)?, u.arbitrary()?);
        Ok(Self { transfer_id, amount, condition, expires_at, protocol_data: u.arbitrary()? })
    }
}

impl<'a> Arbitrary<'a> for Fulfill {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let (transfer_id, fulfillment, protocol_data) = u.arbitrary()?;
        Ok(Self { transfer_id, fulfillment, protocol_data })
    }
}

impl<'a> Arbitrary<'a> for Reject {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let (transfer_id, protocol_data) = u.arbitrary()?;
        Ok(Self { transfer_id, protocol_data })
    }
}

impl<'a> Arbitrary<'a> for Transfer {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self { amount: amount(u)?, protocol_data: u.arbitrary()? })
    }
}

/// Up to 64 entries, the most that is taken by default.
impl<'a> Arbitrary<'a> for ProtocolData {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        u.arbitrary_iter()?.take(64).collect::<Result<Vec<Entry>>>().map(Self::from)
    }
}

impl<'a> Arbitrary<'a> for Entry {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self { name: u.arbitrary()?, content_type: u.arbitrary()?, data: octets(u, MOST_ENTRY_DATA)? })
    }
}

/// A well-known one, or up to 255 ASCII characters.
impl<'a> Arbitrary<'a> for Name {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        const KNOWN: [Name; 9] = [
            Name::ILP,
            Name::AUTH,
            Name::AUTH_USERNAME,
            Name::AUTH_TOKEN,
            Name::INFO,
            Name::BALANCE,
            Name::LIMIT,
            Name::CUSTOM,
            Name::TRANSFER_ID,
        ];
        if u.ratio(3, 4)? { u.choose(&KNOWN).cloned() } else { ascii(u, 255).map(Self::from) }
    }
}

impl<'a> Arbitrary<'a> for ContentType {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        u.arbitrary::<u8>().map(Self::from)
    }
}

impl<'a> Arbitrary<'a> for ErrorCode {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let characters: [u8; 3] = u.arbitrary()?;
        Self::new(characters.map(|byte| byte & 0x7f)).ok_or(arbitrary::Error::IncorrectFormat)
    }
}

impl<'a> Arbitrary<'a> for IlpPacket {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match u.arbitrary()? {
            1 => Self::Payment(u.arbitrary()?),
            8 => Self::Error(u.arbitrary()?),
            kind => Self::Other { kind, content: octets(u, MOST_DATA)? },
        })
    }
}

impl<'a> Arbitrary<'a> for IlpPayment {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self { amount: amount(u)?, account: ascii(u, 1_023)?, data: octets(u, MOST_DATA)? })
    }
}

impl<'a> Arbitrary<'a> for IlpError {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let (code, name, triggered_by) = (u.arbitrary()?, ascii(u, 255)?.into(), ascii(u, 1_023)?);
        let connectors = u.int_in_range(0..=4)?;
        let forwarded_by = (0..connectors).map(|_| ascii(u, 1_023)).collect::<Result<_>>()?;
        Ok(Self { code, name, triggered_by, forwarded_by, triggered_at: u.arbitrary()?, data: octets(u, MOST_DATA)? })
    }
}
