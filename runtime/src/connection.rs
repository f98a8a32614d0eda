//! The one driver loop: between a stream of bytes, a WebSocket and an account.
//!
//! Each round takes what waits to be sent, reads until the stream has no more or there is much to write, and writes
//! everything with one call. It never stops reading in order to write: two peers that both did would wait for each
//! other for ever. What a peer does not read is bounded by giving that peer up.
//!
//! However a connection ends, its account is told first; what is queued is written, and the peer has a little time to
//! read it and to close its side.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_io::{AsyncRead, AsyncWrite};
use trustline_core::session::{Acceptance, Acceptor, AuthenticationRequest, ConnectionId, DisconnectReason};

use crate::account::Account;
use crate::applicant::PeerCertificate;
use crate::clock;
use crate::ended::{Ended, close_code};
use crate::limits::ConnectionLimits;
use crate::outbox::{Outbox, Waiting};
use crate::runtime::Runtime;
use crate::transport::Transport;
use crate::websocket::{CloseCode, Fault, Incoming, WebSocket, WebSocketError};

/// Decides whether an authenticated connection may join an account, and lets it.
pub(crate) trait Admission: Send + Sync {
    fn admit(self: Arc<Self>, shown: Shown, outbox: Arc<Outbox>) -> Admitting;
}

/// What a connection shows of its client.
pub(crate) struct Shown {
    pub(crate) request: AuthenticationRequest,
    /// The length of the request's frame.
    pub(crate) frame_bytes: usize,
    pub(crate) certificate: Option<PeerCertificate>,
}

/// `Err` is the frame that tells the client no.
pub(crate) type Admitting = Pin<Box<dyn Future<Output = Result<(Account, ConnectionId), Bytes>> + Send>>;

/// Whose connection it is.
pub(crate) enum Stage {
    /// Nobody's yet.
    Accepting { acceptor: Acceptor, admission: Arc<dyn Admission> },
    /// Nobody's yet: whether it may join its account is being decided, and nothing is read meanwhile.
    Admitting(Admitting),
    /// An account's. One that we dialed belongs to its account from the start, and authenticates when it opens.
    Joined { account: Account, id: ConnectionId },
    /// Nobody's any more: what is queued is still written.
    Leaving,
}

pub(crate) struct Connection<R: Runtime, S> {
    runtime: R,
    stream: Transport<S>,
    websocket: WebSocket,
    stage: Stage,
    outbox: Arc<Outbox>,
    waiting: Waiting,
    limits: ConnectionLimits,
    timer: R::Sleep,
    purpose: Purpose,
    unanswered_pings: u32,
    /// The account's handler can take no more events for now.
    paused: bool,
    /// What will still come from the peer.
    incoming: Rest,
    /// Why the connection is being closed.
    ended: Option<Ended>,
}

/// What will still come from the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    /// What is to be read as it comes.
    Frames,
    /// What is to be thrown away. A stream that is dropped with bytes unread is reset, and a reset overtakes what was
    /// written: the peer would never learn what it did wrong.
    Rubbish,
    /// Nothing: the stream has ended.
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// The peer must open the WebSocket, and authenticate where we accepted it.
    Open,
    /// The next ping.
    Keepalive,
    /// The peer may still read what it was told, and answer our close frame.
    Linger,
}

/// How long a peer has for its part of the end.
const LINGER: Duration = Duration::from_secs(2);

/// So much to write is written before more is read.
const WRITE_AT: usize = 64 * 1024;

/// Reads before other tasks get their turn.
const ROUNDS: usize = 16;

const READ_BUFFER_BYTES: usize = 64 * 1024;

thread_local! {
    /// One for all connections of a thread: what is read is taken over before the next read.
    static READ_BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BUFFER_BYTES]);
}

