//! The session itself: its inputs, outputs and views.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use core::ops::AddAssign;

use super::acceptor::AuthenticationRequest;
use super::bucket::Bucket;
use super::config::{LedgerInfo, SessionConfig};
use super::connection::{Connection, Connections};
use super::dispute::{Dispute, Stopped};
use super::error_name::ErrorName;
use super::joining::dialer_of;
use super::kept_data::encode;
use super::orphans::Orphans;
use super::output::{ConnectionId, DisconnectReason, Event, MessageFailure, Output};
use super::refusals::Refusals;
use super::request_table::Request;
use super::subprotocol;
use crate::ledger::{Authority, Bounds, Effect, NoFulfillment, Sums, Terms, Transfer, Trustline};
use crate::transfer_map::{TransferMap, transfer_map};
use crate::wire::{Body, Packet, ProtocolData};
use crate::{Fulfillment, LedgerId, Timestamp, TransferId};

/// One peer relationship, across reconnects. See the [module documentation](super).
#[derive(Debug)]
pub struct Session {
    pub(super) config: SessionConfig,
    pub(super) trustline: Trustline,
    pub(super) connections: Connections,
    pub(super) outputs: VecDeque<Output>,
    /// Transfers of which the peer must be told something as soon as a connection can take it, in their first order.
    pub(super) unsent: VecDeque<TransferId>,
    /// Over which connection the Prepare of an open incoming transfer came: its outcome goes back over the same.
    pub(super) routes: TransferMap<ConnectionId>,
    pub(super) info: Option<LedgerInfo>,
    pub(super) next_message: u64,
    pub(super) violations: Violations,
    pub(super) refusals: Refusals,
    /// Of new transfers of the peer, where these are limited.
    pub(super) bucket: Option<Bucket>,
    /// See [`stop`](Self::stop) and [`dispute`](Self::dispute).
    pub(super) stopped: Option<Stopped>,
    pub(super) dispute: Option<Dispute>,
    /// Our trustline's sequence number when the peer was told how far it is.
    pub(super) told: u64,
    /// Not before this moment is it told again.
    pub(super) tell_at: Timestamp,
    /// When a closing session stops waiting.
    pub(super) closing: Option<Timestamp>,
    /// Outcomes whose payer is not among the connections that were told so far.
    pub(super) orphans: Orphans,
    /// What an equal was refused over one of several connections; see [`is_refused_again`](Self::is_refused_again).
    pub(super) refused: BTreeMap<TransferId, ConnectionId>,
    /// Transfers that only the peer's balance can decide, because the peer may have forgotten them.
    pub(super) doubtful: BTreeSet<TransferId>,
    /// What a peer could not take, and when it is tried again. It keeps nothing else waiting: others share the account.
    pub(super) put_off: VecDeque<(Timestamp, TransferId)>,
    /// Not before this moment is the peer asked for its balance again.
    pub(super) reconcile_after: Timestamp,
    /// How often the peer's balance told nothing, because it is in doubt itself.
    pub(super) hidden: u8,
}

/// What a peer sent that it should not have, and that had no consequence. Counted since the session was built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violations {
    /// Text messages, and frames that hold no packet.
    pub unreadable: u64,
    /// Answers to no request of ours.
    pub unsolicited: u64,
    /// Requests before the connection was authenticated.
    pub unauthenticated: u64,
}

impl AddAssign for Violations {
    fn add_assign(&mut self, other: Self) {
        self.unreadable += other.unreadable;
        self.unsolicited += other.unsolicited;
        self.unauthenticated += other.unauthenticated;
    }
}

/// Inputs: they cannot fail, and may come late or twice.
impl Session {
    /// A session on whose trustline nothing has happened.
    pub fn new(config: SessionConfig) -> Self {
        let trustline = Trustline::new(config.trustline());
        Self::with_trustline(config, trustline)
    }

    /// A session that goes on with a trustline from a journal: what the peer was not told, or did not answer, is sent
    /// again over the first connection, and what the application has not decided is offered to it again.
    pub fn with_trustline(config: SessionConfig, trustline: Trustline) -> Self {
        let mut session = Self {
            info: config.info.clone(),
            routes: transfer_map(config.hash_seed),
            bucket: config.limits.transfer_rate.map(Bucket::full),
            config,
            trustline,
            connections: Connections::default(),
            outputs: VecDeque::new(),
            unsent: VecDeque::new(),
            next_message: 0,
            violations: Violations::default(),
            refusals: Refusals::default(),
            closing: None,
            stopped: None,
            dispute: None,
            told: 0,
            tell_at: Timestamp::MIN,
            orphans: Orphans::default(),
            refused: BTreeMap::new(),
            doubtful: BTreeSet::new(),
            put_off: VecDeque::new(),
            reconcile_after: Timestamp::MIN,
            hidden: 0,
        };
        session.resume();
        session
    }

