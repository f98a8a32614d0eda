//! One WebSocket between two sides: nothing is lost, reordered or repeated inside it, but it delays, and it breaks at any
//! frame boundary.

use std::collections::VecDeque;

use bytes::Bytes;
use trustline_core::Timestamp;
use trustline_core::session::{Acceptor, ConnectionId};

/// One of the sides of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Accepts connections; hosts the ledger, where one side does.
    Shop,
    /// Dials.
    Customer,
    /// One of those who share the customer's account, and dial too.
    Other(usize),
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
    /// At the other end is the shop.
    pub(crate) dialer: Role,
    /// On the shop's end, until the connection is authenticated.
    pub(crate) acceptor: Option<Acceptor>,
    to_shop: Direction,
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
    pub(crate) fn new(id: ConnectionId, dialer: Role, acceptor: Acceptor) -> Self {
        Self { id, dialer, acceptor: Some(acceptor), to_shop: Direction::default(), to_dialer: Direction::default() }
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
    pub(crate) fn cut(&mut self, shop_notices: Timestamp, dialer_notices: Timestamp, order: u64) {
        self.cut_behind([0, 0], [shop_notices, dialer_notices], order);
    }

    /// [`cut`](Self::cut), but so many of the first frames on their way to the shop, and to who dialed, still arrive.
    pub(crate) fn cut_behind(&mut self, frames: [usize; 2], notices: [Timestamp; 2], order: u64) {
        self.to_shop.cut_behind(frames[0], notices[0], order);
        self.to_dialer.cut_behind(frames[1], notices[1], order);
    }

    /// `from` is no more: nothing arrives there.
    pub(crate) fn leave(&mut self, from: Role) {
        if from == Role::Shop {
            self.acceptor = None;
        }
        *self.towards(from) = Direction { arrivals: VecDeque::new(), ended: true };
    }

    /// How many frames are on their way to the shop, and to who dialed.
    pub(crate) fn on_their_way(&self) -> [usize; 2] {
        [&self.to_shop, &self.to_dialer].map(|direction| direction.arrivals.len())
    }

    /// The next arrival: when it is due, its place in the order of everything sent, and at whom.
    pub(crate) fn next(&self) -> Option<(Timestamp, u64, Role)> {
        self.firsts().min_by_key(|(due, order, _)| (*due, *order))
    }

    /// The next arrival in each direction.
    pub(crate) fn firsts(&self) -> impl Iterator<Item = (Timestamp, u64, Role)> + '_ {
        let first = |direction: &Direction, to| direction.arrivals.front().map(|(due, order, _)| (*due, *order, to));
        [first(&self.to_shop, Role::Shop), first(&self.to_dialer, self.dialer)].into_iter().flatten()
    }

    pub(crate) fn take(&mut self, to: Role) -> Option<Arrival> {
        self.towards(to).arrivals.pop_front().map(|(.., arrival)| arrival)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.to_shop.is_over() && self.to_dialer.is_over()
    }

    fn from(&mut self, role: Role) -> &mut Direction {
        if role == Role::Shop { &mut self.to_dialer } else { &mut self.to_shop }
    }

    fn towards(&mut self, role: Role) -> &mut Direction {
        if role == Role::Shop { &mut self.to_shop } else { &mut self.to_dialer }
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
