//! Why a WebSocket was closed.

use std::fmt;

/// What the peer closed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseFrame {
    /// Why, as a number.
    pub code: CloseCode,
    /// Why, in the peer's own words; often empty.
    pub reason: String,
}

/// Why a WebSocket was closed, as a number: one that RFC 6455 section 7.4 allows in a close frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CloseCode(u16);

impl CloseCode {
    /// 1000: the purpose of the connection is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// 1001: this side is going away, for example a server that shuts down.
    pub const GOING_AWAY: Self = Self(1001);
    /// 1002: the other side broke the WebSocket protocol.
    pub const PROTOCOL: Self = Self(1002);
    /// 1003: a kind of data that cannot be accepted.
    pub const UNSUPPORTED: Self = Self(1003);
    /// 1007: data that is not what its type says, such as text that is not UTF-8.
    pub const INVALID_DATA: Self = Self(1007);
    /// 1008: the other side broke a rule of ours that has no code of its own.
    pub const POLICY_VIOLATION: Self = Self(1008);
    /// 1009: a message longer than we take.
    pub const TOO_BIG: Self = Self(1009);
    /// 1011: this side met a condition that it did not expect.
    pub const INTERNAL: Self = Self(1011);
    /// 1013: this side is overloaded; try again later.
    pub const TRY_AGAIN_LATER: Self = Self(1013);

    /// The code with this number, or `None` if it may not stand in a close frame (1005, 1006, 1015, and all outside
    /// the ranges in use).
    pub const fn new(code: u16) -> Option<Self> {
        match code {
            1000..=1003 | 1007..=1014 | 3000..=4999 => Some(Self(code)),
            _ => None,
        }
    }

    /// The number on the wire.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
