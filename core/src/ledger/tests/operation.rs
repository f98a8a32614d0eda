//! What can happen to a trustline, and how a statement writes it.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::str::FromStr;

use bytes::Bytes;

use super::statement::OPENING;
use crate::ledger::{Bounds, Effect, Transfer, Trustline};
use crate::{Fulfillment, Timestamp, TransferId};

/// The effect if there is one, or the name of the reason why there is not.
pub(super) type Verdict = Result<Option<Effect>, String>;

/// Transfers have small numbers: number 3 has the id 3, 3, 3... and the fulfillment 3, 3, 3...
#[derive(Clone, Debug)]
pub(super) enum Operation {
    /// `at 30000`: it is that many milliseconds since the opening.
    At { millis: i64 },
    /// `we prepare 1 10`, `we prepare 1 10 until 5000`: an amount, and when it expires (30000 if it is not said).
    WePrepare(Transfer),
    /// `we transfer 1 10`
    WeTransfer { id: u8, amount: u64 },
    /// `we fulfill 1`, `we fulfill 1 with 2`
    WeFulfill { id: u8, with: u8 },
    /// `we reject 1`
    WeReject { id: u8 },
    /// `expire 1`
    Expire { id: u8 },
    /// `bounds -10 10`
    Bounds(Bounds),
    /// `peer prepares 1 10`, `peer prepares 1 10 until 5000`
    PeerPrepares(Transfer),
    /// `peer transfers 1 10`, `peer transfers - 10`: without an id
    PeerTransfers { id: Option<u8>, amount: u64 },
    /// `peer fulfills 1`, `peer fulfills 1 with 2`
    PeerFulfills { id: u8, with: u8 },
    /// `peer rejects 1`
    PeerRejects { id: u8 },
    /// `peer accepts transfer 1`, `peer refuses fulfill 1`, ...: its Response or Error to a request of ours
    Answer { accepted: bool, to: Request, id: u8 },
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Request {
    Prepare,
    Transfer,
    Fulfill,
    Reject,
}

pub(super) fn transfer_id(number: u8) -> TransferId {
    TransferId::from([number; 16])
}

pub(super) fn fulfillment(number: u8) -> Fulfillment {
    Fulfillment::from([number; 32])
}

/// Expires that many milliseconds after the opening.
pub(super) fn transfer(number: u8, amount: u64, until: i64) -> Transfer {
    Transfer {
        id: transfer_id(number),
        amount,
        condition: fulfillment(number).condition(),
        expires_at: Timestamp::from_millis(OPENING + until),
        protocol_data: Bytes::new(),
    }
}

impl Operation {
    pub(super) fn run(&self, trustline: &mut Trustline, now: Timestamp) -> Verdict {
        let no_data = Bytes::new();
        match self {
            Self::At { .. } => Ok(None),
            Self::WePrepare(transfer) => trustline.prepare(transfer.clone(), now).map(Some).map_err(name),
            Self::WeTransfer { id, amount } => trustline.transfer(transfer_id(*id), *amount, no_data, now).map(Some).map_err(name),
            Self::WeFulfill { id, with } => trustline.fulfill(transfer_id(*id), fulfillment(*with), no_data, now).map(Some).map_err(name),
            Self::WeReject { id } => trustline.reject(transfer_id(*id), no_data, now).map(Some).map_err(name),
            Self::Expire { id } => Ok(trustline.expire(transfer_id(*id), now)),
            Self::Bounds(bounds) => Ok(trustline.set_bounds(*bounds, now)),
            Self::PeerPrepares(transfer) => trustline.receive_prepare(transfer.clone(), now).map_err(name),
            Self::PeerTransfers { id, amount } => trustline.receive_transfer(id.map(transfer_id), *amount, no_data, now).map_err(name),
            Self::PeerFulfills { id, with } => trustline.receive_fulfill(transfer_id(*id), fulfillment(*with), no_data, now).map_err(name),
            Self::PeerRejects { id } => trustline.receive_reject(transfer_id(*id), no_data, now).map_err(name),
            Self::Answer { accepted, to, id } => {
                let id = transfer_id(*id);
                Ok(match (to, accepted) {
                    (Request::Prepare, true) => None, // it says what was known
                    (Request::Prepare | Request::Transfer, false) => trustline.refused(id, now),
                    (Request::Transfer, true) => trustline.transfer_accepted(id, now),
                    (Request::Fulfill, true) => trustline.fulfill_accepted(id, now),
                    (Request::Fulfill, false) => trustline.fulfill_refused(id, now),
                    (Request::Reject, _) => trustline.reject_answered(id, now),
                })
            }
        }
    }

