//! The connections of a session.

use alloc::vec::Vec;

use super::output::ConnectionId;
use super::request_table::RequestTable;
use crate::wire::ProtocolData;
use crate::{LedgerId, Timestamp};

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: ConnectionId,
    /// By us; else by the peer.
    pub(super) dialed: bool,
    pub(super) stage: Stage,
    /// It was asked whether it lives, and has not answered. See [`elect`](super::machine::Session::elect).
    pub(super) asked: bool,
    /// It was there when the first in rank was asked.
    pub(super) challenged: bool,
    /// What the host said when it let us in, as long as its balance is awaited.
    pub(super) greeting: Option<ProtocolData>,
    /// The peer's ledger, if it names it, and ours has a name too.
    pub(super) peer: Option<LedgerId>,
    /// The ledger of the peer that dialed, if it names it. It has one connection.
    pub(super) dialer: Option<LedgerId>,
    pub(super) requests: RequestTable,
    /// The peer's requests that the application has not answered.
    pub(super) unanswered: usize,
}

/// How far a connection is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Our authentication waits for its answer.
    Authenticating,
    /// Requests may go both ways.
    Ready,
    /// An equal keeps another connection. This one takes no new requests of ours, and has until then to answer those that it
    /// took.
    Replaced { until: Timestamp },
}

impl Connection {
    pub(super) fn new(id: ConnectionId, dialed: bool, most_requests: usize) -> Self {
        let requests = RequestTable::new(most_requests);
        Self {
            id,
            dialed,
            stage: Stage::Authenticating,
            asked: false,
            challenged: false,
            greeting: None,
            peer: None,
            dialer: None,
            requests,
            unanswered: 0,
        }
    }

    /// Whether new requests of ours may go over it.
    pub(super) fn is_usable(&self) -> bool {
        self.stage == Stage::Ready
    }

    /// Whether requests of the peer count.
    pub(super) fn is_authenticated(&self) -> bool {
        self.stage != Stage::Authenticating
    }

    /// When it is closed because it was replaced.
    pub(super) fn replaced_until(&self) -> Option<Timestamp> {
        match self.stage {
            Stage::Replaced { until } => Some(until),
            Stage::Authenticating | Stage::Ready => None,
        }
    }
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

    pub(super) fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Connection> {
        self.0.iter_mut()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
