//! What every adapter of Trustline to an async runtime shares, written once.
//!
//! Applications use an adapter: `trustline-smol`, or another that implements [`Runtime`]. This crate holds the
//! [WebSocket](websocket) without I/O, the one driver loop between it and a
//! [`Session`](trustline_core::session::Session), the [`Journal`], and the handles [`Client`] and [`Host`].

#![forbid(unsafe_code)]

mod account;
mod account_commands;
mod backoff;
mod client;
mod clock;
mod connection;
mod events;
mod handler;
mod host;
mod journal;
mod limits;
mod notify;
mod outbox;
mod payment;
mod runtime;
mod timekeeper;
mod url;
mod waiters;
pub mod websocket;

pub use account::Account;
pub use account_commands::RequestError;
pub use client::{Client, ClientBuilder, ConnectError};
pub use events::Events;
pub use handler::{Commands, Decision, Handler, Ignore};
pub use host::{Admitted, Host, HostBuilder};
pub use journal::{Appended, Committed, Journal, JournalError, Memory};
pub use limits::ConnectionLimits;
pub use payment::{Fulfilled, Payment, PaymentError};
pub use runtime::Runtime;
pub use trustline_core as core;
pub use url::{BtpUrl, BtpUrlError};

/// A key for hash maps whose keys a peer chooses.
fn random_seed() -> u64 {
    getrandom::u64().unwrap_or_else(|_| fastrand::u64(..))
}
