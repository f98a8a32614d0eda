//! Reading fields, one after the other, with rasn's COER decoder.
//!
//! Each packet names its fields in order instead of deriving rasn's `Decode` for all of them at once. That is how an error can
//! say which field it met at which byte, and how the limits reach the entries while they are read.

use alloc::borrow::Cow;

use bytes::Bytes;
use rasn::error::{CodecDecodeError, DecodeErrorKind};
use rasn::oer::de::{Decoder as Coer, DecoderOptions};
use rasn::types::{Constraints, FixedOctetString, Tag};
use rasn::{Decode, Decoder};

use super::error::{DecodeError, Field, Problem};
use super::error_code::ErrorCode;
use super::generalized_time;
use super::quantity::Quantity;
use crate::time::Timestamp;

/// What is left to read of some bytes, and where in the whole it lies.
pub(super) struct Reader<'a> {
    decoder: Coer<'a>,
    /// The offset of the end of these bytes.
    end: usize,
}

impl<'a> Reader<'a> {
    /// Reads all of `bytes`; offsets count from its start.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self::ending_at(bytes, bytes.len())
    }

    fn ending_at(bytes: &'a [u8], end: usize) -> Self {
        Self { decoder: Coer::new(bytes, DecoderOptions::coer()), end }
    }

    /// Where the next field starts.
    pub(super) fn offset(&self) -> usize {
        self.end - self.remaining()
    }

    /// How many bytes are left.
    pub(super) fn remaining(&self) -> usize {
        self.decoder.remaining().len()
    }

    pub(super) fn u8(&mut self, field: Field) -> Result<u8, DecodeError> {
        self.read(field, u8::decode)
    }

    pub(super) fn u32(&mut self, field: Field) -> Result<u32, DecodeError> {
        self.read(field, u32::decode)
    }

    pub(super) fn u64(&mut self, field: Field) -> Result<u64, DecodeError> {
        self.read(field, u64::decode)
    }

    /// An octet string of fixed size, which has no length in OER.
    pub(super) fn array<const N: usize>(&mut self, field: Field) -> Result<[u8; N], DecodeError> {
        self.read(field, FixedOctetString::<N>::decode).map(|octets| *octets)
    }

    /// An octet string behind its length, copied: what we keep must not hold on to the buffer of the frame.
    pub(super) fn bytes(&mut self, field: Field) -> Result<Bytes, DecodeError> {
        self.octets(field).map(Bytes::copy_from_slice)
    }

    /// An octet string behind its length.
    pub(super) fn octets(&mut self, field: Field) -> Result<&'a [u8], DecodeError> {
        let before = self.decoder.remaining();
        // rasn lends the octets only as long as its decoder is borrowed; what it has consumed says where they are.
        let length = self.read(field, |decoder| {
            decoder.decode_octet_string::<Cow<'_, [u8]>>(Tag::OCTET_STRING, &Constraints::NONE).map(|octets| octets.len())
        })?;
        let consumed = &before[..before.len() - self.remaining()];
        Ok(&consumed[consumed.len() - length..])
    }

    /// The content of an open type, which stands behind its length like an octet string, to read on in it.
    pub(super) fn open_type(&mut self, field: Field) -> Result<Self, DecodeError> {
        let content = self.octets(field)?;
        Ok(Self::ending_at(content, self.offset()))
    }

    /// An `IA5String` behind its length.
    pub(super) fn ascii(&mut self, field: Field) -> Result<&'a str, DecodeError> {
        let offset = self.offset();
        let octets = self.octets(field)?;
        let text = core::str::from_utf8(octets).ok().filter(|text| text.is_ascii());
        text.ok_or(DecodeError::Unreadable { field, offset, problem: Problem::NotAscii })
    }

    pub(super) fn error_code(&mut self, field: Field) -> Result<ErrorCode, DecodeError> {
        let offset = self.offset();
        ErrorCode::new(self.array(field)?).ok_or(DecodeError::Unreadable { field, offset, problem: Problem::NotAscii })
    }

    pub(super) fn time(&mut self, field: Field) -> Result<Timestamp, DecodeError> {
        let offset = self.offset();
        let octets = self.octets(field)?;
        generalized_time::parse(octets).ok_or(DecodeError::Unreadable { field, offset, problem: Problem::NotATime })
    }

    /// The count before a `SEQUENCE OF`; unreadable if the bytes that are left cannot hold so many entries of
    /// `smallest` bytes each. So whoever allocates by the count allocates by what was received.
    pub(super) fn count(&mut self, field: Field, smallest: usize) -> Result<usize, DecodeError> {
        let offset = self.offset();
        let Quantity(count) = self.read(field, Quantity::decode)?;
        let most = self.remaining() / smallest;
        usize::try_from(count).ok().filter(|count| *count <= most).ok_or(DecodeError::Unreadable {
            field,
            offset,
            problem: Problem::Truncated,
        })
    }

    #[inline]
    fn read<T>(&mut self, field: Field, read: impl FnOnce(&mut Coer<'a>) -> Result<T, rasn::error::DecodeError>) -> Result<T, DecodeError> {
        let offset = self.offset();
        read(&mut self.decoder).map_err(|error| DecodeError::Unreadable { field, offset, problem: problem(&error) })
    }
}

