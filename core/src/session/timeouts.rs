//! What time brings about: expiry, requests without an answer, and the second attempts.

use alloc::vec::Vec;
use core::time::Duration;

use super::connection::Connection;
use super::machine::Session;
use super::output::{Deadline, DeadlineReason, DisconnectReason, Event, MessageFailure};
use super::request_table::Request;
use crate::ledger::{Authority, Direction};
use crate::{Timestamp, TransferId};

/// How long what a peer could not take is kept back (RFC 0023: 1 to 60 s).
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(1);

impl Session {
    /// Time has come to a deadline, or passed it. Early calls do no harm.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        if self.stopped().is_some() {
            return;
        }
        self.expire(now);
        self.give_up_requests(now);
        self.reconcile(now);
        self.try_again(now);
        self.give_up_orphans(now);
        self.tell_position_if_due(now);
        if self.closing.is_some_and(|at| at <= now) {
            self.give_up_all(&DisconnectReason::Closed);
        }
        self.give_up_replaced(now);
        // What was given up made room.
        self.go_on(now);
    }

    /// The next moment at which time matters; `None` while there is none.
    pub fn poll_timeout(&self) -> Option<Deadline> {
        if self.stopped().is_some() {
            return None;
        }
        let answers = self.connections.iter().filter_map(|connection| {
            let (_, _, at) = connection.requests.oldest()?;
            Some(Deadline { at, reason: DeadlineReason::Answer(connection.id) })
        });
        let replaced = self.connections.iter().filter_map(|connection| {
            let at = connection.replaced_until()?;
            Some(Deadline { at, reason: DeadlineReason::Replaced(connection.id) })
        });
        let others = [
            self.next_expiry().map(|at| Deadline { at, reason: DeadlineReason::Expiry }),
            self.reconcile_deadline(),
            self.orphans_deadline(),
            self.position_deadline(),
            self.put_off.front().map(|(at, _)| Deadline { at: *at, reason: DeadlineReason::Retry }),
            self.closing.filter(|_| self.connections.len() > 0).map(|at| Deadline { at, reason: DeadlineReason::Close }),
        ];
        answers.chain(replaced).chain(others.into_iter().flatten()).min_by_key(|deadline| deadline.at)
    }

    /// Rolls back every transfer whose expiry has come and is ours to decide.
    pub(super) fn expire(&mut self, now: Timestamp) {
        if self.next_expiry().is_none_or(|at| at > now) {
            return;
        }
        let before = now.saturating_sub(self.expiry_delay());
        for direction in self.decided_here() {
            let expired: Vec<TransferId> = self.trustline.expired(*direction, before).collect();
            for id in expired {
                self.expire_one(id, now);
            }
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

    /// Whoever is paid may always decline. Whether a payment of our own came in time, the host of the ledger knows.
    fn decided_here(&self) -> &'static [Direction] {
        match self.config.authority {
            Authority::Ours | Authority::Shared => &[Direction::Incoming, Direction::Outgoing],
            Authority::Theirs => &[Direction::Incoming],
        }
    }

    /// The earliest expiry that we decide.
    fn next_expiry(&self) -> Option<Timestamp> {
        let at = self.decided_here().iter().filter_map(|direction| self.trustline.next_expiry(*direction)).min()?;
        Some(at.saturating_add(self.expiry_delay()))
    }

    /// Requests that had no answer in time. Of those about a transfer, and of a question who lives, some day there must be one:
    /// over another connection.
    fn give_up_requests(&mut self, now: Timestamp) {
        let (mut unauthenticated, mut silent, mut unanswered) = (Vec::new(), Vec::new(), Vec::new());
        for open in self.connections.iter_mut() {
            while let Some((id, request, deadline)) = open.requests.oldest()
                && deadline <= now
            {
                if matches!(request, Request::Authenticate { .. }) {
                    unauthenticated.push(open.id);
                    break;
                }
                if request.transfer().is_some() || request == Request::Election {
                    silent.push(open.id);
                    break;
                }
                open.requests.remove(id);
                unanswered.push((open.id, request));
            }
        }
        self.give_up(&unauthenticated, &DisconnectReason::AuthenticationTimeout);
        self.give_up(&silent, &DisconnectReason::RequestTimeout);
        for (connection, request) in unanswered {
            match request {
                Request::Message(message) => self.answered(message, Err(MessageFailure::Timeout)),
                Request::Balance => self.balance_answered(connection, None, now),
                Request::Info => self.event(Event::NoInfo(MessageFailure::Timeout)),
                _ => {}
            }
        }
    }

    fn try_again(&mut self, now: Timestamp) {
        while let Some((at, id)) = self.put_off.front().copied()
            && at <= now
        {
            self.put_off.pop_front();
            self.send_about(id, now);
        }
    }

    /// What was accepted is answered; then the connections of a closing session go.
    pub(super) fn close_when_idle(&mut self) {
        if self.is_closing() && self.is_idle() {
            self.give_up_all(&DisconnectReason::Closed);
        }
    }

    fn is_idle(&self) -> bool {
        let is_quiet = |open: &Connection| open.requests.len() == 0 && open.unanswered == 0;
        self.unsent.is_empty() && self.put_off.is_empty() && self.connections.iter().all(is_quiet)
    }
}
