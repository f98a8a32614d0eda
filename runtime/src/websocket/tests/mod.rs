//! Stories of two ends, or of one and bytes made by hand.

mod closing;
mod handshake;
mod messages;
mod violations;

use super::*;

/// What came from the peer until there was no more.
fn drain(websocket: &mut WebSocket) -> Result<Vec<Incoming>, WebSocketError> {
    let mut all = Vec::new();
    while let Some(incoming) = websocket.poll()? {
        all.push(incoming);
    }
    Ok(all)
}

/// What a WebSocket has to write, written.
fn written(websocket: &mut WebSocket) -> Vec<u8> {
    let bytes = websocket.outgoing().to_vec();
    websocket.advance(bytes.len());
    bytes
}

/// Everything that one has to write, to the other, and what came of it.
fn pass(from: &mut WebSocket, to: &mut WebSocket) -> Result<Vec<Incoming>, WebSocketError> {
    to.receive(&written(from));
    drain(to)
}

fn client() -> WebSocket {
    WebSocket::client("shop.example:9000", "/btp", WebSocketLimits::default()).unwrap()
}

fn server() -> WebSocket {
    WebSocket::server(WebSocketLimits::default())
}

/// A client and a server that are open.
fn pair() -> (WebSocket, WebSocket) {
    let (mut client, mut server) = (client(), server());
    pass(&mut client, &mut server).unwrap();
    pass(&mut server, &mut client).unwrap();
    assert!(client.is_open() && server.is_open());
    (client, server)
}

/// An open one, whose peer is the test.
fn upgraded(role: Role) -> WebSocket {
    let mut websocket = WebSocket::upgraded(role, WebSocketLimits::default());
    assert_eq!(drain(&mut websocket), Ok(vec![Incoming::Opened { path: String::new() }]));
    websocket
}

fn frame(bytes: &'static [u8]) -> Incoming {
    Incoming::Frame(Bytes::from_static(bytes))
}

fn closed(code: CloseCode, reason: &str) -> Incoming {
    Incoming::Closed(Some(CloseFrame { code, reason: reason.to_owned() }))
}

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
/// The last frame of its message.
const FIN: u8 = 0x80;

/// A WebSocket frame as a server sends it.
fn unmasked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = header(first, 0, payload.len());
    bytes.extend_from_slice(payload);
    bytes
}

/// A WebSocket frame as a client sends it.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];
    let mut bytes = header(first, 0x80, payload.len());
    bytes.extend_from_slice(&MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

fn header(first: u8, mask_bit: u8, length: usize) -> Vec<u8> {
    let mut bytes = vec![first];
    match length {
        0..126 => bytes.push(mask_bit | u8::try_from(length).unwrap()),
        126..0x1_0000 => {
            bytes.push(mask_bit | 0x7e);
            bytes.extend_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
        }
        _ => {
            bytes.push(mask_bit | 0x7f);
            bytes.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    bytes
}

/// The payload of a close frame.
fn close_payload(code: u16, reason: &str) -> Vec<u8> {
    [&code.to_be_bytes(), reason.as_bytes()].concat()
}

#[test]
fn it_can_be_handed_between_threads() {
    fn handed<T: Send>() {}
    handed::<WebSocket>();
}

#[test]
fn it_keeps_what_waits_out_of_logs() {
    let (mut client, mut server) = pair();
    client.send(Bytes::from_static(b"the token")).unwrap();
    server.send(Bytes::from_static(b"the token")).unwrap();
    server.receive(&written(&mut client));
    assert_eq!(format!("{server:?}"), "WebSocket { state: Open(Open { can_write: true, .. }), outgoing_bytes: 11, .. }");
}
