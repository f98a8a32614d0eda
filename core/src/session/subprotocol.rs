//! The sub-protocols that every peer speaks: `auth`, `info`, `balance`, `limit`, and the ILP packet of a Reject.

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use bytes::Bytes;

use super::config::LedgerInfo;
use super::credentials::Credentials;
use crate::ledger::{State, Trustline};
use crate::wire::{ContentType, Entry, ErrorCode, IlpError, ProtocolData};
use crate::{Timestamp, TransferId};

const INFO_ACCOUNT: u8 = 0;
const INFO_FULL: u8 = 2;
const TRANSFER_TIMED_OUT: ErrorCode = ErrorCode::new(*b"R00").unwrap();
const QUESTION: &[u8] = &[0];
const TRANSFER_ID: &str = "transfer_id";
const SUMS: &str = "sums";

/// The first frame of a client (RFC 0023, *Authentication*). Servers of the JavaScript plugin want the username entry
/// present even where it is empty.
pub fn auth_request(credentials: &Credentials) -> ProtocolData {
    let mut entries = vec![
        Entry::octets("auth", Bytes::new()),
        Entry::text("auth_username", &credentials.username),
        Entry::text("auth_token", credentials.token.expose()),
    ];
    entries.extend(credentials.protocol_data.iter().cloned());
    ProtocolData::from(entries)
}

/// Asks what ledger this is.
pub fn info_request() -> ProtocolData {
    one(Entry::octets("info", Bytes::from_static(&[INFO_FULL])))
}

/// The ledger that an answer to [`info_request`] describes.
pub fn read_info(answer: &ProtocolData) -> Option<LedgerInfo> {
    serde_json::from_slice(&answer.get("info")?.data).ok()
}

/// Asks who is there.
pub(super) fn account_request() -> ProtocolData {
    one(Entry::octets("info", Bytes::from_static(&[INFO_ACCOUNT])))
}

/// The ILP address of who answered.
pub(super) fn read_account(answer: &ProtocolData) -> Option<&str> {
    text(answer.get("info")?)
}

/// Asks how the peer's books stand.
pub fn balance_request() -> ProtocolData {
    one(Entry::octets("balance", Bytes::from_static(QUESTION)))
}

/// What we, who asked, owe the answering peer, in the smallest unit; negative if it owes us. Our balance is its
/// negation.
pub fn read_balance(answer: &ProtocolData) -> Option<i64> {
    let bytes: [u8; 8] = answer.get("balance")?.data.as_ref().try_into().ok()?;
    Some(i64::from_be_bytes(bytes))
}

/// Asks how the peer's books stand, and, if it is of our kind, how much it ever received and paid. It answers with both, then
/// with what it is in doubt about of each: four numbers of 16 bytes, the most significant byte first.
pub(super) fn reconcile_request() -> ProtocolData {
    balance_request().with(Entry::octets(SUMS, Bytes::from_static(QUESTION)))
}

/// How the books of a peer of our kind stand. Unlike the balance, this is clear about one direction even while the peer is
/// in doubt about the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PeerSums {
    /// What it ever received from us.
    pub(super) received: u128,
    /// What it ever paid us.
    pub(super) paid: u128,
    /// What it may have received beside that: it waits for our answers.
    pub(super) received_in_doubt: u128,
    /// What it may have paid beside that.
    pub(super) paid_in_doubt: u128,
}

pub(super) fn read_sums(answer: &ProtocolData) -> Option<PeerSums> {
    let (numbers, []) = answer.get(SUMS)?.data.as_chunks::<16>() else { return None };
    let [received, paid, received_in_doubt, paid_in_doubt] = numbers.try_into().ok()?;
    let [received, paid, received_in_doubt, paid_in_doubt] = [received, paid, received_in_doubt, paid_in_doubt].map(u128::from_be_bytes);
    Some(PeerSums { received, paid, received_in_doubt, paid_in_doubt })
}

/// Asks how much the peer lets us owe it.
pub fn limit_request() -> ProtocolData {
    one(Entry::octets("limit", Bytes::from_static(QUESTION)))
}

