//! One task that calls every account of a client or host at its deadlines.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use trustline_core::Timestamp;

use crate::account::{Account, Shared};
use crate::clock;
use crate::runtime::Runtime;

/// The calls that are due. An account asks for a call when its next deadline becomes earlier than the call it already
/// has coming; a call that comes too early does no harm, so none is ever taken back.
#[derive(Default)]
pub(crate) struct Timekeeper {
    calls: Mutex<Calls>,
    waker: AtomicWaker,
}

#[derive(Default)]
struct Calls {
    due: BinaryHeap<Reverse<Call>>,
    serial: u64,
    stopped: bool,
}

struct Call {
    at: Timestamp,
    /// Makes the order total without comparing accounts.
    serial: u64,
    account: Weak<Shared>,
}

impl Timekeeper {
    pub(crate) fn start(runtime: &impl Runtime) -> Arc<Self> {
        let timekeeper = Arc::new(Self::default());
        runtime.spawn(timekeeper.clone().run(runtime.clone()));
        timekeeper
    }

    pub(crate) fn arm(&self, at: Timestamp, account: Weak<Shared>) {
        let mut calls = self.lock();
        let is_next = calls.due.peek().is_none_or(|Reverse(next)| at < next.at);
        calls.serial += 1;
        let serial = calls.serial;
        calls.due.push(Reverse(Call { at, serial, account }));
        drop(calls);
        if is_next {
            self.waker.wake();
        }
    }

    /// Ends the task.
    pub(crate) fn stop(&self) {
        self.lock().stopped = true;
        self.waker.wake();
    }

    async fn run<R: Runtime>(self: Arc<Self>, runtime: R) {
        let mut sleep: Option<(Timestamp, R::Sleep)> = None;
        poll_fn(|cx| self.poll(&runtime, &mut sleep, cx)).await;
    }

    fn poll<R: Runtime>(&self, runtime: &R, sleep: &mut Option<(Timestamp, R::Sleep)>, cx: &mut Context<'_>) -> Poll<()> {
        self.waker.register(cx.waker());
        loop {
            let now = clock::now();
            let next = {
                let mut calls = self.lock();
                if calls.stopped {
                    return Poll::Ready(());
                }
                if calls.due.peek().is_some_and(|Reverse(call)| call.at <= now) {
                    let Reverse(call) = calls.due.pop().expect("it was just seen");
                    drop(calls);
                    if let Some(shared) = call.account.upgrade() {
                        Account { shared }.handle_timeout();
                    }
                    continue;
                }
                calls.due.peek().map(|Reverse(call)| call.at)
            };
            let Some(at) = next else { return Poll::Pending };
            let (_, timer) = match sleep {
                Some(set) if set.0 == at => set,
                _ => sleep.insert((at, runtime.sleep(at.saturating_since(now)))),
            };
            if Pin::new(timer).poll(cx).is_pending() {
                return Poll::Pending;
            }
            *sleep = None;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PartialEq for Call {
    fn eq(&self, other: &Self) -> bool {
        self.serial == other.serial
    }
}

impl Eq for Call {}

impl PartialOrd for Call {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Call {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.serial).cmp(&(other.at, other.serial))
    }
}
