//! One side alone. Its peer is the test itself, which says what no session of ours would say.

use std::collections::VecDeque;

use bytes::Bytes;
use trustline_core::WireLimits;
use trustline_core::ledger::{Authority, Bounds};
use trustline_core::session::{ConnectionId, Credentials, ErrorName, SessionConfig, Token};
use trustline_core::wire::{Body, Entry, ErrorPacket, Fulfill, IlpError, IlpPacket, Packet, ProtocolData, Reject, Transfer};

use crate::names::{START, TOKEN, fulfillment, ledger_info, no_data, no_funds, payment, seconds, transfer_id};
use crate::side::Side;
use crate::story::describe_frame;

/// A side with one connection, at the other end of which the test speaks.
#[derive(Debug)]
pub struct Solo {
    /// The side.
    pub side: Side,
    /// Its connection; the newest, if the test opened others.
    pub connection: ConnectionId,
    next_request: u32,
    /// What it asked, and the test did not answer; oldest first.
    asked: VecDeque<(ConnectionId, Packet)>,
    /// What it said since [`talk`](Self::talk), in words.
    said: Vec<String>,
}

/// How it starts.
impl Solo {
    /// Hosts the ledger, up to a balance of 1,000,000; the test is its customer.
    pub fn shop() -> Self {
        Self::shop_with(|_| {})
    }

    /// [`shop`](Self::shop), configured otherwise.
    pub fn shop_with(change: impl FnOnce(&mut SessionConfig)) -> Self {
        let bounds = Bounds { minimum: -1_000_000, maximum: 1_000_000 };
        let mut config = SessionConfig::new(Authority::Ours);
        config.bounds = bounds;
        config.info = Some(ledger_info());
        change(&mut config);
        let mut shop = Self::new(config);
        shop.is_joined();
        shop
    }

    /// Dialed the test, which hosts the ledger, and knows what ledger it is.
    pub fn customer() -> Self {
        let mut customer = Self::dialing(Authority::Theirs);
        customer.is_answered(Body::Response(no_data()));
        let info = serde_json::to_string(&ledger_info()).expect("it is JSON");
        customer.is_answered(Body::Response(Entry::json("info", &info).into()));
        customer.side.events();
        customer
    }

    /// Dialed the test, which is its equal. Up to a balance of 1,000,000 either way.
    pub fn equal() -> Self {
        let mut equal = Self::dialing(Authority::Shared);
        equal.is_answered(Body::Response(no_data()));
        equal.side.events();
        equal
    }

    /// Dialed the test, which did not answer its authentication yet.
    pub fn dialing(authority: Authority) -> Self {
        let credentials = Credentials { username: "alice".into(), token: Token::from(TOKEN), protocol_data: no_data() };
        let mut config = SessionConfig::new(authority);
        config.credentials = credentials;
        if authority == Authority::Shared {
            config.bounds = Bounds { minimum: -1_000_000, maximum: 1_000_000 };
            config.info = Some(ledger_info());
            config.account = Some("example.customer".into());
        }
        let mut solo = Self::new(config);
        solo.side.connected(solo.connection);
        solo
    }

    /// Without any connection.
    pub fn new(config: SessionConfig) -> Self {
        Self { side: Side::new(config), connection: ConnectionId(1), next_request: 1000, asked: VecDeque::new(), said: Vec::new() }
    }

    /// The test authenticates its connection; what is said until then is forgotten.
    pub fn is_joined(&mut self) {
        self.side.accepted(self.connection, 0);
        self.side.events();
        self.talk();
    }

    /// The test opens another connection, over which it speaks from now on.
    pub fn is_joined_again(&mut self) {
        self.connection.0 += 1;
        self.is_joined();
    }

    /// The test's connection breaks.
    pub fn is_left(&mut self) {
        self.side.disconnected(self.connection);
        self.side.events();
        self.talk();
        self.asked.clear();
    }
}

/// What the test says.
impl Solo {
    /// Hears a request. Returns what it says then.
    pub fn hears(&mut self, request: Body) -> Vec<String> {
        self.talk();
        self.next_request += 1;
        self.side.receives(self.connection, self.next_request, request);
        self.talk()
    }

    /// Hears a request, and does what it asks: the first it says is a Response. Returns what is in that.
    #[track_caller]
    pub fn accepts(&mut self, request: Body) -> ProtocolData {
        match self.answer(request) {
            Body::Response(protocol_data) => protocol_data,
            other => panic!("not accepted: {other:?}"),
        }
    }

