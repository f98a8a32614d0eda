//! The connections of a session.

use alloc::vec::Vec;

use super::output::ConnectionId;
use super::request_table::RequestTable;
use crate::Timestamp;

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: ConnectionId,
    /// By us; else by the peer.
    pub(super) dialed: bool,
    /// Authenticated: requests may go both ways.
    pub(super) ready: bool,
    /// It has been asked whether it lives, so that it can replace others. See [`elect`](super::machine::Session::elect).
    pub(super) asked: bool,
    /// If one that goes before it lives, that one replaces it.
    pub(super) challenged: bool,
    /// Another has replaced it: it takes no new requests of ours, and has until then to answer those that it took.
    pub(super) replaced: Option<Timestamp>,
    pub(super) requests: RequestTable,
    /// The peer's requests that the application has not answered.
    pub(super) unanswered: usize,
}

impl Connection {
    pub(super) fn new(id: ConnectionId, dialed: bool, most_requests: usize) -> Self {
        let requests = RequestTable::new(most_requests);
        Self { id, dialed, ready: false, asked: false, challenged: false, replaced: None, requests, unanswered: 0 }
    }

    /// Whether new requests of ours may go over it.
    pub(super) fn is_usable(&self) -> bool {
        self.ready && self.replaced.is_none()
    }
}

/// In the order in which they were opened, the newest last. There are few: a hosted account's customers, mostly one.
#[derive(Debug, Default)]
pub(super) struct Connections(Vec<Connection>);

impl Connections {
    pub(super) fn get_mut(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        self.0.iter_mut().rev().find(|connection| connection.id == id)
    }

    pub(super) fn contains(&self, id: ConnectionId) -> bool {
        self.iter().any(|connection| connection.id == id)
    }

    /// The newest over which requests may go.
    pub(super) fn newest_ready(&mut self) -> Option<&mut Connection> {
        self.0.iter_mut().rev().find(|connection| connection.is_usable())
    }

    /// The named one if requests may go over it, else the newest over which they may and that is not among `strangers`.
    pub(super) fn ready_or_newest(&mut self, id: Option<ConnectionId>, strangers: &[ConnectionId]) -> Option<&mut Connection> {
        let named = self.0.iter().rposition(|connection| connection.is_usable() && Some(connection.id) == id);
        match named {
            Some(index) => self.0.get_mut(index),
            None => self.0.iter_mut().rev().find(|connection| connection.is_usable() && !strangers.contains(&connection.id)),
        }
    }

    /// One that was replaced, and has had its time.
    pub(super) fn first_over(&self, now: Timestamp) -> Option<ConnectionId> {
        self.iter().find(|connection| connection.replaced.is_some_and(|until| until <= now)).map(|connection| connection.id)
    }

    pub(super) fn push(&mut self, connection: Connection) {
        self.0.push(connection);
    }

    pub(super) fn remove(&mut self, id: ConnectionId) -> Option<Connection> {
        let index = self.0.iter().position(|connection| connection.id == id)?;
        Some(self.0.remove(index))
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Connection> {
        self.0.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Connection> {
        self.0.iter_mut()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
