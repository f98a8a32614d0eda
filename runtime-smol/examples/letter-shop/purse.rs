//! The purse: makes the payments of one purchase, the next as soon as an earlier one has ended.
//!
//! It is the handler of the customer's trustline, so that an outcome and the payment that it makes room for pass
//! through one batch: no task is woken between the two.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use smol::channel::{Receiver, Sender};
use trustline_smol::core::session::{Dispute, Event, PrepareFailure};
use trustline_smol::core::wire::{IlpPayment, Prepare};
use trustline_smol::core::{Fulfillment, TransferId};
use trustline_smol::{Commands, ConnectError, Handler, JournalError, Payment, PaymentError};

use crate::http_client::HttpError;
use crate::latency::Latencies;
use crate::psk::{PayHeader, Psk};

/// How long a payment may take before it expires.
const EXPIRY: Duration = Duration::from_secs(30);

/// Letters that may be paid and not have come: a shop that takes money and delivers nothing gets no more than that, and
/// one that is quicker than our reading is not driven to its own bound.
const MAX_MISSING: u64 = 16 * 1024;

/// What is to be bought.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    /// Payments under way at most.
    pub(crate) window: u64,
    /// Payments altogether, counted from the purse's first.
    pub(crate) payments: u64,
    /// No payment is started after this moment.
    pub(crate) until: Option<Instant>,
}

/// Pays for letters. Clones are of one purse.
#[derive(Clone)]
pub(crate) struct Purse {
    shared: Arc<Shared>,
}

struct Shared {
    pay: PayHeader,
    psk: Psk,
    /// Letters received so far.
    letters: AtomicU64,
    state: Mutex<State>,
    /// Something happened that a purchase may have waited for.
    bell: (Sender<()>, Receiver<()>),
}

#[derive(Default)]
struct State {
    order: Option<Order>,
    counts: Counts,
    under_way: HashMap<TransferId, Instant>,
    latencies: Latencies,
    failure: Option<BuyError>,
    /// No more letters come.
    reading_ended: bool,
}

/// What has happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) started: u64,
    pub(crate) fulfilled: u64,
    pub(crate) rejected: u64,
}

/// Why a purchase ended early.
#[derive(Debug)]
pub(crate) enum BuyError {
    Http(HttpError),
    /// The shop does not take our username and token, or not now.
    Connect(ConnectError),
    Pay(PaymentError),
    /// The ledger cannot be written any more.
    Ledger(JournalError),
    /// The shop's books say something else than ours.
    Dispute(Dispute),
    /// The shop ended its answer.
    ShopClosed,
    /// This many payments have no outcome, and none comes.
    NoOutcome(u64),
    /// Letters that were paid did not come.
    Missing {
        paid: u64,
        letters: u64,
    },
}

impl fmt::Display for BuyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(error) => error.fmt(f),
            Self::Connect(error) => error.fmt(f),
            Self::Pay(error) if error.is_limit_reached() => {
                write!(f, "the limit of the trustline is reached, and the shop takes no more before something is settled ({error})")
            }
            Self::Pay(error) => error.fmt(f),
            Self::Ledger(error) => error.fmt(f),
            Self::Dispute(dispute) => dispute.fmt(f),
            Self::ShopClosed => f.write_str("the shop closed"),
            Self::NoOutcome(0) => f.write_str("the connection to the shop is lost, and cannot be made again"),
            Self::NoOutcome(payments) => write!(f, "the shop is silent: the outcome of {payments} payments is not known"),
            Self::Missing { paid, letters } => write!(f, "{paid} letters were paid, but {letters} came"),
        }
    }
}

impl std::error::Error for BuyError {}

