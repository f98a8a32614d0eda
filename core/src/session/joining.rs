//! How a connection joins a session, and how it leaves.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::acceptor::AuthenticationRequest;
use super::connection::{Connection, Stage};
use super::dispute::Stopped;
use super::machine::Session;
use super::output::{ConnectionId, DisconnectReason, Event, MessageFailure, Output};
use super::request_table::Request;
use super::{statement, subprotocol};
use crate::ledger::Authority;
use crate::wire::{Body, ProtocolData};
use crate::{LedgerId, Timestamp};

impl Session {
    /// Whether a connection that authenticates by this request would find room. Those of its dialer, which it has left, do not count.
    pub fn has_room_for(&self, request: &AuthenticationRequest) -> bool {
        let others = self.connections.len() - self.left_by(dialer_of(request)).count();
        others < self.config.limits.connections
    }

    pub(super) fn open_connection(&mut self, id: ConnectionId, dialed: bool) -> bool {
        if self.connections.contains(id) {
            return false;
        }
        if let Some(stopped) = self.stopped {
            let reason = match stopped {
                Stopped::Journal => DisconnectReason::Closed,
                Stopped::Dispute => DisconnectReason::Disputed,
                Stopped::Removed => DisconnectReason::Removed,
            };
            self.outputs.push_back(Output::Disconnect { connection: id, reason });
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
        self.go_on(now);
    }

    /// The connections that a dialer has left by dialing anew.
    fn left_by(&self, dialer: Option<LedgerId>) -> impl Iterator<Item = ConnectionId> + '_ {
        self.connections.iter().filter(move |open| dialer.is_some() && open.dialer == dialer).map(|open| open.id)
    }

    /// Who dials anew reads nothing more from its older connection, and goes by what is answered over the newer. So what it asked
    /// over the older and we did not read yet must not be done: it may be refused over the newer. Which of two is the newer nobody
    /// can tell but by the order in which they authenticate; if that is wrong, it dials again.
    pub(super) fn give_up_left_by(&mut self, dialer: Option<LedgerId>) {
        let left: Vec<ConnectionId> = self.left_by(dialer).collect();
        self.give_up(&left, &DisconnectReason::Replaced);
    }

    /// Gives a connection up.
    pub(super) fn disconnect(&mut self, connection: ConnectionId, reason: &DisconnectReason, now: Timestamp) {
        self.give_up(&[connection], reason);
        self.go_on(now);
    }

    /// Gives connections up, the oldest first, and all of them before anything goes over another.
    pub(super) fn give_up(&mut self, connections: &[ConnectionId], reason: &DisconnectReason) {
        for connection in connections {
            self.outputs.push_back(Output::Disconnect { connection: *connection, reason: reason.clone() });
        }
        self.forget_connections(connections);
    }

    pub(super) fn give_up_all(&mut self, reason: &DisconnectReason) {
        let all: Vec<ConnectionId> = self.connections().collect();
        self.give_up(&all, reason);
    }

    /// What was asked over connections that are gone waits for another.
    pub(super) fn forget_connections(&mut self, connections: &[ConnectionId]) {
        let mut unanswered = VecDeque::new();
        for connection in connections {
            let Some(mut gone) = self.connections.remove(*connection) else { continue };
            self.orphans.forget_connection(*connection);
            self.forget_refused();
            for request in gone.requests.drain() {
                match request {
                    Request::Message(id) => self.answered(id, Err(MessageFailure::Disconnected)),
                    request => unanswered.extend(request.transfer()),
                }
            }
            self.event(Event::Disconnected { connection: *connection });
        }
        // What was sent comes before what never was.
        unanswered.append(&mut self.unsent);
        self.unsent = unanswered;
    }

    /// A connection came, or went, or has room again: what waits for that is done.
    pub(super) fn go_on(&mut self, now: Timestamp) {
        if self.stopped.is_some() {
            return;
        }
        self.send_unsent(now);
        self.elect(now);
        self.close_when_idle();
    }
}

/// The ledger of who dialed, if it says which.
pub(super) fn dialer_of(request: &AuthenticationRequest) -> Option<LedgerId> {
    statement::named_ledger(&request.credentials.protocol_data)
}