    /// A process has opened the ledger, to keep it for longer than it lives. `id` is drawn at random for that, and never
    /// used twice. It comes before every other input: from then on each connection begins with a comparison of the two
    /// ledgers, if the peer has a name for its own. Without it the peer is told nothing.
    pub fn handle_opened(&mut self, id: LedgerId, now: Timestamp) {
        if let Some(effect) = self.trustline.open(id, now) {
            self.effect(effect);
        }
    }

    /// A connection that we dialed is open: we authenticate on it.
    pub fn handle_connected(&mut self, connection: ConnectionId, now: Timestamp) {
        if !self.open_connection(connection, true) {
            return;
        }
        let deadline = now.saturating_add(self.config.limits.authentication_timeout);
        let mut request = subprotocol::auth_request(&self.config.credentials);
        if let Some(entry) = self.introduction() {
            request = request.with(entry);
        }
        let sequence = self.trustline.sequence();
        self.request_on(connection, Request::Authenticate { sequence }, Body::Message(request), deadline);
    }

    /// A connection that an [`Acceptor`](super::Acceptor) authenticated joins the session. Its `request` is answered with
    /// `protocol_data`.
    pub fn handle_accepted(
        &mut self,
        connection: ConnectionId,
        request: &AuthenticationRequest,
        protocol_data: ProtocolData,
        now: Timestamp,
    ) {
        let request_id = request.request_id;
        let dialer = dialer_of(request);
        if self.stopped.is_none() && !self.connections.contains(connection) {
            if !self.has_room_for(request) {
                self.refuse(connection, request_id, ErrorName::Unreachable, "this account has too many connections", now);
            }
            self.give_up_left_by(dialer);
        }
        if !self.open_connection(connection, false) {
            return;
        }
        if let Some(open) = self.connections.get_mut(connection) {
            open.dialer = dialer;
        }
        let (entry, verdict) = self.answer_introduction(connection, &request.credentials.protocol_data, now);
        let answer = entry.into_iter().fold(protocol_data, ProtocolData::with);
        self.transmit(connection, request_id, Body::Response(answer));
        if let Some(dispute) = verdict {
            self.report(dispute, now);
        }
        self.connection_ready(connection, ProtocolData::new(), now);
    }

    /// A binary WebSocket message came.
    pub fn handle_frame(&mut self, connection: ConnectionId, frame: &[u8], now: Timestamp) {
        let is_ready = |open: &mut Connection| open.is_authenticated() || open.greeting.is_some();
        let Some(ready) = self.connections.get_mut(connection).map(is_ready).filter(|_| self.stopped.is_none()) else {
            return;
        };
        self.expire(now);
        let packet = match Packet::decode(frame, &self.config.limits.wire) {
            Ok(packet) => packet,
            Err(error) if error.is_limit() => return self.disconnect(connection, &DisconnectReason::Violation(error), now),
            Err(_) => {
                self.violations.unreadable += 1;
                return;
            }
        };
        let id = packet.request_id;
        match packet.body {
            Body::Response(protocol_data) => self.handle_answer(connection, id, Ok(protocol_data), now),
            Body::Error(error) => self.handle_answer(connection, id, Err(error), now),
            _ if !ready => self.violations.unauthenticated += 1,
            Body::Prepare(prepare) => self.handle_prepare(connection, id, prepare, now),
            Body::Fulfill(fulfill) => self.handle_fulfill(connection, id, fulfill, now),
            Body::Reject(reject) => self.handle_reject(connection, id, reject, now),
            Body::Transfer(transfer) => self.handle_transfer(connection, id, transfer, now),
            Body::Message(protocol_data) => self.handle_message(connection, id, protocol_data, now),
        }
        // An answer makes room, and a repeat of a Prepare may have shown the way to a connection that has some.
        self.go_on(now);
    }

    /// A text WebSocket message came, which BTP has no use for: it is counted.
    pub fn handle_text(&mut self, connection: ConnectionId) {
        if self.stopped.is_none() && self.connections.contains(connection) {
            self.violations.unreadable += 1;
        }
    }

    /// A connection is gone, from whichever side.
    pub fn handle_disconnected(&mut self, connection: ConnectionId, now: Timestamp) {
        if self.connections.contains(connection) {
            self.forget_connections(&[connection]);
            self.go_on(now);
        }
    }
}

/// Outputs.
impl Session {
    /// The next thing to be done.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Gives back the memory that a burst of outputs has left. To be called now and then, not after each burst.
    pub fn shrink(&mut self) {
        self.outputs.shrink_to_fit();
    }
}

