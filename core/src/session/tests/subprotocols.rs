//! The sub-protocols byte for byte.

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use bytes::Bytes;

use super::desk::{Desk, OPENING, config};
use super::peer::message;
use crate::ledger::Authority::{Ours, Theirs};
use crate::ledger::{Authority, Bounds, Lineage, Snapshot, Sums, Trustline, TrustlineConfig};
use crate::session::subprotocol::PeerSums;
use crate::session::{Credentials, ErrorName, LedgerInfo, SessionConfig, Token, subprotocol};
use crate::wire::{Body, ContentType, Entry, IlpPacket, ProtocolData};
use crate::{Timestamp, TransferId};

/// The balances that JavaScript writes with `Long`.
const BALANCES: &str = include_str!("balances.json");

fn balances() -> Vec<(i64, Vec<u8>)> {
    let vectors: Vec<serde_json::Value> = serde_json::from_str(BALANCES).unwrap();
    let read = |vector: &serde_json::Value| {
        let text = |key: &str| vector[key].as_str().unwrap().to_string();
        (text("balance").parse().unwrap(), hex::decode(text("hex")).unwrap())
    };
    vectors.iter().map(read).collect()
}

fn sums(balance: i128) -> Sums {
    let (incoming, outgoing) = if balance < 0 { (0, balance.unsigned_abs()) } else { (balance.unsigned_abs(), 0) };
    Sums { incoming_posted: incoming, outgoing_posted: outgoing, ..Sums::default() }
}

fn trustline(sums: Sums) -> Trustline {
    let snapshot =
        Snapshot { sequence: 9, sums, bounds: Bounds::UNBOUNDED, open: Vec::new(), finished: Vec::new(), lineage: Lineage::default() };
    Trustline::from_snapshot(TrustlineConfig::new(Authority::Shared), snapshot)
}

fn one(entry: Entry) -> ProtocolData {
    entry.into()
}

#[test]
fn balances_are_those_of_javascript() {
    assert_eq!(balances().len(), 12);
    for (balance, bytes) in balances() {
        let answer = subprotocol::answer_balance(&subprotocol::balance_request(), &trustline(sums(balance.into()))).unwrap();
        assert_eq!(answer, one(Entry::octets("balance", bytes)), "{balance}");
        assert_eq!(subprotocol::read_balance(&answer), Some(balance));
    }
}

#[test]
fn a_balance_that_does_not_fit_in_64_bits_is_not_told() {
    for balance in [i128::from(i64::MAX) + 1, i128::from(i64::MIN) - 1] {
        assert!(subprotocol::answer_balance(&subprotocol::balance_request(), &trustline(sums(balance))).is_err());
    }
}

#[test]
fn a_balance_is_eight_bytes() {
    for length in [0, 7, 9] {
        assert_eq!(subprotocol::read_balance(&one(Entry::octets("balance", vec![0; length]))), None);
    }
    assert_eq!(subprotocol::read_balance(&ProtocolData::new()), None);
}

#[test]
fn the_sums_are_told_to_who_asks_for_them() {
    let asked = subprotocol::reconcile_request();
    // A JavaScript peer looks at the first entry, and has no more to say.
    assert_eq!(asked.primary(), subprotocol::balance_request().primary());
    let mut close = trustline(Sums { incoming_posted: 300, outgoing_posted: 2, ..Sums::default() });
    let now = Timestamp::from_millis(0);
    close.transfer(TransferId::from([1; 16]), 7, Bytes::new(), now).unwrap();
    let answer = subprotocol::answer_balance(&asked, &close).unwrap();
    assert_eq!(subprotocol::read_balance(&answer), Some(298));
    let told = PeerSums { received: 300, paid: 2, received_in_doubt: 0, paid_in_doubt: 7 };
    assert_eq!(subprotocol::read_sums(&answer), Some(told));
    assert!(subprotocol::read_sums(&subprotocol::answer_balance(&subprotocol::balance_request(), &close).unwrap()).is_none());
    for length in [0, 48, 63, 65, 80] {
        assert_eq!(subprotocol::read_sums(&one(Entry::octets("sums", vec![0; length]))), None, "{length} bytes");
    }
    // Beyond 127 bits nothing wraps around.
    let sums = Sums { incoming_posted: u128::MAX, outgoing_posted: u128::MAX - 1, incoming_pending: 3, outgoing_pending: 4 };
    assert_eq!(subprotocol::answer_balance(&asked, &trustline(sums)).map(|answer| subprotocol::read_balance(&answer)), Ok(Some(0)));
}

#[test]
fn questions_are_one_byte() {
    for (question, name, byte) in [
        (subprotocol::info_request(), "info", 2),
        (subprotocol::balance_request(), "balance", 0),
        (subprotocol::limit_request(), "limit", 0),
    ] {
        assert_eq!(question, one(Entry::octets(name, vec![byte])));
    }
}

#[test]
fn an_authentication_shows_username_and_token_even_if_they_are_empty() {
    let further = one(Entry::text("device", "phone"));
    let credentials = Credentials { username: "alice".into(), token: Token::from("s3cr3t"), protocol_data: further };
    let entries = vec![
        Entry::octets("auth", vec![]),
        Entry::text("auth_username", "alice"),
        Entry::text("auth_token", "s3cr3t"),
        Entry::text("device", "phone"),
    ];
    assert_eq!(subprotocol::auth_request(&credentials), entries.into());
    let nothing = vec![Entry::octets("auth", vec![]), Entry::text("auth_username", ""), Entry::text("auth_token", "")];
    assert_eq!(subprotocol::auth_request(&Credentials::default()), nothing.into());
}

