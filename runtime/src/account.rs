//! One trustline in a process: the session, its journal, its handler and its connections, behind one lock.
//!
//! Whoever feeds the session (a connection's task, the timekeeper, the application) then settles the account: drains
//! the session's outputs, hands the effects to the journal, and when they are durable releases what stands behind
//! them. One batch is with the journal at a time; what comes meanwhile forms the next.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use trustline_core::ledger::{Bounds, NoFulfillment, Sums};
use trustline_core::session::{ConnectionId, DisconnectReason, Dispute, Event, LedgerInfo, Output, Session};
use trustline_core::wire::ProtocolData;
use trustline_core::{Fulfillment, Timestamp, TransferId};

use crate::alarm::Alarm;
use crate::backoff::is_work;
use crate::clock;
use crate::handler::{Commands, Decision, Handler};
use crate::journal::{Appended, Committed, Journal, JournalError, Watcher};
use crate::metrics::AccountMetrics;
use crate::outbox::Outbox;
use crate::standing::Standing;
use crate::timekeeper::{Call, Timekeeper};
use crate::waiters::{Connected, Waiters};

/// A handle to one trustline; cheap to clone. Its methods take the account's lock: a [`Handler`] has its
/// [`Commands`] instead.
#[derive(Clone)]
pub struct Account {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    name: String,
    journal: Arc<dyn Journal>,
    timekeeper: Arc<Timekeeper>,
    alarm: Arc<Alarm>,
    /// What is logged about it says whose it is.
    span: tracing::Span,
    state: Mutex<State>,
}

pub(crate) struct State {
    pub(crate) session: Session,
    pub(crate) waiters: Waiters,
    /// The peer has done something for us since this was last reset, by who dials.
    pub(crate) worked: bool,
    pub(crate) standing: Standing,
    pub(crate) metrics: AccountMetrics,
    handler: Box<dyn Handler>,
    outboxes: Vec<(ConnectionId, Arc<Outbox>)>,
    next_connection: u64,
    committing: Option<Commit>,
    /// Who waits for the journal to have everything.
    commit_wakers: Vec<Waker>,
    /// Connections are not read from until the batch is durable.
    held_back: bool,
    failure: Option<JournalError>,
    /// The timekeeper calls then, which is no later than the next deadline.
    armed: Option<Call>,
}

/// A batch is with the journal.
struct Commit {
    since: Instant,
    /// What waits behind it.
    outputs: Vec<Output>,
}

/// Outputs of one account that may wait behind a batch before its connections are no longer read from.
const MOST_QUEUED: usize = 100_000;

impl Account {
    pub(crate) fn new(
        name: String,
        session: Session,
        handler: Box<dyn Handler>,
        journal: Arc<dyn Journal>,
        timekeeper: Arc<Timekeeper>,
        alarm: Arc<Alarm>,
    ) -> Self {
        let state = State {
            session,
            waiters: Waiters::default(),
            worked: false,
            standing: Standing::default(),
            metrics: AccountMetrics::default(),
            handler,
            outboxes: Vec::new(),
            next_connection: 0,
            committing: None,
            commit_wakers: Vec::new(),
            held_back: false,
            failure: None,
            armed: None,
        };
        let span = tracing::info_span!(parent: None, "account", name);
        Self { shared: Arc::new(Shared { name, journal, timekeeper, alarm, span, state: Mutex::new(state) }) }
    }

    /// Whether both are handles to the same.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Offers again what a journal left undecided.
    pub(crate) fn start(&self) {
        let watcher = Arc::downgrade(&self.shared);
        self.shared.journal.watch(watcher);
        self.with(|_, _| ());
    }

    /// The name under which its effects are kept.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// Incoming minus outgoing posted, in the smallest unit.
    pub fn balance(&self) -> i128 {
        self.shared.lock().session.balance()
    }

    /// The four sums.
    pub fn sums(&self) -> Sums {
        *self.shared.lock().session.sums()
    }

    /// The bounds on the balance in force.
    pub fn bounds(&self) -> Bounds {
        *self.shared.lock().session.bounds()
    }

    /// Whether a connection is authenticated.
    pub fn is_connected(&self) -> bool {
        self.shared.lock().session.is_connected()
    }

    /// How many requests of ours wait for their answer.
    pub fn in_flight(&self) -> usize {
        self.shared.lock().session.in_flight()
    }

