//! How a connection joins a session, and how it leaves.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::connection::{Connection, Stage};
use super::machine::Session;
use super::output::{ConnectionId, DisconnectReason, Event, MessageFailure, Output};
use super::request_table::Request;
use super::subprotocol;
use crate::ledger::Authority;
use crate::wire::{Body, ProtocolData};
use crate::{LedgerId, Timestamp};

impl Session {
    pub(super) fn open_connection(&mut self, id: ConnectionId, dialed: bool) -> bool {
        if self.connections.contains(id) {
            return false;
        }
        if self.dispute.is_some() {
            self.outputs.push_back(Output::Disconnect { connection: id, reason: DisconnectReason::Disputed });
            return false;
        }
        if self.connections.len() >= self.config.limits.connections {
            self.outputs.push_back(Output::Disconnect { connection: id, reason: DisconnectReason::TooManyConnections });
            return false;
        }
        self.connections.push(Connection::new(id, dialed, self.config.limits.in_flight_requests));
        true
    }

    /// Authentication succeeded, on either side.
    pub(super) fn connection_ready(&mut self, id: ConnectionId, protocol_data: ProtocolData, now: Timestamp) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        connection.stage = Stage::Ready;
        self.event(Event::Connected { connection: id, protocol_data });
        if self.config.authority == Authority::Theirs && self.info.is_none() {
            let deadline = now.saturating_add(self.config.limits.request_timeout);
            self.request_on(id, Request::Info, Body::Message(subprotocol::info_request()), deadline);
        }
        // What expired while nobody was here is told as that.
        self.expire(now);
        self.ask_newcomer(now);
        self.send_unsent(now);
        self.elect(now);
    }

    /// Who dials anew has left its older connection: it reads nothing more from there, and goes by what is answered over the
    /// newer. So what it asked over the older and we did not read yet must not be done: it may be refused over the newer.
    pub(super) fn give_up_left_by(&mut self, dialer: Option<LedgerId>) {
        let is_left = |open: &&Connection| dialer.is_some() && open.dialer == dialer;
        let left: Vec<ConnectionId> = self.connections.iter().filter(is_left).map(|open| open.id).collect();
        for connection in left {
            self.outputs.push_back(Output::Disconnect { connection, reason: DisconnectReason::Replaced });
            self.forget_connection(connection);
        }
    }

    /// What was asked over a connection that is gone waits for another. Returns whether there was such a connection.
    pub(super) fn forget_connection(&mut self, connection: ConnectionId) -> bool {
        let Some(mut gone) = self.connections.remove(connection) else { return false };
        self.orphans.forget_connection(connection);
        let mut unanswered = VecDeque::new();
        for request in gone.requests.drain() {
            match request {
                Request::Message(id) => self.answered(id, Err(MessageFailure::Disconnected)),
                request => unanswered.extend(request.transfer()),
            }
        }
        // What was sent comes before what never was.
        unanswered.append(&mut self.unsent);
        self.unsent = unanswered;
        self.event(Event::Disconnected { connection });
        true
    }

    /// Gives a connection up.
    pub(super) fn disconnect(&mut self, connection: ConnectionId, reason: DisconnectReason, now: Timestamp) {
        self.outputs.push_back(Output::Disconnect { connection, reason });
        self.handle_disconnected(connection, now);
    }
}