/// Of all that rasn can find wrong, the kinds of field above meet only what is too short, and lengths and counts that are not
/// canonical.
#[cold]
fn problem(error: &rasn::error::DecodeError) -> Problem {
    match &*error.kind {
        DecodeErrorKind::CodecSpecific { inner: CodecDecodeError::Coer(_) } | DecodeErrorKind::ZeroLengthOfLength => Problem::NotCanonical,
        _ => Problem::Truncated,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem_of<T: core::fmt::Debug>(result: Result<T, DecodeError>) -> Problem {
        match result.unwrap_err() {
            DecodeError::Unreadable { field: Field::Data, offset: 0, problem } => problem,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_the_shortest_form_of_a_length_is_read() {
        for (bytes, problem) in [
            (&b""[..], Problem::Truncated),
            (b"\x01", Problem::Truncated),
            (b"\x7f\0\0", Problem::Truncated),
            (b"\x82", Problem::Truncated),
            (b"\x82\x01", Problem::Truncated),
            (b"\x88\xff\xff\xff\xff\xff\xff\xff\xff", Problem::Truncated),
            (b"\x89\xff\xff\xff\xff\xff\xff\xff\xff\xff", Problem::Truncated),
            (b"\xff\x01", Problem::Truncated),
            (b"\x80\x00", Problem::NotCanonical),
            (b"\x81\x01\x00", Problem::NotCanonical),
            (b"\x81\x7f\x00", Problem::NotCanonical),
            (b"\x82\x00\x80\x00", Problem::NotCanonical),
            (b"\x89\0\0\0\0\0\0\0\0\x01\x07", Problem::NotCanonical),
        ] {
            assert_eq!(problem_of(Reader::new(bytes).octets(Field::Data)), problem, "{bytes:x?}");
        }
    }

    #[test]
    fn only_the_shortest_form_of_a_count_is_read() {
        for (bytes, problem) in [
            (&b""[..], Problem::Truncated),
            (b"\x01", Problem::Truncated),
            (b"\x02\x00\x01\0\0\0", Problem::NotCanonical),
            (b"\x81\x01\x01\0\0\0", Problem::NotCanonical),
            // More than the bytes behind it can hold.
            (b"\x01\x01\0\0", Problem::Truncated),
            (b"\x04\xff\xff\xff\xff", Problem::Truncated),
            (b"\x08\xff\xff\xff\xff\xff\xff\xff\xff", Problem::Truncated),
            (b"\x09\xff\xff\xff\xff\xff\xff\xff\xff\xff", Problem::Truncated),
        ] {
            assert_eq!(problem_of(Reader::new(bytes).count(Field::Data, 3)), problem, "{bytes:x?}");
        }
        assert!(Reader::new(b"\x00").count(Field::Data, 3).is_err());
        assert_eq!(Reader::new(b"\x01\x02\0\0\0\0\0\0").count(Field::Data, 3), Ok(2));
    }

    #[test]
    fn offsets_count_from_the_start_of_the_whole() {
        let mut reader = Reader::new(b"\x01\x04\x02\xaa\xbb\x09\xff");
        assert_eq!(reader.u8(Field::Type), Ok(1));
        let mut content = reader.open_type(Field::Content).unwrap();
        assert_eq!((reader.offset(), reader.remaining()), (6, 1));
        assert_eq!((content.offset(), content.remaining()), (2, 4));
        assert_eq!(content.octets(Field::Data), Ok(&b"\xaa\xbb"[..]));
        let error = content.octets(Field::Data).unwrap_err();
        assert_eq!(error, DecodeError::Unreadable { field: Field::Data, offset: 5, problem: Problem::Truncated });
    }
}
