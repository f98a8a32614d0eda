//! One task that calls every account of a client or host at its deadlines.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use trustline_core::Timestamp;

use crate::account::{Account, Shared};
use crate::clock;
use crate::runtime::Runtime;

/// The calls that are due, one for each account at most. An account asks for another when its next deadline becomes
/// earlier than the call it has coming; a call that comes too early does no harm.
#[derive(Default)]
pub(crate) struct Timekeeper {
    calls: Mutex<Calls>,
    waker: AtomicWaker,
}

#[derive(Default)]
struct Calls {
    due: BTreeMap<Call, Weak<Shared>>,
    serial: u64,
    stopped: bool,
}

/// Expiries go by the wall clock, timers do not: no timer is trusted for longer than this.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// Calls before other tasks get their turn.
const ROUNDS: usize = 64;

/// A call that an account has coming.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Call {
    pub(crate) at: Timestamp,
    /// Tells those of the same moment apart.
    serial: u64,
}

impl Timekeeper {
    pub(crate) fn start(runtime: &impl Runtime) -> Arc<Self> {
        let timekeeper = Arc::new(Self::default());
        runtime.spawn(timekeeper.clone().run(runtime.clone()));
        timekeeper
    }

    /// Calls the account at this moment, and not at the one that it had before: or a peer could make an account collect
    /// calls by ever earlier expiries.
    pub(crate) fn arm(&self, at: Timestamp, account: Weak<Shared>, instead_of: Option<Call>) -> Call {
        let mut calls = self.lock();
        if let Some(call) = instead_of {
            calls.due.remove(&call);
        }
        calls.serial += 1;
        let call = Call { at, serial: calls.serial };
        calls.due.insert(call, account);
        let is_next = calls.due.first_key_value().is_some_and(|(next, _)| *next == call);
        drop(calls);
        if is_next {
            self.waker.wake();
        }
        call
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
        for _ in 0..ROUNDS {
            let now = clock::now();
            let next = {
                let mut calls = self.lock();
                if calls.stopped {
                    return Poll::Ready(());
                }
                if let Some(first) = calls.due.first_entry()
                    && first.key().at <= now
                {
                    let (call, account) = first.remove_entry();
                    drop(calls);
                    if let Some(shared) = account.upgrade() {
                        Account { shared }.handle_timeout(call);
                    }
                    continue;
                }
                calls.due.first_key_value().map(|(call, _)| call.at)
            };
            let Some(at) = next else { return Poll::Pending };
            let (_, timer) = match sleep {
                Some(set) if set.0 == at => set,
                _ => sleep.insert((at, runtime.sleep(at.saturating_since(now).min(LONGEST_SLEEP)))),
            };
            if Pin::new(timer).poll(cx).is_pending() {
                return Poll::Pending;
            }
            *sleep = None;
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_one_call_however_often_its_deadline_becomes_earlier() {
        let timekeeper = Timekeeper::default();
        let mut armed = None;
        for ms in (0..100).rev() {
            armed = Some(timekeeper.arm(Timestamp::from_millis(ms), Weak::new(), armed));
        }
        timekeeper.arm(Timestamp::from_millis(50), Weak::new(), None);
        let due: Vec<_> = timekeeper.lock().due.keys().map(|call| call.at.as_millis()).collect();
        assert_eq!(due, [0, 50], "one for each of the two accounts");
    }
}
