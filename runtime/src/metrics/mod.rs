//! What is counted, as plain numbers: of each account while it does what is counted, under the lock that it has anyway; of
//! a host when somebody asks.

mod histogram;
mod payments;
#[cfg(feature = "prometheus")]
pub mod prometheus;

use std::ops::AddAssign;

use trustline_core::session::{DisconnectReason, Event, Refusals, Violations};

use crate::ended::Ended;
use crate::websocket::Fault;

pub use histogram::Histogram;
pub use payments::PaymentCounts;

/// What happened on one account since it was opened in this process, and how it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccountMetrics {
    /// Connections now.
    pub connections: u64,
    /// Connections that were lost, or closed by either side.
    pub disconnections: u64,
    /// What came over them.
    pub received: Traffic,
    /// What was given to them to be sent.
    pub sent: Traffic,
    /// How payments to us ended.
    pub incoming: PaymentCounts,
    /// How our payments ended.
    pub outgoing: PaymentCounts,
    /// What the peer asked and was refused.
    pub refusals: Refusals,
    /// What the peer sent that it should not have.
    pub violations: Violations,
    /// Connections that were closed because the peer exceeded a limit of BTP's.
    pub limits_exceeded: u64,
    /// Connections that were closed because the peer broke the rules of WebSockets.
    pub websocket_violations: u64,
    /// Times that the two ledgers may have differed.
    pub disputes: u64,
    /// Requests of ours that wait for their answer now.
    pub in_flight: u64,
    /// Transfers of which something is still to come, now.
    pub open_transfers: u64,
    /// Frames and events that wait behind effects which the journal has not made durable, now.
    pub waiting_outputs: u64,
    /// Frames that wait for a connection to take them, now.
    pub waiting_frames: u64,
    /// Bytes that wait for the peer to read them, now, as far as each connection's last turn tells.
    pub waiting_bytes: u64,
    /// How many effects were committed at once.
    pub commit_effects: Histogram,
    /// How long the journal took to make them durable, in microseconds.
    pub commit_micros: Histogram,
    /// Trustlines that were stopped because their journal failed: this one, or not.
    pub journal_failures: u64,
}

/// Frames, and the bytes in them, without what WebSocket and TLS add.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// Binary WebSocket messages.
    pub frames: u64,
    /// Their content.
    pub bytes: u64,
}

/// What happened on a host since it was started, and how it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostMetrics {
    /// Accounts that are open now.
    pub open_accounts: u64,
    /// Connections now, authenticated or not.
    pub connections: u64,
    /// Connections that are not authenticated, now.
    pub strangers: u64,
    /// Connections that were accepted.
    pub accepted: u64,
    /// Connections that were closed at once, because there were too many strangers.
    pub turned_away: u64,
    /// How authentications went.
    pub admissions: Admissions,
    /// How connections ended.
    pub endings: Endings,
    /// The sum over all accounts that there are and were.
    pub accounts: AccountMetrics,
}

/// How authentications went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Admissions {
    /// Connections that joined their account.
    pub admitted: u64,
    /// The token was wrong, or there was no such user.
    pub wrong_tokens: u64,
    /// Not looked at, because too many wrong tokens came from the same address.
    pub too_early: u64,
    /// The account is suspended, or removed.
    pub suspended: u64,
    /// The account had all the connections it may have.
    pub too_many_connections: u64,
    /// The ledger could not be opened, or has stopped, or the host was closing.
    pub unavailable: u64,
}

/// How connections ended, authenticated or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Endings {
    /// In good order, or by a peer that just went.
    pub closed: u64,
    /// Given up by us: refused, suspended, without an answer in time.
    pub given_up: u64,
    /// Because the peer broke a rule or a limit.
    pub violation: u64,
    /// The stream broke.
    pub broken: u64,
    /// Not authenticated in time.
    pub not_opened: u64,
    /// Without a sign of life.
    pub dead: u64,
    /// The peer did not read what it was sent.
    pub slow_reader: u64,
}

impl AccountMetrics {
    /// What does not go away with the account.
    pub(crate) fn past(self) -> Self {
        Self { connections: 0, in_flight: 0, open_transfers: 0, waiting_outputs: 0, waiting_frames: 0, waiting_bytes: 0, ..self }
    }

    /// The output is done.
    pub(crate) fn count_event(&mut self, event: &Event) {
        match event {
            Event::Disconnected { .. } => self.disconnections += 1,
            Event::Dispute(_) => self.disputes += 1,
            event => {
                self.incoming.count_incoming(event);
                self.outgoing.count_outgoing(event);
            }
        }
    }

    pub(crate) fn count_disconnect(&mut self, reason: &DisconnectReason) {
        self.limits_exceeded += u64::from(matches!(reason, DisconnectReason::Violation(_)));
    }
}

impl Traffic {
    pub(crate) fn count(&mut self, bytes: usize) {
        self.frames += 1;
        self.bytes += bytes as u64;
    }
}

impl Endings {
    pub(crate) fn count(&mut self, ended: &Ended) {
        let count = match ended {
            Ended::Closed => &mut self.closed,
            Ended::GivenUp(DisconnectReason::Violation(_)) => &mut self.violation,
            Ended::GivenUp(_) => &mut self.given_up,
            Ended::WebSocket(error) if error.fault() == Fault::Peer => &mut self.violation,
            Ended::WebSocket(_) | Ended::Stream(_) => &mut self.broken,
            Ended::NotOpened => &mut self.not_opened,
            Ended::Dead => &mut self.dead,
            Ended::SlowReader => &mut self.slow_reader,
        };
        *count += 1;
    }
}

impl AddAssign<&Self> for AccountMetrics {
    fn add_assign(&mut self, other: &Self) {
        self.connections += other.connections;
        self.disconnections += other.disconnections;
        self.received += other.received;
        self.sent += other.sent;
        self.incoming += other.incoming;
        self.outgoing += other.outgoing;
        self.refusals += other.refusals;
        self.violations += other.violations;
        self.limits_exceeded += other.limits_exceeded;
        self.websocket_violations += other.websocket_violations;
        self.disputes += other.disputes;
        self.in_flight += other.in_flight;
        self.open_transfers += other.open_transfers;
        self.waiting_outputs += other.waiting_outputs;
        self.waiting_frames += other.waiting_frames;
        self.waiting_bytes += other.waiting_bytes;
        self.commit_effects += &other.commit_effects;
        self.commit_micros += &other.commit_micros;
        self.journal_failures += other.journal_failures;
    }
}

impl AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        self.frames += other.frames;
        self.bytes += other.bytes;
    }
}