    /// Hears a request, and answers with an Error: nothing else happens, and nothing changes. Returns the Error's name.
    #[track_caller]
    pub fn refuses(&mut self, request: Body) -> &'static str {
        let error = self.refusal(request);
        ErrorName::of(&error).expect("an error of the specification").as_str()
    }

    /// [`refuses`](Self::refuses), and the whole Error.
    #[track_caller]
    pub fn refusal(&mut self, request: Body) -> ErrorPacket {
        self.talk();
        self.side.events();
        let before = (self.side.snapshot(), self.side.journal().len(), self.side.deadline(), self.side.session.in_flight());
        let answer = self.answer(request);
        let after = (self.side.snapshot(), self.side.journal().len(), self.side.deadline(), self.side.session.in_flight());
        assert_eq!(before, after, "a refused request changes nothing");
        assert_eq!(self.side.events(), Vec::<String>::new(), "a refused request is no news");
        assert_eq!(self.talk(), Vec::<String>::new(), "a refused request has one answer");
        match answer {
            Body::Error(error) => {
                assert_eq!(ErrorName::of(&error).map(|name| (name.code(), name.as_str())), Some((error.code, &*error.name)));
                error
            }
            other => panic!("not refused: {other:?}"),
        }
    }

    /// A frame that has no consequence but to be counted, by `count`.
    #[track_caller]
    pub fn ignores(&mut self, frame: &[u8], count: fn(&Side) -> u64) {
        self.talk();
        let before = (self.side.snapshot(), self.side.journal().len(), self.side.session.in_flight(), count(&self.side));
        self.side.frame(self.connection, frame);
        let after = (self.side.snapshot(), self.side.journal().len(), self.side.session.in_flight(), count(&self.side) - 1);
        assert_eq!(before, after, "nothing changes but the count");
        assert_eq!(self.side.events(), Vec::<String>::new(), "it is no news");
        assert_eq!(self.talk(), Vec::<String>::new(), "it has no answer");
        assert_eq!(self.side.take_disconnects(), [], "the connection stays");
    }

    /// Its oldest open request is answered. Returns what it says then.
    #[track_caller]
    pub fn is_answered(&mut self, answer: Body) -> Vec<String> {
        self.talk();
        let (connection, request) = self.asked.pop_front().expect("it asked something");
        self.side.receives(connection, request.request_id, answer);
        self.talk()
    }

    /// What it asked, and the test did not answer; oldest first.
    pub fn asked(&mut self) -> Vec<Body> {
        self.collect();
        self.asked.iter().map(|(_, packet)| packet.body.clone()).collect()
    }

    /// What it said since it was heard last. An answer that [`accepts`](Self::accepts) or [`refuses`](Self::refuses)
    /// expected is heard with that.
    pub fn talk(&mut self) -> Vec<String> {
        self.collect();
        std::mem::take(&mut self.said)
    }

    #[track_caller]
    fn answer(&mut self, request: Body) -> Body {
        self.collect();
        self.next_request += 1;
        self.side.receives(self.connection, self.next_request, request);
        let mut frames = self.side.take_frames();
        assert!(!frames.is_empty(), "a request is answered");
        let (connection, frame) = frames.remove(0);
        let answer = decoded(&frame);
        assert_eq!((connection, answer.request_id), (self.connection, self.next_request), "the asker is answered");
        self.note(&frames);
        answer.body
    }

    fn collect(&mut self) {
        let frames = self.side.take_frames();
        self.note(&frames);
    }

    fn note(&mut self, frames: &[(ConnectionId, Bytes)]) {
        for (connection, frame) in frames {
            self.said.push(describe_frame(frame));
            let packet = decoded(frame);
            if !matches!(packet.body, Body::Response(_) | Body::Error(_)) {
                self.asked.push_back((*connection, packet));
            }
        }
    }
}

/// A frame of ours.
fn decoded(frame: &[u8]) -> Packet {
    Packet::decode(frame, &WireLimits::default()).expect("what we say can be read")
}

/// What a peer may say, by the number of a transfer.
impl Solo {
    /// Prepares payment `n`, which expires 30 s after the start.
    pub fn prepare(n: u32, amount: u64) -> Body {
        Body::Prepare(payment(n, amount, START.saturating_add(seconds(30))))
    }

    /// Fulfills payment `n`.
    pub fn fulfill(n: u32) -> Body {
        Self::fulfill_with(n, n)
    }

    /// Fulfills payment `n` with the fulfillment of payment `other`.
    pub fn fulfill_with(n: u32, other: u32) -> Body {
        Body::Fulfill(Fulfill { transfer_id: transfer_id(n), fulfillment: fulfillment(other), protocol_data: no_data() })
    }

    /// Rejects payment `n`.
    pub fn reject(n: u32) -> Body {
        let reason = no_funds().encode().expect("it is short");
        Body::Reject(Reject { transfer_id: transfer_id(n), protocol_data: Entry::octets("ilp", reason).into() })
    }

    /// Pays without a condition, and gives the transfer an id.
    pub fn transfer(n: u32, amount: u64) -> Body {
        let id = Entry::octets("transfer_id", transfer_id(n).as_bytes().to_vec());
        Body::Transfer(Transfer { amount, protocol_data: id.into() })
    }

    /// Asks something.
    pub fn message(entry: Entry) -> Body {
        Body::Message(entry.into())
    }

    /// Answers that it is done.
    pub fn response() -> Body {
        Body::Response(no_data())
    }

    /// Answers that it is refused.
    pub fn error(name: ErrorName) -> Body {
        Body::Error(name.error("no", START))
    }
}

/// Why a Reject rejects.
///
/// # Panics
///
/// If it does not say.
#[track_caller]
pub fn reason(reject: &Body) -> IlpError {
    let Body::Reject(Reject { protocol_data, .. }) = reject else { panic!("no Reject: {reject:?}") };
    let entry = protocol_data.get("ilp").expect("a Reject says why");
    assert_eq!(u8::from(entry.content_type), 0, "a JavaScript client reads no other type");
    match IlpPacket::decode(&entry.data) {
        Ok(IlpPacket::Error(error)) => error,
        other => panic!("no ILP error: {other:?}"),
    }
}
