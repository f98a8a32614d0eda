//! A WebSocket that is itself free of I/O: bytes in, messages out; messages in, bytes out.
//!
//! ```text
//!   client(), server()          upgraded()
//!          │                        │
//!          ▼                        ▼
//!    ┌───────────┐ the peer's  ┌──────────┐ both have sent a close frame,  ┌────────┐
//!    │ Handshake │───head────▶ │   Open   │─────or the stream ended───────▶│ Closed │
//!    └─────┬─────┘             └────┬─────┘     after ours went            └────────┘
//!          │ refused, too long, cut │ violation, too long, cut
//!          │         ┌────────┐     │
//!          └────────▶│ Failed │◀────┘    `poll` repeats the error
//!                    └────────┘
//! ```
//!
//! Framing is tungstenite's, over a pipe in memory. Nothing here is flushed: all that was sent stands in one
//! contiguous slice, so that a batch of messages costs its driver one write.

mod close;
mod error;
mod handshake;
mod limits;
mod open;
mod pipe;
#[cfg(test)]
mod tests;

use std::fmt;

use bytes::Bytes;
use tungstenite::Message;

pub use self::{
    close::{CloseCode, CloseFrame},
    error::{Fault, WebSocketError},
    limits::WebSocketLimits,
};
use self::{
    handshake::{Handshake, Outcome},
    open::Open,
    pipe::{ByteQueue, Pipe},
};

/// Which end of a WebSocket this is. Clients mask what they send (RFC 6455 section 5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The side that dialled.
    Client,
    /// The side that was dialled.
    Server,
}

/// What came from the peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// The WebSocket is open. Always the first.
    Opened {
        /// Path and query that the client asked for; empty for an [upgraded](WebSocket::upgraded) stream.
        path: String,
    },
    /// A binary message.
    ///
    /// The bytes share the read buffer, and keep all of it for as long as they live. Decode them at once, copy what
    /// is to stay, and drop them before the next [`poll`](WebSocket::poll), which can then use the buffer again.
    Frame(Bytes),
    /// A text message. BTP has none; it is reported so that it can be counted.
    Text,
    /// An answer to a [ping](WebSocket::ping), or a peer's unasked sign of life.
    Pong,
    /// Both sides are done, and this is the close frame of the peer, if it sent one with a code. Write what is left
    /// in [`outgoing`](WebSocket::outgoing), then drop the stream. Always the last.
    // Its fields stay in a struct of their own: a `u16` beside the variants' tag would misalign every `Frame` that is
    // moved, which costs a fifth of the time of receiving a small one.
    Closed(Option<CloseFrame>),
}

/// One WebSocket, either role, free of I/O: bytes in, messages out; frames in, bytes out.
///
/// Inputs are [`receive`](Self::receive) and [`receive_end`](Self::receive_end), commands are [`send`](Self::send),
/// [`ping`](Self::ping) and [`close`](Self::close), outputs are [`poll`](Self::poll) and
/// [`outgoing`](Self::outgoing). Whoever owns the stream does, over and over:
///
/// 1. read from the stream into `receive`;
/// 2. `poll` until it gives `None`, and send what there is to answer;
/// 3. write `outgoing`, and tell `advance` how much of it was written;
/// 4. stop when [`is_closed`](Self::is_closed).
///
/// Pings are answered, and so is the peer's close frame, inside `poll`. Here both sides stand in one process, and
/// each reads what the other writes:
///
/// ```
/// use bytes::Bytes;
/// use trustline_runtime::websocket::{Incoming, WebSocket, WebSocketError, WebSocketLimits};
///
/// fn pass(from: &mut WebSocket, to: &mut WebSocket) {
///     to.receive(from.outgoing());
///     from.advance(from.outgoing().len());
/// }
///
/// # fn main() -> Result<(), WebSocketError> {
/// let mut client = WebSocket::client("localhost:9000", "/btp", WebSocketLimits::default())?;
/// let mut server = WebSocket::server(WebSocketLimits::default());
///
/// pass(&mut client, &mut server);
/// assert_eq!(server.poll()?, Some(Incoming::Opened { path: "/btp".to_owned() }));
/// pass(&mut server, &mut client);
/// assert_eq!(client.poll()?, Some(Incoming::Opened { path: "/btp".to_owned() }));
///
/// client.send(Bytes::from_static(b"one"))?;
/// client.send(Bytes::from_static(b"two"))?;
/// pass(&mut client, &mut server);
/// assert_eq!(server.poll()?, Some(Incoming::Frame(Bytes::from_static(b"one"))));
/// assert_eq!(server.poll()?, Some(Incoming::Frame(Bytes::from_static(b"two"))));
/// assert_eq!(server.poll()?, None);
/// # Ok(())
/// # }
/// ```
pub struct WebSocket {
    limits: WebSocketLimits,
    state: State,
    pipe: Pipe,
}

#[derive(Debug)]
enum State {
    Handshake(Handshake),
    /// Handed over as upgraded, which is not polled yet.
    Upgraded(Open),
    Open(Open),
    Closed,
    Failed(WebSocketError),
}

impl WebSocket {
    /// The dialling side. Its handshake request stands in [`outgoing`](Self::outgoing) at once.
    ///
    /// `host` is what the `Host` header says, with the port unless that is the scheme's own; `path` may have a query,
    /// and empty means `/`.
    pub fn client(host: &str, path: &str, limits: WebSocketLimits) -> Result<Self, WebSocketError> {
        let (handshake, request) = Handshake::client(host, path)?;
        let mut websocket = Self::new(State::Handshake(handshake), limits);
        websocket.pipe.outgoing.push(&request);
        Ok(websocket)
    }

