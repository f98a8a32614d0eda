//! PROTOCOL.md section 2, and RFC 0023, *Authentication*: what an acceptor takes for an authentication, for whatever comes first.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::select;
use trustline_core::session::{Acceptance, Acceptor, ErrorName};
use trustline_core::testing::START;
use trustline_core::testing::strategies::{frame, packet};
use trustline_core::wire::{Body, ContentType, Entry, Packet, ProtocolData};
use trustline_core::{Limits, WireLimits};

/// Almost what it should be, as likely as not.
fn authentication() -> impl Strategy<Value = ProtocolData> {
    let entry = |name: &'static str| {
        (select(vec![1_u8, 0, 2]), "[a-z]{0,5}|\u{e9}", any::<bool>()).prop_map(move |(content_type, text, is_text)| {
            let mut data = text.into_bytes();
            if !is_text && data.len() > 1 {
                data.truncate(1);
            }
            Entry { name: name.into(), content_type: ContentType::from(content_type), data: data.into() }
        })
    };
    let others = prop_oneof![4 => entry("auth_token"), 2 => entry("auth_username"), 1 => entry("trustline"), 1 => entry("auth")];
    (prop_oneof![6 => entry("auth"), 1 => entry("auth_token")], prop::collection::vec(others, 0..4))
        .prop_map(|(first, others)| std::iter::once(first).chain(others).collect())
}

fn text(entry: &Entry) -> Option<&str> {
    if entry.content_type == ContentType::Text { std::str::from_utf8(&entry.data).ok() } else { None }
}

/// The username and the token of an authentication that is well formed.
fn shown(packet: &Packet) -> Option<(&str, &str)> {
    let Body::Message(data) = &packet.body else { return None };
    let names: BTreeSet<&str> = data.iter().map(|entry| &*entry.name).collect();
    let username = data.get("auth_username").map_or(Some(""), text)?;
    let token = text(data.get("auth_token")?)?;
    (data.primary()?.name == "auth" && names.len() == data.len()).then_some((username, token))
}

proptest! {
    #[test]
    fn a_well_formed_auth_is_read_and_everything_else_refused(
        request_id: u32,
        packet in prop_oneof![3 => authentication().prop_map(Body::Message), 1 => packet().prop_map(|packet| packet.body)]
    ) {
        let packet = Packet { request_id, body: packet };
        let frame = packet.encode().expect("it can be sent");
        let mut acceptor = Acceptor::new(Limits::default(), START);
        match (acceptor.handle_frame(&frame, START), shown(&packet)) {
            (Acceptance::Authenticate(request), Some((username, token))) => {
                let credentials = &request.credentials;
                prop_assert_eq!((request.request_id, &*credentials.username, credentials.token.expose()), (request_id, username, token));
            }
            (Acceptance::Refused(frame), None) => {
                let answer = Packet::decode(&frame, &WireLimits::default()).expect("what we say can be read");
                let Body::Error(error) = answer.body else { return Err(TestCaseError::fail("a refusal is an Error")) };
                prop_assert_eq!((answer.request_id, ErrorName::of(&error)), (request_id, Some(ErrorName::InvalidFields)));
            }
            (acceptance, shown) => prop_assert!(false, "{:?} of {:?}", acceptance, shown),
        }
    }

    /// Nor is it answered, which could make a circle of two who do not understand each other.
    #[test]
    fn an_unreadable_frame_lets_nobody_in(frame in frame()) {
        prop_assume!(Packet::decode(&frame, &WireLimits::default()).is_err_and(|error| !error.is_limit()));
        let mut acceptor = Acceptor::new(Limits::default(), START);
        prop_assert_eq!(acceptor.handle_frame(&frame, START), Acceptance::Waiting);
    }
}