    /// What is known of the ledger.
    pub fn info(&self) -> Option<LedgerInfo> {
        self.shared.lock().session.info().cloned()
    }

    /// Our ILP address, once it is known.
    pub fn address(&self) -> Option<String> {
        self.shared.lock().session.account()
    }

    /// The peer's ILP address, once it is known.
    pub fn peer_address(&self) -> Option<String> {
        self.shared.lock().session.peer_account()
    }

    /// The fulfillment by which a transfer was paid, in either direction, as long as the transfer is remembered: at least
    /// until its expiry and the [memory margin](trustline_core::Limits::memory_margin) are past.
    pub fn fulfillment(&self, id: TransferId) -> Result<Fulfillment, NoFulfillment> {
        self.shared.lock().session.fulfillment(&id)
    }

    /// Why the trustline has stopped, if its journal failed. It stays stopped until the process is restarted. Its
    /// connections are closed, and no new one is made. Its balance and sums may count what was not stored.
    pub fn failure(&self) -> Option<JournalError> {
        self.shared.lock().failure.clone()
    }

    /// Why the trustline has stopped, if its ledger and the peer's cannot both be right. Its connections are closed, and no
    /// new one is made. A trustline that we host goes on.
    pub fn dispute(&self) -> Option<Dispute> {
        self.shared.lock().session.dispute().cloned()
    }

    /// What happened since it was opened, and how it stands.
    pub fn metrics(&self) -> AccountMetrics {
        self.shared.lock().metrics()
    }