    /// The dialled side, which waits for a handshake request. Any path is taken; no subprotocol and no extension is.
    pub fn server(limits: WebSocketLimits) -> Self {
        Self::new(State::Handshake(Handshake::server()), limits)
    }

    /// A stream whose handshake is done already, by an HTTP server or client of the embedder's own. It is open at
    /// once. Bytes that came behind the handshake belong into [`receive`](Self::receive).
    pub fn upgraded(role: Role, limits: WebSocketLimits) -> Self {
        Self::new(State::Upgraded(Open::new(role, &limits)), limits)
    }

    fn new(state: State, limits: WebSocketLimits) -> Self {
        Self { limits, state, pipe: Pipe::default() }
    }

    /// Input: bytes as they came from the stream, split anywhere. Follow with [`poll`](Self::poll) until that gives
    /// `None`: what was not polled is kept, however much it is.
    pub fn receive(&mut self, bytes: &[u8]) {
        if !self.is_over() {
            self.pipe.incoming.push(bytes);
        }
    }

    /// Input: the stream ended; nothing more will come.
    pub fn receive_end(&mut self) {
        self.pipe.ended = true;
    }

    /// Output: what came next, or `None` until more bytes come. An error that ended the WebSocket is given again by
    /// every call.
    pub fn poll(&mut self) -> Result<Option<Incoming>, WebSocketError> {
        let polled = match &mut self.state {
            // Frames take the straight way out. Each further hand that a result goes through costs a small one a
            // tenth of its time.
            State::Open(open) => match open.poll(&mut self.pipe) {
                frame @ Ok(Some(Incoming::Frame(_))) => return frame,
                rarer => rarer,
            },
            State::Handshake(_) => self.poll_handshake(),
            State::Upgraded(_) => Ok(self.announce_upgraded()),
            State::Closed => return Ok(None),
            State::Failed(error) => return Err(error.clone()),
        };
        match &polled {
            Ok(Some(Incoming::Closed(_))) => self.finish(State::Closed),
            Ok(_) => {}
            Err(error) => self.finish(State::Failed(error.clone())),
        }
        polled
    }

    /// Command: queues a binary message.
    pub fn send(&mut self, frame: Bytes) -> Result<(), WebSocketError> {
        self.write(Message::Binary(frame))
    }

    /// Command: queues a ping. Does nothing unless the WebSocket is open.
    pub fn ping(&mut self) {
        // Whoever counts on the pong has a timeout, which says what is to be said of one that was not sent.
        let _ = self.write(Message::Ping(Bytes::new()));
    }

    /// Command: begins the closing handshake, which [`Incoming::Closed`] ends, if the peer answers: give it a
    /// deadline. The reason is cut to the 123 bytes that a close frame has for it. What is not open yet is closed
    /// without a word; closing twice does nothing.
    pub fn close(&mut self, code: CloseCode, reason: &str) {
        match &mut self.state {
            State::Open(open) | State::Upgraded(open) => open.close(code, reason, &mut self.pipe),
            State::Handshake(_) => {
                self.pipe.outgoing.clear();
                self.finish(State::Closed);
            }
            State::Closed | State::Failed(_) => {}
        }
    }

    /// Output: the bytes to be written to the stream next.
    pub fn outgoing(&self) -> &[u8] {
        self.pipe.outgoing.as_slice()
    }

    /// Input: the first `written` bytes of [`outgoing`](Self::outgoing) were written.
    pub fn advance(&mut self, written: usize) {
        self.pipe.outgoing.advance(written);
    }

    /// Gives back the memory that a burst has left. To be called now and then, not after each burst.
    pub fn shrink(&mut self) {
        self.pipe.incoming.shrink();
        self.pipe.outgoing.shrink();
    }

    /// Whether messages can be sent: the handshake is done, and neither side has begun to close.
    pub fn is_open(&self) -> bool {
        matches!(&self.state, State::Open(open) | State::Upgraded(open) if open.can_write())
    }

    /// Whether the stream can be dropped: nothing more will come, and all that was to go is written.
    pub fn is_closed(&self) -> bool {
        self.is_over() && self.outgoing().is_empty()
    }

    fn is_over(&self) -> bool {
        matches!(self.state, State::Closed | State::Failed(_))
    }

    fn poll_handshake(&mut self) -> Result<Option<Incoming>, WebSocketError> {
        let State::Handshake(handshake) = &mut self.state else { return Ok(None) };
        let Some(Outcome { answer, result }) = handshake.poll(self.pipe.incoming.as_slice(), self.limits.handshake_bytes) else {
            return if self.pipe.ended { Err(WebSocketError::Cut) } else { Ok(None) };
        };
        self.pipe.outgoing.push(&answer);
        let upgrade = result?;
        self.pipe.incoming.advance(upgrade.head_bytes);
        self.state = State::Open(Open::new(upgrade.role, &self.limits));
        Ok(Some(Incoming::Opened { path: upgrade.path }))
    }

    fn announce_upgraded(&mut self) -> Option<Incoming> {
        let State::Upgraded(open) = std::mem::replace(&mut self.state, State::Closed) else { return None };
        self.state = State::Open(open);
        Some(Incoming::Opened { path: String::new() })
    }

    fn write(&mut self, message: Message) -> Result<(), WebSocketError> {
        match &mut self.state {
            State::Open(open) | State::Upgraded(open) => open.write(message, &mut self.pipe),
            _ => Err(WebSocketError::NotOpen),
        }
    }

    /// Nothing is read any more, so that nothing that came needs to be kept.
    fn finish(&mut self, state: State) {
        self.state = state;
        self.pipe.incoming = ByteQueue::default();
    }
}

impl fmt::Debug for WebSocket {
    /// Without the bytes that wait, which hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket").field("state", &self.state).field("outgoing_bytes", &self.outgoing().len()).finish_non_exhaustive()
    }
}