    /// Which transfer it is about.
    pub(super) fn id(&self) -> Option<TransferId> {
        match self {
            Self::At { .. } | Self::Bounds(_) => None,
            Self::WePrepare(transfer) | Self::PeerPrepares(transfer) => Some(transfer.id),
            Self::PeerTransfers { id, .. } => id.map(transfer_id),
            Self::WeTransfer { id, .. }
            | Self::WeFulfill { id, .. }
            | Self::WeReject { id }
            | Self::Expire { id }
            | Self::PeerFulfills { id, .. }
            | Self::PeerRejects { id }
            | Self::Answer { id, .. } => Some(transfer_id(*id)),
        }
    }
}

impl FromStr for Operation {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let words: Vec<&str> = text.split_whitespace().collect();
        Ok(match words[..] {
            ["at", millis] => Self::At { millis: number(millis)? },
            ["we", "prepare", id, amount] => Self::WePrepare(transfer(number(id)?, number(amount)?, 30_000)),
            ["we", "prepare", id, amount, "until", until] => Self::WePrepare(transfer(number(id)?, number(amount)?, number(until)?)),
            ["we", "transfer", id, amount] => Self::WeTransfer { id: number(id)?, amount: number(amount)? },
            ["we", "fulfill", id] => Self::WeFulfill { id: number(id)?, with: number(id)? },
            ["we", "fulfill", id, "with", with] => Self::WeFulfill { id: number(id)?, with: number(with)? },
            ["we", "reject", id] => Self::WeReject { id: number(id)? },
            ["expire", id] => Self::Expire { id: number(id)? },
            ["bounds", minimum, maximum] => Self::Bounds(Bounds { minimum: number(minimum)?, maximum: number(maximum)? }),
            ["peer", "prepares", id, amount] => Self::PeerPrepares(transfer(number(id)?, number(amount)?, 30_000)),
            ["peer", "prepares", id, amount, "until", until] => Self::PeerPrepares(transfer(number(id)?, number(amount)?, number(until)?)),
            ["peer", "transfers", "-", amount] => Self::PeerTransfers { id: None, amount: number(amount)? },
            ["peer", "transfers", id, amount] => Self::PeerTransfers { id: Some(number(id)?), amount: number(amount)? },
            ["peer", "fulfills", id] => Self::PeerFulfills { id: number(id)?, with: number(id)? },
            ["peer", "fulfills", id, "with", with] => Self::PeerFulfills { id: number(id)?, with: number(with)? },
            ["peer", "rejects", id] => Self::PeerRejects { id: number(id)? },
            ["peer", "accepts", to, id] => Self::Answer { accepted: true, to: to.parse()?, id: number(id)? },
            ["peer", "refuses", to, id] => Self::Answer { accepted: false, to: to.parse()?, id: number(id)? },
            _ => return Err(()),
        })
    }
}

impl FromStr for Request {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "prepare" => Ok(Self::Prepare),
            "transfer" => Ok(Self::Transfer),
            "fulfill" => Ok(Self::Fulfill),
            "reject" => Ok(Self::Reject),
            _ => Err(()),
        }
    }
}

fn number<N: FromStr>(word: &str) -> Result<N, ()> {
    word.parse().map_err(|_| ())
}

/// The variant, without its fields.
fn name(error: impl core::fmt::Debug) -> String {
    format!("{error:?}").split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().into()
}