impl<R: Runtime, S: AsyncRead + AsyncWrite + Unpin> Connection<R, S> {
    /// `open_within`: how long the handshake, and the authentication of an accepted connection, may take.
    pub(crate) fn new(
        runtime: R,
        stream: Transport<S>,
        websocket: WebSocket,
        stage: Stage,
        outbox: Arc<Outbox>,
        limits: ConnectionLimits,
        open_within: Duration,
    ) -> Self {
        let timer = runtime.sleep(open_within);
        Self {
            runtime,
            stream,
            websocket,
            stage,
            outbox,
            waiting: Waiting::default(),
            limits,
            timer,
            purpose: Purpose::Open,
            unanswered_pings: 0,
            paused: false,
            incoming: Rest::Frames,
            ended: None,
        }
    }

    /// Runs the connection to its end.
    pub(crate) async fn run(mut self) -> Ended {
        // What was read ahead of an upgraded WebSocket is in it already.
        self.handle_incoming();
        let ended = poll_fn(|cx| self.poll(cx)).await;
        self.leave();
        // A peer with TLS learns that nothing was cut off. Nobody waits for it.
        let _ = poll_fn(|cx| Poll::Ready(Pin::new(&mut self.stream).poll_close(cx))).await;
        // The first cause counts, not what closing ran into.
        self.ended.unwrap_or(ended)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        self.outbox.unregister();
        let polled = self.poll_rounds(cx);
        self.outbox.set_unwritten(self.websocket.outgoing().len());
        polled
    }

