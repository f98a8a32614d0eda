//! PROTOCOL.md section 2: who may speak on a connection.

use trustline_core::Limits;
use trustline_core::ledger::Authority;
use trustline_core::session::{Acceptance, Acceptor, Credentials, DisconnectReason, ErrorName, Event, Token, error_message};
use trustline_core::wire::{Body, ContentType, Entry, Packet, ProtocolData};
use trustline_core::{Timestamp, WireLimits};
use trustline_tests::{Pair, START, Solo, TOKEN, custom, millis, no_data, seconds, with};

/// The `auth` request of a client.
fn auth(others: &[Entry]) -> ProtocolData {
    [Entry::octets("auth", vec![])].iter().chain(others).cloned().collect()
}

fn username(name: &str) -> Entry {
    Entry::text("auth_username", name)
}

fn token(token: &str) -> Entry {
    Entry::text("auth_token", token)
}

fn knock(body: Body) -> Acceptance {
    let frame = Packet { request_id: 7, body }.encode().unwrap();
    Acceptor::new(Limits::default(), START).handle_frame(&frame, START)
}

/// The credentials that an acceptor reads.
fn credentials(body: Body) -> Credentials {
    match knock(body) {
        Acceptance::Authenticate(request) => {
            assert_eq!(request.request_id, 7);
            request.credentials
        }
        other => panic!("{other:?}"),
    }
}

/// The message of the Error with which an acceptor refuses a malformed authentication.
fn refused(body: Body) -> String {
    let Acceptance::Refused(frame) = knock(body) else { panic!("not refused") };
    let packet = Packet::decode(&frame, &WireLimits::default()).unwrap();
    let Body::Error(error) = packet.body else { panic!("{packet:?}") };
    assert_eq!((packet.request_id, error.code.as_str(), &*error.name), (7, "F01", "InvalidFieldsError"));
    error_message(&error)
}

/// A customer that shows these.
fn showing(username: &str, token: &str) -> Pair {
    let pair = Pair::hosted();
    let credentials = Credentials { username: username.into(), token: Token::from(token), protocol_data: no_data() };
    let customer = with(pair.customer.config().clone(), |config| config.credentials = credentials);
    Pair::new(pair.shop.config().clone(), customer)
}

#[test]
fn a_client_authenticates_first_and_asks_for_the_ledger_next() {
    let mut pair = Pair::hosted();
    pair.connect();
    pair.drive();
    let info = r#"info {"prefix":"example.letter-shop.mytrustline.","currencyScale":9,"currencyCode":"XRP","connectors":[]}"#;
    let talk = [
        "customer: Message: auth, auth_username alice, auth_token",
        "shop: Response",
        "customer: Message: info",
        &format!("shop: Response: {info}"),
    ];
    assert_eq!(pair.talk(), talk);
    assert_eq!(pair.shop.events(), ["connected"]);
    assert_eq!(pair.customer.events(), ["connected", "info example.letter-shop.mytrustline."]);
    assert!(pair.is_connected());
}

#[test]
fn an_authentication_looks_as_the_javascript_server_wants_it() {
    let mut customer = Solo::dialing(Authority::Theirs);
    let asked = customer.asked();
    let [Body::Message(data)] = &asked[..] else { panic!("{asked:?}") };
    let entries: Vec<_> = data.iter().map(|entry| (&*entry.name, u8::from(entry.content_type), &entry.data[..])).collect();
    assert_eq!(entries, [("auth", 0, &b""[..]), ("auth_username", 1, b"alice"), ("auth_token", 1, b"tok")]);

    // Present even where it is empty.
    let mut pair = showing("", TOKEN);
    pair.connect();
    pair.drive();
    assert_eq!(pair.talk()[..2], ["customer: Message: auth, auth_username , auth_token", "shop: Response"]);
}

