//! The laws of one session, whatever it did before, whose peer is the test: what it refuses, what it asks again, where it
//! answers, and what it makes of books that are not its own.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use trustline_core::ledger::{Authority, TrustlineConfig};
use trustline_core::session::{ConnectionId, ErrorName, Event, RequestToken, SessionConfig, Stopped};
use trustline_core::testing::strategies::{authority, operations};
use trustline_core::testing::{Bank, Operation};
use trustline_core::wire::{Body, Entry, Packet, Prepare, ProtocolData};
use trustline_core::{Timestamp, WireLimits};
use trustline_tests::{Side, Solo, custom, fulfillment, no_data, no_funds, payment, seconds, transfer_id, with};

/// What is done by one of ours, or said to it.
#[derive(Clone, Debug)]
enum Step {
    Pays { amount: u64 },
    Transfers { amount: u64 },
    IsOffered { amount: u64 },
    Decides { which: Index, fulfills: bool },
    IsAnswered { which: Index },
    IsLeft,
    IsJoined,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let amount = || 1..50_u64;
    let step = prop_oneof![
        2 => amount().prop_map(|amount| Step::Pays { amount }),
        2 => amount().prop_map(|amount| Step::Transfers { amount }),
        4 => amount().prop_map(|amount| Step::IsOffered { amount }),
        4 => any::<(Index, bool)>().prop_map(|(which, fulfills)| Step::Decides { which, fulfills }),
        2 => any::<Index>().prop_map(|which| Step::IsAnswered { which }),
        1 => Just(Step::IsLeft),
        2 => Just(Step::IsJoined),
    ];
    vec(step, 1..60)
}

/// Soon met: what is decided then waits until something is answered.
const MOST_IN_FLIGHT: usize = 3;

/// One of ours, with whom the test keeps count of what has no answer.
struct Asking {
    solo: Solo,
    is_joined: bool,
    /// The number of the last transfer.
    last: u32,
    /// What it was offered and has not decided.
    offered: Vec<u32>,
    /// What the peer is to hear about transfers and has not answered, in the order in which that began.
    unanswered: Vec<Body>,
    /// Of that, what it was asked on the connection that there is.
    asked: Vec<Packet>,
}

impl Asking {
    fn new(authority: Authority) -> Result<Self, TestCaseError> {
        let solo = match authority {
            Authority::Ours => Solo::shop(),
            Authority::Theirs => Solo::customer(),
            Authority::Shared => Solo::equal(),
        };
        let config = with(solo.side.config().clone(), |config| config.limits.in_flight_requests = MOST_IN_FLIGHT);
        let solo = Solo::new(config);
        let mut new = Self { solo, is_joined: false, last: 0, offered: Vec::new(), unanswered: Vec::new(), asked: Vec::new() };
        new.step(&Step::IsJoined)?;
        Ok(new)
    }

    fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match *step {
            Step::Pays { amount } => {
                self.last += 1;
                let prepare = payment(self.last, amount, self.solo.side.now.saturating_add(seconds(30)));
                let begun = self.solo.side.attempt(|session, now| session.prepare(prepare.clone(), now));
                // It waits for nobody: it would expire.
                prop_assert_eq!(begun.is_ok(), self.is_joined && self.unanswered.len() < MOST_IN_FLIGHT);
                self.unanswered.extend(begun.map(|()| Body::Prepare(prepare)));
            }
            Step::Transfers { amount } => {
                self.last += 1;
                let id = transfer_id(self.last);
                let begun = self.solo.side.attempt(|session, now| session.transfer(id, amount, &no_data(), now));
                prop_assert_eq!(begun.is_ok(), self.is_joined);
                self.unanswered.extend(begun.map(|()| Solo::transfer(self.last, amount)));
            }
            Step::IsOffered { amount } if self.is_joined => {
                self.last += 1;
                self.offered.push(self.last);
                self.solo.side.receives(self.solo.connection, self.last, Solo::prepare(self.last, amount));
            }
            Step::Decides { which, fulfills } if !self.offered.is_empty() => {
                let n = self.offered.remove(which.index(self.offered.len()));
                self.solo.side.decides(transfer_id(n), fulfills);
                self.unanswered.push(if fulfills { Solo::fulfill(n) } else { Solo::reject(n) });
            }
            Step::IsAnswered { which } if !self.asked.is_empty() => {
                let Packet { request_id, body } = self.asked.remove(which.index(self.asked.len()));
                self.unanswered.retain(|other| *other != body);
                self.solo.side.receives(self.solo.connection, request_id, Solo::response());
            }
            Step::IsLeft if self.is_joined => {
                self.solo.side.disconnected(self.solo.connection);
                self.is_joined = false;
                self.asked.clear();
            }
            Step::IsJoined if !self.is_joined => self.join(),
            _ => {}
        }
        self.asks_in_order()
    }

    /// Over another connection, which it dials unless it hosts the ledger.
    fn join(&mut self) {
        self.is_joined = true;
        self.solo.connection.0 += 1;
        if self.solo.side.config().authority == Authority::Ours {
            self.solo.side.accepted(self.solo.connection, 0);
        } else {
            self.solo.side.connected(self.solo.connection);
        }
    }

    /// It asks as much as it may, of what was not asked on this connection, the oldest first. All else that it asks is answered.
    fn asks_in_order(&mut self) -> Result<(), TestCaseError> {
        loop {
            let frames = self.solo.side.take_frames();
            if frames.is_empty() {
                break;
            }
            for (_, Packet { request_id, body }) in packets(&frames) {
                match body {
                    Body::Message(_) => self.solo.side.receives(self.solo.connection, request_id, Solo::response()),
                    Body::Response(_) | Body::Error(_) => {}
                    body => {
                        let next = self.unanswered.iter().find(|body| !self.asked.iter().any(|asked| asked.body == **body));
                        prop_assert_eq!(Some(&body), next);
                        self.asked.push(Packet { request_id, body });
                    }
                }
            }
        }
        let room = if self.is_joined { MOST_IN_FLIGHT } else { 0 };
        prop_assert_eq!(self.asked.len(), self.unanswered.len().min(room));
        Ok(())
    }

    /// What nothing that happened before can allow.
    fn is_refused_everything(&mut self) {
        let now = self.solo.side.now;
        let unsendable = ProtocolData::from(Entry::octets("\u{e9}", vec![]));
        let next = self.last + 1;
        let sendable = payment(next, 10, now.saturating_add(seconds(30)));
        let mut prepares = vec![
            Prepare { amount: 0, ..sendable.clone() },
            Prepare { expires_at: now, ..sendable.clone() },
            Prepare { expires_at: Timestamp::MAX, ..sendable.clone() },
            Prepare { protocol_data: unsendable.clone(), ..sendable.clone() },
        ];
        // One that there was, with other contents.
        let used = self.unanswered.iter().find_map(|body| if let Body::Prepare(prepare) = body { Some(prepare.clone()) } else { None });
        prepares.extend(used.map(|prepare| Prepare { amount: 51, ..prepare }));
        let side = &mut self.solo.side;
        for prepare in prepares {
            side.attempt(|session, now| session.prepare(prepare, now)).expect_err("it may not be paid");
        }
        side.attempt(|session, now| session.transfer(transfer_id(next), 0, &no_data(), now)).expect_err("it is nothing");
        side.attempt(|session, now| session.transfer(transfer_id(next), 1, &unsendable, now)).expect_err("it cannot be sent");
        side.attempt(|session, now| session.message(unsendable, now)).expect_err("it cannot be sent");
        // Those before are as these.
        let some = next.saturating_sub(4).max(1)..=next;
        for n in some.clone() {
            let wrong = fulfillment(n + 1);
            side.attempt(|session, now| session.fulfill(transfer_id(n), wrong, &no_data(), now)).expect_err("it is another's");
        }
        for n in some.filter(|n| !self.offered.contains(n)) {
            side.attempt(|session, now| session.reject(transfer_id(n), &no_funds(), now)).expect_err("there is nothing to reject");
        }
    }
}

fn packets(frames: &[(ConnectionId, bytes::Bytes)]) -> impl Iterator<Item = (ConnectionId, Packet)> + '_ {
    let decode = |frame| Packet::decode(frame, &WireLimits::default()).expect("what we say can be read");
    frames.iter().map(move |(connection, frame)| (*connection, decode(frame)))
}

/// What happens to what the peer asks the application.
#[derive(Clone, Debug)]
enum Turn {
    IsAsked { over: Index },
    Answers { which: Index },
    Refuses { which: Index },
    IsJoined,
    IsLeft { which: Index },
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = prop_oneof![
        4 => any::<Index>().prop_map(|over| Turn::IsAsked { over }),
        2 => any::<Index>().prop_map(|which| Turn::Answers { which }),
        1 => any::<Index>().prop_map(|which| Turn::Refuses { which }),
        2 => Just(Turn::IsJoined),
        1 => any::<Index>().prop_map(|which| Turn::IsLeft { which }),
    ];
    vec(turn, 1..60)
}

/// One of ours, whose application is asked, and may answer late.
struct Asked {
    side: Side,
    /// The peer numbers its requests from 1 on each.
    last_request: BTreeMap<ConnectionId, u32>,
    /// Where each was asked, and as what request.
    tokens: Vec<(ConnectionId, u32, RequestToken)>,
}

impl Asked {
    fn turn(&mut self, turn: &Turn) -> Result<(), TestCaseError> {
        let connections: Vec<_> = self.side.session.connections().collect();
        match turn {
            Turn::IsAsked { over } if !connections.is_empty() => {
                let connection = connections[over.index(connections.len())];
                let request = self.last_request.entry(connection).or_default();
                *request += 1;
                self.side.receives(connection, *request, Body::Message(custom("{}")));
                for event in self.side.take_events() {
                    if let Event::Request { token, .. } = event {
                        self.tokens.push((connection, *request, token));
                    }
                }
            }
            Turn::Answers { which } if !self.tokens.is_empty() => self.answer(*which, true)?,
            Turn::Refuses { which } if !self.tokens.is_empty() => self.answer(*which, false)?,
            Turn::IsJoined => {
                let connection = ConnectionId(self.last_request.len().try_into().expect("they are few"));
                self.last_request.insert(connection, 0);
                self.side.accepted(connection, 0);
            }
            Turn::IsLeft { which } if !connections.is_empty() => {
                self.side.disconnected(connections[which.index(connections.len())]);
            }
            _ => {}
        }
        Ok(())
    }

