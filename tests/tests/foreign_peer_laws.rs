//! Whatever a peer says, whenever, over however many connections: nothing panics, replay gives the live trustline, the
//! bounds hold, and each request has one answer, over the connection that brought it.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use trustline_core::ledger::{Authority, Bounds};
use trustline_core::session::{AuthenticationRequest, ConnectionId, Credentials, SessionConfig};
use trustline_core::testing::strategies::{
    amount, answer, authority, bounds, expires_in, frame, incoming_number, number_and_with, outgoing_number, pause, request,
};
use trustline_core::wire::{Body, Entry, Packet};
use trustline_core::{Timestamp, WireLimits};
use trustline_tests::{START, Side, custom, fulfillment, ledger_info, no_data, no_funds, payment, seconds, transfer_id};

#[derive(Clone, Debug)]
enum Act {
    Says(Body),
    SaysBytes(Bytes),
    /// Answers one of our requests, rightly or on another connection than it was asked on.
    Answers {
        which: Index,
        answer: Body,
        elsewhere: bool,
    },
    AnswersNothing {
        request_id: u32,
        answer: Body,
    },
    Joins,
    Leaves {
        which: Index,
    },
    WePay {
        n: u32,
        amount: u64,
        expires_in: i64,
    },
    WeTransfer {
        n: u32,
        amount: u64,
    },
    WeFulfill {
        n: u32,
        with: u32,
    },
    WeReject {
        n: u32,
    },
    WeAsk,
    WeAnswer,
    WeRestart,
    /// The clock goes on, or is set back.
    Clock {
        millis: i64,
    },
}

/// What any peer may answer, and what a host tells of its ledger.
fn any_answer() -> impl Strategy<Value = Body> {
    let info = serde_json::to_string(&ledger_info()).expect("it is JSON");
    prop_oneof![6 => answer(), 1 => Just(Body::Response(Entry::json("info", &info).into()))]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => pause().prop_map(|millis| Act::Clock { millis }),
        10 => request().prop_map(Act::Says),
        8 => (any::<Index>(), any_answer(), prop::bool::weighted(0.1))
            .prop_map(|(which, answer, elsewhere)| Act::Answers { which, answer, elsewhere }),
        4 => (outgoing_number(), amount(), expires_in()).prop_map(|(n, amount, expires_in)| Act::WePay { n, amount, expires_in }),
        4 => number_and_with(incoming_number()).prop_map(|(n, with)| Act::WeFulfill { n, with }),
        1 => incoming_number().prop_map(|n| Act::WeReject { n }),
        1 => (outgoing_number(), amount()).prop_map(|(n, amount)| Act::WeTransfer { n, amount }),
        2 => Just(Act::Joins),
        1 => any::<Index>().prop_map(|which| Act::Leaves { which }),
        1 => frame().prop_map(Act::SaysBytes),
        1 => (select(vec![0, 1, 2, 1 << 20, u32::MAX]), any_answer())
            .prop_map(|(request_id, answer)| Act::AnswersNothing { request_id, answer }),
        1 => Just(Act::WeAsk),
        1 => Just(Act::WeAnswer),
        1 => Just(Act::WeRestart),
    ]
}

/// One of ours, and a peer that says anything.
struct World {
    side: Side,
    connections: Vec<ConnectionId>,
    next_connection: u64,
    next_request: u32,
    /// What we asked on connections that there still are, and the peer has not answered.
    asked: Vec<(ConnectionId, u32)>,
    /// Connections that are gone.
    gone: Vec<ConnectionId>,
    /// How often each request of the peer was answered.
    answers: BTreeMap<(ConnectionId, u32), usize>,
    /// Requests that had no answer, or more than one, and answers that nobody had asked for.
    misanswered: Vec<String>,
    /// Answers that did something elsewhere than where they were asked for.
    misplaced: Vec<Body>,
}

impl World {
    fn new(authority: Authority, bounds: Bounds) -> Self {
        let mut config = SessionConfig::new(authority);
        config.bounds = bounds;
        config.info = Some(ledger_info());
        config.limits.in_flight_requests = 3;
        config.limits.unanswered_requests = 2;
        config.limits.connections = 3;
        config.limits.open_transfers = 4;
        config.limits.orphans = 1;
        let (asked, answers) = (Vec::new(), BTreeMap::new());
        Self {
            side: Side::new(config),
            connections: Vec::new(),
            next_connection: 1,
            next_request: 0,
            asked,
            answers,
            gone: Vec::new(),
            misanswered: Vec::new(),
            misplaced: Vec::new(),
        }
    }

