//! What waits to be sent on one connection.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use trustline_core::session::DisconnectReason;

/// Filled under an account's lock, emptied by the connection's own task.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    waiting: Mutex<Waiting>,
    waker: AtomicWaker,
    /// Bytes that the connection has taken from here and not written yet.
    unwritten: AtomicUsize,
}

/// What a connection's task has to do next.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    pub(crate) frames: Vec<Bytes>,
    /// Behind the frames: close, and why.
    pub(crate) close: Option<DisconnectReason>,
}

impl Outbox {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn push(&self, frame: Bytes) {
        self.lock().frames.push(frame);
    }

    pub(crate) fn close(&self, reason: DisconnectReason) {
        self.lock().close.get_or_insert(reason);
    }

    /// Tells the connection's task that there is something in it.
    pub(crate) fn wake(&self) {
        self.waker.wake();
    }

    /// From now on a wake goes to `waker`.
    pub(crate) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    /// The task is awake: it need not be woken by what it does itself.
    pub(crate) fn unregister(&self) {
        self.waker.take();
    }

    /// Moves what waits into `waiting`, whose empty buffer takes its place.
    pub(crate) fn take(&self, waiting: &mut Waiting) {
        std::mem::swap(&mut *self.lock(), waiting);
    }

    /// Gives back the memory that a burst has left.
    pub(crate) fn shrink(&self) {
        self.lock().frames.shrink_to_fit();
    }

    /// How many frames are in it.
    pub(crate) fn frames(&self) -> usize {
        self.lock().frames.len()
    }

    /// How many bytes were taken out of it and not written, when that was last told.
    pub(crate) fn unwritten(&self) -> usize {
        self.unwritten.load(Ordering::Relaxed)
    }

    pub(crate) fn set_unwritten(&self, bytes: usize) {
        self.unwritten.store(bytes, Ordering::Relaxed);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        // It holds nothing that a panic could leave half done.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
