//! One of ours, and a peer that says anything, whenever, over however many connections.

mod laws;

use std::collections::{BTreeMap, BTreeSet};

use trustline_core::ledger::{Authority, Bounds};
use trustline_core::session::{Acceptance, Acceptor, ConnectionId, Event, RequestToken, SessionConfig};
use trustline_core::wire::{Body, Packet};
use trustline_core::{Timestamp, WireLimits};

use crate::names::{custom, fulfillment, ledger_info, no_data, no_funds, payment, transfer_id};
use crate::side::{Crash, Side};

/// Transfers are known by a number below this, so that what the two say meets.
pub const IDS: u32 = 6;

/// Most open transfers.
const OPEN: usize = 4;

/// Most connections.
const CONNECTIONS: usize = 3;

/// What one of them does. What is said goes over the newest connection.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "they are what they are called")]
pub enum Act {
    /// The peer asks.
    Says(Body),
    /// The peer says a frame: a request, an answer, or none of both.
    SaysFrame(Vec<u8>),
    SaysText,
    /// The peer answers one of our requests, rightly or on another connection than it was asked on.
    Answers {
        which: usize,
        answer: Body,
        elsewhere: bool,
    },
    AnswersNothing {
        request_id: u32,
        answer: Body,
    },
    /// The peer is authenticated on another connection.
    Joins,
    /// The peer dials, and this is the first frame.
    Knocks(Vec<u8>),
    /// We dial.
    WeDial,
    Leaves {
        which: usize,
    },
    WePay {
        n: u32,
        amount: u64,
        expires_in: i64,
    },
    WeTransfer {
        n: u32,
        amount: u64,
    },
    WeFulfill {
        n: u32,
        with: u32,
    },
    WeReject {
        n: u32,
    },
    WeAsk,
    WeAnswer,
    WeClose,
    WeRestart,
    /// Our process dies at the next batch, when so much of it has become durable and was sent, and starts again.
    WeDie {
        effects: usize,
        frames: usize,
    },
    /// The clock goes on, or is set back.
    Clock {
        millis: i64,
    },
}

/// The two of them.
#[derive(Debug)]
pub struct ForeignPeer {
    side: Side,
    connections: Vec<ConnectionId>,
    /// Those over which requests may go.
    ready: BTreeSet<ConnectionId>,
    next_connection: u64,
    next_request: u32,
    /// What we asked on connections that there still are, and the peer has not answered.
    asked: Vec<(ConnectionId, u32)>,
    /// Connections that there were.
    gone: Vec<ConnectionId>,
    /// How often each request of the peer was answered.
    answers: BTreeMap<(ConnectionId, u32), usize>,
    /// Requests that had no answer, or more than one, and answers that nobody had asked for.
    misanswered: Vec<String>,
    /// Answers that did something elsewhere than where they were asked for.
    misplaced: Vec<Body>,
    /// What our application was asked.
    requests: Vec<RequestToken>,
}

impl ForeignPeer {
    /// Ours has small limits, so that they are met. Its ledger may have a name.
    pub fn new(authority: Authority, bounds: Bounds, ledger: Option<u8>) -> Self {
        let mut config = SessionConfig::new(authority);
        config.bounds = bounds;
        config.info = Some(ledger_info());
        config.limits.in_flight_requests = 3;
        config.limits.unanswered_requests = 2;
        config.limits.connections = CONNECTIONS;
        config.limits.open_transfers = OPEN;
        config.limits.orphans = 1;
        let side = Side::new(config);
        Self {
            side: match ledger {
                Some(name) => side.keeping_ledger(name),
                None => side,
            },
            connections: Vec::new(),
            ready: BTreeSet::new(),
            next_connection: 1,
            next_request: 0,
            asked: Vec::new(),
            gone: Vec::new(),
            answers: BTreeMap::new(),
            misanswered: Vec::new(),
            misplaced: Vec::new(),
            requests: Vec::new(),
        }
    }

    /// Something is done.
    pub fn act(&mut self, act: &Act) {
        self.perform(act);
        self.listen();
        if self.side.is_down {
            self.restart();
        }
    }

    fn perform(&mut self, act: &Act) {
        let side = &mut self.side;
        match act {
            Act::Says(request) => self.says(request),
            Act::SaysFrame(frame) => self.says_frame(frame),
            Act::SaysText => {
                if let Some(connection) = self.connections.last() {
                    side.session.handle_text(*connection);
                }
            }
            Act::Answers { which, answer, elsewhere } => self.answers(*which, answer, *elsewhere),
            Act::AnswersNothing { request_id, answer } => self.answers_nothing(*request_id, answer),
            Act::Joins => {
                let connection = self.new_connection();
                self.answers.insert((connection, 0), 0);
                self.side.accepted(connection, 0);
            }
            Act::Knocks(frame) => self.knocks(frame),
            Act::WeDial => {
                let connection = self.new_connection();
                self.side.connected(connection);
            }
            Act::Leaves { which } if !self.connections.is_empty() => {
                let connection = self.connections[which % self.connections.len()];
                side.disconnected(connection);
                self.lost(connection);
            }
            Act::Leaves { .. } => {}
            Act::WePay { n, amount, expires_in } => {
                let prepare = payment(*n, *amount, Timestamp::from_millis(side.now.as_millis() + expires_in));
                let _ = side.attempt(|session, now| session.prepare(prepare, now));
            }
            Act::WeTransfer { n, amount } => {
                let _ = side.attempt(|session, now| session.transfer(transfer_id(*n), *amount, &no_data(), now));
            }
            Act::WeFulfill { n, with } => {
                let _ = side.attempt(|session, now| session.fulfill(transfer_id(*n), fulfillment(*with), &no_data(), now));
            }
            Act::WeReject { n } => {
                let _ = side.attempt(|session, now| session.reject(transfer_id(*n), &no_funds(), now));
            }
            Act::WeAsk => {
                let _ = side.attempt(|session, now| session.message(custom("{}"), now));
            }
            Act::WeAnswer => {
                if let Some(token) = self.requests.pop() {
                    let now = side.now;
                    side.session.respond(token, custom("{}"), now).expect("it is short");
                    side.drain();
                }
            }
            Act::WeClose => side.closes(),
            Act::WeRestart => self.restart(),
            Act::WeDie { effects, frames } => side.crash = Some(Crash { batches: 0, effects: *effects, frames: *frames }),
            Act::Clock { millis } => {
                let now = Timestamp::from_millis(side.now.as_millis() + millis);
                side.clock(now);
            }
        }
    }

