//! A BTP peer that does what a test says, and nothing by itself.

use std::collections::VecDeque;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use trustline_core::session::{Credentials, Token, subprotocol};
use trustline_core::wire::{Body, Packet, Prepare, ProtocolData};
use trustline_core::{TransferId, WireLimits};
use tungstenite::{Error, Message, WebSocket};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A WebSocket, as bare as it can be.
pub struct Raw {
    socket: WebSocket<TcpStream>,
    next_request: u32,
    /// Requests of the other side that came while an answer was waited for.
    requests: VecDeque<Packet>,
}

/// What came next.
#[derive(Debug, PartialEq, Eq)]
pub enum Received {
    /// A packet.
    Packet(Packet),
    /// The other side closed.
    Closed,
    /// Nothing, in the time given.
    Nothing,
}

impl Raw {
    /// Opens a WebSocket.
    pub fn dial(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("somebody listens");
        stream.set_nodelay(true).expect("it is a TCP socket");
        let (socket, _) = tungstenite::client(format!("ws://{address}/"), stream).expect("WebSocket is spoken");
        Self { socket, next_request: 1, requests: VecDeque::new() }
    }

    /// Opens a WebSocket, and authenticates with this token and no name.
    pub fn customer(address: SocketAddr, token: &str) -> Self {
        let mut raw = Self::dial(address);
        assert_eq!(raw.authenticate(token), Body::Response(ProtocolData::new()));
        raw
    }

    /// Shows this token, and returns the answer.
    pub fn authenticate(&mut self, token: &str) -> Body {
        let credentials = Credentials { token: Token::from(token), ..Credentials::default() };
        self.ask(Body::Message(subprotocol::auth_request(&credentials)))
    }

    /// Sends these bytes as a binary message.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.socket.send(Message::binary(bytes.to_vec())).expect("the connection is open");
    }

    /// Sends a text message.
    pub fn send_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).expect("the connection is open");
    }

    /// Sends a packet.
    pub fn send(&mut self, packet: &Packet) {
        self.send_bytes(&packet.encode().expect("it can be sent"));
    }

    /// Sends a request, and returns its answer.
    pub fn ask(&mut self, body: Body) -> Body {
        let request_id = self.next_request;
        self.next_request += 1;
        self.send(&Packet { request_id, body });
        let end = Instant::now() + PATIENCE;
        loop {
            match self.read(end) {
                Received::Packet(packet @ Packet { body: Body::Response(_) | Body::Error(_), .. }) => {
                    assert_eq!(packet.request_id, request_id, "not asked for: {packet:?}");
                    return packet.body;
                }
                Received::Packet(packet) => self.requests.push_back(packet),
                other => panic!("no answer: {other:?}"),
            }
        }
    }

    /// Proposes a payment that must be accepted.
    pub fn prepare(&mut self, prepare: &Prepare) {
        assert_eq!(self.ask(Body::Prepare(prepare.clone())), Body::Response(ProtocolData::new()));
    }

    /// The next Fulfill or Reject of this transfer. It is not answered.
    pub fn outcome(&mut self, id: TransferId) -> Packet {
        match self.receive(PATIENCE) {
            Received::Packet(packet) => {
                let about = match &packet.body {
                    Body::Fulfill(fulfill) => fulfill.transfer_id,
                    Body::Reject(reject) => reject.transfer_id,
                    other => panic!("not an outcome: {other:?}"),
                };
                assert_eq!(about, id, "{packet:?}");
                packet
            }
            other => panic!("no outcome: {other:?}"),
        }
    }

    /// Answers a request: done.
    pub fn answer(&mut self, request: &Packet) {
        self.send(&Packet { request_id: request.request_id, body: Body::Response(ProtocolData::new()) });
    }

    /// Pays, and answers the outcome, which it returns.
    pub fn pay(&mut self, prepare: &Prepare) -> Body {
        self.prepare(prepare);
        let outcome = self.outcome(prepare.transfer_id);
        self.answer(&outcome);
        outcome.body
    }

    /// What this side owes, as the other side tells it.
    pub fn balance(&mut self) -> i64 {
        let answer = self.ask(Body::Message(subprotocol::balance_request()));
        subprotocol::read_balance(answer.protocol_data()).expect("a balance")
    }

    /// What comes next, of what was not an answer, within this time.
    pub fn receive(&mut self, within: Duration) -> Received {
        match self.requests.pop_front() {
            Some(packet) => Received::Packet(packet),
            None => self.read(Instant::now() + within),
        }
    }

    /// Reads until the other side closes, which must be within this time and before any packet.
    pub fn wait_for_close(&mut self, within: Duration) {
        assert_eq!(self.receive(within), Received::Closed);
    }

    fn read(&mut self, end: Instant) -> Received {
        loop {
            let rest = end.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                return Received::Nothing;
            }
            self.socket.get_ref().set_read_timeout(Some(rest)).expect("it is not zero");
            match self.socket.read() {
                Ok(Message::Binary(frame)) => {
                    return Received::Packet(Packet::decode(&frame, &WireLimits::default()).expect("a readable packet"));
                }
                Ok(Message::Text(text)) => panic!("text: {text}"),
                Ok(_) => {}
                Err(Error::Io(error)) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
                Err(_) => return Received::Closed,
            }
        }
    }
}

impl std::fmt::Debug for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Raw").field("requests", &self.requests).finish_non_exhaustive()
    }
}
