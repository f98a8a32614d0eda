//! One of ours, and a peer that says anything, whenever, over however many connections.

mod laws;

use std::collections::{BTreeMap, BTreeSet};

use trustline_core::ledger::{Authority, Bounds};
use trustline_core::session::{Acceptance, Acceptor, ConnectionId, DisconnectReason, ErrorName, Event, RequestToken, SessionConfig};
use trustline_core::wire::{Body, Packet};
use trustline_core::{Timestamp, WireLimits};

use crate::names::{custom, fulfillment, ledger_info, no_data, no_funds, payment, transfer_id};
use crate::side::{Crash, Side};

/// Most open transfers.
const OPEN: usize = 4;

/// Most connections.
const CONNECTIONS: usize = 3;

/// Most requests of ours that wait for their answer, on each connection.
const IN_FLIGHT: usize = 3;

/// Most requests of the peer that wait for the answer of our application, on each connection.
const UNANSWERED: usize = 2;

/// What happens. What is said goes over the newest connection.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "they are what they are called")]
pub enum Happening {
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
    WeRefuse,
    /// We give all connections up at once.
    WeDisconnect,
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

/// A request of the peer: its connection and its id.
type Asked = (ConnectionId, u32);

/// Our side, and what became of all that the peer said to it.
#[derive(Debug)]
pub struct OurSide {
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
    /// Connections that we gave up more than once.
    given_up_again: Vec<ConnectionId>,
    /// How often each request of the peer was answered.
    answers: BTreeMap<Asked, usize>,
    /// What our application was asked and has not answered.
    requests: Vec<(Asked, RequestToken)>,
    /// Requests that had no answer, or more than one, and answers that nobody had asked for.
    misanswered: Vec<String>,
    /// Answers that did something elsewhere than where they were asked for.
    misplaced: Vec<Body>,
}

impl OurSide {
    /// It has small limits, so that they are met. Its ledger may have a name. Equals have addresses, and so elect one of several
    /// connections.
    pub fn new(authority: Authority, bounds: Bounds, ledger: Option<u8>) -> Self {
        let mut config = SessionConfig::new(authority);
        config.bounds = bounds;
        config.info = Some(ledger_info());
        if authority == Authority::Shared {
            config.account = Some("example.customer".into());
            config.peer_account = Some("example.shop".into());
        }
        config.limits.in_flight_requests = IN_FLIGHT;
        config.limits.unanswered_requests = UNANSWERED;
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
            given_up_again: Vec::new(),
            answers: BTreeMap::new(),
            requests: Vec::new(),
            misanswered: Vec::new(),
            misplaced: Vec::new(),
        }
    }

    /// Something happens.
    pub fn meets(&mut self, happening: &Happening) {
        self.perform(happening);
        self.listen();
        if self.side.is_down {
            self.restart();
        }
    }

