//! Protocol data: the entries, one for each sub-protocol, that every packet ends with.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::{fmt, slice};

use bytes::Bytes;

use super::entry::Entry;
use super::error::{DecodeError, EncodeError, Field};
use super::reader::Reader;
use super::writer::{self, Writer};
use crate::limits::WireLimits;

/// The sub-protocol entries of a packet, in their order (RFC 0023, `ProtocolData`). The first one decides what the packet asks.
///
/// Names should be unique. This type does not insist on it, so that who receives two entries of one name can say so.
///
/// Without entries, or with one, the list itself takes no allocation. Cloning never copies entries.
///
/// ```
/// use trustline_core::wire::{Entry, Name, ProtocolData};
///
/// let data = ProtocolData::from(Entry::octets(Name::ILP, vec![1, 2, 3])).with(Entry::json("custom", "{}"));
/// assert_eq!(data.len(), 2);
/// assert_eq!(data.primary().unwrap().name, "ilp");
/// assert_eq!(data.get("custom").unwrap().data, "{}");
/// ```
#[derive(Clone, Default)]
pub struct ProtocolData(Repr);

#[derive(Clone, Default)]
enum Repr {
    #[default]
    Empty,
    One(Entry),
    /// Two or more.
    Many(Arc<[Entry]>),
}

impl ProtocolData {
    /// No entries.
    pub const fn new() -> Self {
        Self(Repr::Empty)
    }

    /// These entries and `entry` behind them.
    #[must_use]
    pub fn with(self, entry: Entry) -> Self {
        match self.0 {
            Repr::Empty => Self(Repr::One(entry)),
            Repr::One(first) => Self(Repr::Many([first, entry].into())),
            Repr::Many(entries) => entries.iter().cloned().chain([entry]).collect(),
        }
    }

    /// The entries in their order.
    pub fn iter(&self) -> slice::Iter<'_, Entry> {
        self.entries().iter()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.entries().is_empty()
    }

    /// The first entry, which decides (RFC 0023, `ProtocolData`).
    pub fn primary(&self) -> Option<&Entry> {
        self.entries().first()
    }

    /// The first entry of this name.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.iter().find(|entry| entry.name == *name)
    }

    /// The entries alone, as they stand at the end of a packet.
    pub fn encode(&self) -> Result<Bytes, EncodeError> {
        writer::encode(self.encoded_length(), |writer| self.write(writer))
    }

    /// Reads what [`encode`](Self::encode) wrote. Bytes behind it are ignored. Of the limits, those on the number of entries and
    /// on names are applied.
    pub fn decode(bytes: &[u8], limits: &WireLimits) -> Result<Self, DecodeError> {
        Self::read(&mut Reader::new(bytes), limits)
    }

    pub(super) fn read(reader: &mut Reader<'_>, limits: &WireLimits) -> Result<Self, DecodeError> {
        let offset = reader.offset();
        let count = reader.count(Field::ProtocolData, Entry::SMALLEST)?;
        if count > limits.entries {
            return Err(DecodeError::LimitExceeded { field: Field::ProtocolData, offset, limit: limits.entries });
        }
        match count {
            0 => Ok(Self::new()),
            1 => Ok(Self(Repr::One(Entry::read(reader, limits)?))),
            _ => (0..count).map(|_| Entry::read(reader, limits)).collect(),
        }
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.count(Field::ProtocolData, self.len())?;
        self.iter().try_for_each(|entry| entry.write(writer))
    }

    pub(super) fn encoded_length(&self) -> usize {
        writer::count_length(self.len()) + self.iter().map(Entry::encoded_length).sum::<usize>()
    }

    fn entries(&self) -> &[Entry] {
        match &self.0 {
            Repr::Empty => &[],
            Repr::One(entry) => slice::from_ref(entry),
            Repr::Many(entries) => entries,
        }
    }
}

impl PartialEq for ProtocolData {
    fn eq(&self, other: &Self) -> bool {
        self.entries() == other.entries()
    }
}

impl Eq for ProtocolData {}

impl fmt::Debug for ProtocolData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl From<Entry> for ProtocolData {
    fn from(entry: Entry) -> Self {
        Self(Repr::One(entry))
    }
}

impl From<Vec<Entry>> for ProtocolData {
    fn from(mut entries: Vec<Entry>) -> Self {
        if entries.len() > 1 {
            return Self(Repr::Many(entries.into()));
        }
        entries.pop().map_or(Self::new(), Self::from)
    }
}

impl FromIterator<Entry> for ProtocolData {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        entries.into_iter().collect::<Vec<_>>().into()
    }
}

impl<'a> IntoIterator for &'a ProtocolData {
    type Item = &'a Entry;
    type IntoIter = slice::Iter<'a, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::wire::{ContentType, Name, Problem};

    fn limits(entries: usize, name_bytes: usize) -> WireLimits {
        WireLimits { entries, name_bytes, ..WireLimits::default() }
    }

    fn entries(count: usize) -> ProtocolData {
        (0..count).map(|_| Entry::octets("", Bytes::new())).collect()
    }

