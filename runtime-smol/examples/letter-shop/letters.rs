//! The letters on their way to one reader: a bounded queue with the shop at one end and an HTTP body at the other.
//!
//! ```text
//!   try_reserve ──► Reservation ──deliver──► queued ──one chunk──► hyper ──► the reader's socket
//!                        └─drop: room given back
//! ```
//!
//! The shop reserves room before it takes the money, so that no money is taken for a letter that has no place to go. Whatever was queued since
//! hyper last asked goes out as one chunk: a busy reader costs a system call per batch, not per letter.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Frame};

/// How many letters may be reserved and queued for one reader: one that stops reading costs this much memory (and hyper's and the kernel's
/// buffers), and after that no more money is taken for it.
pub(crate) const MAX_WAITING_LETTERS: usize = 64 * 1024;

/// A new queue. `on_gone` is called once, when the reader has gone (or hyper is done with the body for any other reason).
pub(crate) fn letter_queue(on_gone: impl FnOnce() + Send + 'static) -> (LetterSender, LetterBody) {
    let queue = Arc::new(Mutex::new(Queue::default()));
    (LetterSender { queue: Arc::clone(&queue) }, LetterBody { queue, on_gone: Some(Box::new(on_gone)) })
}

/// The shop's end. Nothing here waits; clones feed the same reader.
#[derive(Clone, Debug)]
pub(crate) struct LetterSender {
    queue: Arc<Mutex<Queue>>,
}

impl LetterSender {
    /// Whether the reader has gone: it closed its connection, or the body was closed.
    #[cfg(test)]
    pub(crate) fn is_gone(&self) -> bool {
        lock(&self.queue).gone
    }

    /// Room for one letter, until it is delivered or the reservation is dropped.
    pub(crate) fn try_reserve(&self) -> Result<Reservation, NoRoom> {
        let mut queue = lock(&self.queue);
        if queue.gone || queue.closed {
            return Err(NoRoom::Gone);
        }
        if queue.letters.len() + queue.reserved >= MAX_WAITING_LETTERS {
            return Err(NoRoom::Full);
        }
        queue.reserved += 1;
        drop(queue);
        Ok(Reservation { sender: self.clone(), held: true })
    }

    /// Sends a letter that nothing was reserved for.
    #[cfg(test)]
    pub(crate) fn send(&self, letter: u8) -> Result<(), NoRoom> {
        self.try_reserve()?.deliver(letter).map_err(|Gone| NoRoom::Gone)
    }

    /// Ends the body behind the letters that are queued and reserved by now: the shop closes. The reader sees a regular end.
    pub(crate) fn close(&self) {
        let mut queue = lock(&self.queue);
        queue.closed = true;
        wake(queue);
    }
}

/// Room for one letter. Dropping it gives the room back.
#[derive(Debug)]
#[must_use = "dropping it gives the room back"]
pub(crate) struct Reservation {
    sender: LetterSender,
    held: bool,
}

impl Reservation {
    /// Queues the letter. This fails only if the reader has gone since.
    pub(crate) fn deliver(mut self, letter: u8) -> Result<(), Gone> {
        self.held = false;
        let mut queue = lock(&self.sender.queue);
        queue.reserved -= 1;
        if queue.gone {
            return Err(Gone);
        }
        queue.letters.extend_from_slice(&[letter]);
        wake(queue);
        Ok(())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.held {
            let mut queue = lock(&self.sender.queue);
            queue.reserved -= 1;
            wake(queue);
        }
    }
}

/// hyper's end: the body of the answer. It never ends by itself.
pub(crate) struct LetterBody {
    queue: Arc<Mutex<Queue>>,
    on_gone: Option<Box<dyn FnOnce() + Send>>,
}

impl Body for LetterBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let mut queue = lock(&self.queue);
        if !queue.letters.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(queue.letters.split().freeze()))));
        }
        if queue.closed && queue.reserved == 0 {
            return Poll::Ready(None);
        }
        match &mut queue.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}

/// hyper drops the body when the connection has ended, which it notices at once, letters or no letters.
impl Drop for LetterBody {
    fn drop(&mut self) {
        let mut queue = lock(&self.queue);
        queue.gone = true;
        queue.waker = None;
        queue.letters = BytesMut::new();
        drop(queue);
        if let Some(on_gone) = self.on_gone.take() {
            on_gone();
        }
    }
}

impl fmt::Debug for LetterBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LetterBody").field("queue", &self.queue).finish_non_exhaustive()
    }
}

/// The reader has gone: nothing reaches it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gone;

/// Why no room could be reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRoom {
    /// The reader has gone, or the shop closes.
    Gone,
    /// The reader does not read: [`MAX_WAITING_LETTERS`] wait for it.
    Full,
}

