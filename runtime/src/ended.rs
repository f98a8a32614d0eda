//! How a connection ended, and what the peer is told.

use std::io;

use trustline_core::session::DisconnectReason;

use crate::websocket::{CloseCode, WebSocketError};

/// How a connection ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// In good order, from either side.
    Closed,
    /// The session gave it up.
    GivenUp(DisconnectReason),
    WebSocket(WebSocketError),
    Stream(io::Error),
    /// No handshake or no authentication in time.
    NotOpened,
    /// Two pings without a sign of life.
    Dead,
    /// The peer does not read what we send.
    SlowReader,
}

/// What a peer is told that the session gave up.
pub(crate) fn close_code(reason: &DisconnectReason) -> CloseCode {
    match reason {
        DisconnectReason::Closed => CloseCode::NORMAL,
        DisconnectReason::Violation(_) => CloseCode::TOO_BIG,
        DisconnectReason::AuthenticationRefused | DisconnectReason::TooManyConnections | DisconnectReason::Suspended => {
            CloseCode::POLICY_VIOLATION
        }
        _ => CloseCode::GOING_AWAY,
    }
}