/// Views.
impl Session {
    /// The ledger.
    pub fn trustline(&self) -> &Trustline {
        &self.trustline
    }

    /// Incoming minus outgoing posted, in the smallest unit.
    pub fn balance(&self) -> i128 {
        self.trustline.balance()
    }

    /// The four sums.
    pub fn sums(&self) -> &Sums {
        self.trustline.sums()
    }

    /// The bounds on the balance in force.
    pub fn bounds(&self) -> &Bounds {
        self.trustline.bounds()
    }

    /// The fulfillment by which a transfer was paid, in either direction, as long as the transfer is remembered.
    pub fn fulfillment(&self, id: &TransferId) -> Result<Fulfillment, NoFulfillment> {
        self.trustline.fulfillment(id)
    }

    /// Whether a connection is authenticated, so that requests can go out. While not, whoever dials should.
    pub fn is_connected(&self) -> bool {
        self.connections.iter().any(Connection::is_usable)
    }

    /// The connections there are, authenticated or not, oldest first.
    pub fn connections(&self) -> impl Iterator<Item = ConnectionId> + '_ {
        self.connections.iter().map(|connection| connection.id)
    }

    /// How many requests of ours wait for their answer, on all connections.
    pub fn in_flight(&self) -> usize {
        self.connections.iter().map(|connection| connection.requests.len()).sum()
    }

    /// What is known of the ledger: from our configuration, or from the host.
    pub fn info(&self) -> Option<&LedgerInfo> {
        self.info.as_ref()
    }

    /// Our ILP address; `None` as long as the host has not told the ledger's prefix.
    pub fn account(&self) -> Option<String> {
        self.address(self.config.account.as_ref(), "server", "client")
    }

    /// The peer's ILP address; `None` as long as the host has not told the ledger's prefix.
    pub fn peer_account(&self) -> Option<String> {
        self.address(self.config.peer_account.as_ref(), "client", "server")
    }

    /// How many outputs wait to be [polled](Session::poll_output).
    pub fn queued_outputs(&self) -> usize {
        self.outputs.len()
    }

    /// What the peer sent that it should not have.
    pub fn violations(&self) -> &Violations {
        &self.violations
    }

    /// What the peer asked and was refused.
    pub fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// Why the session does nothing any more, if that is so.
    pub fn stopped(&self) -> Option<Stopped> {
        self.stopped
    }

    /// What cannot be right about the two ledgers, if the session was stopped by it. A host is not: its peers stop.
    pub fn dispute(&self) -> Option<&Dispute> {
        self.dispute.as_ref()
    }

    /// Whether [`close`](Session::close) was called.
    pub fn is_closing(&self) -> bool {
        self.closing.is_some()
    }

    fn address(&self, configured: Option<&String>, where_ours: &str, where_theirs: &str) -> Option<String> {
        if let Some(account) = configured {
            return Some(account.clone());
        }
        let prefix = &self.info.as_ref()?.prefix;
        match self.config.authority {
            Authority::Ours => Some(format!("{prefix}{where_ours}")),
            Authority::Theirs => Some(format!("{prefix}{where_theirs}")),
            // Equals have no roles to be named after: their addresses are configured.
            Authority::Shared => None,
        }
    }
}

impl Session {
    pub(super) fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    pub(super) fn effect(&mut self, effect: Effect) {
        self.outputs.push_back(Output::Effect(effect));
    }

    pub(super) fn answered(&mut self, message: u64, result: Result<ProtocolData, MessageFailure>) {
        self.event(Event::Answered { message: super::MessageId(message), result });
    }

    pub(super) fn transmit(&mut self, connection: ConnectionId, request_id: u32, body: Body) {
        let frame = encode(&Packet { request_id, body });
        self.outputs.push_back(Output::Transmit { connection, frame });
    }

    /// Sends a request over one connection, if that can take another. Returns whether it could.
    pub(super) fn request_on(&mut self, connection: ConnectionId, request: Request, body: Body, deadline: Timestamp) -> bool {
        let Some(request_id) = self.connections.get_mut(connection).and_then(|c| c.requests.insert(request, deadline)) else {
            return false;
        };
        self.transmit(connection, request_id, body);
        true
    }

    /// The terms of a conditional transfer that has not come to its end, for an event about that.
    pub(super) fn conditional(&self, id: &TransferId) -> Option<Arc<Transfer>> {
        match self.trustline.open_transfer(id).map(|open| &open.terms) {
            Some(Terms::Conditional(transfer)) => Some(transfer.clone()),
            Some(Terms::Unconditional { .. }) => None,
            None => self.trustline.lapsed_transfer(id).cloned(),
        }
    }
}
