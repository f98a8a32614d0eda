//! Bounds of the sockets, beside those of the [core](trustline_core::Limits).

use std::time::Duration;

use trustline_core::Limits;

use crate::websocket::WebSocketLimits;

/// Bounds on one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionLimits {
    /// Most bytes that wait for a peer to read them, before it is given up: 8 MiB.
    pub write_queue_bytes: usize,
    /// Time between pings: 30 s.
    pub ping_interval: Duration,
    /// Pings without any sign of life after which the peer is dead: 2.
    pub unanswered_pings: u32,
    /// How long dialing may take, and the handshakes of TLS and of the WebSocket together: 10 s each.
    pub dial_timeout: Duration,
    /// Connections of one listener that are not authenticated: 1,024. Further ones are closed at once.
    pub unauthenticated: usize,
    /// How long who has sent wrong tokens may have to wait before the next one is looked at: 10 s. It is a hundredth of
    /// that after the first, and twice as long after each further one; a right one ends it. Who would have to wait for longer than the
    /// [time to authenticate](Limits::authentication_timeout) is told to try again later. Zero: nobody waits. It goes by the
    /// address that a connection comes from (in IPv6, by the network of 64 bits), which is that of the proxy where there is
    /// one.
    pub wrong_token_delay: Duration,
    /// Addresses that are remembered for their wrong tokens: 10,000. The one whose last was longest ago is forgotten.
    pub wrong_token_origins: usize,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            write_queue_bytes: 8 * 1024 * 1024,
            ping_interval: Duration::from_secs(30),
            unanswered_pings: 2,
            dial_timeout: Duration::from_secs(10),
            unauthenticated: 1024,
            wrong_token_delay: Duration::from_secs(10),
            wrong_token_origins: 10_000,
        }
    }
}

/// One message is one frame of BTP.
pub(crate) fn websocket_limits(limits: &Limits) -> WebSocketLimits {
    WebSocketLimits { message_bytes: limits.wire.frame_bytes, ..WebSocketLimits::default() }
}
