//! What the peer must be told about transfers: over which connection, and again if that is lost.

use alloc::vec::Vec;

use super::kept_data::decode;
use super::machine::Session;
use super::output::Event;
use super::request_table::Request;
use super::subprotocol;
use crate::ledger::{Authority, Direction, OpenTransfer, State, Terms, Transfer};
use crate::wire::{Body, Fulfill, Prepare, Reject};
use crate::{Timestamp, TransferId};

impl Session {
    /// Tells the peer what it must be told about a transfer; behind what waits to be told already.
    pub(super) fn send_about(&mut self, id: TransferId, now: Timestamp) {
        if !self.unsent.is_empty() || !self.try_send_about(id, now) {
            self.unsent.push_back(id);
        }
    }

    /// Sends what waits for a connection that can take it.
    pub(super) fn send_unsent(&mut self, now: Timestamp) {
        while let Some(id) = self.unsent.front().copied() {
            if !self.try_send_about(id, now) {
                return;
            }
            self.unsent.pop_front();
        }
    }

    /// Returns false if no connection can take it now; true if it was sent, or there is nothing to tell any more.
    fn try_send_about(&mut self, id: TransferId, now: Timestamp) -> bool {
        let route = self.routes.get(&id).copied();
        let Some(connection) = self.connections.ready_or_newest(route, self.orphans.strangers(&id)) else {
            if self.is_connected() {
                self.park(id, now);
            }
            return self.is_connected();
        };
        if connection.requests.is_full() {
            return false;
        }
        let connection = connection.id;
        let Some((request, body)) = self.request_about(id) else { return true };
        if self.trustline.open_transfer(&id).is_some_and(|open| self.may_be_forgotten(open, now)) {
            match request {
                Request::Transfer(_) => {
                    self.in_doubt(id, now);
                    return true;
                }
                // Overdue: an answer to a repeat would prove nothing, and the host's balance is asked for anyway.
                Request::Prepare(_) if self.config.authority == Authority::Theirs => {
                    self.reconcile(now);
                    return true;
                }
                _ => {}
            }
        }
        if matches!(request, Request::Prepare(_) | Request::Transfer(_)) {
            self.money_moves_at(connection, now);
        }
        let deadline = now.saturating_add(self.config.limits.request_timeout);
        self.request_on(connection, request, body, deadline)
    }

    /// Asks what became of a payment of ours. A connection that can take no more is asked another time.
    pub(super) fn repeat_prepare(&mut self, id: TransferId, now: Timestamp) {
        let Some(connection) = self.connections.newest_ready().map(|connection| connection.id) else { return };
        if let Some((request @ Request::Prepare(_), body)) = self.request_about(id) {
            let deadline = now.saturating_add(self.config.limits.request_timeout);
            self.request_on(connection, request, body, deadline);
        }
    }

    /// The request that tells the peer the present state of a transfer, if it must be told.
    fn request_about(&self, id: TransferId) -> Option<(Request, Body)> {
        let open = self.trustline.open_transfer(&id)?;
        match (&open.terms, &open.state) {
            (Terms::Conditional(transfer), State::Prepared) if open.direction == Direction::Outgoing => {
                Some((Request::Prepare(id), Body::Prepare(prepare_packet(transfer))))
            }
            (_, State::Fulfilling { fulfillment, protocol_data } | State::FulfillOwed { fulfillment, protocol_data }) => {
                let protocol_data = decode(protocol_data);
                Some((Request::Fulfill(id), Body::Fulfill(Fulfill { transfer_id: id, fulfillment: *fulfillment, protocol_data })))
            }
            (_, State::RejectOwed { protocol_data }) => {
                let protocol_data = decode(protocol_data);
                Some((Request::Reject(id), Body::Reject(Reject { transfer_id: id, protocol_data })))
            }
            (_, State::ExpiryOwed) => {
                let protocol_data = subprotocol::timed_out(self.account().unwrap_or_default(), open.since);
                Some((Request::Reject(id), Body::Reject(Reject { transfer_id: id, protocol_data })))
            }
            (Terms::Unconditional { id, amount, protocol_data }, State::Transferring) => {
                let protocol_data = subprotocol::with_transfer_id(&decode(protocol_data), *id);
                Some((Request::Transfer(*id), Body::Transfer(crate::wire::Transfer { amount: *amount, protocol_data })))
            }
            (_, State::Prepared | State::Transferring) => None,
        }
    }

    /// After a restart: the peer may not know what we decided, nor we what it answered.
    pub(super) fn resume(&mut self) {
        let open: Vec<(TransferId, OpenTransfer)> =
            self.trustline.open_transfers().into_iter().map(|(id, open)| (id, open.clone())).collect();
        for (id, open) in open {
            if open.awaits_answer() {
                self.unsent.push_back(id);
            } else if let Terms::Conditional(transfer) = open.terms {
                let protocol_data = decode(&transfer.protocol_data);
                self.event(Event::IncomingPrepared { transfer, protocol_data });
            }
        }
    }
}

fn prepare_packet(transfer: &Transfer) -> Prepare {
    Prepare {
        transfer_id: transfer.id,
        amount: transfer.amount,
        condition: transfer.condition,
        expires_at: transfer.expires_at,
        protocol_data: decode(&transfer.protocol_data),
    }
}
