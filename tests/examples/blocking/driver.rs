//! The contract of a session, kept by a thread: feed one, drain all, store, write, tell, and read the deadline.

use std::net::TcpStream;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use trustline_core::Timestamp;
use trustline_core::session::{ConnectionId, Event, Output, Session};
use tungstenite::{Error, Message, WebSocket};

/// A connected WebSocket and its session. One thread owns both, and blocks.
pub(crate) struct Driver {
    session: Session,
    socket: WebSocket<TcpStream>,
    is_open: bool,
}

/// There is one, and it is not dialed again: whoever does that counts on, and feeds `handle_disconnected` in between.
const CONNECTION: ConnectionId = ConnectionId(1);

impl Driver {
    /// Dials, and begins to authenticate. `address` has a port.
    pub(crate) fn connect(address: &str, mut session: Session) -> Result<Self, Error> {
        let stream = TcpStream::connect(address)?;
        // Or the second of two small frames waits until the first is acknowledged.
        stream.set_nodelay(true)?;
        let (socket, _) = tungstenite::client(format!("ws://{address}/"), stream).map_err(|error| match error {
            tungstenite::HandshakeError::Failure(error) => error,
            tungstenite::HandshakeError::Interrupted(_) => unreachable!("the stream blocks"),
        })?;
        session.handle_connected(CONNECTION, now());
        Ok(Self { session, socket, is_open: true })
    }

    /// Feeds the session with a command. What comes of it leaves with the next [`turn`](Self::turn).
    pub(crate) fn command<T>(&mut self, command: impl FnOnce(&mut Session, Timestamp) -> T) -> T {
        command(&mut self.session, now())
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// One turn: what the session has to say leaves, and if that told the application nothing, the next thing that happens
    /// is fed. Returns the news; `None` when the connection is closed.
    pub(crate) fn turn(&mut self) -> Result<Option<Vec<Event>>, Error> {
        let was_open = self.is_open;
        let events = self.settle()?;
        if self.is_open && events.is_empty() {
            self.wait()?;
        }
        Ok((was_open || !events.is_empty()).then_some(events))
    }

    fn settle(&mut self) -> Result<Vec<Event>, Error> {
        // Drain everything: the order of the queue is the order in which things may happen.
        let (mut effects, mut frames, mut events, mut is_over) = (Vec::new(), Vec::new(), Vec::new(), false);
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Effect(effect) => effects.push(effect),
                Output::Transmit { frame, .. } => frames.push(frame),
                Output::Event(event) => events.push(event),
                Output::Disconnect { .. } => is_over = true,
            }
        }
        // Here a journal makes the effects durable, all of them with one sync, before the first frame is written. This program
        // has none, and can do without because of three things. The host keeps the ledger, so its word on the balance
        // counts. What this process has in doubt when it dies expires, or is paid for nothing, and the host's balance shows
        // which. And what it pays for has no value beyond its life. Whoever sells, or hosts, or pays for things that last, must
        // store them, and build the next session with `Session::with_trustline`.
        drop(effects);
        // All frames with one write. It blocks, and meanwhile nothing is read: so much must be in flight at most that sockets
        // hold it, or two sides that both write wait for each other for ever.
        if self.is_open {
            for frame in frames {
                self.socket.write(Message::Binary(frame))?;
            }
            self.socket.flush()?;
        }
        if is_over {
            self.part()?;
        }
        // Only now are the events true.
        Ok(events)
    }

    /// Blocks until a frame comes, or the moment at which time matters to the session.
    fn wait(&mut self) -> Result<(), Error> {
        let deadline = self.session.poll_timeout().map(|deadline| deadline.at);
        // Zero would mean for ever.
        let patience = deadline.map(|at| at.saturating_since(now()).max(Duration::from_millis(1)));
        self.socket.get_ref().set_read_timeout(patience)?;
        match self.socket.read() {
            Ok(Message::Binary(frame)) => self.session.handle_frame(CONNECTION, &frame, now()),
            Ok(Message::Text(_)) => self.session.handle_text(CONNECTION),
            // Pings are answered with the next flush, and so is a close frame.
            Ok(_) => {}
            Err(Error::Io(error)) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
            Err(Error::ConnectionClosed) => self.is_gone(),
            Err(error) => {
                self.is_gone();
                return Err(error);
            }
        }
        if deadline.is_some_and(|at| at <= now()) {
            self.session.handle_timeout(now());
        }
        Ok(())
    }

    fn is_gone(&mut self) {
        self.is_open = false;
        self.session.handle_disconnected(CONNECTION, now());
    }

    /// The closing handshake. The session has forgotten the connection already.
    fn part(&mut self) -> Result<(), Error> {
        self.is_open = false;
        self.socket.get_ref().set_read_timeout(Some(Duration::from_secs(2)))?;
        self.socket.close(None)?;
        while self.socket.read().is_ok() {}
        Ok(())
    }
}

/// The core never looks at a clock.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
