//! BTP's ASN.1 module as rasn's derived types have it, with nothing written by hand.
//!
//! Times are octet strings here, because rasn's own type does not write the digits that every BTP peer needs; what it makes of
//! a time's text is compared by itself.

#![expect(clippy::no_effect_underscore_binding, reason = "rasn's derive makes them")]

use rasn::prelude::*;

/// `BilateralTransferProtocolPacket`, whose open type is an octet string.
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq)]
#[rasn(automatic_tags)]
pub(super) struct Envelope {
    pub(super) kind: u8,
    pub(super) request_id: u32,
    pub(super) data: OctetString,
}

#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq)]
#[rasn(automatic_tags)]
pub(super) struct Entry {
    pub(super) protocol_name: Ia5String,
    pub(super) content_type: u8,
    pub(super) data: OctetString,
}

/// The content of a Response and of a Message.
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq)]
#[rasn(automatic_tags)]
pub(super) struct Message {
    pub(super) protocol_data: SequenceOf<Entry>,
}

#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq)]
#[rasn(automatic_tags)]
pub(super) struct Error {
    #[rasn(size(3))]
    pub(super) code: Ia5String,
    pub(super) name: Ia5String,
    pub(super) triggered_at: OctetString,
    #[rasn(size("0..=8192"))]
    pub(super) data: OctetString,
    pub(super) protocol_data: SequenceOf<Entry>,
}

#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq)]
#[rasn(automatic_tags)]
pub(super) struct Prepare {
    pub(super) transfer_id: FixedOctetString<16>,
    pub(super) amount: u64,
    pub(super) execution_condition: FixedOctetString<32>,
    pub(super) expires_at: OctetString,
    pub(super) protocol_data: SequenceOf<Entry>,
}

#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq)]
#[rasn(automatic_tags)]
pub(super) struct Fulfill {
    pub(super) transfer_id: FixedOctetString<16>,
    pub(super) fulfillment: FixedOctetString<32>,
    pub(super) protocol_data: SequenceOf<Entry>,
}

#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq)]
#[rasn(automatic_tags)]
pub(super) struct Reject {
    pub(super) transfer_id: FixedOctetString<16>,
    pub(super) protocol_data: SequenceOf<Entry>,
}

#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq)]
#[rasn(automatic_tags)]
pub(super) struct Transfer {
    pub(super) amount: u64,
    pub(super) protocol_data: SequenceOf<Entry>,
}
