//! Wakes one waiting task.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use futures_util::task::AtomicWaker;

/// A flag that one task waits for. Raised before anybody waits, it is remembered.
#[derive(Debug, Default)]
pub(crate) struct Notify {
    raised: AtomicBool,
    waker: AtomicWaker,
}

impl Notify {
    pub(crate) fn notify(&self) {
        self.raised.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Ready when it was raised, and stays so.
    pub(crate) async fn notified(&self) {
        poll_fn(|cx| {
            self.waker.register(cx.waker());
            if self.raised.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}
