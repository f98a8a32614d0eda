//! The connections of a session.

use alloc::vec::Vec;

use super::output::ConnectionId;
use super::request_table::RequestTable;
use crate::LedgerId;
use crate::wire::ProtocolData;

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: ConnectionId,
    /// Authenticated: requests may go both ways.
    pub(super) ready: bool,
    /// By us: then it is for us to tell first how far the ledgers are.
    pub(super) dialed: bool,
    /// What the host said when it let us in, as long as its balance is awaited.
    pub(super) greeting: Option<ProtocolData>,
    /// The peer's ledger, if it names it.
    pub(super) peer: Option<LedgerId>,
    pub(super) requests: RequestTable,
    /// The peer's requests that the application has not answered.
    pub(super) unanswered: usize,
}

/// In the order in which they were opened, the newest last. There are few: a hosted account's customers, mostly one.
#[derive(Debug, Default)]
pub(super) struct Connections(Vec<Connection>);

impl Connections {
    pub(super) fn get_mut(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        self.0.iter_mut().rev().find(|connection| connection.id == id)
    }

    pub(super) fn get(&self, id: ConnectionId) -> Option<&Connection> {
        self.iter().rev().find(|connection| connection.id == id)
    }

    pub(super) fn contains(&self, id: ConnectionId) -> bool {
        self.iter().any(|connection| connection.id == id)
    }

    /// The newest over which requests may go.
    pub(super) fn newest_ready(&mut self) -> Option<&mut Connection> {
        self.0.iter_mut().rev().find(|connection| connection.ready)
    }

    /// The named one if requests may go over it, else the newest over which they may and that is not among `strangers`.
    pub(super) fn ready_or_newest(&mut self, id: Option<ConnectionId>, strangers: &[ConnectionId]) -> Option<&mut Connection> {
        let named = self.0.iter().rposition(|connection| connection.ready && Some(connection.id) == id);
        match named {
            Some(index) => self.0.get_mut(index),
            None => self.0.iter_mut().rev().find(|connection| connection.ready && !strangers.contains(&connection.id)),
        }
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

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
