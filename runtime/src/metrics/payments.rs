//! Payments of one direction, by how they ended.

use std::ops::AddAssign;

use trustline_core::session::Event;

/// How payments of one direction ended. Each is counted when its end is durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PaymentCounts {
    /// Against their condition.
    pub fulfilled: u64,
    /// By the payee, or by the host of the ledger.
    pub rejected: u64,
    /// Nobody fulfilled them in time.
    pub expired: u64,
    /// The other side answered their Prepare, Transfer or Fulfill with an Error.
    pub refused: u64,
    /// Without a condition.
    pub transferred: u64,
}

impl PaymentCounts {
    pub(super) fn count_incoming(&mut self, event: &Event) {
        match event {
            Event::IncomingFulfilled { .. } => self.fulfilled += 1,
            Event::IncomingRejected { .. } => self.rejected += 1,
            Event::IncomingExpired { .. } => self.expired += 1,
            Event::IncomingRefused { .. } => self.refused += 1,
            Event::IncomingTransferred { .. } => self.transferred += 1,
            _ => {}
        }
    }

    pub(super) fn count_outgoing(&mut self, event: &Event) {
        match event {
            Event::OutgoingFulfilled { .. } => self.fulfilled += 1,
            Event::OutgoingRejected { .. } => self.rejected += 1,
            Event::OutgoingExpired { .. } => self.expired += 1,
            Event::OutgoingRefused { .. } => self.refused += 1,
            Event::OutgoingTransferred { .. } => self.transferred += 1,
            _ => {}
        }
    }
}

impl AddAssign for PaymentCounts {
    fn add_assign(&mut self, other: Self) {
        self.fulfilled += other.fulfilled;
        self.rejected += other.rejected;
        self.expired += other.expired;
        self.refused += other.refused;
        self.transferred += other.transferred;
    }
}