impl Purse {
    /// To pay as `pay` says.
    pub(crate) fn new(pay: PayHeader) -> Self {
        let shared = Shared {
            psk: Psk::new(&pay.secret),
            pay,
            letters: AtomicU64::new(0),
            state: Mutex::default(),
            bell: smol::channel::bounded(1),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Places an order, and starts what it allows.
    pub(crate) fn order(&self, order: Order, commands: &mut Commands<'_>) {
        let mut state = self.lock();
        state.order = Some(order);
        self.top_up(&mut state, commands);
    }

    /// Whether nothing is under way that would start the next payment when it ends.
    pub(crate) fn stands_still(&self) -> bool {
        let state = self.lock();
        state.under_way.is_empty() && state.wants_more(Instant::now())
    }

    /// Starts what the order allows, when letters have come that it stood still for.
    pub(crate) fn go_on(&self, commands: &mut Commands<'_>) {
        self.top_up(&mut self.lock(), commands);
    }

    /// How many payments have been started, and how they ended.
    pub(crate) fn counts(&self) -> Counts {
        self.lock().counts
    }

    pub(crate) fn in_flight(&self) -> u64 {
        self.lock().under_way.len() as u64
    }

    pub(crate) fn letters(&self) -> u64 {
        self.shared.letters.load(Ordering::Relaxed)
    }

    /// Letters have come.
    pub(crate) fn receive(&self, letters: usize) {
        self.shared.letters.fetch_add(letters as u64, Ordering::Relaxed);
        self.ring();
    }

    /// What half of the payments took at most, and what 99 of 100 did.
    pub(crate) fn latencies(&self) -> (Duration, Duration) {
        let state = self.lock();
        (state.latencies.p50(), state.latencies.p99())
    }

    /// Forgets what payments took so far.
    pub(crate) fn clear_latencies(&self) {
        self.lock().latencies.clear();
    }

    /// Starts nothing any more. The first failure is kept: what follows is often its consequence.
    pub(crate) fn fail(&self, error: BuyError) {
        self.lock().failure.get_or_insert(error);
        self.ring();
    }

    /// No more letters come, for this reason.
    pub(crate) fn end_reading(&self, error: BuyError) {
        self.lock().reading_ended = true;
        self.fail(error);
    }

    /// Whether every letter that is paid has come, or can come no more.
    pub(crate) fn has_its_letters(&self) -> bool {
        let state = self.lock();
        state.reading_ended || self.letters() >= state.counts.fulfilled
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.lock().failure.is_some()
    }

    /// Why the purchase ended early, if it did.
    pub(crate) fn take_failure(&self) -> Option<BuyError> {
        self.lock().failure.take()
    }

    /// Whether every payment that was started has ended, and no other will be started for this order.
    pub(crate) fn is_done(&self) -> bool {
        let state = self.lock();
        state.under_way.is_empty() && !state.wants_more(Instant::now())
    }

    /// Returns when something has happened since the last call.
    pub(crate) async fn changed(&self) {
        // The purse holds the sender as well, so that the channel is never closed.
        let _ = self.shared.bell.1.recv().await;
    }

    fn ring(&self) {
        // Full: it has been rung and not been heard yet.
        let _ = self.shared.bell.0.try_send(());
    }

    /// Starts as many payments as the order allows now.
    fn top_up(&self, state: &mut State, commands: &mut Commands<'_>) {
        loop {
            let now = Instant::now();
            let in_flight = state.under_way.len() as u64;
            if state.counts.fulfilled.saturating_sub(self.letters()) >= MAX_MISSING {
                return;
            }
            if state.order.is_none_or(|order| in_flight >= order.window) || !state.wants_more(now) {
                return;
            }
            let prepare = self.prepare(state.counts.started, commands);
            let id = prepare.transfer_id;
            match commands.prepare(prepare) {
                Ok(()) => {
                    state.counts.started += 1;
                    state.under_way.insert(id, now);
                }
                // It goes on with the next event: a new connection, or an answer.
                Err(PrepareFailure::NotConnected | PrepareFailure::TooManyInFlight) => return,
                Err(error) => {
                    state.failure.get_or_insert(BuyError::Pay(PaymentError::NotSent(error)));
                    return;
                }
            }
        }
    }

    /// Payment number `n`, to an account of its own (PROTOCOL.md section 8).
    fn prepare(&self, n: u64, commands: &Commands<'_>) -> Prepare {
        let PayHeader { amount, account, .. } = &self.shared.pay;
        let packet = IlpPayment { amount: *amount, account: format!("{account}.{n}"), data: bytes::Bytes::new() };
        let packet = packet.encode().expect("the address is ASCII, as was checked when the header was read");
        let condition = Fulfillment::from(self.shared.psk.fulfillment(&packet)).condition();
        let expires_at = commands.now().saturating_add(EXPIRY);
        Payment::new(*amount, condition).with_ilp(packet).expires_at(expires_at).into_prepare()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wants_more(&self, now: Instant) -> bool {
        let Some(order) = self.order else { return false };
        self.failure.is_none() && self.counts.started < order.payments && order.until.is_none_or(|until| now < until)
    }

    fn fulfilled(&mut self, id: TransferId) {
        if let Some(start) = self.under_way.remove(&id) {
            self.latencies.record(start.elapsed());
            self.counts.fulfilled += 1;
        }
    }

    fn failed(&mut self, id: TransferId, error: PaymentError) {
        if self.under_way.remove(&id).is_some() {
            self.counts.rejected += 1;
            self.failure.get_or_insert(BuyError::Pay(error));
        }
    }
}

impl Handler for Purse {
    fn handle(&mut self, event: Event, commands: &mut Commands<'_>) {
        let mut state = self.lock();
        // Where our own ledger has failed, nothing else comes.
        let lost = matches!(event, Event::Disconnected { .. });
        match event {
            // That the fulfillment is the right one, the ledger has seen to.
            Event::OutgoingFulfilled { transfer, .. } => state.fulfilled(transfer.id),
            Event::OutgoingRejected { transfer, protocol_data } => state.failed(transfer.id, PaymentError::rejected(protocol_data)),
            Event::OutgoingRefused { id, error } => state.failed(id, PaymentError::Refused(error)),
            Event::OutgoingExpired { transfer } => state.failed(transfer.id, PaymentError::Expired),
            Event::AuthenticationRefused { error, .. } => {
                state.failure.get_or_insert(BuyError::Connect(ConnectError::Refused(error)));
            }
            Event::Dispute(dispute) => drop(state.failure.get_or_insert(BuyError::Dispute(dispute))),
            _ => {}
        }
        self.top_up(&mut state, commands);
        if lost || state.under_way.is_empty() {
            drop(state);
            self.ring();
        }
    }
}
