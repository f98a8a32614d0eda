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
//!                          └── expiry (Ours, Shared) ─────────────────> rolled back
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
//!   transfer (unconditional) ──> Transferring ─┬ accepted > fulfilled
//!                                              └ refused ─> rolled back
//! ```
//!
//! *Owed* means decided, with the sums moved, but the peer has not yet answered the Fulfill or Reject that tells it.
//! An expiry of our own outgoing transfer is owed too where the [`Authority`] is ours: the host must say so.
//!
//! # The laws
//!
//! * Every change is an [`Effect`]; applying all effects in order to a new trustline gives the same trustline.
//! * A refused operation changes nothing.
//! * `incoming posted + incoming pending - outgoing posted <= maximum`, and the mirror for the minimum, after every
//!   operation.
//! * A finished transfer never moves money again, however often its messages are repeated.

mod apply;
mod effect;
mod memory;
mod refusal;
mod snapshot;
mod sums;
mod transfer;
mod trustline;

#[cfg(test)]
mod tests;

pub use effect::{Effect, Fact, Party};
pub use refusal::{FulfillError, PrepareError, Refusal, RejectError};
pub use snapshot::{FinishedTransfer, Snapshot};
pub use sums::{Bounds, Sums};
pub use transfer::{Direction, OpenTransfer, State, Terms, Transfer};
pub use trustline::{Authority, Trustline, TrustlineConfig};