    fn poll_rounds(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        for round in 1.. {
            // Writing and the time come to their turn in the last round at the latest: a peer that never stops talking must
            // not talk itself out of a deadline.
            let is_last = round == ROUNDS;
            self.take_outbox();
            self.poll_admission(cx);
            let read = match self.poll_read(cx) {
                Poll::Ready(Err(error)) => return Poll::Ready(Ended::Stream(error)),
                read => read.is_ready(),
            };
            if read && !is_last && self.websocket.outgoing().len() < WRITE_AT {
                continue;
            }
            let wrote = match self.poll_write(cx) {
                Poll::Ready(Err(error)) => return Poll::Ready(Ended::Stream(error)),
                Poll::Ready(Ok(wrote)) => wrote,
                Poll::Pending => false,
            };
            if self.is_over(cx) {
                return Poll::Ready(Ended::Closed);
            }
            if self.websocket.outgoing().len() > self.limits.write_queue_bytes {
                return Poll::Ready(Ended::SlowReader);
            }
            if (read || wrote) && !is_last {
                continue;
            }
            if let Poll::Ready(ended) = self.poll_timer(cx) {
                return Poll::Ready(ended);
            }
            if is_last {
                break;
            }
            self.outbox.register(cx.waker());
            // Something may have come, or the handler become ready, since that was last looked at.
            if !self.take_outbox() && !self.can_read_again() {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Whether the stream can be dropped: what there was to say is written, and nothing is to come, or nothing that counts.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        match self.incoming {
            Rest::Frames => self.websocket.is_closed(),
            Rest::Nothing => self.websocket.outgoing().is_empty(),
            Rest::Rubbish => {
                if self.websocket.is_closed() {
                    // The peer sees the end behind what it was told, and ends its side; or the time for that runs out.
                    let _ = Pin::new(&mut self.stream).poll_close(cx);
                }
                false
            }
        }
    }

    /// Moves what waits to be sent into the WebSocket. Returns whether there was anything.
    fn take_outbox(&mut self) -> bool {
        self.outbox.take(&mut self.waiting);
        let mut any = !self.waiting.frames.is_empty();
        for frame in self.waiting.frames.drain(..) {
            // A WebSocket that is closing takes no more; whoever waits for the frame's answer is told by the session.
            let _ = self.websocket.send(frame);
        }
        if let Some(reason) = self.waiting.close.take() {
            any = true;
            self.close(close_code(&reason), &reason.to_string(), Ended::GivenUp(reason));
        }
        any
    }

    /// Ready(Ok): bytes were read and handled, or the stream has just ended.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let is_held = matches!(self.stage, Stage::Admitting(_)) || (self.paused && !self.can_read_again());
        if self.incoming == Rest::Nothing || is_held {
            return Poll::Pending;
        }
        let bytes = READ_BUFFER.with_borrow_mut(|buffer| {
            let bytes = ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
            self.websocket.receive(&buffer[..bytes]);
            Poll::Ready(io::Result::Ok(bytes))
        });
        if ready!(bytes)? == 0 {
            self.websocket.receive_end();
            self.handle_incoming();
            self.end(Ended::Closed);
            self.incoming = Rest::Nothing;
        } else if self.incoming == Rest::Frames {
            self.unanswered_pings = 0;
            self.handle_incoming();
        }
        Poll::Ready(Ok(()))
    }

    /// Whether the handler, which could take no more events, can take some again.
    fn can_read_again(&mut self) -> bool {
        let was_paused = self.paused;
        self.paused = was_paused && matches!(&self.stage, Stage::Joined { account, .. } if !account.is_ready());
        was_paused && !self.paused
    }

    /// Ready(Ok): whether anything was written.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut wrote = false;
        while !self.websocket.outgoing().is_empty() {
            match Pin::new(&mut self.stream).poll_write(cx, self.websocket.outgoing()) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(bytes)) => self.websocket.advance(bytes),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => break,
            }
            wrote = true;
        }
        // Also while nothing was written: a TLS stream may hold back bytes of its own.
        match Pin::new(&mut self.stream).poll_flush(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(wrote)),
        }
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        while Pin::new(&mut self.timer).poll(cx).is_ready() {
            match self.purpose {
                Purpose::Open => {
                    self.close(CloseCode::POLICY_VIOLATION, "no authentication in time", Ended::NotOpened);
                    // The close frame must be written.
                    cx.waker().wake_by_ref();
                }
                Purpose::Linger => return Poll::Ready(Ended::Closed),
                // While we do not read, we cannot see whether the peer lives.
                Purpose::Keepalive if self.unanswered_pings >= self.limits.unanswered_pings && !self.paused => {
                    return Poll::Ready(Ended::Dead);
                }
                Purpose::Keepalive => {
                    self.unanswered_pings += 1;
                    self.shrink();
                    self.websocket.ping();
                    self.set_timer(Purpose::Keepalive, self.limits.ping_interval);
                    // The ping must be written.
                    cx.waker().wake_by_ref();
                }
            }
        }
        Poll::Pending
    }

    /// An idle connection keeps no room for the burst that it once was busy with.
    fn shrink(&mut self) {
        self.websocket.shrink();
        self.waiting.frames.shrink_to_fit();
        self.outbox.shrink();
        if let Stage::Joined { account, .. } = &self.stage {
            account.shrink();
        }
    }

    fn handle_incoming(&mut self) {
        loop {
            let handled = match &mut self.stage {
                Stage::Joined { account, id } => {
                    let (account, id) = (account.clone(), *id);
                    self.handle_joined(&account, id)
                }
                Stage::Accepting { .. } => self.handle_accepting(),
                Stage::Admitting(_) => Ok(false),
                Stage::Leaving => self.websocket.poll().map(|incoming| incoming.is_some()),
            };
            match handled {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    if !self.websocket.outgoing().is_empty() {
                        // Among it is what there is to say about the error.
                        self.incoming = Rest::Rubbish;
                    }
                    self.end(Ended::WebSocket(error));
                    return;
                }
            }
        }
    }

    /// Feeds the session with all there is, then settles once: so its effects are committed together and its frames
    /// leave together.
    fn handle_joined(&mut self, account: &Account, id: ConnectionId) -> Result<bool, WebSocketError> {
        let websocket = &mut self.websocket;
        let (mut opened, mut closed) = (false, false);
        let result = account.with(|state, now| {
            while let Some(incoming) = websocket.poll()? {
                match incoming {
                    Incoming::Frame(frame) => {
                        state.metrics.received.count(frame.len());
                        state.session.handle_frame(id, &frame, now);
                    }
                    Incoming::Text => state.session.handle_text(id),
                    Incoming::Opened { .. } => {
                        opened = true;
                        state.session.handle_connected(id, now);
                    }
                    Incoming::Pong => {}
                    Incoming::Closed(_) => closed = true,
                }
            }
            Ok(())
        });
        if opened {
            self.set_timer(Purpose::Keepalive, self.limits.ping_interval);
        }
        self.paused = !account.is_ready();
        if closed {
            // Before our answer is written: when the peer has it, its connection no longer counts.
            self.end(Ended::Closed);
        }
        result.map(|()| false)
    }

    fn handle_accepting(&mut self) -> Result<bool, WebSocketError> {
        let Some(incoming) = self.websocket.poll()? else { return Ok(false) };
        if matches!(incoming, Incoming::Closed(_)) {
            self.end(Ended::Closed);
        }
        let (Incoming::Frame(frame), Stage::Accepting { acceptor, admission }) = (incoming, &mut self.stage) else {
            return Ok(true);
        };
        let now = clock::now();
        let (refusal, reason) = match acceptor.handle_frame(&frame, now) {
            Acceptance::Waiting => return Ok(true),
            Acceptance::Authenticate(request) => {
                let shown = Shown { request, frame_bytes: frame.len(), certificate: self.stream.peer_certificate() };
                self.stage = Stage::Admitting(admission.clone().admit(shown, self.outbox.clone()));
                return Ok(false);
            }
            Acceptance::Refused(frame) => (Some(frame), DisconnectReason::AuthenticationRefused),
            Acceptance::Violation(error) => (None, DisconnectReason::Violation(error)),
        };
        self.turn_away(refusal, reason);
        Ok(true)
    }

    fn poll_admission(&mut self, cx: &mut Context<'_>) {
        let Stage::Admitting(admitting) = &mut self.stage else { return };
        let Poll::Ready(admitted) = admitting.as_mut().poll(cx) else { return };
        match admitted {
            Ok((account, id)) => {
                tracing::Span::current().record("account", account.name());
                tracing::debug!("authenticated");
                self.set_timer(Purpose::Keepalive, self.limits.ping_interval);
                self.stage = Stage::Joined { account, id };
            }
            Err(refusal) => self.turn_away(Some(refusal), DisconnectReason::AuthenticationRefused),
        }
        // What came behind the authentication waits in the WebSocket.
        self.handle_incoming();
    }

    fn turn_away(&mut self, refusal: Option<Bytes>, reason: DisconnectReason) {
        if let Some(frame) = refusal {
            let _ = self.websocket.send(frame);
        }
        self.close(close_code(&reason), &reason.to_string(), Ended::GivenUp(reason));
    }

    /// Begins to close: what is queued is written, and the peer may answer the close frame.
    fn close(&mut self, code: CloseCode, reason: &str, ended: Ended) {
        self.websocket.close(code, reason);
        self.end(ended);
    }

    /// Nothing more is taken from the peer, and it has a last while to read what it is told.
    fn end(&mut self, ended: Ended) {
        if let (Ended::WebSocket(error), Stage::Joined { account, .. }) = (&ended, &self.stage)
            && error.fault() == Fault::Peer
        {
            account.with(|state, _| state.metrics.websocket_violations += 1);
        }
        self.leave();
        self.ended.get_or_insert(ended);
        if self.purpose != Purpose::Linger {
            self.set_timer(Purpose::Linger, LINGER);
        }
    }

    fn leave(&mut self) {
        if let Stage::Joined { account, id } = std::mem::replace(&mut self.stage, Stage::Leaving) {
            account.with(|state, now| state.handle_disconnected(id, now));
        }
        self.paused = false;
    }

    fn set_timer(&mut self, purpose: Purpose, after: Duration) {
        self.purpose = purpose;
        self.timer = self.runtime.sleep(after);
    }
}
