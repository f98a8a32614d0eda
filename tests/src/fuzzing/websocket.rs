//! The bytes that the stream under a WebSocket gives, split anywhere.

use bytes::Bytes;
use fastrand::Rng;
use stats_alloc::Region;
use trustline_runtime::websocket::{CloseCode, Incoming, Role, WebSocket, WebSocketError, WebSocketLimits};
use tungstenite::handshake::derive_accept_key;

use super::allocation::{ALLOCATOR, assert_counting};
use super::opcodes::Opcodes;
use crate::with;

/// The longest message: so short that it is met.
const MESSAGE_BYTES: usize = 300;

/// The longest head of a handshake.
const HANDSHAKE_BYTES: usize = 512;

/// The longest piece of a stream that comes at once, where it does not come all at once.
const LONGEST_PIECE: usize = 64;

/// What a WebSocket keeps at most: what of a head or a message has come, in buffers that grow by doubling, what tungstenite
/// is made of, and the text of an error.
const MOST_KEPT_BYTES: usize = 2 * (HANDSHAKE_BYTES + MESSAGE_BYTES + LONGEST_PIECE) + 2048;

/// The answer to the key of RFC 6455's example. Where a server says it, the answer to our key, drawn at random, is put.
const EXAMPLE_ACCEPT: &[u8] = b"Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Any bytes from a peer, in either role, before and after the handshake: what comes of them is the same however they are
/// split, and so is what the peer is told, which the peer can read. Until a message is complete no more of it is kept than
/// the limits allow.
pub fn websocket(input: &[u8]) {
    let mut opcodes = Opcodes::new(input);
    let Some([what, split, closes_at]) = opcodes.array() else { return };
    let stream = Stream {
        role: if what & 1 == 0 { Role::Server } else { Role::Client },
        is_upgraded: what & 2 != 0,
        ends: what & 4 != 0,
        closes_at: (what & 8 != 0).then_some(usize::from(closes_at)),
        bytes: opcodes.rest(),
    };
    let whole = stream.at_once();
    whole.check(&stream);
    stream.in_pieces(&whole, || 1);
    let mut random = Rng::with_seed(split.into());
    stream.in_pieces(&whole, || random.usize(1..=LONGEST_PIECE));
}

fn limits() -> WebSocketLimits {
    with(WebSocketLimits::default(), |limits| {
        limits.message_bytes = MESSAGE_BYTES;
        limits.handshake_bytes = HANDSHAKE_BYTES;
        limits.read_buffer_bytes = 64;
    })
}

/// What a peer sends, and what we do meanwhile.
struct Stream<'a> {
    role: Role,
    /// The handshake was somebody else's.
    is_upgraded: bool,
    bytes: &'a [u8],
    /// Behind the bytes it ends.
    ends: bool,
    /// We close when so many bytes have come.
    closes_at: Option<usize>,
}

/// What came of a stream.
#[derive(Debug, PartialEq)]
struct Outcome {
    incoming: Vec<Incoming>,
    end: Result<(), WebSocketError>,
    /// What the peer was sent.
    outgoing: Vec<u8>,
}

