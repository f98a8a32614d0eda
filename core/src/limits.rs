//! Every bound of a trustline and its default, in one place.

use core::time::Duration;

/// Bounds on one decoded packet. Exceeding one ends the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WireLimits {
    /// Longest frame, in bytes: 128 KiB.
    pub frame_bytes: usize,
    /// Most sub-protocol entries in one packet: 64.
    pub entries: usize,
    /// Longest sub-protocol name, in bytes: 255.
    pub name_bytes: usize,
}

impl WireLimits {
    /// Whatever a packet can say: for bytes that do not come from a peer.
    pub const NONE: Self = Self { frame_bytes: usize::MAX, entries: usize::MAX, name_bytes: usize::MAX };
}

impl Default for WireLimits {
    fn default() -> Self {
        Self { frame_bytes: 128 * 1024, entries: 64, name_bytes: 255 }
    }
}

/// How often something new may begin.
///
/// ```
/// use trustline_core::{Limits, TransferRate};
///
/// let mut limits = Limits::default();
/// limits.transfer_rate = Some(TransferRate { per_second: 100, burst: 1_000 });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferRate {
    /// How many a second, in the long run.
    pub per_second: u32,
    /// How many at once, after a time without any.
    pub burst: u32,
}

/// Bounds on one peer relationship.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bounds on each packet.
    pub wire: WireLimits,
    /// Most requests of ours without an answer, on one connection: 10,000.
    pub in_flight_requests: usize,
    /// Most requests of the peer that the application has not answered, on one connection: 10,000.
    pub unanswered_requests: usize,
    /// Most transfers that are prepared or whose outcome the peer has not acknowledged: 100,000. Each may hold protocol data of
    /// almost a frame, which is 12 GiB with both defaults: where strangers have accounts, lower one of them.
    pub open_transfers: usize,
    /// How fast the peer may make new transfers, and have it noted how far its ledger is: `None`, as fast as it can. A peer that may do that can also fill the memory of
    /// finished transfers, which keeps each for its expiry and the margin: set a rate where strangers have accounts.
    pub transfer_rate: Option<TransferRate>,
    /// Most outcomes whose payer has left, and which everyone who connects to the hosted account is told: 1,000.
    pub orphans: usize,
    /// Most ledgers of peers that are remembered, for each account: 1,000. The one that was seen longest ago is forgotten.
    pub peers: usize,
    /// Most openings of our own ledger that are remembered, for each account: 1,000. The earliest is forgotten.
    pub openings: usize,
    /// Most connections to one account at once: 64. What a frame costs grows with them.
    pub connections: usize,
    /// How long a peer may take to authenticate, or to answer our authentication: 2 s.
    pub authentication_timeout: Duration,
    /// How long a peer may take to answer a request: 5 s.
    pub request_timeout: Duration,
    /// How far away the expiry of a transfer may be: 24 h.
    pub furthest_expiry: Duration,
    /// How long a finished transfer is remembered beyond its expiry, for repeats from a peer whose clock differs: 1 h.
    pub memory_margin: Duration,
    /// How often the two ledgers tell each other how far they are while they change: every 60 s.
    pub position_interval: Duration,
    /// How long we wait for the host's word on an expired transfer before asking for the balance: 10 s.
    pub expiry_grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            wire: WireLimits::default(),
            in_flight_requests: 10_000,
            unanswered_requests: 10_000,
            open_transfers: 100_000,
            transfer_rate: None,
            orphans: 1_000,
            peers: 1_000,
            openings: 1_000,
            connections: 64,
            authentication_timeout: Duration::from_secs(2),
            request_timeout: Duration::from_secs(5),
            furthest_expiry: Duration::from_secs(24 * 60 * 60),
            memory_margin: Duration::from_secs(60 * 60),
            position_interval: Duration::from_secs(60),
            expiry_grace: Duration::from_secs(10),
        }
    }
}