    fn act(&mut self, act: &Act) {
        let side = &mut self.side;
        match act {
            Act::Says(request) => self.says(request),
            Act::SaysBytes(bytes) => {
                let is_unreadable = Packet::decode(bytes, &WireLimits::default()).is_err();
                if let Some(connection) = self.connections.last().filter(|_| is_unreadable) {
                    side.frame(*connection, bytes);
                }
            }
            Act::Answers { which, answer, elsewhere } => self.answers(*which, answer, *elsewhere),
            Act::AnswersNothing { request_id, answer } => {
                let known = self.asked.iter().any(|(_, asked)| asked == request_id);
                if let Some(connection) = self.connections.last().filter(|_| !known) {
                    let before = side.session.violations().unsolicited;
                    side.receives(*connection, *request_id, answer.clone());
                    assert_eq!(side.session.violations().unsolicited, before + 1);
                }
            }
            Act::Joins => self.joins(),
            Act::Leaves { which } if !self.connections.is_empty() => {
                let connection = *which.get(&self.connections);
                side.disconnected(connection);
                self.lost(connection);
            }
            Act::Leaves { .. } => {}
            Act::WePay { n, amount, expires_in } => {
                let prepare = payment(*n, *amount, Timestamp::from_millis(side.now.as_millis() + expires_in));
                let _ = side.attempt(|session, now| session.prepare(prepare, now));
            }
            Act::WeTransfer { n, amount } => {
                let _ = side.attempt(|session, now| session.transfer(transfer_id(*n), *amount, &no_data(), now));
            }
            Act::WeFulfill { n, with } => {
                let _ = side.attempt(|session, now| session.fulfill(transfer_id(*n), fulfillment(*with), &no_data(), now));
            }
            Act::WeReject { n } => {
                let _ = side.attempt(|session, now| session.reject(transfer_id(*n), &no_funds(), now));
            }
            Act::WeAsk => {
                let _ = side.attempt(|session, now| session.message(custom("{}"), now));
            }
            Act::WeAnswer => {
                if side.events().iter().any(|event| event.starts_with("request")) {
                    side.responds(custom("{}"));
                }
            }
            Act::WeRestart => {
                self.side.restart();
                self.gone.append(&mut self.connections);
                self.asked.clear();
            }
            Act::Clock { millis } => {
                let now = Timestamp::from_millis(side.now.as_millis() + millis);
                side.clock(now);
            }
        }
    }

    fn joins(&mut self) {
        let connection = ConnectionId(self.next_connection);
        self.next_connection += 1;
        self.connections.push(connection);
        self.side.accepted(connection, 0);
        self.answers.insert((connection, 0), 0);
    }

    fn says(&mut self, request: &Body) {
        let Some(connection) = self.connections.last().copied() else { return };
        self.next_request += 1;
        let key = (connection, self.next_request);
        self.answers.insert(key, 0);
        self.side.receives(connection, self.next_request, request.clone());
        self.listen();
        // Our own answer is given at once; the application's may come later, or never.
        let asks_the_application =
            matches!(request, Body::Message(data) if data.primary().is_some_and(|entry| ["custom", "ilp"].contains(&&*entry.name)));
        if self.answers[&key] == 0 && !asks_the_application {
            self.misanswered.push(format!("none to {request:?}"));
        }
    }

    fn answers(&mut self, which: Index, answer: &Body, elsewhere: bool) {
        if self.asked.is_empty() {
            return;
        }
        let index = which.index(self.asked.len());
        let (connection, request_id) = self.asked[index];
        let other = self.connections.iter().find(|other| **other != connection && !self.asked.contains(&(**other, request_id)));
        if let (true, Some(other)) = (elsewhere, other) {
            let before = self.side.snapshot();
            self.side.receives(*other, request_id, answer.clone());
            // Time may have come to something, but the answer did nothing.
            if self.side.take_frames().is_empty() && self.side.snapshot() != before {
                self.misplaced.push(answer.clone());
            }
        } else {
            self.asked.remove(index);
            self.side.receives(connection, request_id, answer.clone());
        }
    }

