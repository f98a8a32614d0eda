//! One side of a scenario: a session, the effects it made durable, and what it said.

use std::collections::VecDeque;

use bytes::Bytes;
use trustline_core::ledger::{Bounds, Effect, Snapshot, Trustline};
use trustline_core::session::{
    AuthenticationRequest, ConnectionId, Credentials, Deadline, DisconnectReason, Dispute, ErrorName, Event, LedgerInfo, MessageId, Output,
    Refusals, RequestToken, Session, SessionConfig, Stopped, Violations,
};
use trustline_core::wire::{Body, Packet, Prepare, ProtocolData};
use trustline_core::{LedgerId, Timestamp};

use crate::names::{self, fulfillment, no_data, payment, transfer_id};
use crate::story::{describe_event, describe_frame};

/// How far a side gets with its outputs before its process dies. A driver makes all effects of a batch
/// durable before it sends the first frame: with fewer effects than there are, no frame leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    /// How many batches come through whole before.
    pub batches: usize,
    /// How many effects of the next batch become durable.
    pub effects: usize,
    /// How many frames of that batch are sent, if all its effects became durable.
    pub frames: usize,
}

/// A session with its journal, its clock and its application.
#[derive(Debug)]
pub struct Side {
    /// The session itself. Whoever calls it directly drains it with [`drain`](Self::drain).
    pub session: Session,
    /// This side's clock.
    pub now: Timestamp,
    /// Set: the process dies in the middle of a batch to come. Then it [`is_down`](Self::is_down).
    pub crash: Option<Crash>,
    /// The process is dead, until it is restarted.
    pub is_down: bool,
    config: SessionConfig,
    /// What its ledger is called, and how often it was opened; a side without it tells nobody.
    ledger: Option<(u8, u32)>,
    journal: Vec<Effect>,
    /// Rebuilt from the journal alone, effect by effect.
    replica: Trustline,
    events: Vec<Event>,
    requests: VecDeque<RequestToken>,
    outbox: Vec<(ConnectionId, Bytes)>,
    disconnects: Vec<(ConnectionId, DisconnectReason)>,
}

impl Side {
    /// A side on whose trustline nothing has happened.
    pub fn new(config: SessionConfig) -> Self {
        Self::with_journal(config, Vec::new())
    }

    /// A side that goes on from a journal.
    pub fn with_journal(config: SessionConfig, journal: Vec<Effect>) -> Self {
        let mut replica = Trustline::new(config.trustline());
        for effect in &journal {
            replica.apply(effect);
        }
        let mut side = Self {
            session: Session::with_trustline(config.clone(), replica.clone()),
            now: names::START,
            crash: None,
            is_down: false,
            config,
            ledger: None,
            journal,
            replica,
            events: Vec::new(),
            requests: VecDeque::new(),
            outbox: Vec::new(),
            disconnects: Vec::new(),
        };
        side.drain();
        side
    }

    /// The process starts again from the first `effects` effects of its journal. What it had in memory is gone.
    pub fn restart_from(&mut self, effects: usize) {
        let mut journal = std::mem::take(&mut self.journal);
        journal.truncate(effects);
        self.goes_on_from(journal);
    }

    /// The process starts again, and finds another journal than it left.
    pub fn goes_on_from(&mut self, journal: Vec<Effect>) {
        let (now, ledger) = (self.now, self.ledger);
        *self = Self::with_journal(self.config.clone(), journal);
        self.now = now;
        if let Some((name, openings)) = ledger {
            self.open(name, openings + 1);
        }
    }

    /// From now on it keeps a ledger that has a name.
    #[must_use]
    pub fn keeping_ledger(mut self, name: u8) -> Self {
        self.open(name, 0);
        self
    }

    fn open(&mut self, name: u8, openings: u32) {
        self.ledger = Some((name, openings));
        self.session.handle_opened(ledger_id(name, openings), self.now);
        self.drain();
    }

    /// The process starts again from its whole journal.
    pub fn restart(&mut self) {
        self.restart_from(self.journal.len());
    }
}

/// What the application does. Where the story needs no more than a number, it says no more.
impl Side {
    /// Runs a command. One that is refused must change nothing.
    pub fn attempt<T, E>(&mut self, command: impl FnOnce(&mut Session, Timestamp) -> Result<T, E>) -> Result<T, E> {
        let before = self.whole_state();
        let result = command(&mut self.session, self.now);
        if result.is_err() {
            assert_eq!(self.session.poll_output(), None, "a refused command says nothing");
            assert_eq!(self.whole_state(), before, "a refused command changes nothing");
        }
        self.drain();
        result
    }

