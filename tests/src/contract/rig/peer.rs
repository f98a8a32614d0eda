//! A peer that does exactly what a case says, packet by packet or byte by byte.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::Poll;

use bytes::Bytes;
use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use trustline_core::WireLimits;
use trustline_core::session::{Credentials, Token, subprotocol};
use trustline_core::wire::{Body, Entry, Packet, ProtocolData};
use trustline_runtime::websocket::{CloseFrame, Incoming, WebSocket, WebSocketError, WebSocketLimits};

use super::{ANYWHERE, Adapter};
use crate::ledger_info;
use crate::with;

/// A ping without words, as a server sends it.
pub const PING: [u8; 2] = [0x89, 0];

/// A pong without words, as a client sends it.
pub const PONG: [u8; 6] = [0x8a, 0x80, 0, 0, 0, 0];

const MASKED: u8 = 0x80;
const LENGTH_IN_TWO_BYTES: u8 = 0x7e;
const LENGTH_IN_EIGHT_BYTES: u8 = 0x7f;

/// A WebSocket frame as a client sends it, with a mask that changes nothing.
pub fn masked(first_byte: u8, content: &[u8]) -> Vec<u8> {
    let mut frame = vec![first_byte];
    match (u8::try_from(content.len()), u16::try_from(content.len())) {
        (Ok(length @ ..LENGTH_IN_TWO_BYTES), _) => frame.push(MASKED | length),
        (_, Ok(length)) => {
            frame.push(MASKED | LENGTH_IN_TWO_BYTES);
            frame.extend(length.to_be_bytes());
        }
        _ => {
            frame.push(MASKED | LENGTH_IN_EIGHT_BYTES);
            frame.extend((content.len() as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(content);
    frame
}

/// One end of a connection, in the hands of a case.
#[derive(Debug)]
pub struct Peer<R: Adapter> {
    /// Below the WebSocket.
    pub stream: R::Stream,
    websocket: WebSocket,
    next_request: u32,
    /// Bytes that are written at a time.
    write_bytes: usize,
}

/// A port whose connections are in the hands of a case.
#[derive(Debug)]
pub struct Port<R: Adapter> {
    listener: R::Listener,
    /// Where it listens.
    pub address: SocketAddr,
}

impl<R: Adapter> Port<R> {
    /// Any free port.
    pub async fn open() -> Self {
        Self::open_at(ANYWHERE).await
    }

    /// This one.
    pub async fn open_at(address: SocketAddr) -> Self {
        let listener = R::default().listen(address).await.unwrap();
        let address = R::default().local_address(&listener).unwrap();
        Self { listener, address }
    }

    /// The next connection, as bytes.
    pub async fn stream(&self) -> R::Stream {
        R::default().accept(&self.listener).await.unwrap().0
    }

    /// The next connection, as an open WebSocket.
    pub async fn accept(&self) -> Peer<R> {
        Peer::open(self.stream().await, WebSocket::server(limits()), usize::MAX).await
    }

    /// The next connection, of a client whose credentials are accepted and who was told about the ledger.
    pub async fn welcome(&self) -> Peer<R> {
        let mut peer = self.accept().await;
        peer.accepts_the_authentication().await;
        let info = peer.packet().await;
        peer.tells_of_the_ledger(&info).await;
        peer
    }
}

impl<R: Adapter> Peer<R> {
    /// Connects, and no more.
    pub async fn stream_to(address: SocketAddr) -> R::Stream {
        R::default().connect(&address.ip().to_string(), address.port()).await.unwrap()
    }

    /// Opens a WebSocket.
    pub async fn dial(address: SocketAddr) -> Self {
        let websocket = WebSocket::client(&address.to_string(), "/", limits()).unwrap();
        Self::open(Self::stream_to(address).await, websocket, usize::MAX).await
    }

    /// Opens a WebSocket whose bytes are written one by one.
    pub async fn dial_slowly(address: SocketAddr) -> Self {
        let websocket = WebSocket::client(&address.to_string(), "/", limits()).unwrap();
        Self::open(Self::stream_to(address).await, websocket, 1).await
    }

    async fn open(stream: R::Stream, websocket: WebSocket, write_bytes: usize) -> Self {
        let mut peer = Self { stream, websocket, next_request: 1, write_bytes };
        assert!(matches!(peer.incoming().await, Ok(Incoming::Opened { .. })));
        peer
    }

    /// Opens a WebSocket and authenticates as alice.
    pub async fn alice(address: SocketAddr) -> Self {
        let mut peer = Self::dial(address).await;
        assert_eq!(peer.authenticates("alice", "s3cr3t").await.body, Body::Response(ProtocolData::new()));
        peer
    }

    /// Shows these credentials. Returns the answer.
    pub async fn authenticates(&mut self, username: &str, token: &str) -> Packet {
        let credentials = Credentials { username: username.into(), token: Token::from(token), ..Credentials::default() };
        self.asks(Body::Message(subprotocol::auth_request(&credentials))).await
    }

    /// Answers the first packet of a client.
    pub async fn accepts_the_authentication(&mut self) {
        let auth = self.packet().await;
        let Body::Message(credentials) = &auth.body else { panic!("expected auth, got {auth:?}") };
        assert_eq!(&*credentials.primary().unwrap().name, "auth");
        self.answer(auth.request_id, ProtocolData::new()).await;
    }

    /// Answers the question what ledger this is.
    pub async fn tells_of_the_ledger(&mut self, question: &Packet) {
        let Body::Message(info) = &question.body else { panic!("expected info, got {question:?}") };
        assert_eq!(*info, subprotocol::info_request());
        let json = serde_json::to_string(&ledger_info()).unwrap();
        self.answer(question.request_id, Entry::json("info", &json).into()).await;
    }

    /// Sends a request. Returns its id.
    pub async fn sends(&mut self, body: Body) -> u32 {
        let request_id = self.next_request;
        self.next_request += 1;
        self.sends_packet(Packet { request_id, body }).await;
        request_id
    }

    /// Sends a request, and returns what comes next, which must be its answer.
    pub async fn asks(&mut self, body: Body) -> Packet {
        let request_id = self.sends(body).await;
        let answer = self.packet().await;
        assert_eq!(answer.request_id, request_id, "{answer:?}");
        answer
    }

    /// Answers a request with a Response.
    pub async fn answer(&mut self, request_id: u32, protocol_data: ProtocolData) {
        self.sends_packet(Packet { request_id, body: Body::Response(protocol_data) }).await;
    }

    /// Sends this packet.
    pub async fn sends_packet(&mut self, packet: Packet) {
        self.sends_frame(packet.encode().unwrap()).await;
    }

    /// Sends a binary message.
    pub async fn sends_frame(&mut self, frame: Bytes) {
        self.websocket.send(frame).unwrap();
        self.write().await.unwrap();
    }

    /// Sends bytes past the WebSocket.
    pub async fn sends_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// The next packet.
    pub async fn packet(&mut self) -> Packet {
        match self.incoming().await {
            Ok(Incoming::Frame(frame)) => Packet::decode(&frame, &WireLimits::NONE).unwrap(),
            other => panic!("expected a packet, got {other:?}"),
        }
    }

    /// Reads to the end, whatever comes before it. Returns the other side's close frame.
    pub async fn end(&mut self) -> Option<CloseFrame> {
        loop {
            match self.incoming().await {
                Ok(Incoming::Closed(frame)) => return frame,
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }

    /// Closes in good order.
    pub async fn closes(mut self) {
        self.websocket.close(trustline_runtime::websocket::CloseCode::NORMAL, "");
        self.end().await;
    }

    /// Whatever comes next.
    pub async fn incoming(&mut self) -> Result<Incoming, WebSocketError> {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            if let Some(incoming) = self.websocket.poll()? {
                let _ = self.write().await;
                return Ok(incoming);
            }
            let _ = self.write().await;
            match self.stream.read(&mut buffer).await {
                Ok(0) | Err(_) => self.websocket.receive_end(),
                Ok(bytes) => self.websocket.receive(&buffer[..bytes]),
            }
        }
    }

    async fn write(&mut self) -> io::Result<()> {
        for bytes in self.websocket.outgoing().chunks(self.write_bytes) {
            self.stream.write_all(bytes).await?;
        }
        self.websocket.advance(usize::MAX);
        Ok(())
    }

    /// Writes the same bytes without a pause, and reads what comes meanwhile, until the other side closes. Returns its
    /// close frame.
    pub async fn floods_until_closed(&mut self, bytes: &[u8]) -> Option<CloseFrame> {
        let mut written = 0;
        let mut buffer = vec![0; 16 * 1024];
        poll_fn(|cx| {
            for _ in 0..16 {
                match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                    Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(None),
                    Poll::Ready(Ok(bytes)) => self.websocket.receive(&buffer[..bytes]),
                    Poll::Pending => {}
                }
                if let Ok(Some(Incoming::Closed(frame))) = self.websocket.poll() {
                    return Poll::Ready(frame);
                }
                match Pin::new(&mut self.stream).poll_write(cx, &bytes[written..]) {
                    Poll::Ready(Ok(more)) => written = (written + more) % bytes.len(),
                    Poll::Ready(Err(_)) => {}
                    Poll::Pending => return Poll::Pending,
                }
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await
    }
}

/// Takes everything.
fn limits() -> WebSocketLimits {
    with(WebSocketLimits::default(), |limits| limits.message_bytes = 64 * 1024 * 1024)
}
