//! The bounds of one WebSocket.

/// Bounds of one WebSocket, each with its unit in its name.
///
/// What waits in [`outgoing`](super::WebSocket::outgoing) is not bounded here but by whoever writes it, who alone
/// knows how fast the stream is: stop reading from the peer (who makes us answer) while its length is above a bound
/// of yours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebSocketLimits {
    /// Longest message taken from the peer, whole or in fragments. A longer one is refused by its header, before its
    /// bytes are waited for. 128 KiB by default.
    pub message_bytes: usize,
    /// Longest HTTP request or response head taken from the peer. 16 KiB by default.
    pub handshake_bytes: usize,
    /// Bytes decoded at a time, reserved for each WebSocket for as long as it is open. The space is zeroed before
    /// each use, so more is not faster: some payments fit into it. 1 KiB by default.
    pub read_buffer_bytes: usize,
}

impl Default for WebSocketLimits {
    fn default() -> Self {
        Self { message_bytes: 128 * 1024, handshake_bytes: 16 * 1024, read_buffer_bytes: 1024 }
    }
}
