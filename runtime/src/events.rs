//! Events as an async stream, for applications that prefer to await them.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::{Context, Poll};

use futures_util::Stream;
use futures_util::task::AtomicWaker;
use trustline_core::session::{ErrorName, Event};

use crate::account::{Account, Shared};
use crate::handler::{Commands, Handler, Ignore, NOBODY_ANSWERS};

/// Events that wait while nobody takes them, before the account's connections are no longer read from.
const CAPACITY: usize = 1024;

/// The events of one client, or of all accounts of a host, each with the account it belongs to. An account whose events
/// are not taken is not read from after a thousand of them; the others go on. Once this is dropped, events are dropped
/// too, and requests refused.
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
    events: VecDeque<(Arc<Line>, Account, Event)>,
    /// No more will come.
    closed: bool,
    /// Nobody will take them.
    abandoned: bool,
}

/// What one account has waiting in the inbox.
#[derive(Default)]
struct Line {
    /// Weak, because the account has the handler that has this.
    account: OnceLock<Weak<Shared>>,
    waiting: AtomicUsize,
}

/// Puts the events of one account into the inbox.
struct Forward {
    inbox: Arc<Inbox>,
    line: Arc<Line>,
}

impl Inbox {
    pub(crate) fn new() -> (Arc<Self>, Events) {
        let inbox = Arc::<Self>::default();
        (inbox.clone(), Events { inbox })
    }

    /// The account that is built around a handler which puts its events in here. It is not started yet.
    pub(crate) fn account(self: &Arc<Self>, build: impl FnOnce(Box<dyn Handler>) -> Account) -> Account {
        let line = Arc::<Line>::default();
        let account = build(Box::new(Forward { inbox: self.clone(), line: line.clone() }));
        let _ = line.account.set(account.downgrade());
        account
    }

    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.waker.wake();
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    fn account(&self) -> Option<Account> {
        self.account.get()?.upgrade().map(|shared| Account { shared })
    }
}

impl Handler for Forward {
    fn handle(&mut self, event: Event, commands: &mut Commands<'_>) {
        let Some(account) = self.line.account() else { return };
        let mut queue = self.inbox.lock();
        if queue.abandoned {
            drop(queue);
            return Ignore.handle(event, commands);
        }
        self.line.waiting.fetch_add(1, Ordering::AcqRel);
        queue.events.push_back((self.line.clone(), account, event));
        drop(queue);
        self.inbox.waker.wake();
    }

    fn is_ready(&self) -> bool {
        self.line.waiting.load(Ordering::Acquire) < CAPACITY
    }
}

impl Events {
    /// The next event and whose it is; `None` when the client or host is closed.
    pub async fn next(&mut self) -> Option<(Account, Event)> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    fn poll_event(&self, cx: &mut Context<'_>) -> Poll<Option<(Account, Event)>> {
        self.inbox.waker.register(cx.waker());
        let (line, account, event) = {
            let mut queue = self.inbox.lock();
            match queue.events.pop_front() {
                Some(next) => next,
                None if queue.closed => return Poll::Ready(None),
                None => return Poll::Pending,
            }
        };
        // More than the capacity may wait: what one read brings is not interrupted.
        if line.waiting.fetch_sub(1, Ordering::AcqRel) == CAPACITY {
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

impl Drop for Events {
    fn drop(&mut self) {
        let waiting = {
            let mut queue = self.inbox.lock();
            queue.abandoned = true;
            std::mem::take(&mut queue.events)
        };
        for (line, account, event) in waiting {
            if let Event::Request { token, .. } = event {
                account.refuse_request(token, ErrorName::NotAccepted, NOBODY_ANSWERS);
            }
            if line.waiting.swap(0, Ordering::AcqRel) >= CAPACITY {
                account.resume();
            }
        }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("waiting", &self.inbox.lock().events.len()).finish()
    }
}
