//! What can go wrong with a WebSocket, and through whose fault.

use std::{error::Error, fmt};

use super::CloseCode;

/// Why a WebSocket refused a call or came to its end.
///
/// Those of [`Fault::Caller`] change nothing. All others end the WebSocket; what the peer should still be told is in
/// [`outgoing`](super::WebSocket::outgoing) by then: write it, then drop the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebSocketError {
    /// The host or the path cannot stand in an HTTP request.
    InvalidTarget,
    /// Sent before the handshake was done, or after the WebSocket was closed.
    NotOpen,
    /// The peer sent what the HTTP upgrade does not allow.
    Handshake {
        /// What was wrong with it.
        detail: String,
    },
    /// The peer's HTTP head did not end within the limit.
    HandshakeTooLong {
        /// The limit, in bytes.
        limit_bytes: usize,
    },
    /// The server answered our handshake with another HTTP status than 101.
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// The peer broke RFC 6455.
    Violation {
        /// The code that it was closed with.
        code: CloseCode,
        /// What was wrong.
        detail: String,
    },
    /// The peer sent, or announced, a message longer than the limit. It was closed with [`CloseCode::TOO_BIG`].
    MessageTooLong {
        /// The limit, in bytes.
        limit_bytes: usize,
    },
    /// The stream ended without a closing handshake.
    Cut,
}

/// Whose fault a [`WebSocketError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Our own caller: the call was refused and nothing changed.
    Caller,
    /// The peer.
    Peer,
    /// The stream between, or a peer that vanished.
    Stream,
}

impl WebSocketError {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::InvalidTarget | Self::NotOpen => Fault::Caller,
            Self::Cut => Fault::Stream,
            _ => Fault::Peer,
        }
    }

    /// The code of the close frame that tells the peer, which was queued unless we had begun to close before. `None`
    /// if there is nothing to tell, or nobody, or no frame may be sent yet.
    pub fn close_code(&self) -> Option<CloseCode> {
        match self {
            Self::Violation { code, .. } => Some(*code),
            Self::MessageTooLong { .. } => Some(CloseCode::TOO_BIG),
            _ => None,
        }
    }
}

impl fmt::Display for WebSocketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidTarget => f.write_str("the host or path cannot stand in an HTTP request"),
            Self::NotOpen => f.write_str("the WebSocket is not open"),
            Self::Handshake { detail } => write!(f, "the peer's WebSocket handshake is wrong: {detail}"),
            Self::HandshakeTooLong { limit_bytes } => write!(f, "the peer's HTTP head is longer than {limit_bytes} bytes"),
            Self::Refused { status } => write!(f, "the server refused the WebSocket with HTTP status {status}"),
            Self::Violation { code, detail } => write!(f, "the peer broke the WebSocket protocol ({code}): {detail}"),
            Self::MessageTooLong { limit_bytes } => write!(f, "the peer sent a message longer than {limit_bytes} bytes"),
            Self::Cut => f.write_str("the stream ended without a closing handshake"),
        }
    }
}

impl Error for WebSocketError {}