    /// Prepares payment `n`, which expires in 30 s.
    #[track_caller]
    pub fn pays(&mut self, n: u32, amount: u64) {
        self.prepares(payment(n, amount, self.now.saturating_add(names::seconds(30))));
    }

    /// Prepares a payment.
    #[track_caller]
    pub fn prepares(&mut self, prepare: Prepare) {
        self.attempt(|session, now| session.prepare(prepare, now)).expect("the payment is allowed");
    }

    /// Fulfills payment `n`.
    #[track_caller]
    pub fn fulfills(&mut self, n: u32) {
        self.attempt(|session, now| session.fulfill(transfer_id(n), fulfillment(n), &no_data(), now)).expect("it can be fulfilled");
    }

    /// Rejects payment `n`.
    #[track_caller]
    pub fn rejects(&mut self, n: u32) {
        self.attempt(|session, now| session.reject(transfer_id(n), &names::no_funds(), now)).expect("it can be rejected");
    }

    /// Pays without a condition.
    #[track_caller]
    pub fn transfers(&mut self, n: u32, amount: u64) {
        self.attempt(|session, now| session.transfer(transfer_id(n), amount, &no_data(), now)).expect("the transfer is allowed");
    }

    /// Asks the peer something.
    #[track_caller]
    pub fn asks(&mut self, question: ProtocolData) -> MessageId {
        self.attempt(|session, now| session.message(question, now)).expect("it can be asked")
    }

    /// Answers the oldest request that [`events`](Self::events) has told of.
    #[track_caller]
    pub fn responds(&mut self, answer: ProtocolData) {
        let token = self.token();
        self.session.respond(token, answer, self.now).expect("it can be sent");
        self.drain();
    }

    /// Answers the oldest request that [`events`](Self::events) has told of with an Error.
    #[track_caller]
    pub fn refuses(&mut self, message: &str) {
        let token = self.token();
        self.session.refuse_request(token, ErrorName::NotAccepted, message, self.now);
        self.drain();
    }

    /// The right to answer the oldest request that [`events`](Self::events) has told of.
    #[track_caller]
    pub fn token(&mut self) -> RequestToken {
        self.requests.pop_front().expect("there was a request")
    }

    /// Changes the bounds on the balance.
    pub fn sets_bounds(&mut self, minimum: i128, maximum: i128) {
        self.session.set_bounds(Bounds { minimum, maximum }, self.now);
        self.drain();
    }

    /// Begins to close.
    pub fn closes(&mut self) {
        self.session.close(self.now);
        self.drain();
    }
}

/// What happens to it.
impl Side {
    /// A connection that it dialed is open.
    pub fn connected(&mut self, connection: ConnectionId) {
        self.session.handle_connected(connection, self.now);
        self.drain();
    }

    /// A connection was authenticated, by a peer that says nothing else.
    pub fn accepted(&mut self, connection: ConnectionId, request_id: u32) {
        self.accepted_with(connection, &AuthenticationRequest { request_id, credentials: Credentials::default() });
    }

    /// A connection was authenticated.
    pub fn accepted_with(&mut self, connection: ConnectionId, request: &AuthenticationRequest) {
        self.session.handle_accepted(connection, request, no_data(), self.now);
        self.drain();
    }

    /// A frame came.
    pub fn frame(&mut self, connection: ConnectionId, frame: &[u8]) {
        self.session.handle_frame(connection, frame, self.now);
        self.drain();
    }

    /// A packet came.
    pub fn receives(&mut self, connection: ConnectionId, request_id: u32, body: Body) {
        let frame = Packet { request_id, body }.encode().expect("the scenario's packet can be sent");
        self.frame(connection, &frame);
    }

    /// A connection is gone.
    pub fn disconnected(&mut self, connection: ConnectionId) {
        self.session.handle_disconnected(connection, self.now);
        self.drain();
    }

    /// The clock shows `now`; a deadline that has come is served.
    pub fn clock(&mut self, now: Timestamp) {
        self.now = now;
        if self.deadline().is_some_and(|deadline| deadline.at <= now) {
            self.session.handle_timeout(now);
            self.drain();
            assert!(self.deadline().is_none_or(|deadline| deadline.at > now), "a served deadline is over: {:?}", self.deadline());
        }
    }
}

