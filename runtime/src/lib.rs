//! What every adapter of Trustline to an async runtime shares, written once.
//!
//! Applications use an adapter: `trustline-smol`, or another that implements [`Runtime`]. This crate holds the
//! [WebSocket](websocket) without I/O, the one driver loop between it and a
//! [`Session`](trustline_core::session::Session), the [`Journal`], and the handles [`Client`], [`Host`] and [`Peer`]. Who
//! knows Interledger's plugins finds their words in [`ledger_plugin`].
//!
//! # What is logged
//!
//! [`tracing`] spans tell whose a line is: `connection`, with the address and the account once it is known, and `account`.
//! No line of ours has a token or a frame. But `tungstenite` writes whole frames to the `log` facade at the level `TRACE`, and
//! the first frame of a connection has the token: keep its target at `DEBUG`, as with `RUST_LOG=trace,tungstenite=debug`.
//!
//! What is counted is in [`AccountMetrics`] and [`HostMetrics`].
//!
//! # Features
//!
//! None is on by default, and each only adds.
//!
//! | feature | what it adds |
//! |---|---|
//! | `sqlite` | the journal [`Sqlite`]: ledgers that outlive the process. SQLite is compiled in |
//! | `tls` | `btp+wss://`, by [`ClientTls`] and [`HostTls`], with the cryptography of ring |
//! | `prometheus` | [`prometheus`]: what is counted, as the text that Prometheus reads |

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(all(feature = "sqlite", feature = "tls", feature = "prometheus")), allow(rustdoc::broken_intra_doc_links))]
#![forbid(unsafe_code)]

mod accepted;
mod account;
mod account_commands;
mod administration;
mod alarm;
mod applicant;
mod backoff;
mod client;
mod clock;
mod connect_error;
mod connection;
mod connector;
mod dialer;
mod directory;
mod ended;
mod events;
mod handler;
mod host;
mod hosting;
mod journal;
pub mod ledger_plugin;
mod limits;
mod meter;
mod metrics;
mod notify;
mod opening;
mod outbox;
mod payment;
mod peer;
mod presence;
mod random;
mod runtime;
mod standing;
mod timekeeper;
#[cfg(feature = "tls")]
mod tls;
mod transport;
mod url;
mod waiters;
pub mod websocket;
mod wrong_tokens;

pub use accepted::Accepted;
pub use account::Account;
pub use account_commands::RequestError;
pub use administration::RemoveError;
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
pub use meter::HostMeter;
#[cfg(feature = "prometheus")]
pub use metrics::prometheus;
pub use metrics::{AccountMetrics, Admissions, Endings, Histogram, HostMetrics, PaymentCounts, Traffic};
pub use opening::OpenError;
pub use payment::{Fulfilled, Payment, PaymentError};
pub use peer::{Peer, PeerBuilder, PeerError};
pub use runtime::Runtime;
#[cfg(feature = "tls")]
pub use tls::{ClientCertificates, ClientTls, HostTls, TlsConfigError, TlsError};
pub use trustline_core as core;
pub use url::{BtpUrl, BtpUrlError};