    fn answer(&mut self, which: Index, accepts: bool) -> Result<(), TestCaseError> {
        let (connection, request, token) = self.tokens.remove(which.index(self.tokens.len()));
        let (_, _, before) = (self.side.take_frames(), self.side.take_events(), self.side.whole_state());
        let now = self.side.now;
        if accepts {
            self.side.session.respond(token, custom("[]"), now).expect("it is short");
        } else {
            self.side.session.refuse_request(token, ErrorName::NotAccepted, "no", now);
        }
        self.side.drain();
        let frames = self.side.take_frames();
        let said: Vec<_> =
            packets(&frames).map(|(over, packet)| (over, packet.request_id, matches!(packet.body, Body::Response(_)))).collect();
        let is_there = self.side.session.connections().any(|open| open == connection);
        prop_assert_eq!(said, if is_there { vec![(connection, request, accepts)] } else { vec![] });
        prop_assert_eq!(self.side.whole_state(), before);
        Ok(())
    }
}

/// A balance that a host may tell: near to what it must be, or any.
#[derive(Clone, Copy, Debug)]
enum Told {
    Near(i64),
    Any(i64),
}

fn told() -> impl Strategy<Value = Told> {
    prop_oneof![3 => (-30..=30_i64).prop_map(Told::Near), 1 => any::<i64>().prop_map(Told::Any)]
}

proptest! {
    /// Connected or not, whatever is under way.
    #[test]
    fn a_refused_command_changes_nothing(authority in authority(), steps in steps()) {
        let mut asking = Asking::new(authority)?;
        for step in &steps {
            asking.step(step)?;
            asking.is_refused_everything();
        }
    }

    /// However often the connection is lost, and whatever was answered before. What was decided meanwhile comes behind.
    #[test]
    fn what_has_no_answer_is_asked_again_in_its_first_order_and_as_it_was(authority in authority(), steps in steps()) {
        let mut asking = Asking::new(authority)?;
        for step in steps.iter().chain(&[Step::IsLeft, Step::IsJoined]) {
            asking.step(step)?;
        }
    }

    /// One from before a reconnect says nothing at all, even if its request's number is in use again.
    #[test]
    fn a_right_to_answer_is_good_where_it_was_asked_and_nowhere_else(authority in authority(), turns in turns()) {
        let side = Side::new(SessionConfig::new(authority));
        let mut asked = Asked { side, last_request: BTreeMap::new(), tokens: Vec::new() };
        for turn in &turns {
            asked.turn(turn)?;
        }
    }

    /// A host that tells no more of its ledger decides alone, and so its balance is ours, but for what is pending. Before anything
    /// expires.
    #[test]
    fn a_balance_that_cannot_be_right_is_disputed_and_nothing_is_adjusted(operations in operations(1..40), told in told()) {
        let mut bank = Bank::new(TrustlineConfig::new(Authority::Theirs));
        let is_about_money = |operation: &&Operation| {
            !matches!(operation, Operation::Open { .. } | Operation::SeePeer { .. } | Operation::Wait { .. } | Operation::Expire { .. })
        };
        let journal: Vec<_> =
            operations.iter().filter(is_about_money).filter_map(|operation| bank.perform(operation).ok().flatten()).collect();
        prop_assume!(!journal.is_empty());
        let (sums, ours) = (*bank.trustline.sums(), bank.trustline.balance());
        let pending = |sum: u128| i128::try_from(sum).expect("it is far below 2^127");
        let possible = ours - pending(sums.outgoing_pending)..=ours + pending(sums.incoming_pending);
        let owed = match told {
            Told::Near(difference) => i64::try_from(-ours).unwrap_or(i64::MAX).saturating_add(difference),
            Told::Any(owed) => owed,
        };

        let mut customer = Solo::new(with(SessionConfig::new(Authority::Theirs), |config| config.account_is_exclusive = true));
        customer.side.goes_on_from(journal);
        customer.side.connected(customer.connection);
        customer.is_answered(Solo::response());
        customer.side.take_events();
        let before = customer.side.snapshot();
        customer.is_answered(Body::Response(Entry::octets("balance", owed.to_be_bytes().to_vec()).into()));
        let disputes = customer.side.take_events().into_iter().filter(|event| matches!(event, Event::Dispute(_))).count();
        prop_assert_eq!(disputes, usize::from(!possible.contains(&-i128::from(owed))), "{} of {:?}", owed, possible);
        prop_assert_eq!(customer.side.session.stopped(), (disputes > 0).then_some(Stopped::Dispute));
        prop_assert_eq!(customer.side.snapshot(), before);
    }
}
