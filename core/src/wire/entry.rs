//! One entry of a packet's protocol data.

use core::fmt;

use bytes::Bytes;

use super::error::{DecodeError, EncodeError, Field};
use super::name::Name;
use super::reader::Reader;
use super::writer::{self, Writer};
use crate::limits::WireLimits;

/// What one sub-protocol has to say in a packet. Its `Debug` form does not show the token of an authentication.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Which sub-protocol.
    pub name: Name,
    /// How `data` is to be shown by tools; sub-protocols define it themselves.
    pub content_type: ContentType,
    /// The bytes for the sub-protocol.
    pub data: Bytes,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut entry = f.debug_struct("Entry");
        entry.field("name", &self.name).field("content_type", &self.content_type);
        if self.name == Name::AUTH_TOKEN {
            entry.field("data", &format_args!(".."))
        } else {
            entry.field("data", &self.data)
        };
        entry.finish()
    }
}

impl Entry {
    /// How many bytes an entry takes at least: an empty name, a content type and empty data, with their lengths.
    pub(super) const SMALLEST: usize = 3;

    /// An entry of plain bytes.
    pub fn octets(name: impl Into<Name>, data: impl Into<Bytes>) -> Self {
        Self { name: name.into(), content_type: ContentType::OctetStream, data: data.into() }
    }

    /// An entry of plain text.
    pub fn text(name: impl Into<Name>, text: &str) -> Self {
        Self { name: name.into(), content_type: ContentType::Text, data: Bytes::copy_from_slice(text.as_bytes()) }
    }

    /// An entry of JSON. That `json` is JSON is not checked.
    pub fn json(name: impl Into<Name>, json: &str) -> Self {
        Self { name: name.into(), content_type: ContentType::Json, data: Bytes::copy_from_slice(json.as_bytes()) }
    }

    pub(super) fn read(reader: &mut Reader<'_>, limits: &WireLimits) -> Result<Self, DecodeError> {
        let offset = reader.offset();
        let name = reader.ascii(Field::ProtocolName)?;
        if name.len() > limits.name_bytes {
            return Err(DecodeError::LimitExceeded { field: Field::ProtocolName, offset, limit: limits.name_bytes });
        }
        Ok(Self { name: name.into(), content_type: reader.u8(Field::ContentType)?.into(), data: reader.bytes(Field::EntryData)? })
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.ascii(Field::ProtocolName, &self.name, Name::LONGEST)?;
        writer.u8(Field::ContentType, self.content_type.into())?;
        writer.octets(Field::EntryData, &self.data)
    }

    pub(super) fn encoded_length(&self) -> usize {
        writer::octets_length(self.name.len()) + 1 + writer::octets_length(self.data.len())
    }
}

/// How the data of an entry is to be shown (RFC 0023, `ContentType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContentType {
    /// 0: bytes, `application/octet-stream`.
    OctetStream,
    /// 1: text, `text/plain` in UTF-8.
    Text,
    /// 2: JSON, `application/json`.
    Json,
    /// A type that RFC 0023 does not name, carried unchanged. What is received is never `Other` of 0, 1 or 2.
    Other(u8),
}

impl From<u8> for ContentType {
    fn from(byte: u8) -> Self {
        match byte {
            0 => Self::OctetStream,
            1 => Self::Text,
            2 => Self::Json,
            other => Self::Other(other),
        }
    }
}

impl From<ContentType> for u8 {
    fn from(content_type: ContentType) -> Self {
        match content_type {
            ContentType::OctetStream => 0,
            ContentType::Text => 1,
            ContentType::Json => 2,
            ContentType::Other(byte) => byte,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_content_type_survives() {
        for byte in 0..=u8::MAX {
            let content_type = ContentType::from(byte);
            assert_eq!(u8::from(content_type), byte);
            assert_eq!(matches!(content_type, ContentType::Other(_)), byte > 2);
        }
    }

    #[test]
    fn the_constructors_set_the_content_type() {
        let data = Bytes::from_static(b"{}");
        for (entry, content_type) in [
            (Entry::octets("a", data.clone()), ContentType::OctetStream),
            (Entry::text("a", "{}"), ContentType::Text),
            (Entry::json("a", "{}"), ContentType::Json),
        ] {
            assert_eq!(entry, Entry { name: "a".into(), content_type, data: data.clone() });
        }
    }

    #[test]
    fn a_token_is_not_shown() {
        assert_eq!(alloc::format!("{:?}", Entry::text("a", "b")), r#"Entry { name: "a", content_type: Text, data: b"b" }"#);
        let token = Entry::text(Name::AUTH_TOKEN, "secret");
        assert_eq!(alloc::format!("{token:?}"), r#"Entry { name: "auth_token", content_type: Text, data: .. }"#);
    }
}
