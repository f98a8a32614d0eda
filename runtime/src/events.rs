//! Events as an async stream, for applications that prefer to await them.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_util::Stream;
use futures_util::task::AtomicWaker;
use trustline_core::session::Event;

use crate::account::Account;
use crate::handler::{Commands, Handler};

/// Events that wait while nobody takes them, before the account's connections are no longer read from.
const CAPACITY: usize = 1024;

/// The events of one client, or of all accounts of a host, each with the account it belongs to. An account whose events
/// are not taken is not read from after a thousand of them; the others go on.
pub struct Events {
    inbox: Arc<Inbox>,
}

#[derive(Default)]
pub(crate) struct Inbox {
    queue: Mutex<Queue>,
    waker: AtomicWaker,
}

#[derive(Default)]
struct Queue {
    events: VecDeque<(Arc<Line>, Event)>,
    closed: bool,
}

/// What one account has waiting in the inbox.
#[derive(Default)]
pub(crate) struct Line {
    account: Mutex<Option<Account>>,
    waiting: Mutex<usize>,
}

/// Puts the events of one account into the inbox.
pub(crate) struct Forward {
    inbox: Arc<Inbox>,
    line: Arc<Line>,
}

impl Inbox {
    pub(crate) fn new() -> (Arc<Self>, Events) {
        let inbox = Arc::<Self>::default();
        (inbox.clone(), Events { inbox })
    }

    pub(crate) fn forward(self: &Arc<Self>) -> (Forward, Arc<Line>) {
        let line = Arc::<Line>::default();
        (Forward { inbox: self.clone(), line: line.clone() }, line)
    }

    pub(crate) fn close(&self) {
        lock(&self.queue).closed = true;
        self.waker.wake();
    }
}

impl Line {
    /// Tells which account it is, once that is built around its handler.
    pub(crate) fn belongs_to(&self, account: &Account) {
        *lock(&self.account) = Some(account.clone());
    }
}

impl Handler for Forward {
    fn handle(&mut self, event: Event, _commands: &mut Commands<'_>) {
        *lock(&self.line.waiting) += 1;
        lock(&self.inbox.queue).events.push_back((self.line.clone(), event));
        self.inbox.waker.wake();
    }

    fn is_ready(&self) -> bool {
        *lock(&self.line.waiting) < CAPACITY
    }
}

impl Events {
    /// The next event and whose it is; `None` when the client or host is closed.
    pub async fn next(&mut self) -> Option<(Account, Event)> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    fn poll_event(&self, cx: &mut Context<'_>) -> Poll<Option<(Account, Event)>> {
        self.inbox.waker.register(cx.waker());
        let (line, event) = {
            let mut queue = lock(&self.inbox.queue);
            match queue.events.pop_front() {
                Some(next) => next,
                None if queue.closed => return Poll::Ready(None),
                None => return Poll::Pending,
            }
        };
        let mut waiting = lock(&line.waiting);
        let was_full = *waiting == CAPACITY;
        *waiting -= 1;
        drop(waiting);
        let account = lock(&line.account).clone();
        let Some(account) = account else {
            // Only an account that is not built yet has none.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        };
        if was_full {
            account.resume();
        }
        Poll::Ready(Some((account, event)))
    }
}

impl Stream for Events {
    type Item = (Account, Event);

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_event(cx)
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("waiting", &lock(&self.inbox.queue).events.len()).finish()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
