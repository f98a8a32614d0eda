//! Strategies for [proptest](https://docs.rs/proptest).

mod ledger;
mod numbers;
mod times;
mod wire;

pub use ledger::{authority, config, effect, effects, fact, operation, operations, small_config, transfer};
pub use numbers::{amount, ascii, bounds, length, number, number_and_with, octets};
pub use times::{expires_in, pause, timestamp};
pub use wire::{body, entry, error_code, error_name, error_packet, ilp_error, ilp_packet, packet, prepare, protocol_data};
