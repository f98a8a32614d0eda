//! One side of one trustline in a process: a session, driven as a driver must, and what watches it. The driver is the
//! simulated twin of the runtime's account.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bytes::Bytes;
use trustline_core::ledger::{Effect, Trustline};
use trustline_core::session::{AuthenticationRequest, ConnectionId, Event, MessageId, Output, Session, SessionConfig};
use trustline_core::wire::{Body, Packet};
use trustline_core::{LedgerId, Timestamp, TransferId, WireLimits};

use super::books::Books;
use super::claim::Claim;

pub(super) struct Party {
    /// For the trace.
    pub(super) name: String,
    pub(super) session: Session,
    config: SessionConfig,
    /// What its ledger is called, if it has a name, and how often it was opened before.
    ledger: Option<u128>,
    openings: u32,
    /// By all effects that were decided, durable or not.
    decided: Books,
    /// By those that a crash does not undo.
    durable: Books,
    /// A trustline that the decided effects were applied to.
    replica: Trustline,
    /// What waits behind a batch that is with the disk.
    committing: Option<Vec<Held>>,
    /// The disk failed: nothing leaves any more.
    failed: bool,
    /// Requests of the peer that it has not answered.
    asked: BTreeMap<(ConnectionId, u32), Body>,
    /// The ends that the application was told of, in all incarnations.
    told: BTreeMap<TransferId, Vec<&'static str>>,
    /// What the application began or was offered, and knows of, since the process started.
    pub(super) interested: BTreeSet<TransferId>,
    /// Messages without an answer, since the process started.
    pub(super) unanswered: BTreeSet<MessageId>,
}

/// An output, and what it rests on.
#[derive(Debug)]
struct Held {
    output: Output,
    claim: Option<Claim>,
}

/// What a drain gives the outside to do.
#[derive(Debug, Default)]
pub(super) struct Drained {
    /// To be made durable; not empty.
    pub(super) batch: Option<Vec<Effect>>,
    /// Frames, events and disconnects that may leave.
    pub(super) released: Vec<Output>,
}

impl Party {
    /// The process starts, with this on its disk. `snapshot_at`: it reads a snapshot after so many effects, and the later ones.
    pub(super) fn start(name: String, config: SessionConfig, journal: &[Effect], snapshot_at: usize) -> Self {
        let mut durable = Books::new(config.trustline());
        let mut replica = Trustline::new(config.trustline());
        let mut from_snapshot = None;
        for (n, effect) in journal.iter().enumerate() {
            if n == snapshot_at {
                from_snapshot = Some(Trustline::from_snapshot(config.trustline(), replica.snapshot()));
            }
            durable.apply(effect);
            replica.apply(effect);
            if let Some(trustline) = &mut from_snapshot {
                trustline.apply(effect);
            }
        }
        let trustline = from_snapshot.unwrap_or_else(|| Trustline::from_snapshot(config.trustline(), replica.snapshot()));
        assert_eq!(trustline.snapshot(), replica.snapshot(), "a snapshot and the later effects are all effects");
        Self {
            name,
            session: Session::with_trustline(config.clone(), trustline),
            config,
            ledger: None,
            openings: 0,
            decided: durable.clone(),
            durable,
            replica,
            committing: None,
            failed: false,
            asked: BTreeMap::new(),
            told: BTreeMap::new(),
            interested: BTreeSet::new(),
            unanswered: BTreeSet::new(),
        }
    }

    /// The process starts again. What is remembered of its past is what only an observer knows.
    pub(super) fn restart(&mut self, journal: &[Effect], snapshot_at: usize) {
        let told = std::mem::take(&mut self.told);
        let name = std::mem::take(&mut self.name);
        let (ledger, openings) = (self.ledger, self.openings + 1);
        *self = Self { ledger, openings, told, ..Self::start(name, self.config.clone(), journal, snapshot_at) };
    }

    /// Its ledger has a name, which goes before everything else.
    pub(super) fn name_ledger(&mut self, name: u128, now: Timestamp) {
        self.ledger = Some(name);
        self.open(now);
    }

    /// The process that has just started opens its ledger.
    pub(super) fn open(&mut self, now: Timestamp) {
        if let Some(name) = self.ledger {
            let id = LedgerId::from((name + u128::from(self.openings)).to_be_bytes());
            self.session.handle_opened(id, now);
        }
    }

    pub(super) fn decided(&self) -> &Books {
        &self.decided
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed
    }

    /// Whether nothing waits for its own disk.
    pub(super) fn is_settled(&self) -> bool {
        self.committing.is_none()
    }

    /// Runs a command. One that is refused must change nothing.
    pub(super) fn attempt<T, E>(&mut self, now: Timestamp, command: impl FnOnce(&mut Session, Timestamp) -> Result<T, E>) -> Result<T, E> {
        let whole =
            |session: &Session| (session.trustline().snapshot(), session.poll_timeout(), session.in_flight(), session.queued_outputs());
        let before = whole(&self.session);
        let result = command(&mut self.session, now);
        if result.is_err() {
            assert_eq!(whole(&self.session), before, "a refused command changes nothing");
        }
        result
    }

    /// A frame came.
    pub(super) fn frame(&mut self, connection: ConnectionId, frame: &[u8], now: Timestamp) {
        let packet = Packet::decode(frame, &WireLimits::default()).expect("it was sent by a session");
        let is_ready = self.session.connections().any(|open| open == connection) && !self.failed;
        if is_ready && !matches!(packet.body, Body::Response(_) | Body::Error(_)) {
            let asked = self.asked.insert((connection, packet.request_id), packet.body);
            assert!(asked.is_none(), "a request id is used by one request at a time");
        }
        self.session.handle_frame(connection, frame, now);
    }