    /// Gives commands, whose outputs leave as one batch.
    pub fn command<T>(&self, command: impl FnOnce(&mut Commands<'_>) -> T) -> T {
        self.with(|state, now| command(&mut Commands { session: &mut state.session, now }))
    }

    /// A [`Handler`] that was not ready can take events again.
    pub fn resume(&self) {
        let state = self.shared.lock();
        state.outboxes.iter().for_each(|(_, outbox)| outbox.wake());
    }

    /// Feeds the session, and settles what comes of it.
    pub(crate) fn with<T>(&self, feed: impl FnOnce(&mut State, Timestamp) -> T) -> T {
        let _entered = self.shared.span.enter();
        let mut state = self.shared.lock();
        // Read behind the lock: whoever waited for it must not feed a time that is past.
        let now = clock::now();
        let result = feed(&mut state, now);
        self.settle(&mut state, now);
        result
    }

    /// Whether the connections should be read from.
    pub(crate) fn is_ready(&self) -> bool {
        let mut state = self.shared.lock();
        // While a journal is slow, what a peer makes us answer waits in memory.
        if state.committing.is_some() && state.session.queued_outputs() > MOST_QUEUED {
            state.held_back = true;
            return false;
        }
        unless_it_panics(|| state.handler.is_ready()).unwrap_or(true)
    }

    /// Gives back the memory that a burst has left.
    pub(crate) fn shrink(&self) {
        self.shared.lock().session.shrink();
    }

    /// Nothing will come of what is still awaited.
    pub(crate) fn give_up(&self) {
        self.shared.lock().waiters.give_up();
    }

    pub(crate) fn handle_timeout(&self, call: Call) {
        self.with(|state, now| {
            // Another may have been asked for since this one was due.
            state.armed.take_if(|armed| *armed == call);
            state.session.handle_timeout(now);
        });
    }

    pub(crate) fn downgrade(&self) -> Weak<Shared> {
        Arc::downgrade(&self.shared)
    }

    fn settle(&self, state: &mut State, now: Timestamp) {
        while state.committing.is_none() && state.failure.is_none() {
            let (effects, outputs) = state.drain(now);
            if effects.is_empty() && outputs.is_empty() {
                break;
            }
            if effects.is_empty() {
                state.release(outputs, now);
                continue;
            }
            state.metrics.commit_effects.record(effects.len() as u64);
            let since = clock::instant();
            match self.shared.journal.append(&self.shared.name, effects, state.session.trustline(), self.shared.clone()) {
                Appended::Done(result) => self.finish(state, Commit { since, outputs }, result, now),
                Appended::Pending => state.committing = Some(Commit { since, outputs }),
            }
        }
        if state.failure.is_some() {
            state.drop_outputs(now);
        }
        self.arm(state);
    }

    /// The journal has the batch, or failed to take it.
    fn finish(&self, state: &mut State, commit: Commit, result: Result<(), JournalError>, now: Timestamp) {
        state.metrics.commit_micros.record(u64::try_from(commit.since.elapsed().as_micros()).unwrap_or(u64::MAX));
        match result {
            Ok(()) => state.release(commit.outputs, now),
            Err(error) => self.fail(state, error),
        }
    }

    /// The journal is not to be trusted any more: nothing leaves.
    fn fail(&self, state: &mut State, failure: JournalError) {
        // Where it heard of its store, it hears of its batch too.
        if !state.has_failed() {
            tracing::error!(account = self.name(), %failure, "a trustline has stopped");
            self.shared.alarm.ring(&failure);
            state.stop(failure);
        }
    }

    fn arm(&self, state: &mut State) {
        if let Some(deadline) = state.session.poll_timeout()
            && state.armed.is_none_or(|call| deadline.at < call.at)
        {
            state.armed = Some(self.shared.timekeeper.arm(deadline.at, self.downgrade(), state.armed));
        }
    }
}

impl Committed for Shared {
    fn committed(self: Arc<Self>, result: Result<(), JournalError>) {
        let account = Account { shared: self };
        let _entered = account.shared.span.enter();
        let mut state = account.shared.lock();
        let now = clock::now();
        if let Some(commit) = state.committing.take() {
            account.finish(&mut state, commit, result, now);
        }
        account.settle(&mut state, now);
        if state.committing.is_none() {
            state.commit_wakers.drain(..).for_each(Waker::wake);
        }
        if std::mem::take(&mut state.held_back) {
            state.outboxes.iter().for_each(|(_, outbox)| outbox.wake());
        }
    }
}

impl Watcher for Shared {
    fn failed(self: Arc<Self>, failure: JournalError) {
        let account = Account { shared: self };
        let mut state = account.shared.lock();
        if !state.has_failed() {
            // What happened, the store has said for all.
            tracing::debug!(account = account.name(), "a trustline has stopped with its journal");
            account.shared.alarm.ring(&failure);
            state.stop(failure);
            account.settle(&mut state, clock::now());
        }
    }
}

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // A handler that panicked has left its own state in doubt, but the session's changes are all or nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A connection for which the session is told of nothing yet.
    pub(crate) fn open(&mut self, outbox: Arc<Outbox>) -> ConnectionId {
        self.next_connection += 1;
        let id = ConnectionId(self.next_connection);
        if self.has_failed() {
            outbox.close(DisconnectReason::Closed);
            outbox.wake();
        }
        self.outboxes.push((id, outbox));
        id
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    pub(crate) fn handle_disconnected(&mut self, connection: ConnectionId, now: Timestamp) {
        self.outboxes.retain(|(id, _)| *id != connection);
        self.session.handle_disconnected(connection, now);
    }

    /// Everything the session has to say, with the effects apart. Transfers that the handler decides at once are
    /// decided here, so that their effects join the batch.
    fn drain(&mut self, now: Timestamp) -> (Vec<trustline_core::ledger::Effect>, Vec<Output>) {
        let mut effects = Vec::new();
        let mut outputs = Vec::new();
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Effect(effect) => effects.push(effect),
                Output::Event(Event::IncomingPrepared { transfer, protocol_data }) => {
                    let decision = unless_it_panics(|| self.handler.decide(&transfer, &protocol_data)).unwrap_or(Decision::Later);
                    if !self.decided(transfer.id, decision, now) {
                        outputs.push(Output::Event(Event::IncomingPrepared { transfer, protocol_data }));
                    }
                }
                output => outputs.push(output),
            }
        }
        (effects, outputs)
    }

    fn decided(&mut self, id: TransferId, decision: Decision, now: Timestamp) -> bool {
        match decision {
            Decision::Fulfill(fulfillment) => self.session.fulfill(id, fulfillment, &ProtocolData::new(), now).is_ok(),
            Decision::FulfillWith(fulfillment, protocol_data) => self.session.fulfill(id, fulfillment, &protocol_data, now).is_ok(),
            Decision::Reject(reason) => self.session.reject(id, &reason, now).is_ok(),
            Decision::RejectWith(reason, protocol_data) => self.session.reject_with(id, &reason, &protocol_data, now).is_ok(),
            Decision::Later => false,
        }
    }

    /// Ready when nothing is with the journal.
    pub(crate) fn poll_committed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.committing.is_none() {
            return Poll::Ready(());
        }
        self.commit_wakers.push(cx.waker().clone());
        Poll::Pending
    }

    fn metrics(&self) -> AccountMetrics {
        let waiting = self.committing.as_ref().map_or(0, |commit| commit.outputs.len()) + self.session.queued_outputs();
        let of_connections = |count: fn(&Outbox) -> usize| self.outboxes.iter().map(|(_, outbox)| count(outbox) as u64).sum();
        AccountMetrics {
            connections: self.session.connections().count() as u64,
            refusals: *self.session.refusals(),
            violations: *self.session.violations(),
            in_flight: self.session.in_flight() as u64,
            open_transfers: self.session.trustline().open_len() as u64,
            waiting_outputs: waiting as u64,
            waiting_frames: of_connections(Outbox::frames),
            waiting_bytes: of_connections(Outbox::unwritten),
            ..self.metrics.clone()
        }
    }

    /// What these outputs rest on is durable.
    fn release(&mut self, outputs: Vec<Output>, now: Timestamp) {
        // Frames mostly come in runs for one connection: one wake is enough for each run. It stands behind the run, because
        // a connection that is woken by the first frame may be asleep again before the last is there.
        let (mut run, mut has_stopped) = (None, false);
        for output in outputs {
            match output {
                Output::Effect(_) => {}
                Output::Transmit { connection, frame } => {
                    if run.is_none_or(|at: usize| self.outboxes[at].0 != connection) {
                        self.wake(run);
                        run = self.outboxes.iter().position(|(id, _)| *id == connection);
                    }
                    if let Some(at) = run {
                        self.metrics.sent.count(frame.len());
                        self.outboxes[at].1.push(frame);
                    }
                }
                Output::Disconnect { connection, reason } => {
                    self.metrics.count_disconnect(&reason);
                    if let Some((_, outbox)) = self.outboxes.iter().find(|(id, _)| *id == connection) {
                        outbox.close(reason);
                        outbox.wake();
                    }
                }
                Output::Event(event) => {
                    self.worked |= is_work(&event);
                    self.metrics.count_event(&event);
                    // A ledger that is known is not asked for again.
                    if let Event::Connected { connection, .. } = event
                        && self.session.info().is_some()
                    {
                        self.waiters.tell_connected(Some(connection), Connected::Ready);
                    }
                    if let Event::Connected { .. } | Event::Disconnected { .. } = event {
                        self.waiters.presence.tell(self.session.is_connected());
                    }
                    if let Event::Dispute(dispute) = &event
                        && self.session.dispute() == Some(dispute)
                    {
                        tracing::error!(%dispute, "a trustline has stopped");
                        self.waiters.tell_connected(None, Connected::Disputed(dispute.clone()));
                        has_stopped = true;
                    }
                    if let Some(event) = self.waiters.resolve(event) {
                        self.tell(event, now);
                    }
                }
            }
        }
        self.wake(run);
        if has_stopped {
            self.waiters.give_up();
        }
    }

    fn wake(&self, run: Option<usize>) {
        if let Some(at) = run {
            self.outboxes[at].1.wake();
        }
    }

    /// What rests on effects that are not durable goes nowhere. That a connection is gone rests on none.
    fn drop_outputs(&mut self, now: Timestamp) {
        while let Some(output) = self.session.poll_output() {
            if let Output::Event(event @ Event::Disconnected { .. }) = output {
                self.metrics.count_event(&event);
                self.tell(event, now);
            }
        }
        self.waiters.give_up();
    }

    fn tell(&mut self, event: Event, now: Timestamp) {
        let commands = &mut Commands { session: &mut self.session, now };
        unless_it_panics(|| self.handler.handle(event, commands));
    }

    fn stop(&mut self, failure: JournalError) {
        self.metrics.journal_failures += 1;
        for (_, outbox) in &self.outboxes {
            outbox.close(DisconnectReason::Closed);
            outbox.wake();
        }
        self.session.stop();
        self.failure = Some(failure);
    }
}

/// Calls what the application gave us. If it panics, it loses what it was told; the account goes on, and so does the
/// task that called, which serves others too: a connection, the timekeeper, a journal.
pub(crate) fn unless_it_panics<T>(call: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(call)).inspect_err(|_| tracing::error!("a handler or callback of the application panicked")).ok()
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("name", &self.name()).finish_non_exhaustive()
    }
}
