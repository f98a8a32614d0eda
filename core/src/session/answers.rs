//! What the peer answered to our requests.

use super::error_name::ErrorName;
use super::output::{ConnectionId, DisconnectReason, Dispute, Event, MessageFailure};
use super::request_table::Request;
use super::session_impl::{Session, boxed};
use super::subprotocol;
use crate::ledger::{Direction, Effect, Fact};
use crate::wire::{ErrorPacket, ProtocolData};
use crate::{Timestamp, TransferId};

type Answer = Result<ProtocolData, ErrorPacket>;

impl Session {
    pub(super) fn handle_answer(&mut self, connection: ConnectionId, request_id: u32, answer: Answer, now: Timestamp) {
        let request = self.connections.get_mut(connection).and_then(|open| open.requests.remove(request_id));
        let Some(request) = request else {
            self.violations.unsolicited += 1;
            return;
        };
        match request {
            Request::Authenticate => self.authenticate_answered(connection, answer, now),
            Request::Info => self.info_answered(answer),
            Request::Reconcile => self.reconcile_answered(answer, now),
            Request::Prepare(id) => self.prepare_answered(id, answer, now),
            Request::Fulfill(id) => self.fulfill_answered(connection, id, answer, now),
            Request::Reject(id) => self.reject_answered(id, now),
            Request::Transfer(id) => self.transfer_answered(id, answer, now),
            Request::Message(id) => {
                self.answered(id, answer.map_err(|error| MessageFailure::Refused(boxed(error))));
            }
        }
        if !self.unsent.is_empty() && self.retry_at.is_none() {
            self.send_unsent(now);
        }
        self.close_when_idle(now);
    }

    fn authenticate_answered(&mut self, connection: ConnectionId, answer: Answer, now: Timestamp) {
        match answer {
            Ok(protocol_data) => self.connection_ready(connection, protocol_data, now),
            Err(error) => {
                self.event(Event::AuthenticationRefused { connection, error: boxed(error) });
                self.disconnect(connection, DisconnectReason::AuthenticationRefused, now);
            }
        }
    }

    fn info_answered(&mut self, answer: Answer) {
        let read = |protocol_data: ProtocolData| subprotocol::read_info(&protocol_data).ok_or(MessageFailure::Unreadable);
        match answer.map_err(|error| MessageFailure::Refused(boxed(error))).and_then(read) {
            Ok(info) => {
                self.info = Some(info.clone());
                self.event(Event::Info(info));
            }
            Err(failure) => self.event(Event::NoInfo(failure)),
        }
    }

    fn prepare_answered(&mut self, id: TransferId, answer: Answer, now: Timestamp) {
        let error = match answer {
            Ok(_) => return self.event(Event::OutgoingPrepared { id }),
            // It was sent again, and the Fulfill is coming.
            Err(error) if ErrorName::of(&error) == Some(ErrorName::AlreadyFulfilled) => return,
            Err(error) => error,
        };
        if let Some(effect) = self.trustline.refused(id, now) {
            self.effect(effect);
            self.event(Event::OutgoingRefused { id, error: boxed(error) });
        }
    }

    fn transfer_answered(&mut self, id: TransferId, answer: Answer, now: Timestamp) {
        match answer {
            Ok(_) => {
                let Some(effect) = self.trustline.transfer_accepted(id, now) else { return };
                let Fact::Transferred { amount, .. } = effect.fact else { return };
                self.effect(effect);
                self.event(Event::OutgoingTransferred { id, amount });
            }
            Err(error) => {
                let Some(effect) = self.trustline.refused(id, now) else { return };
                self.effect(effect);
                self.event(Event::OutgoingRefused { id, error: boxed(error) });
            }
        }
    }

    fn fulfill_answered(&mut self, connection: ConnectionId, id: TransferId, answer: Answer, now: Timestamp) {
        let Some(transfer) = self.conditional(&id) else { return };
        let error = match answer {
            Ok(_) => {
                let Some(effect) = self.trustline.fulfill_accepted(id, now) else { return };
                self.settled(&id, effect, |effect| match effect.fact {
                    Fact::Fulfilled { .. } => Some(Event::IncomingFulfilled { transfer }),
                    _ => None,
                });
                return;
            }
            Err(error) => error,
        };
        if error.code.as_bytes()[0] == b'T' {
            // Not a verdict: it stays as it is and is asked again.
            self.unsent.push_back(id);
            self.retry_at = Some(now.saturating_add(super::timeouts::RETRY_AFTER));
            return;
        }
        // Several processes may share a hosted account; one that never knew the transfer proves nothing.
        let asked_its_payer = self.routes.get(&id).is_none_or(|route| *route == connection);
        let Some(effect) = self.trustline.fulfill_refused(id, now) else { return };
        self.settled(&id, effect, |effect| match effect.fact {
            Fact::Refused { .. } => Some(Event::IncomingRefused { transfer, error: boxed(error) }),
            _ if asked_its_payer => Some(Event::Dispute(Dispute::FulfillDenied { id, error: boxed(error) })),
            _ => None,
        });
    }

    fn reject_answered(&mut self, id: TransferId, now: Timestamp) {
        if let Some(effect) = self.trustline.reject_answered(id, now) {
            self.settled(&id, effect, |_| None);
        }
    }

    /// An incoming transfer is finished on both sides.
    fn settled(&mut self, id: &TransferId, effect: Effect, event: impl FnOnce(&Effect) -> Option<Event>) {
        self.routes.remove(id);
        let event = event(&effect);
        self.effect(effect);
        if let Some(event) = event {
            self.event(event);
        }
    }

    /// Everything the host sent before this answer has been handled, so its books and ours speak of the same moment.
    fn reconcile_answered(&mut self, answer: Answer, now: Timestamp) {
        let Some(theirs) = answer.ok().and_then(|protocol_data| subprotocol::read_balance(&protocol_data)) else { return };
        let theirs = -i128::from(theirs);
        let ours = self.balance();
        let overdue = self.overdue(now);
        if overdue.is_empty() {
            return;
        }
        if theirs != ours {
            let undecided = overdue.len();
            return self.event(Event::Dispute(Dispute::Balance { ours, theirs, undecided }));
        }
        for id in overdue {
            self.expire_one(id, now);
        }
    }

    /// Our transfers on the peer's ledger whose expiry is past by more than the grace.
    pub(super) fn overdue(&self, now: Timestamp) -> alloc::vec::Vec<TransferId> {
        let before = now.saturating_sub(self.config.limits.expiry_grace);
        let is_outgoing = |id: &TransferId| self.trustline.open_transfer(id).is_some_and(|t| t.direction == Direction::Outgoing);
        self.trustline.expired(before).filter(is_outgoing).collect()
    }
}
