//! The host's side of authentication: what stands between a new connection and a session.

use alloc::string::String;

use bytes::Bytes;

use super::credentials::{Credentials, Token};
use super::error_name::ErrorName;
use super::subprotocol;
use crate::wire::{Body, Name, Packet, ProtocolData};
use crate::{Limits, Timestamp};

/// Waits for the first frame of a connection that was accepted, and says whose it claims to be. Whether the claim is
/// true is for its owner to decide: then the connection joins a session by
/// [`handle_accepted`](super::Session::handle_accepted), or is answered with [`refusal`](AuthenticationRequest::refusal)
/// and closed.
///
/// Each connection has its own, and so its own deadline.
#[derive(Debug)]
pub struct Acceptor {
    deadline: Timestamp,
    limits: Limits,
}

/// What a frame meant to an [`Acceptor`].
#[derive(Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// Nothing yet: the frame was unreadable, and is not answered.
    Waiting,
    /// These are the credentials.
    Authenticate(AuthenticationRequest),
    /// It was no authentication: send this frame and close the connection.
    Refused(Bytes),
    /// It broke a limit: close the connection.
    Violation(crate::wire::DecodeError),
}

/// An `auth` request that was read and not yet answered.
#[derive(Debug, PartialEq, Eq)]
pub struct AuthenticationRequest {
    /// To answer it.
    pub request_id: u32,
    /// What the client shows.
    pub credentials: Credentials,
}

impl AuthenticationRequest {
    /// The frame that tells the client no; its connection is to be closed behind it.
    pub fn refusal(&self, message: &str, now: Timestamp) -> Bytes {
        refusal(self.request_id, ErrorName::NotAccepted, message, now)
    }

    /// The frame that tells the client to try again later; its connection is to be closed behind it.
    pub fn not_now(&self, message: &str, now: Timestamp) -> Bytes {
        refusal(self.request_id, ErrorName::Unreachable, message, now)
    }
}

impl Acceptor {
    /// For a connection that was accepted `now`.
    pub fn new(limits: Limits, now: Timestamp) -> Self {
        Self { deadline: now.saturating_add(limits.authentication_timeout), limits }
    }

    /// When the connection is to be closed if it has not authenticated.
    pub fn deadline(&self) -> Timestamp {
        self.deadline
    }

    /// A binary WebSocket message came.
    pub fn handle_frame(&mut self, frame: &[u8], now: Timestamp) -> Acceptance {
        let packet = match Packet::decode(frame, &self.limits.wire) {
            Ok(packet) => packet,
            Err(error) if error.is_limit() => return Acceptance::Violation(error),
            Err(_) => return Acceptance::Waiting,
        };
        let request_id = packet.request_id;
        let credentials = match packet.body {
            Body::Message(protocol_data) => credentials(&protocol_data),
            _ => Err("the first packet of a connection must be a Message"),
        };
        match credentials {
            Ok(credentials) => Acceptance::Authenticate(AuthenticationRequest { request_id, credentials }),
            Err(message) => Acceptance::Refused(refusal(request_id, ErrorName::InvalidFields, message, now)),
        }
    }
}

fn credentials(protocol_data: &ProtocolData) -> Result<Credentials, &'static str> {
    if protocol_data.primary().is_none_or(|first| first.name != Name::AUTH) {
        return Err("the first entry must be auth");
    }
    let mut username = None;
    let mut token = None;
    let mut others = alloc::vec::Vec::new();
    for (index, entry) in protocol_data.iter().enumerate().skip(1) {
        if protocol_data.iter().take(index).any(|earlier| earlier.name == entry.name) {
            return Err("two entries have the same name");
        }
        match &*entry.name {
            "auth_username" => username = Some(subprotocol::text(entry).ok_or("auth_username must be UTF-8 text (type 1)")?),
            "auth_token" => token = Some(subprotocol::text(entry).ok_or("auth_token must be UTF-8 text (type 1)")?),
            _ => others.push(entry.clone()),
        }
    }
    Ok(Credentials {
        // RFC 0023: a username that is absent is empty.
        username: username.map(String::from).unwrap_or_default(),
        token: Token::from(token.ok_or("auth_token is missing")?),
        protocol_data: ProtocolData::from(others),
    })
}

fn refusal(request_id: u32, name: ErrorName, message: &str, now: Timestamp) -> Bytes {
    super::kept_data::encode(&Packet { request_id, body: Body::Error(name.error(message, now)) })
}
