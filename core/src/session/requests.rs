//! What the peer asks: about transfers, and by sub-protocols.

use alloc::string::{String, ToString};

use super::error_name::ErrorName;
use super::kept_data::keep;
use super::machine::Session;
use super::output::{ConnectionId, Event, RequestToken};
use super::{statement, subprotocol};
use crate::ledger::{Direction, Effect, Fact, Party, Refusal, Transfer};
use crate::wire::{Body, Fulfill, Prepare, ProtocolData, Reject};
use crate::{Timestamp, TransferId};

impl Session {
    pub(super) fn handle_prepare(&mut self, connection: ConnectionId, request_id: u32, prepare: Prepare, now: Timestamp) {
        let id = prepare.transfer_id;
        if !self.is_refused_again(connection, request_id, id, now) {
            self.answer_prepare(connection, request_id, prepare, now);
            self.remember_if_refused(connection, id);
        }
    }

    fn answer_prepare(&mut self, connection: ConnectionId, request_id: u32, prepare: Prepare, now: Timestamp) {
        // A repeat is answered as the first time: what was taken on before is not refused now.
        if self.is_closing() && !self.trustline.knows(&prepare.transfer_id) {
            return self.refuse(connection, request_id, ErrorName::Unreachable, "this side is shutting down", now);
        }
        if !self.may_begin(Some(&prepare.transfer_id), now) {
            return self.refuse_for(connection, request_id, &Refusal::TooFast, now);
        }
        let Prepare { transfer_id: id, amount, condition, expires_at, protocol_data } = prepare;
        let Some(kept) = self.keep_or_refuse(connection, request_id, &protocol_data, now) else { return };
        let transfer = Transfer { id, amount, condition, expires_at, protocol_data: kept };
        match self.trustline.receive_prepare(transfer, now) {
            Ok(effect) => {
                // Also for a repeat: the connection that brought the first may be gone.
                self.routes.insert(id, connection);
                let new = match effect.as_ref().map(|effect| &effect.fact) {
                    Some(Fact::Prepared { transfer, .. }) => Some(transfer.clone()),
                    _ => None,
                };
                self.accept(connection, request_id, effect, now);
                if let Some(transfer) = new {
                    self.begun();
                    self.event(Event::IncomingPrepared { transfer, protocol_data });
                }
            }
            Err(refusal) => {
                self.refuse_for(connection, request_id, &refusal, now);
                if matches!(refusal, Refusal::AlreadyFulfilled | Refusal::AlreadyRolledBack) {
                    self.payer_is_at(connection, id, now);
                }
            }
        }
    }

    pub(super) fn handle_fulfill(&mut self, connection: ConnectionId, request_id: u32, fulfill: Fulfill, now: Timestamp) {
        let Fulfill { transfer_id: id, fulfillment, protocol_data } = fulfill;
        let Some(kept) = self.keep_or_refuse(connection, request_id, &protocol_data, now) else { return };
        let transfer = self.conditional(&id);
        match self.trustline.receive_fulfill(id, fulfillment, kept, now) {
            Ok(effect) => {
                let is_new = effect.is_some();
                self.accept(connection, request_id, effect, now);
                if let Some(transfer) = transfer.filter(|_| is_new) {
                    self.event(Event::OutgoingFulfilled { transfer, fulfillment, protocol_data });
                }
            }
            Err(refusal) => self.refuse_for(connection, request_id, &refusal, now),
        }
    }

    pub(super) fn handle_reject(&mut self, connection: ConnectionId, request_id: u32, reject: Reject, now: Timestamp) {
        let Reject { transfer_id: id, protocol_data } = reject;
        let Some(kept) = self.keep_or_refuse(connection, request_id, &protocol_data, now) else { return };
        let direction = self.trustline.open_transfer(&id).map(|open| open.direction);
        let transfer = self.conditional(&id);
        match self.trustline.receive_reject(id, kept, now) {
            Ok(effect) => {
                let is_new = effect.is_some();
                self.accept(connection, request_id, effect, now);
                // A transfer that had lapsed was reported as expired.
                let (Some(direction), Some(transfer), true) = (direction, transfer, is_new) else { return };
                self.routes.remove(&id);
                self.event(match direction {
                    Direction::Incoming => Event::IncomingRejected { transfer, by: Party::Peer, protocol_data },
                    Direction::Outgoing => Event::OutgoingRejected { transfer, protocol_data },
                });
            }
            Err(refusal) => self.refuse_for(connection, request_id, &refusal, now),
        }
    }

    pub(super) fn handle_transfer(&mut self, connection: ConnectionId, request_id: u32, transfer: crate::wire::Transfer, now: Timestamp) {
        let crate::wire::Transfer { amount, protocol_data } = transfer;
        let (id, protocol_data) = subprotocol::split_transfer_id(protocol_data);
        let Some(known) = id else { return self.answer_transfer(connection, request_id, id, amount, protocol_data, now) };
        if !self.is_refused_again(connection, request_id, known, now) {
            self.answer_transfer(connection, request_id, id, amount, protocol_data, now);
            self.remember_if_refused(connection, known);
        }
    }

