//! A session of the JavaScript shop and its customer, recorded (tests/vectors/session.json), played to ours: first to our
//! shop in place of theirs, then to our customer. Ours must mean the same.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;
use trustline_core::ledger::{Authority, Bounds};
use trustline_core::session::{Acceptance, Acceptor, ConnectionId, Credentials, ErrorName, SessionConfig, Token};
use trustline_core::wire::{Body, Entry, Packet};
use trustline_core::{Timestamp, WireLimits};
use trustline_tests::{Side, TOKEN, ledger_info, millis, no_data, reason, with};

/// One line of the recording.
struct Line {
    at: Timestamp,
    connection: ConnectionId,
    what: What,
}

enum What {
    Opened,
    FromClient(Packet),
    FromServer(Packet),
    Closed,
}

/// The recording. Its clock starts where the times that the server wrote into its frames say.
fn recording() -> Vec<Line> {
    let lines: Vec<Value> = serde_json::from_str(include_str!("../vectors/session.json")).unwrap();
    let start: Timestamp = "2026-11-22T08:44:06.453Z".parse().unwrap();
    let mut at = start;
    let lines = lines.iter().filter_map(|line| {
        // The lines that tell of an end have no time of their own.
        at = line["ms"].as_u64().map_or(at, |ms| start.saturating_add(millis(ms)));
        let packet = || Packet::decode(&hex::decode(line["hex"].as_str().unwrap()).unwrap(), &WireLimits::default()).unwrap();
        let what = match (line["event"].as_str(), line["dir"].as_str()) {
            (Some("upgrade"), _) => What::Opened,
            (Some("client closed"), _) => What::Closed,
            (None, Some("c>s")) => What::FromClient(packet()),
            (None, Some("s>c")) => What::FromServer(packet()),
            _ => return None,
        };
        Some(Line { at, connection: ConnectionId(line["conn"].as_u64().unwrap()), what })
    });
    lines.collect()
}

fn is_answer(packet: &Packet) -> bool {
    matches!(packet.body, Body::Response(_) | Body::Error(_))
}

/// One of ours in the place of one of theirs: it numbers its own requests, so the recorded answers get other numbers.
struct Player {
    side: Side,
    /// What it said and was not compared yet.
    said: VecDeque<(ConnectionId, Packet)>,
    /// Of each request: the recorded number, and ours.
    numbers: BTreeMap<(ConnectionId, u32), u32>,
    compared: usize,
    /// What its application heard; the numbers of the transfers, which JavaScript drew at random, are left out.
    news: Vec<String>,
}

impl Player {
    fn new(config: SessionConfig, now: Timestamp) -> Self {
        let mut side = Side::new(config);
        side.now = now;
        Self { side, said: VecDeque::new(), numbers: BTreeMap::new(), compared: 0, news: Vec::new() }
    }

    fn hears(&mut self, connection: ConnectionId, mut packet: Packet) {
        if is_answer(&packet) {
            packet.request_id = self.numbers[&(connection, packet.request_id)];
        }
        self.side.frame(connection, &packet.encode().unwrap());
    }

    fn listen(&mut self) {
        for event in self.side.events() {
            let words: Vec<_> = event.split(' ').collect();
            let is_about_a_transfer = matches!(words[0], "in" | "out");
            let words: Vec<_> =
                words.iter().enumerate().filter(|(index, _)| *index != 1 || !is_about_a_transfer).map(|(_, word)| *word).collect();
            self.news.push(words.join(" "));
        }
    }

    /// What ours says in the place of `theirs`.
    fn says(&mut self, connection: ConnectionId, theirs: &Packet) -> Packet {
        let frames = self.side.take_frames();
        let packets = frames.iter().map(|(connection, frame)| (*connection, Packet::decode(frame, &WireLimits::default()).unwrap()));
        self.said.extend(packets);
        let (over, ours) = self.said.pop_front().unwrap_or_else(|| panic!("ours says nothing where theirs says {theirs:?}"));
        assert_eq!(over, connection, "over the same connection");
        if is_answer(theirs) {
            assert_eq!(ours.request_id, theirs.request_id, "it answers the same request");
        } else {
            self.numbers.insert((connection, theirs.request_id), ours.request_id);
        }
        self.compared += 1;
        ours
    }

    /// All that ours said has its place in the recording.
    fn assert_silent(&mut self) {
        assert_eq!(self.side.said(), [""; 0]);
        assert_eq!(self.said, []);
    }
}

fn json(entry: &Entry) -> Value {
    serde_json::from_slice(&entry.data).unwrap()
}

/// Ours means what theirs means: all fields are equal, but for the order of names in JSON.
fn assert_same(ours: &Body, theirs: &Body) {
    match (ours, theirs) {
        (Body::Response(ours), Body::Response(theirs)) if theirs.primary().is_some_and(|entry| entry.name == "info") => {
            let [ours] = ours.iter().as_slice() else { panic!("{ours:?}") };
            let [theirs] = theirs.iter().as_slice() else { panic!("{theirs:?}") };
            assert_eq!((&ours.name, ours.content_type, json(ours)), (&theirs.name, theirs.content_type, json(theirs)));
        }
        // PROTOCOL.md section 4, table of errors: JavaScript has no InsufficientBalanceError.
        (Body::Error(ours), Body::Error(theirs)) => {
            assert_eq!((ErrorName::of(ours), ours.code.as_str()), (Some(ErrorName::InsufficientBalance), "F08"));
            assert_eq!((ErrorName::of(theirs), theirs.code.as_str()), (Some(ErrorName::NotAccepted), "F00"));
            assert!(ours.triggered_at.saturating_since(theirs.triggered_at) <= millis(2));
            assert!(theirs.triggered_at.saturating_since(ours.triggered_at) <= millis(2));
        }
        _ => assert_eq!(ours, theirs),
    }
}

