//! The JavaScript plugin against our host and our client: each of its methods and events, as
//! `trustline_runtime::ledger_plugin` lists them. What it gets wrong (PROTOCOL.md, section 5) is said where it shows.
//!
//! It needs node: `cargo test --release -p trustline-tests --test js_plugin -- --ignored`.

mod client;
mod either;
mod host;
mod scene;
mod tables;
mod words;
