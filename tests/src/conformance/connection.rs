//! One WebSocket to the peer, as bare as it can be.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::net::{TcpStream, ToSocketAddrs};
use std::rc::Rc;
use std::time::{Duration, Instant};

use trustline_core::wire::{Body, Packet};
use trustline_core::{TransferId, WireLimits};
use trustline_runtime::BtpUrl;
use tungstenite::error::ProtocolError;
use tungstenite::{Error, Message, WebSocket};

use super::stop::Stop;
use super::writer;
use crate::START;

/// The transfers that a case has named, on whatever connection: what comes of others is left from an earlier case.
#[derive(Clone, Debug, Default)]
pub(super) struct Named(Rc<RefCell<BTreeSet<[u8; 16]>>>);

impl Named {
    pub(super) fn insert(&self, id: [u8; 16]) {
        self.0.borrow_mut().insert(id);
    }

    fn has(&self, id: &TransferId) -> bool {
        self.0.borrow().contains(id.as_bytes())
    }
}

/// What the peer sent and no step has asked for yet.
pub(super) struct Connection {
    socket: WebSocket<TcpStream>,
    named: Named,
    inbox: Vec<Packet>,
    is_closed: bool,
}

/// How long opening may take, and handing over what is sent.
const PATIENCE: Duration = Duration::from_secs(10);

impl Connection {
    pub(super) fn dial(url: &BtpUrl, named: &Named) -> Result<Self, Stop> {
        let failed = |error: &dyn std::fmt::Display| Stop::failed("a WebSocket", error.to_string());
        let stream = connect(url).map_err(|error| failed(&error))?;
        let host = if url.host().contains(':') { format!("[{}]", url.host()) } else { url.host().to_owned() };
        let (socket, _) =
            tungstenite::client(format!("ws://{host}:{}{}", url.port(), url.path()), stream).map_err(|error| failed(&error))?;
        Ok(Self { socket, named: named.clone(), inbox: Vec::new(), is_closed: false })
    }

    pub(super) fn send(&mut self, frame: Vec<u8>) -> Result<(), Stop> {
        self.socket.send(Message::binary(frame)).map_err(|error| Stop::failed("an open connection", error.to_string()))
    }

    pub(super) fn send_text(&mut self, text: &str) -> Result<(), Stop> {
        self.socket.send(Message::text(text)).map_err(|error| Stop::failed("an open connection", error.to_string()))
    }

    /// The first packet that came or comes within this time and is what is looked for. The others stay.
    pub(super) fn find(&mut self, within: Duration, is_it: impl Fn(&Packet) -> bool) -> Result<Option<Packet>, Stop> {
        Ok(self.position(within, is_it)?.map(|at| self.remove(at)))
    }

    /// Where it is in what is [left](Self::left).
    pub(super) fn position(&mut self, within: Duration, is_it: impl Fn(&Packet) -> bool) -> Result<Option<usize>, Stop> {
        let end = Instant::now() + within;
        loop {
            if let Some(at) = self.inbox.iter().position(&is_it) {
                return Ok(Some(at));
            }
            if !self.read(end)? {
                return Ok(None);
            }
        }
    }

    pub(super) fn remove(&mut self, at: usize) -> Packet {
        self.inbox.remove(at)
    }

    /// Whether the peer closes within this time.
    pub(super) fn closes(&mut self, within: Duration) -> Result<bool, Stop> {
        let end = Instant::now() + within;
        while self.read(end)? {}
        Ok(self.is_closed)
    }

    /// What has come and was not looked for, in its order.
    pub(super) fn left(&self) -> &[Packet] {
        &self.inbox
    }

    /// What was seen where something else was looked for.
    pub(super) fn seen(&self) -> String {
        match (&self.inbox[..], self.is_closed) {
            ([], true) => "the connection is closed".to_owned(),
            ([], false) => "nothing".to_owned(),
            (left, _) => left.iter().map(describe).collect::<Vec<_>>().join(", "),
        }
    }

    /// Reads one message. `false` when the time is over, or the connection.
    fn read(&mut self, end: Instant) -> Result<bool, Stop> {
        let rest = end.saturating_duration_since(Instant::now());
        if rest.is_zero() || self.is_closed {
            return Ok(false);
        }
        self.socket.get_ref().set_read_timeout(Some(rest)).map_err(|error| Stop::failed("a socket", error.to_string()))?;
        match self.socket.read() {
            Ok(Message::Binary(frame)) => {
                let packet = packet(&frame)?;
                self.take(packet)?;
            }
            Ok(Message::Text(text)) => return Err(Stop::failed("binary messages only", format!("the text {text:?}"))),
            Ok(_) => {}
            Err(Error::Io(error)) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(
                Error::ConnectionClosed
                | Error::AlreadyClosed
                | Error::Io(_)
                | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake),
            ) => {
                self.is_closed = true;
            }
            Err(error) => return Err(Stop::failed("messages of a WebSocket, or that it closes", error.to_string())),
        }
        Ok(!self.is_closed)
    }

    /// What the peer asks that is no part of a case is answered, so that it does not wait.
    fn take(&mut self, packet: Packet) -> Result<(), Stop> {
        let (kind, content) = match &packet.body {
            Body::Message(_) => (writer::ERROR, writer::refusal("NotAcceptedError", START)),
            Body::Prepare(prepare) if !self.named.has(&prepare.transfer_id) => (writer::ERROR, writer::refusal("NotAcceptedError", START)),
            Body::Fulfill(fulfill) if !self.named.has(&fulfill.transfer_id) => (writer::RESPONSE, writer::entries(&[])),
            Body::Reject(reject) if !self.named.has(&reject.transfer_id) => (writer::RESPONSE, writer::entries(&[])),
            _ => {
                self.inbox.push(packet);
                return Ok(());
            }
        };
        self.send(writer::packet(kind, packet.request_id, &content))
    }
}

fn connect(url: &BtpUrl) -> io::Result<TcpStream> {
    let mut result = Err(io::Error::new(ErrorKind::NotFound, "the host has no address"));
    for address in (url.host(), url.port()).to_socket_addrs()? {
        result = TcpStream::connect_timeout(&address, PATIENCE);
        if result.is_ok() {
            break;
        }
    }
    let stream = result?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// What a frame says. It must be written in the one form that each reader takes (PROTOCOL 1): the shortest lengths, three
/// digits of fraction in a time, and nothing behind the last field.
fn packet(frame: &[u8]) -> Result<Packet, Stop> {
    let shown = || hex::encode(frame);
    let packet =
        Packet::decode(frame, &WireLimits::NONE).map_err(|error| Stop::failed("a readable frame", format!("{}: {error}", shown())))?;
    match packet.encode() {
        Ok(written) if written == frame => Ok(packet),
        Ok(written) => Err(Stop::failed(format!("a frame in the form {}", hex::encode(written)), shown())),
        Err(error) => Err(Stop::failed("a frame that may be sent", format!("{}: {error}", shown()))),
    }
}

/// A packet, in few words.
pub(super) fn describe(packet: &Packet) -> String {
    match &packet.body {
        Body::Response(_) => "Response".to_owned(),
        Body::Error(error) => format!("Error {} {}", error.code, error.name),
        Body::Prepare(prepare) => format!("Prepare of {}", prepare.amount),
        Body::Fulfill(_) => "Fulfill".to_owned(),
        Body::Reject(_) => "Reject".to_owned(),
        Body::Message(_) => "Message".to_owned(),
        Body::Transfer(_) => "Transfer".to_owned(),
    }
}