/// What the recorded shop's application did.
fn act_as_shop(shop: &mut Player, theirs: &Body) {
    match theirs {
        Body::Fulfill(fulfill) => shop
            .side
            .attempt(|session, now| session.fulfill(fulfill.transfer_id, fulfill.fulfillment, &fulfill.protocol_data, now))
            .unwrap(),
        // An expiry, our session tells by itself.
        Body::Reject(reject) if reason(theirs).code != "R00" => {
            shop.side.attempt(|session, now| session.reject(reject.transfer_id, &reason(theirs), now)).unwrap();
        }
        Body::Response(answer) if answer.get("custom").is_some() => {
            shop.listen();
            shop.side.responds(answer.clone());
        }
        _ => {}
    }
}

#[test]
fn our_shop_means_what_the_javascript_shop_meant() {
    let recording = recording();
    let bounds = Bounds { minimum: -1_000_000, maximum: 1_000_000 };
    let config = with(SessionConfig::new(Authority::Ours), |config| {
        config.bounds = bounds;
        config.info = Some(ledger_info());
    });
    let mut shop = Player::new(config, recording[0].at);
    let mut acceptors = BTreeMap::new();
    for Line { at, connection, what } in recording {
        shop.side.clock(at);
        match what {
            What::Opened => drop(acceptors.insert(connection, Acceptor::new(shop.side.config().limits.clone(), at))),
            What::FromClient(packet) => match acceptors.remove(&connection) {
                None => shop.hears(connection, packet),
                Some(mut acceptor) => {
                    let acceptance = acceptor.handle_frame(&packet.encode().unwrap(), at);
                    let Acceptance::Authenticate(request) = acceptance else { panic!("{acceptance:?}") };
                    assert!(request.credentials.token.matches(TOKEN));
                    assert_eq!(request.credentials.username, "");
                    shop.side.accepted(connection, request.request_id);
                }
            },
            What::FromServer(theirs) => {
                act_as_shop(&mut shop, &theirs.body);
                let ours = shop.says(connection, &theirs);
                assert_same(&ours.body, &theirs.body);
            }
            What::Closed => shop.side.disconnected(connection),
        }
    }
    shop.listen();
    shop.assert_silent();
    assert_eq!(shop.compared, 16);
    assert_eq!((shop.side.balance(), shop.side.pending()), (20, (0, 0)));
    assert_eq!(shop.side.snapshot().open, []);
    assert_eq!(*shop.side.session.violations(), trustline_core::session::Violations::default());
    let expected = [
        "connected",
        "in prepared: 10",
        "in fulfilled",
        "in prepared: 10",
        "in fulfilled",
        "disconnected",
        "connected",
        "in prepared: 9",
        "in rejected by Us",
        "in prepared: 10",
        "in expired",
        "request: custom {\"hello\":1}",
        "disconnected",
    ];
    assert_eq!(shop.news, expected);
}

/// What the recorded customer's application did. Returns whether our session does it too.
fn act_as_customer(customer: &mut Player, theirs: &Body) -> bool {
    match theirs {
        Body::Prepare(prepare) => {
            customer.side.attempt(|session, now| session.prepare(prepare.clone(), now)).unwrap();
        }
        Body::Message(question) => match &*question.primary().unwrap().name {
            "auth" => {}
            // Ours knows by then what ledger it is.
            "info" => return customer.side.session.info().is_none(),
            _ => drop(customer.side.attempt(|session, now| session.message(question.clone(), now)).unwrap()),
        },
        _ => {}
    }
    true
}

#[test]
fn our_customer_means_what_the_javascript_customer_meant() {
    let recording = recording();
    let credentials = Credentials { username: String::new(), token: Token::from(TOKEN), protocol_data: no_data() };
    let config = with(SessionConfig::new(Authority::Theirs), |config| config.credentials = credentials);
    let mut customer = Player::new(config, recording[0].at);
    let mut not_asked = Vec::new();
    for Line { at, connection, what } in recording {
        customer.side.clock(at);
        match what {
            What::Opened => customer.side.connected(connection),
            What::FromClient(theirs) => {
                if act_as_customer(&mut customer, &theirs.body) {
                    let ours = customer.says(connection, &theirs);
                    assert_same(&ours.body, &theirs.body);
                } else {
                    not_asked.push(theirs.request_id);
                }
            }
            What::FromServer(packet) if is_answer(&packet) && not_asked.contains(&packet.request_id) => {}
            What::FromServer(packet) => customer.hears(connection, packet),
            What::Closed => customer.side.disconnected(connection),
        }
    }
    customer.listen();
    customer.assert_silent();
    assert_eq!((customer.compared, not_asked.len()), (15, 1));
    assert_eq!((customer.side.balance(), customer.side.pending()), (-20, (0, 0)));
    assert_eq!(customer.side.snapshot().open, []);
    assert_eq!(customer.side.session.info(), Some(&ledger_info()));
    let expected = [
        "connected",
        "info example.letter-shop.mytrustline.",
        "out prepared",
        "out fulfilled",
        "out prepared",
        "out fulfilled",
        "disconnected",
        "connected",
        "answered: balance",
        "answered: limit \"1000000\"",
        "out prepared",
        "out rejected: F04 Insufficient Destination Amount",
        "out prepared",
        "out rejected: R00 Transfer Timed Out",
        "out refused: F00 NotAcceptedError",
        "answered: custom {\"hello\":1}",
        "disconnected",
    ];
    assert_eq!(customer.news, expected);
    assert_eq!(*customer.side.session.violations(), trustline_core::session::Violations::default());
}