    #[test]
    fn entries_keep_their_order_however_they_were_put_together() {
        let [a, b, c] = ["a", "b", "c"].map(|name| Entry::text(name, name));
        let all = ProtocolData::from(vec![a.clone(), b.clone(), c.clone()]);
        assert_eq!(ProtocolData::new().with(a.clone()).with(b.clone()).with(c.clone()), all);
        assert_eq!(ProtocolData::from(a.clone()).with(b.clone()).with(c.clone()), all);
        assert_eq!([&a, &b, &c].into_iter().cloned().collect::<ProtocolData>(), all);
        assert!(all.iter().eq([&a, &b, &c]));
        assert!((&all).into_iter().eq([&a, &b, &c]));
        assert_ne!(all, ProtocolData::from(vec![b.clone(), a.clone(), c.clone()]));
        assert_eq!(alloc::format!("{all:?}"), alloc::format!("[{a:?}, {b:?}, {c:?}]"));
        assert_eq!(all.primary(), Some(&a));
        assert_eq!(all.get("c"), Some(&c));
        assert_eq!(all.get("d"), None);
    }

    #[test]
    fn no_entries_are_no_entries() {
        for none in [ProtocolData::new(), ProtocolData::default(), vec![].into(), entries(0)] {
            assert!(none.is_empty());
            assert_eq!(none, ProtocolData::new());
            assert_eq!(none.primary(), None);
            assert_eq!(none.encode().unwrap(), &b"\x01\x00"[..]);
        }
    }

    #[test]
    fn none_and_one_need_no_list() {
        let one = Entry::octets("a", vec![]);
        for data in [ProtocolData::from(one.clone()), vec![one.clone()].into(), ProtocolData::new().with(one)] {
            let decoded = ProtocolData::decode(&data.encode().unwrap(), &limits(1, 1)).unwrap();
            assert!(matches!((data.0, decoded.0), (Repr::One(_), Repr::One(_))));
        }
        let none = ProtocolData::decode(&entries(0).encode().unwrap(), &limits(0, 0)).unwrap();
        assert!(matches!(none.0, Repr::Empty));
    }

    #[test]
    fn of_two_entries_with_one_name_the_first_is_found_and_both_are_kept() {
        let twice = ProtocolData::from(Entry::octets(Name::ILP, vec![1])).with(Entry::octets(Name::ILP, vec![2]));
        let decoded = ProtocolData::decode(&twice.encode().unwrap(), &WireLimits::default()).unwrap();
        assert_eq!(decoded, twice);
        assert_eq!(decoded.get("ilp").unwrap().data, &[1][..]);
        assert_eq!(decoded.len(), 2);
    }

    #[test]
    fn counts_and_lengths_around_a_change_of_form_survive() {
        for edge in [0, 1, 2, 127, 128, 255, 256, 65_535, 65_536] {
            let many = entries(edge);
            assert_eq!(ProtocolData::decode(&many.encode().unwrap(), &limits(edge, 0)), Ok(many), "{edge} entries");
            let long = ProtocolData::from(Entry::octets("x", vec![7; edge]));
            assert_eq!(ProtocolData::decode(&long.encode().unwrap(), &limits(1, 1)), Ok(long), "{edge} bytes");
        }
        for length in [0, 1, 127, 128, 255] {
            let named = ProtocolData::from(Entry::octets(&*"n".repeat(length), vec![]));
            assert_eq!(ProtocolData::decode(&named.encode().unwrap(), &limits(1, 255)), Ok(named), "{length} bytes of name");
        }
    }

    #[test]
    fn a_name_that_cannot_be_sent_is_refused() {
        let encode = |name: &str| ProtocolData::from(Entry::octets(name, vec![])).encode();
        let field = Field::ProtocolName;
        assert_eq!(encode(&"n".repeat(65_536)), Err(EncodeError::TooLong { field, length: 65_536, limit: 65_535 }));
        assert_eq!(encode("\u{e9}"), Err(EncodeError::NotAscii { field }));
    }

    #[test]
    fn one_entry_more_than_the_limit_is_too_many() {
        let bytes = entries(3).encode().unwrap();
        assert!(ProtocolData::decode(&bytes, &limits(3, 0)).is_ok());
        let error = ProtocolData::decode(&bytes, &limits(2, 0)).unwrap_err();
        assert_eq!(error, DecodeError::LimitExceeded { field: Field::ProtocolData, offset: 0, limit: 2 });
        assert!(error.is_limit());
    }

    #[test]
    fn one_byte_of_name_more_than_the_limit_is_too_long() {
        let bytes = ProtocolData::from(Entry::text("abc", "")).encode().unwrap();
        assert!(ProtocolData::decode(&bytes, &limits(1, 3)).is_ok());
        let error = ProtocolData::decode(&bytes, &limits(1, 2)).unwrap_err();
        assert_eq!(error, DecodeError::LimitExceeded { field: Field::ProtocolName, offset: 2, limit: 2 });
        assert_eq!((error.field(), error.offset()), (Field::ProtocolName, 2));
    }

    #[test]
    fn a_count_that_the_bytes_cannot_hold_is_unreadable_and_no_question_of_limits() {
        for bytes in [&b"\x01\x01\0\0"[..], b"\x04\xff\xff\xff\xff\0\0\0", b"\x08\xff\xff\xff\xff\xff\xff\xff\xff"] {
            for limits in [limits(0, 0), limits(usize::MAX, 0)] {
                let error = ProtocolData::decode(bytes, &limits).unwrap_err();
                let problem = Problem::Truncated;
                assert_eq!(error, DecodeError::Unreadable { field: Field::ProtocolData, offset: 0, problem });
                assert!(!error.is_limit());
            }
        }
    }

    #[test]
    fn unknown_content_types_and_bytes_behind_are_tolerated() {
        let decoded = ProtocolData::decode(b"\x01\x01\x01x\x03\x02\xd3\x2d\x99", &WireLimits::default()).unwrap();
        let data = Bytes::from_static(b"\xd3\x2d");
        assert_eq!(decoded, Entry { name: "x".into(), content_type: ContentType::Other(3), data }.into());
    }
}