    fn answer_transfer(
        &mut self,
        connection: ConnectionId,
        request_id: u32,
        id: Option<TransferId>,
        amount: u64,
        protocol_data: ProtocolData,
        now: Timestamp,
    ) {
        if self.is_closing() && !id.is_some_and(|id| self.trustline.knows(&id)) {
            return self.refuse(connection, request_id, ErrorName::Unreachable, "this side is shutting down", now);
        }
        if !self.may_begin(id.as_ref(), now) {
            return self.refuse_for(connection, request_id, &Refusal::TooFast, now);
        }
        let Some(kept) = self.keep_or_refuse(connection, request_id, &protocol_data, now) else { return };
        match self.trustline.receive_transfer(id, amount, kept, now) {
            Ok(effect) => {
                let is_new = effect.is_some();
                self.accept(connection, request_id, effect, now);
                if is_new {
                    self.begun();
                    self.event(Event::IncomingTransferred { id, amount, protocol_data });
                }
            }
            Err(refusal) => self.refuse_for(connection, request_id, &refusal, now),
        }
    }

    /// The first entry decides what is asked; the others are context (PROTOCOL: RFC 0023, *Message*).
    pub(super) fn handle_message(&mut self, connection: ConnectionId, request_id: u32, protocol_data: ProtocolData, now: Timestamp) {
        let Some(primary) = protocol_data.primary() else {
            return self.refuse(connection, request_id, ErrorName::InvalidFields, "the message has no sub-protocol entry", now);
        };
        let answer = match &*primary.name {
            "auth" => Err("this connection is already authenticated".to_string()),
            "info" => subprotocol::answer_info(primary, self.info(), self.account()),
            "balance" => subprotocol::answer_balance(&protocol_data, &self.trustline),
            statement::NAME if self.trustline.position().is_some() => {
                return self.handle_position(connection, request_id, &protocol_data, now);
            }
            "limit" => Ok(subprotocol::answer_limit(self.bounds().maximum)),
            name if self.config.protocols.contains(name) => {
                return self.offer_request(connection, request_id, protocol_data, now);
            }
            name => Err(alloc::format!("no handler for the sub-protocol {name:?}")),
        };
        match answer {
            Ok(protocol_data) => self.transmit(connection, request_id, Body::Response(protocol_data)),
            Err(message) => self.refuse(connection, request_id, ErrorName::NotAccepted, &message, now),
        }
    }

    fn offer_request(&mut self, connection: ConnectionId, request_id: u32, protocol_data: ProtocolData, now: Timestamp) {
        let limit = self.config.limits.unanswered_requests;
        let closing = self.is_closing();
        let Some(open) = self.connections.get_mut(connection) else { return };
        if closing || open.unanswered >= limit {
            return self.refuse(connection, request_id, ErrorName::Unreachable, "too many requests wait for an answer", now);
        }
        open.unanswered += 1;
        self.event(Event::Request { token: RequestToken { connection, request_id }, protocol_data });
    }

    /// The effect, then the Response that rests on it.
    fn accept(&mut self, connection: ConnectionId, request_id: u32, effect: Option<Effect>, now: Timestamp) {
        if let Some(effect) = effect {
            let begins = matches!(effect.fact, Fact::Prepared { .. } | Fact::Transferred { .. });
            self.effect(effect);
            if begins {
                self.money_moves_at(connection, now);
            }
        }
        self.transmit(connection, request_id, Body::Response(ProtocolData::new()));
    }

    /// Whether the peer may make another transfer now. One that is known is none: a repeat is answered as the first time.
    fn may_begin(&mut self, id: Option<&TransferId>, now: Timestamp) -> bool {
        let has_room = self.bucket.as_mut().is_none_or(|bucket| bucket.has_one(now));
        has_room || id.is_some_and(|id| self.trustline.knows(id))
    }

    /// The peer has made another transfer. What was refused takes no room.
    pub(super) fn begun(&mut self) {
        if let Some(bucket) = &mut self.bucket {
            bucket.take();
        }
    }

    fn refuse_for(&mut self, connection: ConnectionId, request_id: u32, refusal: &Refusal, now: Timestamp) {
        self.refusals.count(refusal);
        self.transmit(connection, request_id, Body::Error(ErrorName::from(refusal).error(&refusal.to_string(), now)));
    }

    pub(super) fn refuse(&mut self, connection: ConnectionId, request_id: u32, name: ErrorName, message: &str, now: Timestamp) {
        self.refusals.other += 1;
        self.transmit(connection, request_id, Body::Error(name.error(message, now)));
    }

    /// What was decoded encodes again, but for what the wire cannot say twice; then it is the peer's mistake.
    fn keep_or_refuse(
        &mut self,
        connection: ConnectionId,
        request_id: u32,
        protocol_data: &ProtocolData,
        now: Timestamp,
    ) -> Option<bytes::Bytes> {
        match keep(protocol_data) {
            Ok(kept) => Some(kept),
            Err(error) => {
                let message: String = error.to_string();
                self.refuse(connection, request_id, ErrorName::InvalidFields, &message, now);
                None
            }
        }
    }
}
