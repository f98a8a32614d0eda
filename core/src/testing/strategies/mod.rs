//! Strategies for [proptest](https://docs.rs/proptest).

mod conversation;
mod ledger;
mod numbers;
mod peer;
mod times;
mod wire;

pub use conversation::{act, acts};
pub use ledger::{authority, config, effect, fact, operation, operations, transfer};
pub use numbers::{amount, ascii, bounds, incoming_number, length, number, number_and_with, octets, outgoing_number};
pub use peer::{Damage, answer, damage, frame, request};
pub use times::{expires_in, pause, timestamp};
pub use wire::{body, entry, error_code, error_name, error_packet, ilp_error, ilp_packet, packet, prepare, protocol_data};
