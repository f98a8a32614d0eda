//! A session on a desk: feed it one input or command, and read what comes out as short lines.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Debug;
use core::time::Duration;

use crate::ledger::Authority;
use crate::session::{
    AuthenticationRequest, ConnectionId, Credentials, Deadline, DeadlineReason, LedgerInfo, Output, RequestToken, Session, SessionConfig,
};
use crate::wire::{Body, ErrorPacket, Packet, ProtocolData};
use crate::{Timestamp, WireLimits};

/// The connection that most stories need.
pub(super) const FIRST: ConnectionId = ConnectionId(1);

pub(super) const ALL: [Authority; 3] = [Authority::Ours, Authority::Theirs, Authority::Shared];

/// When every story begins, in milliseconds since the epoch.
pub(super) const OPENING: i64 = 1_500_000_000_000;

pub(super) struct Desk {
    pub(super) session: Session,
    pub(super) now: Timestamp,
    /// What was sent last, by the name of its packet.
    sent: BTreeMap<String, (ConnectionId, Packet)>,
    /// The requests that the peer made to the application.
    pub(super) tokens: Vec<RequestToken>,
    peer_requests: u32,
}

/// What every desk's session is built with: it knows its ledger, so that it does not ask for it.
pub(super) fn config(authority: Authority) -> SessionConfig {
    SessionConfig { info: Some(LedgerInfo::new("peer.", "XRP", 9)), ..SessionConfig::new(authority) }
}

impl Desk {
    /// A session without a connection.
    pub(super) fn new(config: SessionConfig) -> Self {
        Self {
            session: Session::new(config),
            now: Timestamp::from_millis(OPENING),
            sent: BTreeMap::new(),
            tokens: Vec::new(),
            peer_requests: 1_000,
        }
    }

    /// A session with the connection [`FIRST`].
    pub(super) fn connected(authority: Authority) -> Self {
        Self::connected_with(config(authority))
    }

    pub(super) fn connected_with(config: SessionConfig) -> Self {
        let mut desk = Self::new(config);
        desk.connect(FIRST);
        desk
    }

    /// A connection is authenticated, in whichever way; returns what came out with that.
    pub(super) fn connect(&mut self, connection: ConnectionId) -> Vec<String> {
        if self.session.config.authority == Authority::Ours {
            let request = AuthenticationRequest { request_id: 7, credentials: Credentials::default() };
            self.session.handle_accepted(connection, &request, ProtocolData::new(), self.now);
            return self.outputs();
        }
        self.session.handle_connected(connection, self.now);
        self.outputs();
        self.accepts("Message")
    }

    /// Time passes, without anyone noticing yet.
    pub(super) fn wait(&mut self, millis: u64) {
        self.now = self.now.saturating_add(Duration::from_millis(millis));
    }

    /// Time passes, and the session is told.
    pub(super) fn timeout_after(&mut self, millis: u64) -> Vec<String> {
        self.wait(millis);
        self.session.handle_timeout(self.now);
        self.outputs()
    }

    /// The next deadline, as milliseconds from now.
    pub(super) fn deadline(&self) -> Option<(i64, DeadlineReason)> {
        let Deadline { at, reason } = self.session.poll_timeout()?;
        Some((at.as_millis() - self.now.as_millis(), reason))
    }

    /// The peer asks, over [`FIRST`].
    pub(super) fn asks(&mut self, body: Body) -> Vec<String> {
        self.asks_on(FIRST, body)
    }

    pub(super) fn asks_on(&mut self, connection: ConnectionId, body: Body) -> Vec<String> {
        self.peer_requests += 1;
        self.frame(connection, &Packet { request_id: self.peer_requests, body })
    }

    /// The peer answers our last request of this kind with an empty Response.
    pub(super) fn accepts(&mut self, kind: &str) -> Vec<String> {
        self.responds(kind, ProtocolData::new())
    }

    pub(super) fn responds(&mut self, kind: &str, protocol_data: ProtocolData) -> Vec<String> {
        self.answers(kind, Body::Response(protocol_data))
    }

    /// The peer answers our last request of this kind with an Error.
    pub(super) fn refuses(&mut self, kind: &str, error: ErrorPacket) -> Vec<String> {
        self.answers(kind, Body::Error(error))
    }

    fn answers(&mut self, kind: &str, body: Body) -> Vec<String> {
        let (connection, Packet { request_id, .. }) = self.sent[kind];
        self.frame(connection, &Packet { request_id, body })
    }

    pub(super) fn frame(&mut self, connection: ConnectionId, packet: &Packet) -> Vec<String> {
        self.session.handle_frame(connection, &packet.encode().unwrap(), self.now);
        self.outputs()
    }

    /// The connection is cut.
    pub(super) fn cut(&mut self, connection: ConnectionId) -> Vec<String> {
        self.session.handle_disconnected(connection, self.now);
        self.outputs()
    }

    /// What was sent last under this name.
    pub(super) fn sent(&self, kind: &str) -> &Packet {
        &self.sent[kind].1
    }

    /// Everything that is to be done, in its order: `effect Prepared`, `frame Response`, `event IncomingPrepared`,
    /// `disconnect Closed`. Other connections than [`FIRST`] are named.
    pub(super) fn outputs(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(output) = self.session.poll_output() {
            lines.push(match output {
                Output::Effect(effect) => format!("effect {}", name(&effect.fact)),
                Output::Transmit { connection, frame } => {
                    let packet = Packet::decode(&frame, &WireLimits::default()).expect("we sent it");
                    let kind = name(&packet.body);
                    let line = format!("frame {kind}{}", on(connection));
                    self.sent.insert(kind, (connection, packet));
                    line
                }
                Output::Event(event) => {
                    let line = format!("event {}", name(&event));
                    if let crate::session::Event::Request { token, .. } = event {
                        self.tokens.push(token);
                    }
                    line
                }
                Output::Disconnect { connection, reason } => format!("disconnect {}{}", name(&reason), on(connection)),
            });
        }
        lines
    }
}

fn on(connection: ConnectionId) -> String {
    if connection == FIRST { String::new() } else { format!(" on {}", connection.0) }
}

/// The variant, without its fields.
pub(super) fn name(value: &impl Debug) -> String {
    format!("{value:?}").split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().into()
}
