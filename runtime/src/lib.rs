//! What every adapter of Trustline to an async runtime shares, written once.
//!
//! Applications use an adapter: `trustline-smol`, or another that implements [`Runtime`]. This crate holds the
//! [WebSocket](websocket) without I/O, the one driver loop between it and a
//! [`Session`](trustline_core::session::Session), the [`Journal`], and the handles [`Client`], [`Host`] and [`Peer`]. Who
//! knows Interledger's plugins finds their words in [`ledger_plugin`].

#![forbid(unsafe_code)]

mod accepted;
mod account;
mod account_commands;
mod alarm;
mod applicant;
mod backoff;
mod client;
mod clock;
mod connect_error;
mod connection;
mod connector;
mod dialer;
mod ended;
mod events;
mod handler;
mod host;
mod hosting;
mod journal;
pub mod ledger_plugin;
mod limits;
mod notify;
mod outbox;
mod payment;
mod peer;
mod presence;
mod random;
mod runtime;
mod timekeeper;
#[cfg(feature = "tls")]
mod tls;
mod transport;
mod url;
mod waiters;
pub mod websocket;

pub use accepted::Accepted;
pub use account::Account;
pub use account_commands::RequestError;
pub use applicant::{Applicant, PeerCertificate};
pub use client::{Client, ClientBuilder};
pub use connect_error::ConnectError;
pub use events::Events;
pub use handler::{Commands, Decision, Handler, Ignore};
pub use host::{Host, HostBuilder};
pub use hosting::Admitted;
pub use journal::{Appended, Committed, Journal, JournalError, Memory, Watcher};
#[cfg(feature = "sqlite")]
pub use journal::{Sqlite, SqliteBuilder};
pub use limits::ConnectionLimits;
pub use payment::{Fulfilled, Payment, PaymentError};
pub use peer::{Peer, PeerBuilder, PeerError};
pub use runtime::Runtime;
#[cfg(feature = "tls")]
pub use tls::{ClientCertificates, ClientTls, HostTls, TlsConfigError, TlsError};
pub use trustline_core as core;
pub use url::{BtpUrl, BtpUrlError};
