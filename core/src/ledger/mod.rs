//! One bilateral ledger: four sums, the transfers that are open, and the memory of those that are finished.
//!
//! The ledger knows money and time. It has never heard of packets, connections or requests: those belong to
//! [`session`](crate::session).
//!
//! # The life of a transfer
//!
//! ```text
//! outgoing (we pay)
//!
//!   prepare ──> Prepared ──┬── the peer fulfills ──────────────────────> fulfilled
//!                          ├── the peer rejects, or refused the Prepare > rolled back
//!                          ├── expiry (Ours) ─> Owed ─ any answer ────> rolled back
//!                          ├── expiry (Shared) ───────────────────────> rolled back
//!                          └── expiry (Theirs) ─> lapsed ─┬ silence ──> rolled back
//!                                                         └ fulfills ─> fulfilled
//!
//! incoming (we are paid)
//!
//!   receive ──> Prepared ──┬── fulfill ─┬ Ours ────────────> Owed ─ any answer ─> fulfilled
//!                          │            └ Theirs, Shared ─> Fulfilling ─┬ accepted > fulfilled
//!                          │                                            └ refused ─> rolled back
//!                          ├── reject ────────────────────> Owed ─ any answer ─> rolled back
//!                          ├── expiry ────────────────────> Owed ─ any answer ─> rolled back
//!                          └── the host rejects (Theirs) ─────────────────────> rolled back
//!
//! unconditional
//!
//!   transfer (we pay) ──> Transferring ─┬ accepted > fulfilled
//!                                       └ refused ─> rolled back
//!   receive (we are paid) ─────────────────────────> fulfilled
//! ```
//!
//! *Owed* means decided, with the sums moved, but the peer has not yet answered the Fulfill or Reject that tells it.
//! An expiry of our own outgoing transfer is owed too where the [`Authority`] is ours: the host must say so.
//! *Lapsed* means rolled back without the word of the peer that hosts the ledger: if the host fulfills it all the same,
//! because its clock is behind ours, then it is fulfilled.
//!
//! # The laws
//!
//! * Every change is an [`Effect`]; applying all effects in order to a new trustline gives the same trustline.
//! * A refused operation changes nothing.
//! * `incoming posted + incoming pending - outgoing posted <= maximum`, and the mirror for the minimum, after every
//!   operation that we decide. Only a lapsed transfer that the host fulfills can pass the minimum; and narrower bounds
//!   leave alone what is prepared.
//! * What names the ledgers and counts how far they are ([`Lineage`]) moves no money.
//! * A finished transfer never moves money again, however often its messages are repeated.

mod apply;
mod effect;
mod expiries;
mod lineage;
mod memory;
mod outcome;
mod receive;
mod refusal;
mod snapshot;
mod sums;
mod transfer;
mod trustline;

#[cfg(test)]
mod tests;

pub use effect::{Effect, Fact, Party};
pub use lineage::{Lineage, Opening, PeerLedger, Position};
pub use outcome::{NoFulfillment, Outcome};
pub use refusal::{FulfillError, PrepareError, Refusal, RejectError};
pub use snapshot::{FinishedTransfer, Snapshot};
pub use sums::{Bounds, Sums};
pub use transfer::{Direction, OpenTransfer, State, Terms, Transfer};
pub use trustline::{Authority, Trustline, TrustlineConfig};