    fn perform(&mut self, happening: &Happening) {
        let side = &mut self.side;
        match happening {
            Happening::Says(request) => self.says(request),
            Happening::SaysFrame(frame) => self.says_frame(frame),
            Happening::SaysText => {
                if let Some(connection) = self.connections.last() {
                    side.session.handle_text(*connection);
                }
            }
            Happening::Answers { which, answer, elsewhere } => self.answers(*which, answer, *elsewhere),
            Happening::AnswersNothing { request_id, answer } => {
                let is_known = self.asked.iter().any(|(_, asked)| asked == request_id);
                if let Some(connection) = self.connections.last().copied().filter(|_| !is_known) {
                    self.answers_in_vain(connection, *request_id, answer);
                }
            }
            Happening::Joins => {
                let connection = self.new_connection();
                self.answers.insert((connection, 0), 0);
                self.side.accepted(connection, 0);
                self.expect_answer((connection, 0), "an authentication");
            }
            Happening::Knocks(frame) => self.knocks(frame),
            Happening::WeDial => {
                let connection = self.new_connection();
                self.side.connected(connection);
            }
            Happening::Leaves { which } if !self.connections.is_empty() => {
                let connection = self.connections[which % self.connections.len()];
                side.disconnected(connection);
                self.lost(connection);
            }
            Happening::Leaves { .. } => {}
            Happening::WePay { n, amount, expires_in } => {
                let prepare = payment(*n, *amount, Timestamp::from_millis(side.now.as_millis() + expires_in));
                let _ = side.attempt(|session, now| session.prepare(prepare, now));
            }
            Happening::WeTransfer { n, amount } => {
                let _ = side.attempt(|session, now| session.transfer(transfer_id(*n), *amount, &no_data(), now));
            }
            Happening::WeFulfill { n, with } => {
                let _ = side.attempt(|session, now| session.fulfill(transfer_id(*n), fulfillment(*with), &no_data(), now));
            }
            Happening::WeReject { n } => {
                let _ = side.attempt(|session, now| session.reject(transfer_id(*n), &no_funds(), now));
            }
            Happening::WeAsk => {
                let _ = side.attempt(|session, now| session.message(custom("{}"), now));
            }
            Happening::WeAnswer => self.we_answer(|side, token| side.session.respond(token, custom("{}"), side.now).expect("it is short")),
            Happening::WeRefuse => {
                self.we_answer(|side, token| side.session.refuse_request(token, ErrorName::NotAccepted, "no", side.now));
            }
            Happening::WeDisconnect => {
                side.session.disconnect_all(&DisconnectReason::Suspended, side.now);
                side.drain();
            }
            Happening::WeClose => side.closes(),
            Happening::WeRestart => self.restart(),
            Happening::WeDie { effects, frames } => side.crash = Some(Crash { batches: 0, effects: *effects, frames: *frames }),
            Happening::Clock { millis } => {
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
        for token in self.listen() {
            self.requests.push((key, token));
        }
        let is_asked = self.requests.last().is_some_and(|(asked, _)| *asked == key);
        if is_heard && !is_asked {
            self.expect_answer(key, &format!("{request:?}"));
        }
    }

    fn says_frame(&mut self, frame: &[u8]) {
        match Packet::decode(frame, &WireLimits::default()) {
            // Its id may be that of another.
            Ok(Packet { body, .. }) if !matches!(body, Body::Response(_) | Body::Error(_)) => self.says(&body),
            Ok(Packet { request_id, body }) => match self.asked.iter().position(|(_, asked)| *asked == request_id) {
                Some(which) => self.answers(which, &body, false),
                None => self.perform(&Happening::AnswersNothing { request_id, answer: body }),
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
        if let Some(other) = other.filter(|_| elsewhere) {
            self.answers_in_vain(*other, request_id, answer);
        } else {
            self.asked.remove(index);
            self.side.receives(connection, request_id, answer.clone());
        }
    }

    /// An answer to what was not asked there: it is counted, and does nothing else.
    fn answers_in_vain(&mut self, connection: ConnectionId, request_id: u32, answer: &Body) {
        // What time has come to is not the answer's doing.
        self.side.clock(self.side.now);
        self.listen();
        let is_asked = self.asked.contains(&(connection, request_id));
        if self.side.is_down || is_asked || !self.connections.contains(&connection) {
            return;
        }
        let mut expected = self.side.whole_state();
        expected.violations.unsolicited += u64::from(self.side.session.stopped().is_none());
        self.side.receives(connection, request_id, answer.clone());
        let does_nothing =
            self.side.take_frames().is_empty() && self.side.take_events().is_empty() && self.side.take_disconnects().is_empty();
        if !does_nothing || self.side.whole_state() != expected {
            self.misplaced.push(answer.clone());
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
                self.expect_answer((connection, request.request_id), "an authentication");
            }
            Acceptance::Refused(answer) => {
                let answer = Packet::decode(&answer, &WireLimits::default()).expect("what we say can be read");
                assert!(matches!(answer.body, Body::Error(_)), "it is refused");
            }
            Acceptance::Waiting | Acceptance::Violation(_) => {}
        }
    }

    /// Our application answers what it was asked last.
    fn we_answer(&mut self, answer: impl FnOnce(&mut Side, RequestToken)) {
        if let Some((key, token)) = self.requests.pop() {
            answer(&mut self.side, token);
            self.side.drain();
            self.expect_answer(key, "what our application has answered");
        }
    }

    /// Whoever still listens has heard an answer by now.
    fn expect_answer(&mut self, key: Asked, what: &str) {
        self.listen();
        if self.answers[&key] == 0 && self.connections.contains(&key.0) && !self.side.is_down {
            self.misanswered.push(format!("none to {what}"));
        }
    }

    /// Takes what our side said and did. Returns what our application is asked.
    fn listen(&mut self) -> Vec<RequestToken> {
        let mut tokens = Vec::new();
        for event in self.side.take_events() {
            match event {
                Event::Connected { connection, .. } => drop(self.ready.insert(connection)),
                Event::Request { token, .. } => tokens.push(token),
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
            if !self.connections.contains(&connection) {
                self.given_up_again.push(connection);
            }
            self.lost(connection);
        }
        tokens
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
