//! What a session is built with.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::credentials::Credentials;
use crate::ledger::{Authority, Bounds, TrustlineConfig};
use crate::{LedgerId, Limits};

/// What a ledger says of itself in answer to an `info` request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LedgerInfo {
    /// The ILP address prefix of the ledger, with a dot at its end.
    pub prefix: String,
    /// The number of decimal places of the currency that one unit of the ledger stands at: 9 makes it a nano-unit.
    pub currency_scale: u8,
    /// Three letters, such as `XRP`.
    pub currency_code: String,
    /// The ILP addresses of connectors on this ledger.
    #[serde(default)]
    pub connectors: Vec<String>,
}

impl LedgerInfo {
    /// A ledger without connectors. The prefix ends with a dot.
    pub fn new(prefix: &str, currency_code: &str, currency_scale: u8) -> Self {
        Self { prefix: prefix.into(), currency_scale, currency_code: currency_code.into(), connectors: Vec::new() }
    }
}

/// What a [`Session`](super::Session) is built with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionConfig {
    /// Whose word counts.
    pub authority: Authority,
    /// The bounds on the balance at the start.
    pub bounds: Bounds,
    /// What we tell of the ledger; a client of a hosted ledger knows nothing at first, and asks.
    pub info: Option<LedgerInfo>,
    /// Our ILP address on the ledger. `None`: the prefix and `server` where we host it, `client` where the peer does.
    pub account: Option<String>,
    /// The peer's ILP address. `None`: the other way round. Equals must have both addresses configured: that of the smaller
    /// one decides which connection is kept where both have dialed.
    pub peer_account: Option<String>,
    /// What we show on the connections that we dial.
    pub credentials: Credentials,
    /// Nobody but this process moves money on our account of a ledger that the peer hosts, so that its balance must be ours.
    /// It is compared where the peer does not name its ledger. `false`: others may share the account.
    pub account_is_exclusive: bool,
    /// The sub-protocols whose requests go to the application; any other name is answered with an Error.
    pub protocols: BTreeSet<String>,
    /// Every bound on the peer.
    pub limits: Limits,
    /// What our ledger is called, where it lives no longer than its process and so is not
    /// [opened](super::Session::handle_opened): drawn at random. A host that hears the name on a new connection reads nothing more from
    /// one that we have left. `None`: it cannot tell that connection from those of others who share the account.
    pub ledger: Option<LedgerId>,
    /// Key of the hash maps: random in production, fixed in tests.
    pub hash_seed: u64,
}

impl SessionConfig {
    /// No bounds of our own, default limits, `ilp` and `custom` requests to the application.
    pub fn new(authority: Authority) -> Self {
        Self {
            authority,
            bounds: Bounds::UNBOUNDED,
            info: None,
            account: None,
            peer_account: None,
            credentials: Credentials::default(),
            account_is_exclusive: false,
            protocols: ["ilp", "custom"].map(String::from).into(),
            limits: Limits::default(),
            ledger: None,
            hash_seed: 0,
        }
    }

    /// The part of it that is the trustline's.
    pub fn trustline(&self) -> TrustlineConfig {
        TrustlineConfig {
            authority: self.authority,
            bounds: self.bounds,
            open_transfers: self.limits.open_transfers,
            furthest_expiry: self.limits.furthest_expiry,
            memory_margin: self.limits.memory_margin,
            peers: self.limits.peers,
            openings: self.limits.openings,
            hash_seed: self.hash_seed,
        }
    }
}