/// `letters.len() + reserved <= MAX_WAITING_LETTERS`, always.
#[derive(Debug, Default)]
struct Queue {
    letters: BytesMut,
    reserved: usize,
    /// Set while hyper waits for more.
    waker: Option<Waker>,
    /// The body was dropped.
    gone: bool,
    /// No more reservations; the body ends once what there is has been sent.
    closed: bool,
}

/// Wakes hyper's task, after the lock is released: it may run at once on another thread.
fn wake(mut queue: MutexGuard<'_, Queue>) {
    let waker = queue.waker.take();
    drop(queue);
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// No code panics while it holds this lock.
fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Bell(AtomicUsize);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Bell {
        fn rung(&self) -> usize {
            self.0.load(Ordering::Relaxed)
        }
    }

    fn poll(body: &mut LetterBody, bell: &Arc<Bell>) -> Poll<Option<Bytes>> {
        let waker = Arc::clone(bell).into();
        Pin::new(body)
            .poll_frame(&mut Context::from_waker(&waker))
            .map(|frame| frame.map(|Ok(frame)| frame.into_data().expect("a body of letters has no trailers")))
    }

    fn chunk(letters: &'static str) -> Poll<Option<Bytes>> {
        Poll::Ready(Some(Bytes::from_static(letters.as_bytes())))
    }

    #[test]
    fn letters_queued_between_two_polls_are_one_chunk_and_wake_once() {
        let (sender, mut body) = letter_queue(|| ());
        let bell = Arc::default();
        assert_eq!(poll(&mut body, &bell), Poll::Pending);
        for letter in b"ABC" {
            sender.send(*letter).unwrap();
        }
        assert_eq!(bell.rung(), 1);
        assert_eq!(poll(&mut body, &bell), chunk("ABC"));
        assert_eq!(poll(&mut body, &bell), Poll::Pending);
        sender.send(b'D').unwrap();
        assert_eq!(bell.rung(), 2);
        assert_eq!(poll(&mut body, &bell), chunk("D"));
    }

    #[test]
    fn reservations_count_against_the_room_and_give_it_back() {
        let (sender, mut body) = letter_queue(|| ());
        let bell = Arc::default();
        let mut held: Vec<_> = (0..MAX_WAITING_LETTERS - 1).map(|_| sender.try_reserve().unwrap()).collect();
        sender.send(b'A').unwrap();
        assert_eq!(sender.try_reserve().unwrap_err(), NoRoom::Full);
        assert_eq!(sender.send(b'B'), Err(NoRoom::Full));

        drop(held.pop());
        held.push(sender.try_reserve().unwrap());
        assert_eq!(sender.send(b'B'), Err(NoRoom::Full));

        held.pop().unwrap().deliver(b'C').unwrap();
        assert_eq!(sender.send(b'D'), Err(NoRoom::Full));
        assert_eq!(poll(&mut body, &bell), chunk("AC"));
        sender.send(b'E').unwrap();
        sender.send(b'F').unwrap();
        assert_eq!(sender.send(b'G'), Err(NoRoom::Full));
    }

    #[test]
    fn a_reader_that_goes_is_known_at_once() {
        let told = Arc::new(AtomicUsize::new(0));
        let (sender, body) = letter_queue({
            let told = Arc::clone(&told);
            move || {
                told.fetch_add(1, Ordering::Relaxed);
            }
        });
        let reservation = sender.try_reserve().unwrap();
        sender.send(b'A').unwrap();
        assert!(!sender.is_gone());
        drop(body);
        assert!(sender.is_gone());
        assert_eq!(told.load(Ordering::Relaxed), 1);
        assert_eq!(reservation.deliver(b'B'), Err(Gone));
        assert_eq!(sender.try_reserve().unwrap_err(), NoRoom::Gone);
    }

    #[test]
    fn a_closed_body_ends_behind_what_was_promised() {
        let (sender, mut body) = letter_queue(|| ());
        let bell = Arc::default();
        let (kept, given_back) = (sender.try_reserve().unwrap(), sender.try_reserve().unwrap());
        sender.close();
        assert_eq!(sender.send(b'X'), Err(NoRoom::Gone));
        assert_eq!(poll(&mut body, &bell), Poll::Pending);
        kept.deliver(b'A').unwrap();
        assert_eq!(poll(&mut body, &bell), chunk("A"));
        assert_eq!(poll(&mut body, &bell), Poll::Pending);
        drop(given_back);
        assert_eq!(bell.rung(), 2);
        assert_eq!(poll(&mut body, &bell), Poll::Ready(None));
    }
}
