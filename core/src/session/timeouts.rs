//! What time brings about: expiry, requests without an answer, and the second attempts.

use alloc::vec::Vec;
use core::time::Duration;

use super::output::{ConnectionId, Deadline, DeadlineReason, DisconnectReason, Event, MessageFailure};
use super::request_table::Request;
use super::session_impl::Session;
use super::subprotocol;
use crate::ledger::{Authority, Direction};
use crate::wire::Body;
use crate::{Timestamp, TransferId};

/// How long what a peer could not take is kept back (RFC 0023: 1 to 60 s).
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How long after a balance that explained nothing the host is asked again.
const RECONCILE_EVERY: Duration = Duration::from_secs(60);

impl Session {
    /// Time has come to a deadline, or passed it. Early calls do no harm.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.expire(now);
        self.give_up_requests(now);
        self.reconcile(now);
        if self.retry_at.is_some_and(|at| at <= now) {
            self.retry_at = None;
            self.send_unsent(now);
        }
        if self.closing.is_some_and(|at| at <= now) {
            self.disconnect_all(now);
        }
    }

    /// The next moment at which time matters; `None` while there is none.
    pub fn poll_timeout(&self) -> Option<Deadline> {
        let answers = self.connections.iter().filter_map(|connection| {
            let (_, _, at) = connection.requests.oldest()?;
            Some(Deadline { at, reason: DeadlineReason::Answer(connection.id) })
        });
        let others = [
            self.next_expiry(),
            self.retry_at.map(|at| Deadline { at, reason: DeadlineReason::Retry }),
            self.closing.filter(|_| self.connections.len() > 0).map(|at| Deadline { at, reason: DeadlineReason::Close }),
        ];
        answers.chain(others.into_iter().flatten()).min_by_key(|deadline| deadline.at)
    }

    /// Rolls back every transfer whose expiry has come and is ours to decide.
    pub(super) fn expire(&mut self, now: Timestamp) {
        let before = now.saturating_sub(self.expiry_delay());
        if self.trustline.next_expiry().is_none_or(|at| at > before) {
            return;
        }
        let expired: Vec<TransferId> = self.trustline.expired(before).filter(|id| self.decides_expiry(id)).collect();
        for id in expired {
            self.expire_one(id, now);
        }
    }

    pub(super) fn expire_one(&mut self, id: TransferId, now: Timestamp) {
        let Some(direction) = self.trustline.open_transfer(&id).map(|open| open.direction) else { return };
        let Some(transfer) = self.conditional(&id) else { return };
        let Some(effect) = self.trustline.expire(id, now) else { return };
        self.effect(effect);
        if self.trustline.open_transfer(&id).is_some() {
            self.send_about(id, now);
        }
        self.event(match direction {
            Direction::Incoming => Event::IncomingExpired { transfer },
            Direction::Outgoing => Event::OutgoingExpired { transfer },
        });
    }

    /// Where the peer hosts the ledger, its word on an expiry comes first.
    fn expiry_delay(&self) -> Duration {
        match self.config.authority {
            Authority::Ours | Authority::Shared => Duration::ZERO,
            Authority::Theirs => self.config.limits.expiry_grace,
        }
    }

    /// Whoever is paid may always decline; whether our own payment came in time, the peer's ledger knows.
    fn decides_expiry(&self, id: &TransferId) -> bool {
        self.config.authority != Authority::Theirs
            || self.trustline.open_transfer(id).is_some_and(|open| open.direction == Direction::Incoming)
    }

    fn next_expiry(&self) -> Option<Deadline> {
        let at = self.trustline.next_expiry()?.saturating_add(self.expiry_delay());
        if self.config.authority != Authority::Theirs {
            return Some(Deadline { at, reason: DeadlineReason::Expiry });
        }
        // Overdue payments of our own stay first in line until the host's balance settles them: without a connection
        // nothing can be asked, and a host that was asked is left in peace for a while.
        let at = at.max(self.reconcile_after);
        self.is_connected().then_some(Deadline { at, reason: DeadlineReason::Reconcile })
    }

    fn give_up_requests(&mut self, now: Timestamp) {
        let connections: Vec<ConnectionId> = self.connections().collect();
        for connection in connections {
            while let Some(open) = self.connections.get_mut(connection)
                && let Some((id, request, deadline)) = open.requests.oldest()
                && deadline <= now
            {
                match request {
                    Request::Authenticate => self.disconnect(connection, DisconnectReason::AuthenticationTimeout, now),
                    // What it asked must be answered some day: over another connection.
                    _ if request.transfer().is_some() => self.disconnect(connection, DisconnectReason::RequestTimeout, now),
                    _ => {
                        open.requests.remove(id);
                        match request {
                            Request::Message(message) => self.answered(message, Err(MessageFailure::Timeout)),
                            Request::Info => self.event(Event::NoInfo(MessageFailure::Timeout)),
                            _ => {}
                        }
                    }
                }
            }
        }
    }

    /// Asks a host that is silent about expired transfers for the balance.
    fn reconcile(&mut self, now: Timestamp) {
        if self.config.authority != Authority::Theirs || now < self.reconcile_after || self.overdue(now).is_empty() {
            return;
        }
        let Some(connection) = self.connections.newest_ready().map(|connection| connection.id) else { return };
        let deadline = now.saturating_add(self.config.limits.request_timeout);
        if self.request_on(connection, Request::Reconcile, Body::Message(subprotocol::balance_request()), deadline) {
            self.reconcile_after = now.saturating_add(RECONCILE_EVERY);
        }
    }

    /// What was accepted is answered; then the connections of a closing session go.
    pub(super) fn close_when_idle(&mut self, now: Timestamp) {
        let idle = |session: &Self| session.in_flight() == 0 && session.connections.iter().all(|c| c.unanswered == 0);
        if self.is_closing() && idle(self) {
            self.disconnect_all(now);
        }
    }

    fn disconnect_all(&mut self, now: Timestamp) {
        let connections: Vec<ConnectionId> = self.connections().collect();
        for connection in connections {
            self.disconnect(connection, DisconnectReason::Closed, now);
        }
    }
}
