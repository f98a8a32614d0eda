//! Whatever a peer says, whenever, over however many connections: nothing panics, replay gives the live trustline, the
//! bounds hold, and each request has one answer, over the connection that brought it.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use trustline_core::ledger::{Authority, Bounds};
use trustline_core::session::{ConnectionId, ErrorName, SessionConfig};
use trustline_core::wire::{Body, Entry, Packet, Transfer};
use trustline_core::{Timestamp, WireLimits};
use trustline_tests::{Side, Solo, custom, fulfillment, ledger_info, no_data, no_funds, payment, transfer_id};

/// Transfers are known by a number below this, so that what the two say meets.
const IDS: u32 = 6;

#[derive(Clone, Debug)]
enum Act {
    Says(Body),
    SaysBytes(Vec<u8>),
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

fn amount() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0..30_u64, 1 => Just(u64::MAX), 1 => (0..64_u32).prop_map(|k| 1 << k)]
}

fn id() -> impl Strategy<Value = u32> {
    0..IDS
}

/// The right fulfillment most of the time.
fn with() -> impl Strategy<Value = (u32, u32)> {
    (id(), id(), 0..6).prop_map(|(n, other, dice)| (n, if dice == 0 { other } else { n }))
}

fn request() -> impl Strategy<Value = Body> {
    let expires_at = select(vec![-1, 1, 1_000, 30_000, 90_000_000]);
    let names = select(vec!["info", "balance", "limit", "custom", "ilp", "auth", "vouch", ""]);
    prop_oneof![
        4 => (id(), amount(), expires_at).prop_map(|(n, amount, expires_in)| {
            Body::Prepare(payment(n, amount, Timestamp::from_millis(trustline_tests::START.as_millis() + expires_in)))
        }),
        4 => with().prop_map(|(n, with)| Solo::fulfill_with(n, with)),
        2 => id().prop_map(Solo::reject),
        1 => (id(), amount()).prop_map(|(n, amount)| Solo::transfer(n, amount)),
        1 => amount().prop_map(|amount| Body::Transfer(Transfer { amount, protocol_data: no_data() })),
        2 => (names, prop::collection::vec(0..4_u8, 0..3)).prop_map(|(name, data)| Solo::message(Entry::octets(name, data))),
        1 => Just(Body::Message(no_data())),
    ]
}

fn answer() -> impl Strategy<Value = Body> {
    use ErrorName::{AlreadyFulfilled, AlreadyRolledBack, DuplicateId, NotAccepted, TransferNotFound, Unreachable};
    let balance = |balance: i64| Body::Response(Entry::octets("balance", balance.to_be_bytes().to_vec()).into());
    let info = serde_json::to_string(&ledger_info()).expect("it is JSON");
    let names = vec![NotAccepted, TransferNotFound, AlreadyFulfilled, AlreadyRolledBack, DuplicateId, Unreachable];
    prop_oneof![
        4 => Just(Solo::response()),
        2 => select(names).prop_map(Solo::error),
        1 => (-40..40_i64).prop_map(balance),
        1 => Just(Body::Response(Entry::json("info", &info).into())),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        10 => request().prop_map(Act::Says),
        1 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Act::SaysBytes),
        8 => (any::<Index>(), answer(), prop::bool::weighted(0.1))
            .prop_map(|(which, answer, elsewhere)| Act::Answers { which, answer, elsewhere }),
        1 => (select(vec![0, 1, 2, 1 << 20, u32::MAX]), answer())
            .prop_map(|(request_id, answer)| Act::AnswersNothing { request_id, answer }),
        2 => Just(Act::Joins),
        2 => any::<Index>().prop_map(|which| Act::Leaves { which }),
        4 => (id(), amount(), select(vec![0, 1_000, 30_000, 90_000_000]))
            .prop_map(|(n, amount, expires_in)| Act::WePay { n, amount, expires_in }),
        1 => (id(), amount()).prop_map(|(n, amount)| Act::WeTransfer { n, amount }),
        4 => with().prop_map(|(n, with)| Act::WeFulfill { n, with }),
        2 => id().prop_map(|n| Act::WeReject { n }),
        1 => Just(Act::WeAsk),
        1 => Just(Act::WeAnswer),
        1 => Just(Act::WeRestart),
        4 => select(vec![-5_000_000, -1, 1, 1_000, 5_000, 15_000, 65_000, 7_200_000, 100_000_000])
            .prop_map(|millis| Act::Clock { millis }),
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
    /// How often each request of the peer was answered.
    answers: BTreeMap<(ConnectionId, u32), usize>,
}

impl World {
    fn new(authority: Authority) -> Self {
        let mut config = SessionConfig::new(authority);
        config.bounds = Bounds { minimum: -50, maximum: 50 };
        config.info = Some(ledger_info());
        config.limits.in_flight_requests = 3;
        config.limits.unanswered_requests = 2;
        config.limits.connections = 3;
        config.limits.open_transfers = 4;
        config.limits.orphans = 1;
        let (asked, answers) = (Vec::new(), BTreeMap::new());
        Self { side: Side::new(config), connections: Vec::new(), next_connection: 1, next_request: 0, asked, answers }
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
            Act::Joins => {
                let connection = ConnectionId(self.next_connection);
                self.next_connection += 1;
                self.connections.push(connection);
                side.accepted(connection, 0);
                self.answers.insert((connection, 0), 0);
            }
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
                side.restart();
                self.connections.clear();
                self.asked.clear();
            }
            Act::Clock { millis } => {
                let now = Timestamp::from_millis(side.now.as_millis() + millis);
                side.clock(now);
            }
        }
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
        assert!(self.answers[&key] == 1 || asks_the_application, "{request:?} is answered");
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
            if self.side.take_frames().is_empty() {
                assert_eq!(self.side.snapshot(), before, "an answer counts only where it was asked for");
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
                let count = self.answers.get_mut(&key).expect("an answer to something that was asked there");
                *count += 1;
                assert_eq!(*count, 1, "one answer");
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
        self.asked.retain(|(other, _)| *other != connection);
    }

    fn check(&self) -> Result<(), TestCaseError> {
        prop_assert!(self.asked.len() >= self.side.session.in_flight(), "what we wait for was asked");
        prop_assert!(self.side.session.trustline().open_len() <= 4);
        let sums = self.side.session.sums();
        let signed = |sum: u128| i128::try_from(sum).expect("it is far below 2^127");
        prop_assert!(signed(sums.incoming_posted + sums.incoming_pending) - signed(sums.outgoing_posted) <= 50);
        // What the host of the ledger fulfills late counts, whatever our own minimum.
        if self.side.session.trustline().authority() != Authority::Theirs {
            prop_assert!(signed(sums.incoming_posted) - signed(sums.outgoing_posted + sums.outgoing_pending) >= -50);
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn whatever_a_peer_says_it_has_one_answer_and_harms_nothing(
        authority in select(vec![Authority::Ours, Authority::Theirs, Authority::Shared]),
        acts in prop::collection::vec(act(), 1..80),
    ) {
        let mut world = World::new(authority);
        for act in &acts {
            world.act(act);
            world.listen();
            world.check()?;
        }
    }
}