#[test]
fn the_hosts_welcome_is_handed_to_the_application() {
    let mut customer = Solo::dialing(Authority::Theirs);
    customer.is_answered(Body::Response(custom("{}")));
    let events = customer.side.take_events();
    let [Event::Connected { protocol_data, .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!(*protocol_data, custom("{}"));
}

#[test]
fn a_host_reads_the_credentials_in_any_order_and_keeps_the_rest() {
    let expected = Credentials { username: "alice".into(), token: Token::from(TOKEN), protocol_data: no_data() };
    assert_eq!(credentials(Body::Message(auth(&[username("alice"), token(TOKEN)]))), expected);
    assert_eq!(credentials(Body::Message(auth(&[token(TOKEN), username("alice")]))), expected);
    let more = credentials(Body::Message(auth(&[Entry::json("custom", "{}"), token(TOKEN), username("alice")])));
    assert_eq!(more, Credentials { protocol_data: custom("{}"), ..expected });
}

#[test]
fn an_absent_username_is_empty() {
    let read = credentials(Body::Message(auth(&[token(TOKEN)])));
    assert_eq!((&*read.username, read.token.expose()), ("", TOKEN));
    let read = credentials(Body::Message(auth(&[username(""), token("")])));
    assert_eq!((&*read.username, read.token.expose()), ("", ""), "the tutorial's shop has the empty token");
}

#[test]
fn the_first_frame_must_be_an_authentication() {
    let not_a_message = "the first packet of a connection must be a Message";
    for body in [Solo::prepare(1, 10), Solo::fulfill(1), Solo::reject(1), Solo::transfer(1, 10), Solo::response()] {
        assert_eq!(refused(body), not_a_message);
    }
    assert_eq!(refused(Solo::error(ErrorName::NotAccepted)), not_a_message);
    let not_auth = "the first entry must be auth";
    assert_eq!(refused(Body::Message(no_data())), not_auth);
    assert_eq!(refused(Solo::message(Entry::octets("info", vec![2]))), not_auth);
    let auth_second = [token(TOKEN), Entry::octets("auth", vec![])].into_iter().collect();
    assert_eq!(refused(Body::Message(auth_second)), not_auth);
}

#[test]
fn an_authentication_needs_a_token_as_text() {
    assert_eq!(refused(Body::Message(auth(&[]))), "auth_token is missing");
    assert_eq!(refused(Body::Message(auth(&[username("alice")]))), "auth_token is missing");
    let not_text = "auth_token must be UTF-8 text (type 1)";
    assert_eq!(refused(Body::Message(auth(&[Entry::octets("auth_token", "tok")]))), not_text);
    let not_utf8 = Entry { content_type: ContentType::Text, ..Entry::octets("auth_token", vec![0xff]) };
    assert_eq!(refused(Body::Message(auth(&[not_utf8]))), not_text);
    let name_as_bytes = [Entry::octets("auth_username", "alice"), token(TOKEN)];
    assert_eq!(refused(Body::Message(auth(&name_as_bytes))), "auth_username must be UTF-8 text (type 1)");
}

#[test]
fn an_authentication_says_nothing_twice() {
    let twice = "two entries have the same name";
    assert_eq!(refused(Body::Message(auth(&[token(TOKEN), token("other")]))), twice);
    assert_eq!(refused(Body::Message(auth(&[token(TOKEN), username("a"), username("a")]))), twice);
    assert_eq!(refused(Body::Message(auth(&[token(TOKEN), Entry::octets("auth", vec![])]))), twice);
    assert_eq!(refused(Body::Message(auth(&[token(TOKEN), Entry::octets("x", vec![]), Entry::octets("x", vec![])]))), twice);
}

#[test]
fn a_wrong_token_is_refused_and_the_connection_closed() {
    let mut pair = showing("alice", "wrong");
    pair.connect();
    pair.drive();
    assert_eq!(pair.talk(), ["customer: Message: auth, auth_username alice, auth_token", "shop: Error: F00 NotAcceptedError"]);
    assert_eq!(pair.customer.events(), ["authentication refused: F00 NotAcceptedError", "disconnected"]);
    assert_eq!(pair.shop.events(), [""; 0], "the session never hears of it");
    assert!(!pair.is_connected());
    assert_eq!(pair.customer.deadline(), None, "nothing is waited for");
}

#[test]
fn who_does_not_authenticate_in_two_seconds_is_shown_out() {
    let acceptor = Acceptor::new(Limits::default(), START);
    assert_eq!(acceptor.deadline(), START.saturating_add(seconds(2)));
}

#[test]
fn unreadable_frames_do_not_prolong_the_two_seconds() {
    let mut acceptor = Acceptor::new(Limits::default(), START);
    let later = START.saturating_add(seconds(1));
    assert_eq!(acceptor.handle_frame(b"", later), Acceptance::Waiting);
    assert_eq!(acceptor.handle_frame(b"GET / HTTP/1.1\r\n\r\n", later), Acceptance::Waiting);
    assert_eq!(acceptor.deadline(), START.saturating_add(seconds(2)));
    let frame = Packet { request_id: 1, body: Body::Message(auth(&[token(TOKEN)])) }.encode().unwrap();
    assert!(matches!(acceptor.handle_frame(&frame, later), Acceptance::Authenticate(_)));
}

#[test]
fn a_client_does_not_wait_for_ever_for_its_host() {
    let mut customer = Solo::dialing(Authority::Theirs);
    let deadline: Timestamp = START.saturating_add(seconds(2));
    customer.side.clock(deadline.saturating_sub(millis(1)));
    assert_eq!(customer.side.take_disconnects(), []);
    customer.side.clock(deadline);
    assert_eq!(customer.side.take_disconnects(), [(customer.connection, DisconnectReason::AuthenticationTimeout)]);
    assert_eq!(customer.side.events(), ["disconnected"]);
    assert_eq!(customer.hears(Solo::prepare(1, 10)), [""; 0], "that connection is forgotten");
}

#[test]
fn a_host_that_asks_before_it_answered_is_not_heard() {
    let mut customer = Solo::dialing(Authority::Theirs);
    let count = |side: &trustline_tests::Side| side.session.violations().unauthenticated;
    for body in [Solo::prepare(1, 10), Solo::transfer(1, 10), Solo::message(Entry::octets("balance", vec![0]))] {
        let frame = Packet { request_id: 1, body }.encode().unwrap();
        customer.ignores(&frame, count);
    }
    customer.is_answered(Solo::response());
    customer.accepts(Solo::prepare(1, 10));
}

#[test]
fn a_second_authentication_on_an_open_connection_is_refused() {
    let mut shop = Solo::shop();
    for others in [vec![username("alice"), token(TOKEN)], vec![token("wrong")], vec![]] {
        assert_eq!(shop.refuses(Body::Message(auth(&others))), "NotAcceptedError");
    }
    shop.accepts(Solo::prepare(1, 10));
}

#[test]
fn after_authentication_both_sides_are_equal() {
    let mut pair = Pair::connected();
    pair.shop.asks(custom("{\"n\":1}"));
    pair.shop.pays(1, 10);
    pair.drive();
    assert_eq!(pair.customer.events(), [r#"request: custom {"n":1}"#, "in 1 prepared: 10"]);
    // The customer, too, refuses an authentication.
    let mut customer = Solo::customer();
    assert_eq!(customer.refuses(Body::Message(auth(&[token(TOKEN)]))), "NotAcceptedError");
}

#[test]
fn a_dropped_connection_must_be_authenticated_again() {
    let mut pair = Pair::connected();
    pair.cut();
    pair.forget_talk();
    assert!(!pair.is_connected());
    pair.connect();
    pair.drive();
    let talk = ["customer: Message: auth, auth_username alice, auth_token", "shop: Response"];
    assert_eq!(pair.talk(), talk, "what ledger it is, the customer knows by now");
}

#[test]
fn a_token_does_not_show_in_what_is_printed() {
    let request = knock(Body::Message(auth(&[token("s3cr3t")])));
    assert!(!format!("{request:?}").contains("s3cr3t"));
    let pair = showing("alice", "s3cr3t");
    assert!(!format!("{:?}", pair.customer.config()).contains("s3cr3t"));
}
