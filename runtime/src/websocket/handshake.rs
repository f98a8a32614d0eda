//! The HTTP upgrade (RFC 6455 section 4).
//!
//! Tungstenite's own handshake machines are passed by: they count reads (and take many small ones for an attack),
//! refuse frames that follow a request in the same read, and let a server switch on extensions that nobody asked for.
//! Its parsers and writers are used.

use tungstenite::{
    client::IntoClientRequest,
    error::{CapacityError, Error, ProtocolError},
    handshake::{
        client::{Response, generate_request},
        derive_accept_key,
        machine::TryParse,
        server::{Request, create_response, write_response},
    },
    http::HeaderMap,
};

use super::{Role, WebSocketError};

/// A handshake that waits for the other side's head: everything up to the blank line.
#[derive(Debug)]
pub(super) struct Handshake {
    /// A client's own request. A server has none.
    request: Option<ClientRequest>,
    /// So many of the first bytes hold no blank line.
    seen: usize,
}

#[derive(Debug)]
struct ClientRequest {
    accept_key: String,
    path: String,
}

/// How a handshake ended.
pub(super) struct Outcome {
    /// To be sent, whether it ended well or not. Empty for a client.
    pub(super) answer: Vec<u8>,
    pub(super) result: Result<Upgrade, WebSocketError>,
}

/// A handshake that ended well.
pub(super) struct Upgrade {
    pub(super) role: Role,
    /// The path and query asked for.
    pub(super) path: String,
    /// The bytes of the head. The first frames follow.
    pub(super) head_bytes: usize,
}

impl Handshake {
    /// The client's side, and the request to be sent.
    pub(super) fn client(host: &str, path: &str) -> Result<(Self, Vec<u8>), WebSocketError> {
        let path = if path.is_empty() { "/" } else { path };
        let request = format!("ws://{host}{path}").into_client_request().map_err(|_| WebSocketError::InvalidTarget)?;
        // A host with a slash, or a path without one, would have moved the border between the two; user information
        // would have been cut off.
        if !path.starts_with('/') || request.headers().get("host").is_none_or(|parsed| parsed != host) {
            return Err(WebSocketError::InvalidTarget);
        }
        let path = path_and_query(&request);
        let (bytes, key) = generate_request(request).map_err(|_| WebSocketError::InvalidTarget)?;
        let request = ClientRequest { accept_key: derive_accept_key(key.as_bytes()), path };
        Ok((Self { request: Some(request), seen: 0 }, bytes))
    }

    pub(super) fn server() -> Self {
        Self { request: None, seen: 0 }
    }

    /// How it ended, given all bytes that came so far, or `None` if there have to be more.
    pub(super) fn poll(&mut self, bytes: &[u8], limit_bytes: usize) -> Option<Outcome> {
        // Most likely TLS on the plain port, which waits for an answer and would never send a blank line.
        if bytes.first().is_some_and(|first| !first.is_ascii_alphabetic()) {
            let detail =
                if is_tls(bytes[0]) { "TLS, which was not asked for: one side is at btp+ws, the other at btp+wss" } else { "not HTTP" };
            return Some(self.refused(not_http(), WebSocketError::Handshake { detail: detail.to_owned() }));
        }
        let within_limit = &bytes[..bytes.len().min(limit_bytes)];
        if let Some(head_bytes) = head_length(within_limit, self.seen) {
            let head = &bytes[..head_bytes];
            return Some(match &self.request {
                Some(request) => Outcome { answer: Vec::new(), result: request.verify(head) },
                None => respond(head),
            });
        }
        self.seen = within_limit.len();
        (self.seen == limit_bytes).then(|| self.refused(too_long(), WebSocketError::HandshakeTooLong { limit_bytes }))
    }

    fn refused(&self, answer: Vec<u8>, error: WebSocketError) -> Outcome {
        let answer = if self.request.is_some() { Vec::new() } else { answer };
        Outcome { answer, result: Err(error) }
    }
}