    fn new_connection(&mut self) -> ConnectionId {
        let connection = ConnectionId(self.next_connection);
        self.next_connection += 1;
        self.connections.push(connection);
        connection
    }

    fn says(&mut self, request: &Body) {
        let Some(connection) = self.connections.last().copied() else { return };
        self.next_request += 1;
        let key = (connection, self.next_request);
        self.answers.insert(key, 0);
        let is_heard = self.ready.contains(&connection) && self.side.session.stopped().is_none();
        self.side.receives(connection, self.next_request, request.clone());
        self.listen();
        // Our own answer is given at once; the application's may come later, or never.
        let asks_the_application =
            matches!(request, Body::Message(data) if data.primary().is_some_and(|entry| ["custom", "ilp"].contains(&&*entry.name)));
        let may_be_silent = asks_the_application || !is_heard || self.side.is_down;
        if self.answers[&key] == 0 && !may_be_silent {
            self.misanswered.push(format!("none to {request:?}"));
        }
    }

    fn says_frame(&mut self, frame: &[u8]) {
        match Packet::decode(frame, &WireLimits::default()) {
            // Its id may be that of another.
            Ok(Packet { body, .. }) if !matches!(body, Body::Response(_) | Body::Error(_)) => self.says(&body),
            Ok(Packet { request_id, body }) => match self.asked.iter().position(|(_, asked)| *asked == request_id) {
                Some(which) => self.answers(which, &body, false),
                None => self.answers_nothing(request_id, &body),
            },
            Err(_) => {
                if let Some(connection) = self.connections.last() {
                    self.side.frame(*connection, frame);
                }
            }
        }
    }

    fn answers(&mut self, which: usize, answer: &Body, elsewhere: bool) {
        if self.asked.is_empty() {
            return;
        }
        let index = which % self.asked.len();
        let (connection, request_id) = self.asked[index];
        let other = self.connections.iter().find(|other| **other != connection && !self.asked.contains(&(**other, request_id)));
        if let (true, Some(other)) = (elsewhere, other) {
            let before = self.side.snapshot();
            self.side.receives(*other, request_id, answer.clone());
            // Time may have come to something, but the answer did nothing.
            if self.side.take_frames().is_empty() && self.side.snapshot() != before {
                self.misplaced.push(answer.clone());
            }
        } else {
            self.asked.remove(index);
            self.side.receives(connection, request_id, answer.clone());
        }
    }

    fn answers_nothing(&mut self, request_id: u32, answer: &Body) {
        let known = self.asked.iter().any(|(_, asked)| *asked == request_id);
        if let Some(connection) = self.connections.last().filter(|_| !known && self.side.session.stopped().is_none()) {
            let before = self.side.session.violations().unsolicited;
            self.side.receives(*connection, request_id, answer.clone());
            assert_eq!(self.side.session.violations().unsolicited, before + 1);
        }
    }

    fn knocks(&mut self, frame: &[u8]) {
        let (limits, now) = (self.side.config().limits.clone(), self.side.now);
        match Acceptor::new(limits, now).handle_frame(frame, now) {
            Acceptance::Authenticate(request) => {
                let connection = self.new_connection();
                self.answers.insert((connection, request.request_id), 0);
                self.next_request = self.next_request.max(request.request_id & 0xffff);
                self.side.accepted_with(connection, &request);
            }
            Acceptance::Refused(answer) => {
                let answer = Packet::decode(&answer, &WireLimits::default()).expect("what we say can be read");
                assert!(matches!(answer.body, Body::Error(_)), "it is refused");
            }
            Acceptance::Waiting | Acceptance::Violation(_) => {}
        }
    }

    /// Takes what our side said and did.
    fn listen(&mut self) {
        for event in self.side.take_events() {
            match event {
                Event::Connected { connection, .. } => drop(self.ready.insert(connection)),
                Event::Request { token, .. } => self.requests.push(token),
                _ => {}
            }
        }
        for (connection, frame) in self.side.take_frames() {
            let packet = Packet::decode(&frame, &WireLimits::default()).expect("what we say can be read");
            let key = (connection, packet.request_id);
            if matches!(packet.body, Body::Response(_) | Body::Error(_)) {
                // Nobody had asked for one that is not there.
                let count = self.answers.entry(key).or_insert(1);
                *count += 1;
                if *count > 1 {
                    self.misanswered.push(format!("one too many: {packet:?}"));
                }
            } else {
                assert!(!self.asked.contains(&key), "an id is used by one request at a time");
                self.asked.push(key);
            }
        }
        for (connection, _) in self.side.take_disconnects() {
            self.lost(connection);
        }
    }

    fn lost(&mut self, connection: ConnectionId) {
        self.connections.retain(|other| *other != connection);
        self.asked.retain(|(other, _)| *other != connection);
        self.gone.push(connection);
    }

    fn restart(&mut self) {
        self.side.restart();
        self.gone.append(&mut self.connections);
        self.asked.clear();
        self.requests.clear();
    }
}
