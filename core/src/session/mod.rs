//! One peer relationship, across reconnects: joins the [`wire`](crate::wire) to the [`ledger`](crate::ledger).
//!
//! # The contract: feed one, drain all, read the deadline
//!
//! A [`Session`] has four kinds of methods.
//!
//! * **Inputs**, `handle_*`, say what happened. They cannot fail, and may come late or twice.
//! * **Commands** say what the application wants. `Err` means that nothing changed.
//! * **Outputs**, `poll_*`: one ordered queue of what is to be done, and the next moment at which time matters.
//! * **Views** tell how things stand.
//!
//! After every input or command: drain [`poll_output`](Session::poll_output), then read
//! [`poll_timeout`](Session::poll_timeout). Nothing behind an [`Output::Effect`] in the queue may leave the process
//! before that effect is durable. So collect what the queue holds, make all its effects durable at once, then write
//! all its frames, then hand out its events:
//!
//! ```
//! use trustline_core::Timestamp;
//! use trustline_core::ledger::Authority;
//! use trustline_core::session::{ConnectionId, Output, Session, SessionConfig};
//!
//! let mut session = Session::new(SessionConfig::new(Authority::Theirs));
//! let now = Timestamp::from_millis(1_500_000_000_000);
//!
//! // 1. Feed one input or command.
//! session.handle_connected(ConnectionId(1), now);
//!
//! // 2. Drain the outputs.
//! let (mut effects, mut frames, mut events) = (vec![], vec![], vec![]);
//! while let Some(output) = session.poll_output() {
//!     match output {
//!         Output::Effect(effect) => effects.push(effect),
//!         Output::Transmit { connection, frame } => frames.push((connection, frame)),
//!         Output::Event(event) => events.push(event),
//!         Output::Disconnect { .. } => unreachable!("not in this example"),
//!     }
//! }
//! // Here: store `effects`, then write `frames`, then hand out `events`.
//! assert_eq!(frames.len(), 1, "our authentication");
//!
//! // 3. Read the deadline, and call `handle_timeout` when it has come.
//! let deadline = session.poll_timeout().expect("the host must answer");
//! assert_eq!(deadline.at, Timestamp::from_millis(1_500_000_002_000));
//! ```
//!
//! # The life of a connection
//!
//! ```text
//! dialed:    handle_connected ──> authenticating ─┬─ Response ──> ready ──> gone
//!                                                 └─ Error, 2 s ──────────> gone
//! accepted:  Acceptor ─ handle_accepted ──────────────────────> ready ──> gone
//! of equals:                                      ready ──> replaced ──> gone
//! ```
//!
//! Where both sides keep ledgers for longer than their processes live (see [`handle_opened`](Session::handle_opened)), each
//! connection begins with a comparison of the two. If an older backup was put in the place of one, both say so in an
//! [`Event::Dispute`], and all but a host [stop](Session::dispute).
//!
//! Requests about a transfer that have no answer when their connection goes are sent again over the next one, in their
//! first order, with the same transfer id and contents.
//!
//! # How many connections
//!
//! A host takes several for one account, from the several who share it, but one from each: who dials again has left the
//! connection before, so nothing more is read from that. By the name of its ledger it is known
//! ([`SessionConfig::ledger`], [`handle_opened`](Session::handle_opened)). Of two equals ([`Authority::Shared`]) either may
//! dial, or both, and **one connection is kept**: one that was dialed by the equal with the smaller ILP address (compared
//! byte by byte) goes before one that the other has dialed, and a newer before an older one. As soon as two are ready, the
//! first of them is asked who is there (`info`, byte 0). Its answer shows that it lives, and it replaces those behind it:
//! they take no new requests, and are closed after the request timeout, when whatever was asked over them is answered. Both
//! sides decide by this alone, and so alike, in whichever order they see the connections come. While
//! [`is_connected`](Session::is_connected) says no, whoever dials should.
//!
//! [`Authority::Shared`]: crate::ledger::Authority::Shared

mod acceptor;
mod answers;
mod bucket;
mod commands;
mod comparison;
mod config;
mod connection;
mod credentials;
mod dispute;
mod election;
mod error_name;
mod joining;
mod kept_data;
mod machine;
mod orphans;
mod output;
mod reconcile;
mod refusals;
mod refused;
mod request_table;
mod requests;
mod statement;
pub mod subprotocol;
mod timeouts;
mod unsent;

#[cfg(test)]
mod tests;

pub use acceptor::{Acceptance, Acceptor, AuthenticationRequest};
pub use commands::{FulfillFailure, MessageError, PrepareFailure, RejectFailure};
pub use config::{LedgerInfo, SessionConfig};
pub use credentials::{Credentials, Token};
pub use dispute::{Dispute, Stopped};
pub use error_name::{ErrorName, error_message};
pub use machine::{Session, Violations};
pub use output::{ConnectionId, Deadline, DeadlineReason, DisconnectReason, Event, MessageFailure, MessageId, Output, RequestToken};
pub use refusals::Refusals;
