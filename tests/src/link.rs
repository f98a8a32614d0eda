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
        *self.towards(from) = Direction { arrivals: VecDeque::new(), ended: true };
    }

    /// Everything on its way is lost; each side notices at its own time.
    pub(crate) fn cut(&mut self, shop_notices: Timestamp, dialer_notices: Timestamp, order: u64) {
        let ending = |at| Direction { arrivals: [(at, order, Arrival::End)].into(), ended: true };
        if !self.to_shop.is_over() {
            self.to_shop = ending(shop_notices);
        }
        if !self.to_dialer.is_over() {
            self.to_dialer = ending(dialer_notices);
        }
    }

    pub(crate) fn next(&self) -> Option<(Timestamp, u64, Role)> {
        let first = |direction: &Direction, to| direction.arrivals.front().map(|(due, order, _)| (*due, *order, to));
        let to_shop = first(&self.to_shop, Role::Shop);
        let to_dialer = first(&self.to_dialer, self.dialer);
        to_shop.into_iter().chain(to_dialer).min_by_key(|(due, order, _)| (*due, *order))
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
    fn is_over(&self) -> bool {
        self.ended && self.arrivals.is_empty()
    }
}
