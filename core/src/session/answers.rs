//! What the peer answered to our requests.

use super::dispute::Dispute;
use super::error_name::ErrorName;
use super::kept_data::boxed;
use super::machine::Session;
use super::output::{ConnectionId, DisconnectReason, Event, MessageFailure};
use super::request_table::Request;
use super::subprotocol;
use super::timeouts::RETRY_AFTER;
use crate::ledger::{Effect, Fact, State};
use crate::wire::{ErrorPacket, ProtocolData};
use crate::{Timestamp, TransferId};

pub(super) type Answer = Result<ProtocolData, ErrorPacket>;

impl Session {
    pub(super) fn handle_answer(&mut self, connection: ConnectionId, request_id: u32, answer: Answer, now: Timestamp) {
        let request = self.connections.get_mut(connection).and_then(|open| open.requests.remove(request_id));
        let Some(request) = request else {
            self.violations.unsolicited += 1;
            return;
        };
        let about = request.transfer();
        let protocol_data = answer.as_ref().ok().filter(|protocol_data| !protocol_data.is_empty()).cloned();
        match request {
            Request::Authenticate { sequence } => self.authenticate_answered(connection, sequence, answer, now),
            Request::Info => self.info_answered(answer),
            Request::Balance => self.balance_answered(connection, Some(answer), now),
            Request::Position => self.position_answered(answer, now),
            Request::Election => self.election_answered(connection, &answer, now),
            Request::Reconcile { sequence } => self.reconcile_answered(sequence, answer, now),
            Request::Prepare(id) => self.prepare_answered(id, answer, now),
            Request::Fulfill(id) => self.fulfill_answered(connection, id, answer, now),
            Request::Reject(id) => self.reject_answered(connection, id, answer, now),
            Request::Transfer(id) => self.transfer_answered(id, answer, now),
            Request::Message(id) => {
                self.answered(id, answer.map_err(|error| MessageFailure::Refused(boxed(error))));
            }
        }
        if let (Some(id), Some(protocol_data)) = (about, protocol_data) {
            self.event(Event::TransferAnswered { id, protocol_data });
        }
    }

    /// `sequence` is our trustline's when we authenticated.
    fn authenticate_answered(&mut self, connection: ConnectionId, sequence: u64, answer: Answer, now: Timestamp) {
        match answer {
            Ok(protocol_data) => {
                if let Some(dispute) = self.compare(connection, sequence, &protocol_data, now) {
                    self.report(dispute, now);
                }
                if !self.ask_balance(connection, &protocol_data, now) {
                    self.connection_ready(connection, protocol_data, now);
                }
            }
            Err(error) => {
                self.event(Event::AuthenticationRefused { connection, error: boxed(error) });
                self.disconnect(connection, &DisconnectReason::AuthenticationRefused, now);
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
        match answer {
            // An answer that comes after the outcome is no news.
            Ok(_) if self.is_prepared(&id) => self.event(Event::OutgoingPrepared { id }),
            Ok(_) => {}
            // It was sent again, and the Fulfill is coming.
            Err(error) if ErrorName::of(&error) == Some(ErrorName::AlreadyFulfilled) => {}
            Err(error) => self.outgoing_refused(id, error, now),
        }
    }

    fn transfer_answered(&mut self, id: TransferId, answer: Answer, now: Timestamp) {
        match answer {
            Ok(_) => self.transfer_accepted(id, now),
            Err(error) => self.outgoing_refused(id, error, now),
        }
    }

    fn fulfill_answered(&mut self, connection: ConnectionId, id: TransferId, answer: Answer, now: Timestamp) {
        match answer {
            Ok(_) => self.fulfill_accepted(id, now),
            Err(error) if is_temporary(&error) => self.retry_later(id, now),
            Err(error) if is_unknown(&error) && self.is_unknown_there(connection, id, now) => {}
            Err(error) => self.fulfill_refused(id, error, now),
        }
    }

    fn reject_answered(&mut self, connection: ConnectionId, id: TransferId, answer: Answer, now: Timestamp) {
        match answer {
            Err(error) if is_temporary(&error) => return self.retry_later(id, now),
            Err(error) if is_unknown(&error) && self.is_unknown_there(connection, id, now) => return,
            // Whatever it says: it has been told.
            _ => {}
        }
        if let Some(effect) = self.trustline.reject_answered(id, now) {
            self.settled(&id, effect);
        }
    }

    /// It is no verdict: the transfer stays as it is, and the peer is asked again.
    fn retry_later(&mut self, id: TransferId, now: Timestamp) {
        self.put_off.push_back((now.saturating_add(RETRY_AFTER), id));
    }

    fn is_prepared(&self, id: &TransferId) -> bool {
        self.trustline.open_transfer(id).is_some_and(|open| open.state == State::Prepared)
    }
}

/// What an answer does, whether the peer gave it or its balance shows it.
impl Session {
    pub(super) fn outgoing_refused(&mut self, id: TransferId, error: ErrorPacket, now: Timestamp) {
        if let Some(effect) = self.trustline.refused(id, now) {
            self.doubtful.remove(&id);
            self.effect(effect);
            self.event(Event::OutgoingRefused { id, error: boxed(error) });
        }
    }

    pub(super) fn transfer_accepted(&mut self, id: TransferId, now: Timestamp) {
        let Some(effect) = self.trustline.transfer_accepted(id, now) else { return };
        let Fact::Transferred { amount, .. } = effect.fact else { return };
        self.doubtful.remove(&id);
        self.effect(effect);
        self.event(Event::OutgoingTransferred { id, amount });
    }

    pub(super) fn fulfill_accepted(&mut self, id: TransferId, now: Timestamp) {
        let Some(transfer) = self.conditional(&id) else { return };
        let Some(effect) = self.trustline.fulfill_accepted(id, now) else { return };
        let is_news = matches!(effect.fact, Fact::Fulfilled { .. });
        self.settled(&id, effect);
        if is_news {
            self.event(Event::IncomingFulfilled { transfer });
        }
    }

    pub(super) fn fulfill_refused(&mut self, id: TransferId, error: ErrorPacket, now: Timestamp) {
        let Some(transfer) = self.conditional(&id) else { return };
        let Some(effect) = self.trustline.fulfill_refused(id, now) else { return };
        let is_rolled_back = matches!(effect.fact, Fact::Refused { .. });
        self.settled(&id, effect);
        let error = boxed(error);
        self.event(if is_rolled_back {
            Event::IncomingRefused { transfer, error }
        } else {
            Event::Dispute(Dispute::FulfillDenied { id, error })
        });
    }

    /// An incoming transfer is finished on both sides.
    pub(super) fn settled(&mut self, id: &TransferId, effect: Effect) {
        self.routes.remove(id);
        self.orphans.forget(id);
        self.doubtful.remove(id);
        self.effect(effect);
    }
}

/// A T error may be retried (RFC 0023, *Error*).
fn is_temporary(error: &ErrorPacket) -> bool {
    error.code.as_bytes()[0] == b'T'
}

fn is_unknown(error: &ErrorPacket) -> bool {
    ErrorName::of(error) == Some(ErrorName::TransferNotFound)
}