/// The highest balance that the answering peer takes, in the smallest unit; our own minimum balance is its negation.
/// `i128::MAX` where it has no limit.
pub fn read_limit(answer: &ProtocolData) -> Option<i128> {
    let limit: serde_json::Value = serde_json::from_slice(&answer.get("limit")?.data).ok()?;
    match limit.as_str()? {
        "Infinity" => Some(i128::MAX),
        number => number.parse().ok(),
    }
}

pub(super) fn answer_info(question: &Entry, info: Option<&LedgerInfo>, account: Option<String>) -> Result<ProtocolData, String> {
    match question.data.first() {
        Some(&INFO_FULL) => {
            let info = info.ok_or("the ledger's info is not known here")?;
            let json = serde_json::to_string(info).map_err(|error| error.to_string())?;
            Ok(one(Entry::json("info", &json)))
        }
        Some(&INFO_ACCOUNT) => {
            let account = account.ok_or("the account is not known here")?;
            Ok(one(Entry::text("info", &account)))
        }
        _ => Err("an info request holds one byte, 0 or 2".to_string()),
    }
}

/// Our balance: what the asker owes us counts positive. Who asks for the sums beside it gets them too.
pub(super) fn answer_balance(question: &ProtocolData, trustline: &Trustline) -> Result<ProtocolData, String> {
    let balance = i64::try_from(trustline.balance()).map_err(|_| "the balance does not fit in 64 bits".to_string())?;
    let answer = one(Entry::octets("balance", Bytes::copy_from_slice(&balance.to_be_bytes())));
    if question.get(SUMS).is_none() {
        return Ok(answer);
    }
    let in_doubt = |is_in_doubt: fn(&State) -> bool| -> u128 {
        let open = trustline.open_transfers().into_iter().filter(|(_, open)| is_in_doubt(&open.state));
        open.map(|(_, open)| u128::from(open.terms.amount())).sum()
    };
    let sums = [
        trustline.sums().incoming_posted,
        trustline.sums().outgoing_posted,
        in_doubt(|state| matches!(state, State::Fulfilling { .. })),
        in_doubt(|state| *state == State::Transferring),
    ];
    Ok(answer.with(Entry::octets(SUMS, sums.map(u128::to_be_bytes).concat())))
}

/// A JSON string, as the JavaScript plugin has it, and like its number without end where there is none.
pub(super) fn answer_limit(maximum: i128) -> ProtocolData {
    let json = if maximum == i128::MAX { "\"Infinity\"".to_string() } else { alloc::format!("\"{maximum}\"") };
    one(Entry::json("limit", &json))
}

/// The protocol data of a Reject that tells an expiry (RFC 0023, *Reject*). The time is the moment of the expiry, so
/// that the Reject is the same however often it is sent.
pub(super) fn timed_out(account: String, at: Timestamp) -> ProtocolData {
    let error = IlpError {
        code: TRANSFER_TIMED_OUT,
        name: "Transfer Timed Out".into(),
        triggered_by: account,
        forwarded_by: Vec::new(),
        triggered_at: at,
        data: Bytes::from_static(b"expired"),
    };
    let packet = error.encode().unwrap_or_default();
    one(Entry::octets("ilp", packet))
}

/// Names an unconditional transfer, so that our kind of peer notices a repeat of it.
pub(super) fn with_transfer_id(protocol_data: &ProtocolData, id: TransferId) -> ProtocolData {
    let name = Entry::octets(TRANSFER_ID, Bytes::copy_from_slice(id.as_bytes()));
    protocol_data.iter().filter(|entry| &*entry.name != TRANSFER_ID).cloned().chain([name]).collect()
}

pub(super) fn split_transfer_id(protocol_data: ProtocolData) -> (Option<TransferId>, ProtocolData) {
    let id = protocol_data.get(TRANSFER_ID).and_then(|entry| <[u8; 16]>::try_from(entry.data.as_ref()).ok());
    match id {
        Some(id) => {
            let rest = protocol_data.iter().filter(|entry| &*entry.name != TRANSFER_ID).cloned().collect();
            (Some(TransferId::from(id)), rest)
        }
        None => (None, protocol_data),
    }
}

/// An entry that holds UTF-8 text.
pub(super) fn text(entry: &Entry) -> Option<&str> {
    core::str::from_utf8(&entry.data).ok().filter(|_| entry.content_type == ContentType::Text)
}

fn one(entry: Entry) -> ProtocolData {
    ProtocolData::from(vec![entry])
}
