//! Frames and what they carry: BTP 1.0 packets (RFC 0023) and ILP v1 packets (RFC 0003) in canonical OER (RFC 0030).
//!
//! This room knows shapes, not meaning: it says what a [`Packet`] is and how it stands in a frame, and nothing of who may send
//! it when. Encoding and decoding are rasn's; what is here is which fields there are, the limits, and three things in which BTP as it
//! is spoken differs from what rasn would do:
//!
//! * a count is believed only as far as the frame holds that many entries,
//! * a time is always written with three digits of fraction,
//! * strings are ASCII or refused: nothing is ever replaced by another character.

mod entry;
mod error;
mod error_code;
mod generalized_time;
mod ilp;
mod name;
mod packet;
mod protocol_data;
mod quantity;
mod reader;
mod writer;

pub use entry::{ContentType, Entry};
pub use error::{DecodeError, EncodeError, Field, Problem};
pub use error_code::ErrorCode;
pub use ilp::{IlpError, IlpPacket, IlpPayment};
pub use name::Name;
pub use packet::{Body, ErrorPacket, Fulfill, Packet, Prepare, Reject, Transfer};
pub use protocol_data::ProtocolData;