/// What it has to show.
impl Side {
    /// The events since this was asked last, in words.
    pub fn events(&mut self) -> Vec<String> {
        let events = self.take_events();
        let words = events.iter().map(describe_event).collect();
        self.requests.extend(events.into_iter().filter_map(|event| match event {
            Event::Request { token, .. } => Some(token),
            _ => None,
        }));
        words
    }

    /// The events since this was asked last.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// The effects that are durable.
    pub fn journal(&self) -> &[Effect] {
        &self.journal
    }

    /// What the session is built with.
    pub fn config(&self) -> &SessionConfig {
        &self.config
    }

    /// The whole state of the trustline.
    pub fn snapshot(&self) -> Snapshot {
        self.session.trustline().snapshot()
    }

    /// Incoming minus outgoing posted.
    pub fn balance(&self) -> i128 {
        self.session.balance()
    }

    /// What is held for payments that are not decided: incoming, outgoing.
    pub fn pending(&self) -> (u128, u128) {
        let sums = self.session.sums();
        (sums.incoming_pending, sums.outgoing_pending)
    }

    /// The next moment at which time matters to it.
    pub fn deadline(&self) -> Option<Deadline> {
        if self.is_down { None } else { self.session.poll_timeout() }
    }

    /// The frames it sent since this was asked last. In a [`Pair`](crate::Pair) the link takes them.
    pub fn take_frames(&mut self) -> Vec<(ConnectionId, Bytes)> {
        std::mem::take(&mut self.outbox)
    }

    /// The frames it sent since this was asked last, in words.
    pub fn said(&mut self) -> Vec<String> {
        self.take_frames().iter().map(|(_, frame)| describe_frame(frame)).collect()
    }

    /// The connections it gave up since this was asked last.
    pub fn take_disconnects(&mut self) -> Vec<(ConnectionId, DisconnectReason)> {
        std::mem::take(&mut self.disconnects)
    }

    /// Takes what the session wants done: effects into the journal, then frames into the outbox, then events. Replaying
    /// the journal must give what the session has.
    pub fn drain(&mut self) {
        let mut effects = Vec::new();
        let mut frames = VecDeque::new();
        let mut events = Vec::new();
        let mut disconnects = Vec::new();
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Effect(effect) => effects.push(effect),
                Output::Transmit { connection, frame } => frames.push_back((connection, frame)),
                Output::Event(event) => events.push(event),
                Output::Disconnect { connection, reason } => disconnects.push((connection, reason)),
            }
        }
        if let Some(crash) = self.crash.as_mut().filter(|_| !effects.is_empty() || !frames.is_empty()) {
            self.is_down = crash.batches == 0;
            crash.batches = crash.batches.saturating_sub(1);
        }
        if let Some(crash) = self.crash.take_if(|_| self.is_down) {
            let committed = crash.effects >= effects.len();
            effects.truncate(crash.effects);
            frames.truncate(if committed { crash.frames } else { 0 });
            (events, disconnects) = (Vec::new(), Vec::new());
        }
        for effect in &effects {
            self.replica.apply(effect);
        }
        self.journal.append(&mut effects);
        self.outbox.extend(frames);
        self.events.append(&mut events);
        self.disconnects.append(&mut disconnects);
        if !self.is_down {
            assert_eq!(self.replica.snapshot(), self.snapshot(), "replaying the journal gives the live trustline");
        }
    }

    /// Everything that a refused command could have changed, or an input that has no consequence.
    pub fn whole_state(&self) -> WholeState {
        let session = &self.session;
        WholeState {
            ledger: self.snapshot(),
            deadline: session.poll_timeout(),
            in_flight: session.in_flight(),
            connections: session.connections().collect(),
            violations: *session.violations(),
            refusals: *session.refusals(),
            info: session.info().cloned(),
            is_closing: session.is_closing(),
            stopped: session.stopped(),
            dispute: session.dispute().cloned(),
        }
    }
}

/// What can be seen of a session.
#[derive(Clone, Debug, PartialEq)]
pub struct WholeState {
    pub ledger: Snapshot,
    pub deadline: Option<Deadline>,
    pub in_flight: usize,
    pub connections: Vec<ConnectionId>,
    pub violations: Violations,
    pub refusals: Refusals,
    pub info: Option<LedgerInfo>,
    pub is_closing: bool,
    pub stopped: Option<Stopped>,
    pub dispute: Option<Dispute>,
}

/// The name of an opening of a ledger.
fn ledger_id(name: u8, openings: u32) -> LedgerId {
    let mut id = [name; 16];
    id[12..].copy_from_slice(&openings.to_be_bytes());
    LedgerId::from(id)
}