    /// An authentication was accepted; the session answers it.
    pub(super) fn accepted(&mut self, connection: ConnectionId, request: &AuthenticationRequest, frame: &[u8], now: Timestamp) {
        let packet = Packet::decode(frame, &WireLimits::default()).expect("it was an authentication");
        self.asked.insert((connection, request.request_id), packet.body);
        self.session.handle_accepted(connection, request, crate::no_data(), now);
    }

    pub(super) fn disconnected(&mut self, connection: ConnectionId, now: Timestamp) {
        self.forget_requests(connection);
        self.session.handle_disconnected(connection, now);
    }

    fn forget_requests(&mut self, connection: ConnectionId) {
        self.asked.retain(|(other, _), _| *other != connection);
    }

    /// Takes what the session wants done: one batch at a time. `decide` is asked about each incoming transfer, inline.
    pub(super) fn drain(&mut self, now: Timestamp, mut decide: impl FnMut(&mut Session, &Event, Timestamp) -> bool) -> Drained {
        let mut drained = Drained::default();
        if self.failed {
            while self.session.poll_output().is_some() {}
            return drained;
        }
        if self.committing.is_some() {
            return drained;
        }
        let (mut effects, mut held) = (Vec::new(), Vec::new());
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Effect(effect) => {
                    self.decided.apply(&effect);
                    self.replica.apply(&effect);
                    effects.push(effect);
                }
                output => {
                    let claim = self.claim(&output);
                    if let Some(claim) = &claim {
                        claim.check(&self.decided, "earlier");
                    }
                    let is_decided = matches!(&output, Output::Event(event) if decide(&mut self.session, event, now));
                    if !is_decided {
                        held.push(Held { output, claim });
                    }
                }
            }
        }
        self.check(!effects.is_empty());
        if effects.is_empty() {
            drained.released = self.release(held);
        } else {
            drained.batch = Some(effects);
            self.committing = Some(held);
        }
        drained
    }

    /// The disk has synced a batch of ours: what waited behind it may leave.
    pub(super) fn committed(&mut self, effects: &[Effect]) -> Vec<Output> {
        for effect in effects {
            self.durable.apply(effect);
        }
        let held = self.committing.take().unwrap_or_default();
        self.release(held)
    }

    /// The disk has failed.
    pub(super) fn fail(&mut self) {
        self.failed = true;
        self.committing = None;
        self.session.stop();
    }

    /// All of it that makes a difference to what can still happen.
    pub(super) fn describe(&self, f: &mut impl fmt::Write) -> fmt::Result {
        write!(f, "{:?}{:?}{:?}{:?}", self.session, self.durable, self.committing, self.told)
    }

    /// After every step: the real ledger is what the naive one adds up to, and what its effects replay to.
    fn check(&self, is_news: bool) {
        let trustline = self.session.trustline();
        assert_eq!(trustline.sequence(), self.replica.sequence(), "what was decided was said");
        if !is_news {
            return;
        }
        assert_eq!(*trustline.sums(), self.decided.sums(), "the sums are those of the transfers");
        assert_eq!(trustline.open_len(), self.decided.open_len(), "what is open is what is not settled");
        assert_eq!(trustline.snapshot(), self.replica.snapshot(), "replaying the effects gives the live state");
    }

    fn claim(&mut self, output: &Output) -> Option<Claim> {
        match output {
            Output::Transmit { connection, frame } => self.claim_of_frame(*connection, frame),
            Output::Event(event) => Claim::of_event(event),
            Output::Disconnect { connection, .. } => {
                self.forget_requests(*connection);
                None
            }
            Output::Effect(_) => None,
        }
    }

    fn claim_of_frame(&mut self, connection: ConnectionId, frame: &[u8]) -> Option<Claim> {
        let packet = Packet::decode(frame, &self.config.limits.wire).expect("what a session sends can be read");
        let (Body::Response(_) | Body::Error(_)) = packet.body else { return Claim::of_request(&packet.body) };
        // A session that gives a connection up may still have answered on it.
        let question = self.asked.remove(&(connection, packet.request_id));
        let is_open = self.session.connections().any(|open| open == connection);
        assert!(question.is_some() || !is_open, "a request is answered once");
        question.filter(|_| matches!(packet.body, Body::Response(_))).and_then(|question| Claim::of_response(&question))
    }

    /// What may leave, may: a crash undoes nothing that it says.
    fn release(&mut self, held: Vec<Held>) -> Vec<Output> {
        let release = |Held { output, claim }| {
            if let Some(claim) = claim {
                claim.check(&self.durable, "durable");
            }
            if let Output::Event(event) = &output {
                assert!(!matches!(event, Event::Dispute(_)), "nobody is wronged: {event:?}");
                if let Some((id, how)) = crate::end(event) {
                    let told = self.told.entry(id).or_default();
                    told.push(how);
                    // A client that did not wait for the host's word may hear it after all.
                    assert!(told.len() == 1 || *told == ["expired", "fulfilled"], "an end is told once, and not as {told:?}");
                }
            }
            output
        };
        held.into_iter().map(release).collect()
    }

    /// Whether the application was told how a transfer ended.
    pub(super) fn was_told(&self, id: &TransferId) -> bool {
        self.told.contains_key(id)
    }

    /// The peer's requests that the application has not answered yet, or that a connection took with it.
    pub(super) fn owes_answers(&self) -> usize {
        self.asked.len()
    }
}

/// The frame that asks the same as another one again, as if it were new.
pub(super) fn repeat(frame: &[u8], request_id: u32) -> Bytes {
    let packet = Packet::decode(frame, &WireLimits::default()).expect("it was sent by a session");
    Packet { request_id, ..packet }.encode().expect("it was encoded before")
}