#[test]
fn limits_are_json_strings() {
    for (maximum, json) in [(0, "\"0\""), (-5, "\"-5\""), (i128::MAX - 1, &*alloc::format!("\"{}\"", i128::MAX - 1))] {
        let answer = subprotocol::answer_limit(maximum);
        assert_eq!(answer, one(Entry::json("limit", json)));
        assert_eq!(subprotocol::read_limit(&answer), Some(maximum));
    }
    let endless = subprotocol::answer_limit(i128::MAX);
    assert_eq!(endless, one(Entry::json("limit", "\"Infinity\"")));
    assert_eq!(subprotocol::read_limit(&endless), Some(i128::MAX));
    for json in ["", "5", "\"\"", "\"five\"", "\"1.5\"", "[\"5\"]"] {
        assert_eq!(subprotocol::read_limit(&one(Entry::json("limit", json))), None, "{json}");
    }
    assert_eq!(subprotocol::read_limit(&ProtocolData::new()), None);
}

#[test]
fn infos_are_json_with_the_names_of_javascript() {
    let info = LedgerInfo::new("peer.", "XRP", 9);
    let full = subprotocol::answer_info(&Entry::octets("info", vec![2]), Some(&info), None).unwrap();
    let json = r#"{"prefix":"peer.","currencyScale":9,"currencyCode":"XRP","connectors":[]}"#;
    assert_eq!(full, one(Entry::json("info", json)));
    assert_eq!(subprotocol::read_info(&full), Some(info));
    // What else there is, is ignored, and that there are no connectors need not be said.
    let more = one(Entry::json("info", r#"{"prefix":"a.","currencyScale":2,"currencyCode":"EUR","minBalance":"0"}"#));
    assert_eq!(subprotocol::read_info(&more), Some(LedgerInfo::new("a.", "EUR", 2)));
    for json in ["", "{}", r#"{"prefix":"a.","currencyScale":256,"currencyCode":"EUR"}"#] {
        assert_eq!(subprotocol::read_info(&one(Entry::json("info", json))), None);
    }
}

#[test]
fn the_account_is_text() {
    let mut desk = Desk::connected(Ours);
    assert_eq!(desk.asks(message("info", &[0])), ["frame Response"]);
    assert_eq!(desk.sent("Response").body, Body::Response(one(Entry::text("info", "peer.server"))));
    let client = Desk::connected(Theirs).session;
    assert_eq!((client.account(), client.peer_account()), (Some("peer.client".into()), Some("peer.server".into())));
}

#[test]
fn what_is_not_known_or_not_asked_properly_is_an_error() {
    let mut desk = Desk::connected_with(SessionConfig { info: None, ..config(Ours) });
    for data in [&[2][..], &[0], &[1], &[]] {
        assert_eq!(desk.asks(message("info", data)), ["frame Error"], "{data:?}");
        let Body::Error(error) = &desk.sent("Error").body else { unreachable!() };
        assert_eq!(ErrorName::of(error), Some(ErrorName::NotAccepted));
    }
}

#[test]
fn the_maximum_balance_in_force_is_told() {
    let mut desk = Desk::connected(Ours);
    desk.session.set_bounds(Bounds { minimum: -7, maximum: 1_000 }, desk.now);
    assert_eq!(desk.asks(message("limit", &[0])), ["effect BoundsChanged", "frame Response"]);
    assert_eq!(desk.sent("Response").body, Body::Response(one(Entry::json("limit", "\"1000\""))));
}

#[test]
fn an_expiry_is_told_as_an_ilp_error_of_the_moment_of_the_expiry() {
    let at = Timestamp::from_millis(OPENING);
    let data = subprotocol::timed_out(String::from("peer.server"), at);
    let entry = data.primary().unwrap();
    assert_eq!((&*entry.name, entry.content_type, data.len()), ("ilp", ContentType::OctetStream, 1));
    let IlpPacket::Error(error) = IlpPacket::decode(&entry.data).unwrap() else { panic!("{entry:?}") };
    assert_eq!((error.code.as_str(), &*error.name, error.triggered_at), ("R00", "Transfer Timed Out", at));
    assert_eq!(error.triggered_by, "peer.server");
}

#[test]
fn the_id_of_an_unconditional_transfer_travels_once() {
    let (id, other) = (TransferId::from([1; 16]), TransferId::from([2; 16]));
    let data = one(Entry::text("claim", "x"));
    let named = subprotocol::with_transfer_id(&data, id);
    assert_eq!(named, data.clone().with(Entry::octets("transfer_id", vec![1; 16])));
    assert_eq!(subprotocol::with_transfer_id(&named, other).len(), 2, "it takes the place of another");
    assert_eq!(subprotocol::split_transfer_id(named), (Some(id), data.clone()));
    assert_eq!(subprotocol::split_transfer_id(data.clone()), (None, data));
    let short = one(Entry::octets("transfer_id", vec![1; 15]));
    assert_eq!(subprotocol::split_transfer_id(short.clone()), (None, short), "what is no id is data");
}
