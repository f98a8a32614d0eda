//! The open WebSocket: tungstenite over the pipe, and what its results mean to us.

use std::fmt;

use tungstenite::{
    Message,
    error::{Error, ProtocolError},
    protocol::{self, WebSocketConfig, WebSocketContext},
};

use super::{CloseCode, CloseFrame, Incoming, Role, WebSocketError, WebSocketLimits, pipe::Pipe};

/// A WebSocket past its handshake.
pub(super) struct Open {
    /// Boxed: a WebSocket that waits for its handshake is small.
    context: Box<WebSocketContext>,
    message_bytes: usize,
    /// We began to close. Tungstenite knows, but forgets when the stream ends.
    closing: bool,
}

impl Open {
    pub(super) fn new(role: Role, limits: &WebSocketLimits) -> Self {
        let role = match role {
            Role::Client => protocol::Role::Client,
            Role::Server => protocol::Role::Server,
        };
        let config = WebSocketConfig::default()
            .read_buffer_size(limits.read_buffer_bytes)
            // Straight on into the pipe, where it can be seen. The pipe never refuses, so that what stands before it
            // never grows.
            .write_buffer_size(0)
            .max_write_buffer_size(usize::MAX)
            .max_message_size(Some(limits.message_bytes))
            .max_frame_size(Some(limits.message_bytes));
        Self { context: Box::new(WebSocketContext::new(role, Some(config))), message_bytes: limits.message_bytes, closing: false }
    }

    /// Neither side has begun to close.
    pub(super) fn can_write(&self) -> bool {
        self.context.can_write()
    }

    pub(super) fn poll(&mut self, pipe: &mut Pipe) -> Result<Option<Incoming>, WebSocketError> {
        loop {
            return match self.context.read(pipe) {
                Ok(Message::Binary(frame)) => Ok(Some(Incoming::Frame(frame))),
                // The next read writes its pong.
                Ok(Message::Ping(_)) => continue,
                rarer => self.poll_rarer(rarer, pipe),
            };
        }
    }

    #[cold]
    fn poll_rarer(&mut self, read: Result<Message, Error>, pipe: &mut Pipe) -> Result<Option<Incoming>, WebSocketError> {
        match read {
            Ok(Message::Text(_)) => Ok(Some(Incoming::Text)),
            Ok(Message::Pong(_)) => Ok(Some(Incoming::Pong)),
            Ok(Message::Close(frame)) => {
                // Writes our answer. To a server it says, as an error, that the connection is over.
                let _ = self.context.flush(pipe);
                Ok(Some(closed(frame)))
            }
            // The pipe is empty: it has no other error.
            Err(Error::Io(_)) => Ok(None),
            // The peer closed as asked, without the courtesy of a close frame.
            Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) if self.closing => Ok(Some(closed(None))),
            Err(error) => Err(self.violated(&error, pipe)),
            Ok(Message::Binary(_) | Message::Ping(_) | Message::Frame(_)) => unreachable!("taken before, or never read"),
        }
    }

    pub(super) fn write(&mut self, message: Message, pipe: &mut Pipe) -> Result<(), WebSocketError> {
        // The pipe takes everything, so that a refusal can only mean that a close frame went before.
        self.context.write(pipe, message).map_err(|_| WebSocketError::NotOpen)
    }

    pub(super) fn close(&mut self, code: CloseCode, reason: &str, pipe: &mut Pipe) {
        let frame = protocol::CloseFrame { code: code.get().into(), reason: fitting(reason).into() };
        self.closing = true;
        // Fails only when the connection is over, and then there is nobody to tell.
        let _ = self.context.close(pipe, Some(frame));
    }

    /// Tungstenite cannot go on. Tells the peer why, unless it has gone or we had begun to close before.
    fn violated(&mut self, error: &Error, pipe: &mut Pipe) -> WebSocketError {
        let detail = error.to_string();
        let error = match error {
            Error::Capacity(_) => WebSocketError::MessageTooLong { limit_bytes: self.message_bytes },
            Error::Utf8(_) => WebSocketError::Violation { code: CloseCode::INVALID_DATA, detail },
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => WebSocketError::Cut,
            _ => WebSocketError::Violation { code: CloseCode::PROTOCOL, detail },
        };
        if let Some(code) = error.close_code() {
            self.close(code, "", pipe);
        }
        error
    }
}

impl fmt::Debug for Open {
    /// Without tungstenite's buffers, which hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Open").field("can_write", &self.can_write()).finish_non_exhaustive()
    }
}

fn closed(frame: Option<protocol::CloseFrame>) -> Incoming {
    // Tungstenite checks the code only of a peer that was first to close.
    Incoming::Closed(
        frame.and_then(|frame| Some(CloseFrame { code: CloseCode::new(frame.code.into())?, reason: frame.reason.to_string() })),
    )
}

/// As much of a reason as a close frame holds: control frames hold 125 bytes (RFC 6455 section 5.5), two of them the
/// code.
fn fitting(reason: &str) -> &str {
    let mut end = reason.len().min(123);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    &reason[..end]
}
