//! What a host makes of the first frame of a connection.

use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use bytes::Bytes;

use super::desk::OPENING;
use super::peer;
use crate::session::{Acceptance, Acceptor, AuthenticationRequest, Credentials, Token, error_message, subprotocol};
use crate::wire::{Body, ContentType, Entry, Packet, ProtocolData};
use crate::{Limits, Timestamp, WireLimits};

const NOW: Timestamp = Timestamp::from_millis(OPENING);

fn acceptor() -> Acceptor {
    Acceptor::new(Limits::default(), NOW)
}

fn first_frame(body: Body) -> Acceptance {
    acceptor().handle_frame(&Packet { request_id: 77, body }.encode().unwrap(), NOW)
}

fn message(entries: Vec<Entry>) -> Acceptance {
    first_frame(Body::Message(entries.into()))
}

fn auth() -> Entry {
    Entry::octets("auth", Bytes::new())
}

fn username() -> Entry {
    Entry::text("auth_username", "alice")
}

fn token() -> Entry {
    Entry::text("auth_token", "s3cr3t")
}

fn credentials(acceptance: Acceptance) -> Credentials {
    match acceptance {
        Acceptance::Authenticate(AuthenticationRequest { request_id: 77, credentials }) => credentials,
        other => panic!("{other:?}"),
    }
}

/// The code, the name and the message of the Error that answers request 77.
fn refusal(acceptance: Acceptance) -> [alloc::string::String; 3] {
    let Acceptance::Refused(frame) = acceptance else { panic!("{acceptance:?}") };
    match Packet::decode(&frame, &WireLimits::default()).unwrap() {
        Packet { request_id: 77, body: Body::Error(error) } => {
            assert_eq!(error.triggered_at, NOW);
            [error.code.to_string(), error.name.to_string(), error_message(&error)]
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn who_shows_credentials_may_be_told_no_or_not_now() {
    let told = |answer: fn(&AuthenticationRequest, &str, Timestamp) -> Bytes| {
        let Acceptance::Authenticate(request) = message(vec![auth(), token()]) else { panic!("it authenticates") };
        refusal(Acceptance::Refused(answer(&request, "why", NOW)))
    };
    assert_eq!(told(AuthenticationRequest::refusal), ["F00", "NotAcceptedError", "why"]);
    assert_eq!(told(AuthenticationRequest::not_now), ["T00", "UnreachableError", "why"]);
}

#[test]
fn our_own_authentication_is_read_back() {
    let further = ProtocolData::from(Entry::text("device", "phone"));
    let shown = Credentials { username: "alice".into(), token: Token::from("s3cr3t"), protocol_data: further };
    assert_eq!(credentials(first_frame(Body::Message(subprotocol::auth_request(&shown)))), shown);
}

#[test]
fn the_entries_behind_the_first_may_come_in_any_order() {
    let read = credentials(message(vec![auth(), token(), Entry::octets("x", Bytes::new()), username()]));
    assert_eq!((read.username.as_str(), read.token.expose()), ("alice", "s3cr3t"));
    assert_eq!(read.protocol_data, Entry::octets("x", Bytes::new()).into());
}

#[test]
fn a_username_that_is_absent_is_empty_and_both_may_be_empty() {
    assert_eq!(credentials(message(vec![auth(), token()])).username, "");
    let empty = credentials(message(vec![auth(), Entry::text("auth_username", ""), Entry::text("auth_token", "")]));
    assert_eq!(empty, Credentials::default());
}

#[test]
fn a_malformed_message_is_refused_with_f01() {
    let not_text = |name: &str| Entry::octets(name, vec![b'x']);
    let not_utf8 = |name: &str| Entry { name: name.into(), content_type: ContentType::Text, data: vec![0xff].into() };
    for (entries, why) in [
        (vec![], "the first entry must be auth"),
        (vec![token()], "the first entry must be auth"),
        (vec![token(), auth()], "the first entry must be auth"),
        (vec![Entry::octets("info", vec![2])], "the first entry must be auth"),
        (vec![auth()], "auth_token is missing"),
        (vec![auth(), username()], "auth_token is missing"),
        (vec![auth(), auth(), token()], "two entries have the same name"),
        (vec![auth(), token(), token()], "two entries have the same name"),
        (vec![auth(), username(), token(), username()], "two entries have the same name"),
        (vec![auth(), token(), not_text("x"), not_text("x")], "two entries have the same name"),
        (vec![auth(), not_text("auth_token")], "auth_token must be UTF-8 text (type 1)"),
        (vec![auth(), not_utf8("auth_token")], "auth_token must be UTF-8 text (type 1)"),
        (vec![auth(), not_text("auth_username"), token()], "auth_username must be UTF-8 text (type 1)"),
        (vec![auth(), not_utf8("auth_username"), token()], "auth_username must be UTF-8 text (type 1)"),
    ] {
        assert_eq!(refusal(message(entries.clone())), ["F01", "InvalidFieldsError", why], "{entries:?}");
    }
}

#[test]
fn a_first_packet_that_is_no_message_is_refused_with_f01() {
    let error = peer::error(crate::session::ErrorName::NotAccepted);
    for body in [
        Body::Response(ProtocolData::new()),
        Body::Error(error),
        Body::Prepare(peer::prepare(1)),
        peer::fulfill(1),
        peer::reject(1),
        peer::transfer(1),
    ] {
        let why = "the first packet of a connection must be a Message";
        assert_eq!(refusal(first_frame(body.clone())), ["F01", "InvalidFieldsError", why], "{body:?}");
    }
}

#[test]
fn what_is_unreadable_is_not_answered_and_the_next_frame_still_counts() {
    let mut acceptor = acceptor();
    let good = Packet { request_id: 77, body: Body::Message(vec![auth(), token()].into()) }.encode().unwrap();
    for frame in [&b""[..], b"\x06", b"\x63\0\0\0\x01\x02\x01\x00", &good[..good.len() - 1]] {
        assert_eq!(acceptor.handle_frame(frame, NOW), Acceptance::Waiting, "{frame:?}");
    }
    assert_eq!(credentials(acceptor.handle_frame(&good, NOW)).token, Token::from("s3cr3t"));
}

#[test]
fn what_breaks_a_limit_ends_the_connection() {
    let WireLimits { frame_bytes, entries, .. } = WireLimits::default();
    assert!(matches!(acceptor().handle_frame(&vec![0; frame_bytes + 1], NOW), Acceptance::Violation(error) if error.is_limit()));
    let many = message(vec![Entry::octets("", Bytes::new()); entries + 1]);
    assert!(matches!(many, Acceptance::Violation(error) if error.is_limit()));
}

#[test]
fn wrong_credentials_are_refused_with_f00() {
    let request = AuthenticationRequest { request_id: 77, credentials: Credentials::default() };
    let refused = Acceptance::Refused(request.refusal("no such account", NOW));
    assert_eq!(refusal(refused), ["F00", "NotAcceptedError", "no such account"]);
}

#[test]
fn each_connection_has_two_seconds_of_its_own() {
    assert_eq!(acceptor().deadline(), Timestamp::from_millis(OPENING + 2_000));
    let later = Timestamp::from_millis(OPENING + 1);
    assert_eq!(Acceptor::new(Limits::default(), later).deadline(), Timestamp::from_millis(OPENING + 2_001));
}