impl Stream<'_> {
    fn open(&self) -> (WebSocket, Vec<u8>) {
        let websocket = match (self.is_upgraded, self.role) {
            (true, role) => WebSocket::upgraded(role, limits()),
            (false, Role::Server) => WebSocket::server(limits()),
            (false, Role::Client) => WebSocket::client("shop.example", "/btp", limits()).expect("the target is good"),
        };
        let mut bytes = self.bytes.to_vec();
        let request = String::from_utf8_lossy(websocket.outgoing());
        let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
        let place = bytes.windows(EXAMPLE_ACCEPT.len()).position(|window| window == EXAMPLE_ACCEPT);
        if let (Some(key), Some(place)) = (key, place) {
            let (accept, end) = (derive_accept_key(key.as_bytes()), place + EXAMPLE_ACCEPT.len());
            bytes[end - accept.len()..end].copy_from_slice(accept.as_bytes());
        }
        (websocket, bytes)
    }

    /// All that comes before we close comes at once, and all that comes then.
    fn at_once(&self) -> Outcome {
        let (mut websocket, bytes) = self.open();
        let (mut incoming, mut outgoing, mut end) = (Vec::new(), Vec::new(), Ok(()));
        self.play(
            &mut websocket,
            &bytes,
            || usize::MAX,
            |websocket| {
                end = drain(websocket, |next| incoming.push(next));
                outgoing.extend_from_slice(websocket.outgoing());
                websocket.advance(websocket.outgoing().len());
            },
        );
        Outcome { incoming, end, outgoing }
    }

    /// It comes in pieces of these lengths, and what comes of it is the same.
    fn in_pieces(&self, whole: &Outcome, length: impl FnMut() -> usize) {
        assert_counting();
        let (mut incoming, mut end) = (whole.incoming.iter(), Ok(()));
        let mut outgoing = Vec::with_capacity(whole.outgoing.len());
        let room = outgoing.capacity();
        let (mut websocket, bytes) = self.open();
        let region = Region::new(ALLOCATOR);
        self.play(&mut websocket, &bytes, length, |websocket| {
            end = drain(websocket, |next| assert_eq!(Some(&next), incoming.next(), "what comes does not depend on the split"));
            assert!(outgoing.len() + websocket.outgoing().len() <= room, "what is answered does not depend on the split");
            outgoing.extend_from_slice(websocket.outgoing());
            websocket.advance(websocket.outgoing().len());
            let heap = region.change();
            let kept = heap.bytes_allocated.saturating_sub(heap.bytes_deallocated);
            assert!(kept <= MOST_KEPT_BYTES, "{kept} bytes are kept, {MOST_KEPT_BYTES} at most are allowed");
        });
        assert_eq!((incoming.next(), &end), (None, &whole.end), "how it ends does not depend on the split");
        assert_eq!(self.heard(&outgoing), self.heard(&whole.outgoing), "what is answered does not depend on the split");
        assert_eq!(
            websocket.is_closed(),
            end.is_err() || matches!(whole.incoming.last(), Some(Incoming::Closed(_))) || self.gave_up(whole)
        );
    }

    fn play(&self, websocket: &mut WebSocket, bytes: &[u8], mut length: impl FnMut() -> usize, mut look: impl FnMut(&mut WebSocket)) {
        let (before, after) = bytes.split_at(self.closes_at.unwrap_or(bytes.len()).min(bytes.len()));
        for (is_closing, mut rest) in [(false, before), (true, after)] {
            if is_closing && self.closes_at.is_some() {
                websocket.close(CloseCode::NORMAL, "enough");
            }
            look(websocket);
            while !rest.is_empty() {
                let (piece, later) = rest.split_at(length().min(rest.len()));
                websocket.receive(piece);
                look(websocket);
                rest = later;
            }
        }
        if self.ends {
            websocket.receive_end();
            look(websocket);
        }
    }

    /// We closed before the handshake was done.
    fn gave_up(&self, whole: &Outcome) -> bool {
        self.closes_at.is_some() && whole.incoming.is_empty()
    }

    /// What a peer hears that has said all this: the head of the handshake, and the messages. A client's own is drawn at
    /// random, and so are the masks of its frames.
    fn heard(&self, outgoing: &[u8]) -> (Vec<u8>, Vec<Incoming>) {
        let head = if self.is_upgraded { 0 } else { outgoing.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |at| at + 4) };
        let (head, frames) = outgoing.split_at(head);
        let opposite = if self.role == Role::Server { Role::Client } else { Role::Server };
        let mut peer = WebSocket::upgraded(opposite, WebSocketLimits::default());
        // A server's refusal has a body, which is no frame.
        let is_refusal = !head.is_empty() && self.role == Role::Server && !head.starts_with(b"HTTP/1.1 101");
        let mut heard = Vec::new();
        if is_refusal {
            return (outgoing.into(), heard);
        }
        peer.receive(frames);
        drain(&mut peer, |next| heard.push(next)).expect("what we say can be read");
        (if self.role == Role::Server { head.into() } else { Vec::new() }, heard)
    }
}

impl Outcome {
    fn check(&self, stream: &Stream) {
        if let Some((first, others)) = self.incoming.split_first() {
            assert!(matches!(first, Incoming::Opened { .. }), "first it opens");
            assert!(!others.iter().any(|next| matches!(next, Incoming::Opened { .. })), "it opens once");
        }
        let closed = self.incoming.iter().position(|next| matches!(next, Incoming::Closed(_)));
        assert!(closed.is_none_or(|at| at + 1 == self.incoming.len() && self.end.is_ok()), "nothing follows the end");
        for next in &self.incoming {
            assert!(!matches!(next, Incoming::Frame(frame) if frame.len() > MESSAGE_BYTES), "the limit holds");
        }
        assert!(self.end != Err(WebSocketError::Cut) || stream.ends, "what has not ended is not cut");
    }
}

/// Polls until there is nothing more. An error is given again.
fn drain(websocket: &mut WebSocket, mut hear: impl FnMut(Incoming)) -> Result<(), WebSocketError> {
    loop {
        match websocket.poll() {
            Ok(Some(next)) => hear(next),
            Ok(None) => return Ok(()),
            Err(error) => {
                assert_eq!(websocket.poll(), Err(error.clone()), "what has failed has failed");
                assert_eq!(websocket.send(Bytes::new()), Err(WebSocketError::NotOpen));
                return Err(error);
            }
        }
    }
}