    /// Takes what our side said and did.
    fn listen(&mut self) {
        for (connection, frame) in self.side.take_frames() {
            let packet = Packet::decode(&frame, &WireLimits::default()).expect("what we say can be read");
            let key = (connection, packet.request_id);
            if matches!(packet.body, Body::Response(_) | Body::Error(_)) {
                // Nobody had asked for one that is not there.
                let count = self.answers.entry(key).or_insert(1);
                *count += 1;
                if *count > 1 {
                    self.misanswered.push(format!("one too many: {packet:?}"));
                }
            } else {
                assert!(!self.asked.contains(&key), "an id is used by one request at a time");
                self.asked.push(key);
            }
        }
        for (connection, _) in self.side.take_disconnects() {
            self.lost(connection);
        }
    }

    fn lost(&mut self, connection: ConnectionId) {
        self.connections.retain(|other| *other != connection);
        self.gone.push(connection);
        self.asked.retain(|(other, _)| *other != connection);
    }
}

/// Lets a peer say anything, and looks after each act whether the law holds.
fn obeys(
    authority: Authority,
    bounds: Bounds,
    acts: &[Act],
    law: impl Fn(&mut World) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let mut world = World::new(authority, bounds);
    world.joins();
    world.listen();
    for act in acts {
        world.act(act);
        world.listen();
        law(&mut world)?;
    }
    Ok(())
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec(act(), 1..80)
}

proptest! {
    /// Whatever it asks, over the connection that asked.
    #[test]
    fn a_request_has_one_answer_where_it_was_asked(authority in authority(), bounds in bounds(), acts in acts()) {
        obeys(authority, bounds, &acts, |world| {
            prop_assert_eq!(&world.misanswered, &Vec::<String>::new());
            Ok(())
        })?;
    }

    #[test]
    fn an_answer_counts_only_where_it_was_asked_for(authority in authority(), bounds in bounds(), acts in acts()) {
        obeys(authority, bounds, &acts, |world| {
            prop_assert_eq!(&world.misplaced, &[]);
            Ok(())
        })?;
    }

    /// What is gone, what is open already, and time that has not come.
    #[test]
    fn an_input_that_comes_late_or_twice_changes_nothing(authority in authority(), bounds in bounds(), acts in acts()) {
        let late = Packet { request_id: 1, body: Body::Prepare(payment(0, 1, START.saturating_add(seconds(10)))) };
        let late = late.encode().expect("it can be sent");
        obeys(authority, bounds, &acts, |world| {
            let now = world.side.now;
            let before = world.side.whole_state();
            let session = &mut world.side.session;
            for gone in &world.gone {
                session.handle_frame(*gone, &late, now);
                session.handle_disconnected(*gone, now);
            }
            for open in session.connections().collect::<Vec<_>>() {
                session.handle_connected(open, now);
                session.handle_accepted(open, &AuthenticationRequest { request_id: 9, credentials: Credentials::default() }, no_data(), now);
            }
            if session.poll_timeout().is_none_or(|deadline| deadline.at > now) {
                session.handle_timeout(now);
            }
            prop_assert_eq!(session.poll_output(), None);
            prop_assert_eq!(world.side.whole_state(), before);
            Ok(())
        })?;
    }

    #[test]
    fn the_bounds_hold_whatever_a_peer_says(authority in authority(), bounds in bounds(), acts in acts()) {
        obeys(authority, bounds, &acts, |world| {
            let sums = world.side.session.sums();
            let signed = |sum: u128| i128::try_from(sum).expect("it is far below 2^127");
            prop_assert!(signed(sums.incoming_posted + sums.incoming_pending) - signed(sums.outgoing_posted) <= bounds.maximum);
            // What the host of the ledger fulfills late counts, whatever our own minimum.
            if authority != Authority::Theirs {
                prop_assert!(signed(sums.incoming_posted) - signed(sums.outgoing_posted + sums.outgoing_pending) >= bounds.minimum);
            }
            Ok(())
        })?;
    }

    #[test]
    fn what_a_peer_can_open_is_bounded(authority in authority(), bounds in bounds(), acts in acts()) {
        obeys(authority, bounds, &acts, |world| {
            let session = &world.side.session;
            prop_assert!(session.trustline().open_len() <= 4);
            prop_assert!(session.connections().count() <= 3);
            // Three on each connection, and what was to be sent again.
            prop_assert!(session.in_flight() <= world.asked.len());
            Ok(())
        })?;
    }
}
