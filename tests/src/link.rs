//! One WebSocket between two sides: nothing is lost, reordered or repeated inside it, but it delays, and it breaks at any
//! frame boundary.

use std::collections::VecDeque;

use bytes::Bytes;
use trustline_core::Timestamp;
use trustline_core::session::{Acceptor, ConnectionId};

/// One of the sides of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Hosts the ledger, where one side does, and accepts connections. Among equals it may dial too.
    Shop,
    /// Dials. Among equals it may accept too.
    Customer,
    /// One of those who share the customer's account, and dial too.
    Other(usize),
}

/// By the number of a party in a [`Conversation`](trustline_core::testing::Conversation).
impl From<usize> for Role {
    fn from(party: usize) -> Self {
        match party {
            0 => Self::Shop,
            1 => Self::Customer,
            more => Self::Other(more - 2),
        }
    }
}

/// What arrives at an end of a link.
#[derive(Debug)]
pub(crate) enum Arrival {
    Frame(Bytes),
    /// The connection is gone.
    End,
}

#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) id: ConnectionId,
    pub(crate) dialer: Role,
    pub(crate) accepter: Role,
    /// On the accepter's end, until the connection is authenticated.
    pub(crate) acceptor: Option<Acceptor>,
    to_accepter: Direction,
    to_dialer: Direction,
}

#[derive(Debug, Default)]
struct Direction {
    /// Each with its due time and its place in the order of everything sent in the scenario.
    arrivals: VecDeque<(Timestamp, u64, Arrival)>,
    /// Nothing can be sent any more.
    ended: bool,
}

impl Link {
    pub(crate) fn new(id: ConnectionId, dialer: Role, accepter: Role, acceptor: Acceptor) -> Self {
        let (to_accepter, to_dialer) = (Direction::default(), Direction::default());
        Self { id, dialer, accepter, acceptor: Some(acceptor), to_accepter, to_dialer }
    }

    /// Whether one of its ends is there.
    pub(crate) fn is_at(&self, role: Role) -> bool {
        role == self.dialer || role == self.accepter
    }

    /// Who is at the other end.
    pub(crate) fn opposite(&self, role: Role) -> Role {
        if role == self.dialer { self.accepter } else { self.dialer }
    }

    /// Sends on behalf of `from`; `order` counts everything sent in the scenario.
    pub(crate) fn send(&mut self, from: Role, arrival: Arrival, due: Timestamp, order: u64) {
        let direction = self.from(from);
        if direction.ended {
            return;
        }
        let due = direction.arrivals.back().map_or(due, |(last, ..)| due.max(*last));
        direction.ended = matches!(arrival, Arrival::End);
        direction.arrivals.push_back((due, order, arrival));
    }

    /// `from` closed its end: what it sent arrives, what is on its way to it does not.
    pub(crate) fn close(&mut self, from: Role, due: Timestamp, order: u64) {
        self.send(from, Arrival::End, due, order);
        self.leave(from);
    }

    /// Everything on its way is lost; each side notices at its own time.
    pub(crate) fn cut(&mut self, notices: impl Fn(Role) -> Timestamp, order: u64) {
        self.cut_behind(|_| 0, notices, order);
    }

    /// [`cut`](Self::cut), but so many of the first frames on their way to a side still arrive.
    pub(crate) fn cut_behind(&mut self, mut frames: impl FnMut(Role) -> usize, notices: impl Fn(Role) -> Timestamp, order: u64) {
        let (accepter, dialer) = (self.accepter, self.dialer);
        self.to_accepter.cut_behind(frames(accepter), notices(accepter), order);
        self.to_dialer.cut_behind(frames(dialer), notices(dialer), order);
    }

    /// A side does not read before `until`: what is on its way there waits.
    pub(crate) fn is_not_read(&mut self, by: Role, until: Timestamp) {
        for (due, ..) in &mut self.towards(by).arrivals {
            *due = (*due).max(until);
        }
    }

    /// `from` is no more: nothing arrives there.
    pub(crate) fn leave(&mut self, from: Role) {
        if from == self.accepter {
            self.acceptor = None;
        }
        *self.towards(from) = Direction { arrivals: VecDeque::new(), ended: true };
    }

    /// How many frames are on their way to a side.
    pub(crate) fn on_their_way(&self, to: Role) -> usize {
        let direction = if to == self.dialer { &self.to_dialer } else { &self.to_accepter };
        direction.arrivals.len()
    }

    /// The next arrival: when it is due, its place in the order of everything sent, and at whom.
    pub(crate) fn next(&self) -> Option<(Timestamp, u64, Role)> {
        self.firsts().min_by_key(|(due, order, _)| (*due, *order))
    }

    /// The next arrival in each direction.
    pub(crate) fn firsts(&self) -> impl Iterator<Item = (Timestamp, u64, Role)> + '_ {
        let first = |direction: &Direction, to| direction.arrivals.front().map(|(due, order, _)| (*due, *order, to));
        [first(&self.to_accepter, self.accepter), first(&self.to_dialer, self.dialer)].into_iter().flatten()
    }

    pub(crate) fn take(&mut self, to: Role) -> Option<Arrival> {
        self.towards(to).arrivals.pop_front().map(|(.., arrival)| arrival)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.to_accepter.is_over() && self.to_dialer.is_over()
    }

    fn from(&mut self, role: Role) -> &mut Direction {
        if role == self.dialer { &mut self.to_accepter } else { &mut self.to_dialer }
    }

    fn towards(&mut self, role: Role) -> &mut Direction {
        if role == self.dialer { &mut self.to_dialer } else { &mut self.to_accepter }
    }
}

impl Direction {
    fn cut_behind(&mut self, frames: usize, notices: Timestamp, order: u64) {
        if self.is_over() {
            return;
        }
        self.arrivals.truncate(frames);
        self.arrivals.retain(|(.., arrival)| matches!(arrival, Arrival::Frame(_)));
        let due = self.arrivals.back().map_or(notices, |(last, ..)| notices.max(*last));
        self.arrivals.push_back((due, order, Arrival::End));
        self.ended = true;
    }

    fn is_over(&self) -> bool {
        self.ended && self.arrivals.is_empty()
    }
}
