//! The bodies of the fuzz targets: plain functions that take any bytes, and panic if a law is broken.
//!
//! `fuzz/` runs them with libFuzzer; `tests/fuzz_corpora.rs` runs them over the inputs that fuzzing has found so far.

mod allocation;
mod consistency;
mod decode;
mod differential;
mod independent;
mod opcodes;
mod session;
mod stock;
mod trustline;
mod websocket;

pub use allocation::{ALLOCATOR, Allocator};
pub use consistency::consistency;
pub use decode::decode;
pub use differential::differential;
pub use session::session;
pub use trustline::trustline;
pub use websocket::websocket;
