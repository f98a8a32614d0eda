//! The count in front of a `SEQUENCE OF`.

use rasn::macros::{constraints, value_constraint};
use rasn::types::{Constraints, Identifier, Tag};
use rasn::{AsnType, Decode, Decoder, Encode, Encoder};

/// An integer without upper bound: a length and that many bytes, big endian, without leading zeros (RFC 0030, *Variable-length
/// unsigned integer*).
///
/// rasn reads the same form by itself in front of a `Vec`, but then allocates for as many entries as the count says before it
/// looks whether they are there. Its derive would give a `u64` its own bounds, and with them the form of fixed size.
pub(super) struct Quantity(pub(super) u64);

impl AsnType for Quantity {
    const TAG: Tag = Tag::INTEGER;
    const CONSTRAINTS: Constraints = constraints!(value_constraint!(start: 0));
    const IDENTIFIER: Identifier = Identifier::INTEGER;
}

impl Decode for Quantity {
    fn decode_with_tag_and_constraints<D: Decoder>(decoder: &mut D, tag: Tag, constraints: &Constraints) -> Result<Self, D::Error> {
        decoder.decode_integer(tag, constraints).map(Self)
    }
}

impl Encode for Quantity {
    fn encode_with_tag_and_constraints<'b, E: Encoder<'b>>(
        &self,
        encoder: &mut E,
        tag: Tag,
        constraints: &Constraints,
        identifier: Identifier,
    ) -> Result<(), E::Error> {
        encoder.encode_integer(tag, constraints, &self.0, identifier).map(drop)
    }
}