impl ClientRequest {
    /// Checks the server's head (RFC 6455 section 4.1, the numbered list at its end).
    fn verify(&self, head: &[u8]) -> Result<Upgrade, WebSocketError> {
        let response = parse::<Response>(head).map_err(|error| wrong(&error))?;
        if response.status().as_u16() != 101 {
            return Err(WebSocketError::Refused { status: response.status().as_u16() });
        }
        let headers = response.headers();
        let error = if !has_token(headers, "upgrade", "websocket") {
            ProtocolError::MissingUpgradeWebSocketHeader
        } else if !has_token(headers, "connection", "upgrade") {
            ProtocolError::MissingConnectionUpgradeHeader
        } else if headers.get("sec-websocket-accept").is_none_or(|accept| accept != &self.accept_key) {
            ProtocolError::SecWebSocketAcceptKeyMismatch
        } else if headers.contains_key("sec-websocket-extensions") || headers.contains_key("sec-websocket-protocol") {
            return Err(WebSocketError::Handshake { detail: "an extension or subprotocol that was not asked for".to_owned() });
        } else {
            return Ok(Upgrade { role: Role::Client, path: self.path.clone(), head_bytes: head.len() });
        };
        Err(wrong(&error.into()))
    }
}

/// The server's answer to a request head.
fn respond(head: &[u8]) -> Outcome {
    let accepted = parse::<Request>(head).and_then(|request| {
        // It has no header for a subprotocol or for extensions: none is ever taken, permessage-deflate included.
        let response = create_response(&request)?;
        let mut answer = Vec::new();
        write_response(&mut answer, &response)?;
        let upgrade = Upgrade { role: Role::Server, path: path_and_query(&request), head_bytes: head.len() };
        Ok(Outcome { answer, result: Ok(upgrade) })
    });
    accepted.unwrap_or_else(|error| Outcome { answer: refusal(&error), result: Err(wrong(&error)) })
}

/// Whether a stream that begins like this is one of TLS, with an alert or a handshake (RFC 8446 section 5.1).
fn is_tls(first: u8) -> bool {
    matches!(first, 0x15 | 0x16)
}

/// The length of the head at the start of `bytes`, blank line included, if all of it is there. The first `seen` bytes
/// were searched before: a head that comes byte by byte is still searched once.
fn head_length(bytes: &[u8], seen: usize) -> Option<usize> {
    // The line feed that ends the line before the blank one may be among them. Bare line feeds count, as they do for
    // the parser.
    let mut at = seen.saturating_sub(2);
    while let Some(found) = bytes[at..].iter().position(|&byte| byte == b'\n') {
        at += found + 1;
        let rest = &bytes[at..];
        if rest.starts_with(b"\n") {
            return Some(at + 1);
        } else if rest.starts_with(b"\r\n") {
            return Some(at + 2);
        }
    }
    None
}

fn parse<T: TryParse>(head: &[u8]) -> Result<T, Error> {
    T::try_parse(head)?.map(|(_, parsed)| parsed).ok_or(Error::Protocol(ProtocolError::HandshakeIncomplete))
}

/// The same type on both sides of tungstenite: what a client asks and a server is asked.
fn path_and_query(request: &Request) -> String {
    request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned()
}

/// Whether a header that is a list, perhaps in several lines, has this word in it, in any case.
fn has_token(headers: &HeaderMap, name: &str, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|found| found.trim().eq_ignore_ascii_case(token))
}

fn wrong(error: &Error) -> WebSocketError {
    WebSocketError::Handshake { detail: error.to_string() }
}

/// 426 names what to upgrade to (RFC 9110 section 15.5.22) and which version of it (RFC 6455 section 4.4).
fn refusal(error: &Error) -> Vec<u8> {
    match error {
        Error::Protocol(ProtocolError::WrongHttpMethod) => http_response("405 Method Not Allowed", "Connection: close\r\nAllow: GET\r\n"),
        Error::Protocol(
            ProtocolError::MissingConnectionUpgradeHeader
            | ProtocolError::MissingUpgradeWebSocketHeader
            | ProtocolError::MissingSecWebSocketVersionHeader,
        ) => http_response("426 Upgrade Required", "Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"),
        Error::Capacity(CapacityError::TooManyHeaders) => too_long(),
        _ => not_http(),
    }
}

fn too_long() -> Vec<u8> {
    http_response("431 Request Header Fields Too Large", "Connection: close\r\n")
}

fn not_http() -> Vec<u8> {
    http_response("400 Bad Request", "Connection: close\r\n")
}

fn http_response(status: &str, headers: &str) -> Vec<u8> {
    let body = format!("{status}: only WebSocket connections are served here.\n");
    format!("HTTP/1.1 {status}\r\n{headers}Content-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}
