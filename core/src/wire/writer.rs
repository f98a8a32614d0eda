//! Writing fields, one after the other, with rasn's COER encoder.

use alloc::vec::Vec;

use bytes::Bytes;
use rasn::oer::enc::{Encoder as Coer, EncoderOptions};
use rasn::types::{Constraints, FixedOctetString, Identifier, Tag};
use rasn::{Encode, Encoder};

use super::error::{EncodeError, Field};
use super::generalized_time;
use super::quantity::Quantity;
use crate::time::Timestamp;

/// Where fields are written to.
pub(super) struct Writer<'a> {
    encoder: Coer<'a>,
}

/// All that `write` writes, which must be `length` bytes: so they are allocated once.
pub(super) fn encode(length: usize, write: impl FnOnce(&mut Writer<'_>) -> Result<(), EncodeError>) -> Result<Bytes, EncodeError> {
    let mut output = Vec::with_capacity(length);
    // rasn wants a second buffer, which it fills only for extensions. We send none.
    let mut unused = Vec::new();
    write(&mut Writer { encoder: Coer::from_buffer(EncoderOptions::coer(), &mut output, &mut unused) })?;
    debug_assert_eq!(output.len(), length, "a packet's length was computed wrongly");
    Ok(output.into())
}

impl Writer<'_> {
    pub(super) fn u8(&mut self, field: Field, value: u8) -> Result<(), EncodeError> {
        self.write(field, size_of_val(&value), |encoder| value.encode(encoder))
    }

    pub(super) fn u32(&mut self, field: Field, value: u32) -> Result<(), EncodeError> {
        self.write(field, size_of_val(&value), |encoder| value.encode(encoder))
    }

    pub(super) fn u64(&mut self, field: Field, value: u64) -> Result<(), EncodeError> {
        self.write(field, size_of_val(&value), |encoder| value.encode(encoder))
    }

    /// An octet string of fixed size, which has no length in OER.
    pub(super) fn array<const N: usize>(&mut self, field: Field, value: &[u8; N]) -> Result<(), EncodeError> {
        self.write(field, N, |encoder| FixedOctetString::new(*value).encode(encoder))
    }

    /// An octet string behind its length.
    pub(super) fn octets(&mut self, field: Field, value: &[u8]) -> Result<(), EncodeError> {
        self.write(field, value.len(), |encoder| {
            encoder.encode_octet_string(Tag::OCTET_STRING, &Constraints::NONE, value, Identifier::OCTET_STRING)
        })
    }

    /// An `IA5String` behind its length, of at most `limit` bytes.
    pub(super) fn ascii(&mut self, field: Field, value: &str, limit: usize) -> Result<(), EncodeError> {
        if value.len() > limit {
            return Err(EncodeError::TooLong { field, length: value.len(), limit });
        }
        if !value.is_ascii() {
            return Err(EncodeError::NotAscii { field });
        }
        self.octets(field, value.as_bytes())
    }

    pub(super) fn time(&mut self, field: Field, value: Timestamp) -> Result<(), EncodeError> {
        self.octets(field, &generalized_time::format(value))
    }

    /// The count before a `SEQUENCE OF`.
    pub(super) fn count(&mut self, field: Field, value: usize) -> Result<(), EncodeError> {
        self.write(field, size_of_val(&value), |encoder| Quantity(value as u64).encode(encoder))
    }

    /// The length before the content of an open type, which is written next (RFC 0030, *Length determinant*).
    pub(super) fn length(&mut self, field: Field, length: usize) -> Result<(), EncodeError> {
        let bytes = length.to_be_bytes();
        let (_, bytes) = bytes.split_at(bytes.len() - significant_bytes(length));
        if length >= 128 {
            let [.., count] = bytes.len().to_be_bytes();
            self.u8(field, 0x80 | count)?;
        }
        bytes.iter().try_for_each(|byte| self.u8(field, *byte))
    }

    #[inline]
    fn write(
        &mut self,
        field: Field,
        length: usize,
        write: impl FnOnce(&mut Coer<'_>) -> Result<(), rasn::error::EncodeError>,
    ) -> Result<(), EncodeError> {
        // Of the kinds of field above, rasn refuses only an octet string that takes more than an eighth of the address space.
        write(&mut self.encoder).map_err(|_| EncodeError::TooLong { field, length, limit: usize::MAX / 8 })
    }
}

/// How many bytes an octet string of `length` bytes takes with its length in front.
pub(super) const fn octets_length(length: usize) -> usize {
    let determinant = if length < 128 { 1 } else { 1 + significant_bytes(length) };
    determinant + length
}

/// How many bytes the count before a `SEQUENCE OF` takes.
pub(super) const fn count_length(count: usize) -> usize {
    1 + significant_bytes(count)
}

/// How many bytes a number takes without leading zeros; zero takes one.
const fn significant_bytes(number: usize) -> usize {
    (usize::BITS - (number | 1).leading_zeros()).div_ceil(8) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::reader::Reader;

    /// Lengths around each change of form, small enough to allocate.
    const EDGES: [usize; 10] = [0, 1, 127, 128, 255, 256, 65_535, 65_536, 1 << 24, (1 << 24) - 1];

    #[test]
    fn the_length_of_an_open_type_is_that_of_an_octet_string() {
        for length in EDGES {
            let octets = alloc::vec![7; length];
            let whole = encode(octets_length(length), |writer| writer.octets(Field::Content, &octets)).unwrap();
            let determinant = encode(octets_length(length) - length, |writer| writer.length(Field::Content, length)).unwrap();
            assert!(whole.starts_with(&determinant), "{length}");
            assert_eq!(Reader::new(&whole).octets(Field::Content).unwrap(), octets);
        }
    }

    #[test]
    fn counts_have_no_leading_zeros() {
        for (count, bytes) in [
            (0, &b"\x01\x00"[..]),
            (127, b"\x01\x7f"),
            (128, b"\x01\x80"),
            (255, b"\x01\xff"),
            (256, b"\x02\x01\x00"),
            (65_536, b"\x03\x01\x00\x00"),
        ] {
            assert_eq!(encode(count_length(count), |writer| writer.count(Field::ProtocolData, count)).unwrap(), bytes);
        }
        assert_eq!(count_length(usize::MAX), 1 + size_of::<usize>());
    }

    #[test]
    fn strings_that_cannot_be_sent_are_refused() {
        let name = Field::Name;
        let refusal = |text, limit| encode(0, |writer| writer.ascii(name, text, limit)).unwrap_err();
        assert_eq!(refusal("abc", 2), EncodeError::TooLong { field: name, length: 3, limit: 2 });
        assert_eq!(refusal("\u{e9}", 2), EncodeError::NotAscii { field: name });
    }
}
