//! Two sides, a link and one fake clock.

use std::time::Duration;

use trustline_core::Timestamp;
use trustline_core::ledger::{Authority, Bounds};
use trustline_core::session::{Acceptance, Acceptor, ConnectionId, Credentials, SessionConfig, Token};
use trustline_core::wire::ProtocolData;

use crate::link::{Arrival, Link, Role};
use crate::names::{START, TOKEN, ledger_info};
use crate::side::Side;
use crate::story::describe_frame;
use crate::with;

/// More steps than any scenario takes at one moment: beyond it, the two talk in circles.
const MOST_STEPS: usize = 100_000;

/// What the shop's ledger is called.
const SHOPS: u8 = 0x50;

/// What the customer's ledger is called; those of the others follow.
const CUSTOMERS: u8 = 0xc0;

/// A shop that accepts connections, and a customer that dials; among equals each may do both. Between them lie links that
/// delay and break.
#[derive(Debug)]
pub struct Pair {
    /// Accepts connections. Among equals it may dial too.
    pub shop: Side,
    /// Dials. Among equals it may accept too.
    pub customer: Side,
    /// Others who dial, and share the customer's account.
    pub others: Vec<Side>,
    /// How long a frame takes.
    pub delay: Duration,
    /// After so many more frames, the link that carries the last of them breaks.
    pub cut_after: Option<usize>,
    /// How far the customer's clock is ahead, in milliseconds.
    pub customer_ahead: i64,
    others_keep_ledgers: bool,
    now: Timestamp,
    links: Vec<Link>,
    next_connection: u64,
    order: u64,
    talk: Vec<String>,
}

impl Pair {
    /// The shop hosts the ledger, up to a balance of 1,000,000. Not connected.
    pub fn hosted() -> Self {
        let bounds = Bounds { minimum: -1_000_000, maximum: 1_000_000 };
        let shop = with(SessionConfig::new(Authority::Ours), |config| {
            config.bounds = bounds;
            config.info = Some(ledger_info());
        });
        Self::new(shop, customer(Authority::Theirs))
    }

    /// Both keep the ledger, as equals, up to a balance of 1,000,000 either way. Not connected.
    pub fn equals() -> Self {
        let bounds = Bounds { minimum: -1_000_000, maximum: 1_000_000 };
        let equal = with(customer(Authority::Shared), |config| {
            config.bounds = bounds;
            config.info = Some(ledger_info());
        });
        let addressed = |account: &str, peer_account: &str| {
            with(equal.clone(), |config| {
                config.account = Some(account.into());
                config.peer_account = Some(peer_account.into());
            })
        };
        Self::new(addressed("example.shop", "example.customer"), addressed("example.customer", "example.shop"))
    }

    /// Both keep ledgers that have names, and so will the others.
    #[must_use]
    pub fn keeping_ledgers(mut self) -> Self {
        self.shop = self.shop.keeping_ledger(SHOPS);
        self.customer = self.customer.keeping_ledger(CUSTOMERS);
        self.others_keep_ledgers = true;
        self
    }

    /// [`hosted`](Self::hosted), and connected; what was said until then is forgotten.
    pub fn connected() -> Self {
        Self::hosted().after_connecting()
    }

    /// [`equals`](Self::equals), and connected; what was said until then is forgotten.
    pub fn connected_equals() -> Self {
        Self::equals().after_connecting()
    }

    /// Two sides of these configurations. Not connected.
    pub fn new(shop: SessionConfig, customer: SessionConfig) -> Self {
        Self {
            shop: Side::new(shop),
            customer: Side::new(customer),
            others: Vec::new(),
            delay: Duration::ZERO,
            cut_after: None,
            customer_ahead: 0,
            others_keep_ledgers: false,
            now: START,
            links: Vec::new(),
            next_connection: 1,
            order: 0,
            talk: Vec::new(),
        }
    }

    /// Connects, and forgets what was said.
    #[must_use]
    pub fn after_connecting(mut self) -> Self {
        self.connect();
        self.drive();
        self.forget_talk();
        self
    }

    /// Someone else who shares the customer's account. Connected; what was said is forgotten.
    pub fn add_other(&mut self) -> usize {
        let mut other = Side::new(self.customer.config().clone());
        other.now = self.now;
        let index = self.others.len();
        if self.others_keep_ledgers {
            other = other.keeping_ledger(CUSTOMERS + 1 + u8::try_from(index).expect("there are few"));
        }
        self.others.push(other);
        self.connect_as(Role::Other(index));
        self.drive();
        self.forget_talk();
        index
    }

    /// Forgets what was said.
    pub fn forget_talk(&mut self) {
        self.talk.clear();
        for role in self.roles() {
            self.side(role).events();
        }
    }

    /// One of the sides.
    pub fn side(&mut self, role: Role) -> &mut Side {
        match role {
            Role::Shop => &mut self.shop,
            Role::Customer => &mut self.customer,
            Role::Other(index) => &mut self.others[index],
        }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// What was said since this was asked last: who, and what.
    pub fn talk(&mut self) -> Vec<String> {
        std::mem::take(&mut self.talk)
    }

    fn roles(&self) -> Vec<Role> {
        [Role::Shop, Role::Customer].into_iter().chain((0..self.others.len()).map(Role::Other)).collect()
    }
}

/// Connections.
impl Pair {
    /// The customer dials.
    pub fn connect(&mut self) -> ConnectionId {
        self.connect_as(Role::Customer)
    }

    /// Someone dials: the shop its customer, and everyone else the shop.
    pub fn connect_as(&mut self, dialer: Role) -> ConnectionId {
        let id = ConnectionId(self.next_connection);
        self.next_connection += 1;
        let accepter = if dialer == Role::Shop { Role::Customer } else { Role::Shop };
        let side = self.side(accepter);
        let acceptor = Acceptor::new(side.config().limits.clone(), side.now);
        self.links.push(Link::new(id, dialer, accepter, acceptor));
        self.side(dialer).connected(id);
        id
    }

    /// Breaks every link of the customer. What was on its way is lost; both sides notice at once.
    pub fn cut(&mut self) {
        self.cut_noticed_after(Duration::ZERO, Duration::ZERO);
    }

    /// Breaks every link of the customer. What was on its way is lost; each side notices after a while.
    pub fn cut_noticed_after(&mut self, shop: Duration, customer: Duration) {
        self.cut_off(Role::Customer, shop, customer);
    }

    /// Breaks every link of one who is not the shop. What was on its way is lost; each side notices after a while.
    pub fn cut_off(&mut self, other: Role, shop_notices: Duration, other_notices: Duration) {
        let (shop, others) = (self.now.saturating_add(shop_notices), self.now.saturating_add(other_notices));
        self.collect();
        for link in self.links.iter_mut().filter(|link| link.is_at(other)) {
            link.cut(|role| if role == Role::Shop { shop } else { others }, self.order);
        }
        self.drive();
    }

    /// Breaks one link. What was on its way is lost; each side notices after a while.
    pub fn cut_one(&mut self, connection: ConnectionId, shop_notices: Duration, other_notices: Duration) {
        let (shop, others) = (self.now.saturating_add(shop_notices), self.now.saturating_add(other_notices));
        self.collect();
        let order = self.order;
        if let Some(link) = self.link(connection) {
            link.cut(|role| if role == Role::Shop { shop } else { others }, order);
        }
        self.drive();
    }

    /// Whether a connection of the customer is authenticated on both sides.
    pub fn is_connected(&self) -> bool {
        self.customer.session.is_connected() && self.shop.session.is_connected()
    }

    /// A side's process dies and starts again from its journal. Its links break.
    pub fn restart(&mut self, role: Role) {
        let effects = self.side(role).journal().len();
        self.restore(role, effects);
    }

    /// A side's process dies, and starts again from the first `effects` effects of its journal: an older backup was put in its
    /// place. Its links break.
    pub fn restore(&mut self, role: Role, effects: usize) {
        self.side(role).restart_from(effects);
        for link in self.links.iter_mut().filter(|link| link.is_at(role)) {
            link.cut(|_| self.now, self.order);
        }
        self.drive();
    }
}

/// Time.
impl Pair {
    /// Everything that can happen at this moment happens.
    pub fn drive(&mut self) {
        for _ in 0..MOST_STEPS {
            self.collect();
            if !self.deliver_next() {
                return;
            }
        }
        panic!("the two do not come to rest; they say:\n{}", self.talk[self.talk.len().saturating_sub(20)..].join("\n"));
    }

    /// Time passes, and everything happens at its time.
    pub fn advance(&mut self, by: Duration) {
        let end = self.now.saturating_add(by);
        self.drive();
        for _ in 0..MOST_STEPS {
            match self.next_moment().filter(|at| *at <= end) {
                Some(at) => self.pass_to(at),
                None => return self.pass_to(end),
            }
        }
        panic!("time does not get ahead of the deadlines");
    }

    /// Time passes until nothing is on its way and no side waits for an answer, or for `most`.
    pub fn settle(&mut self, most: Duration) {
        let end = self.now.saturating_add(most);
        self.drive();
        while let Some(at) = self.next_moment().filter(|at| *at <= end) {
            self.pass_to(at);
        }
    }

    fn next_moment(&self) -> Option<Timestamp> {
        let arrivals = self.links.iter().filter_map(|link| link.next().map(|(due, ..)| due));
        let by_clock = |role, at: Timestamp| Timestamp::from_millis(at.as_millis() - self.ahead(role));
        let acceptors = self.links.iter().filter_map(|link| Some(by_clock(link.accepter, link.acceptor.as_ref()?.deadline())));
        let named = [(Role::Shop, &self.shop), (Role::Customer, &self.customer)].into_iter();
        let sides = named.chain(self.others.iter().enumerate().map(|(index, side)| (Role::Other(index), side)));
        let deadlines = sides.filter_map(|(role, side)| Some(by_clock(role, side.deadline()?.at)));
        let next = arrivals.chain(acceptors).chain(deadlines).min();
        next.map(|at| at.max(self.now))
    }

    /// How far a side's clock is ahead, in milliseconds.
    fn ahead(&self, role: Role) -> i64 {
        if role == Role::Customer { self.customer_ahead } else { 0 }
    }

    fn pass_to(&mut self, now: Timestamp) {
        self.now = now;
        for role in self.roles() {
            let theirs = Timestamp::from_millis(now.as_millis() + self.ahead(role));
            self.side(role).clock(theirs);
        }
        for index in 0..self.links.len() {
            let accepters = self.side(self.links[index].accepter).now;
            if self.links[index].acceptor.as_ref().is_some_and(|acceptor| acceptor.deadline() <= accepters) {
                self.hang_up(index);
            }
        }
        self.drive();
    }

    /// What can arrive next, now or later: over which connection, and at whom.
    pub fn arrivals(&mut self) -> Vec<(ConnectionId, Role)> {
        self.collect();
        self.links.iter().flat_map(|link| link.firsts().map(|(.., role)| (link.id, role))).collect()
    }

    /// One of the [`arrivals`](Self::arrivals) comes before the others.
    pub fn arrives(&mut self, (connection, at): (ConnectionId, Role)) {
        let index = self.links.iter().position(|link| link.id == connection).expect("there is such a link");
        assert!(self.deliver(index, at), "something is on its way there");
    }

    /// Takes what the sides want sent or closed.
    fn collect(&mut self) {
        for role in self.roles() {
            let due = self.now.saturating_add(self.delay);
            let side = self.side(role);
            let (frames, disconnects) = (side.take_frames(), side.take_disconnects());
            for (connection, frame) in frames {
                self.order += 1;
                let order = self.order;
                if let Some(link) = self.link(connection) {
                    link.send(role, Arrival::Frame(frame), due, order);
                }
            }
            for (connection, _) in disconnects {
                self.order += 1;
                let order = self.order;
                if let Some(link) = self.link(connection) {
                    link.close(role, due, order);
                }
            }
            if self.side(role).is_down {
                self.die(role);
            }
        }
        self.links.retain(|link| !link.is_over());
    }

    /// A process that crashed starts again at once; what it sent before still arrives.
    fn die(&mut self, role: Role) {
        self.side(role).restart();
        let (now, order) = (self.now, self.order);
        for link in self.links.iter_mut().filter(|link| link.is_at(role)) {
            link.close(role, now, order);
        }
    }

    fn link(&mut self, connection: ConnectionId) -> Option<&mut Link> {
        self.links.iter_mut().find(|link| link.id == connection)
    }

    /// Whether there was something to deliver.
    fn deliver_next(&mut self) -> bool {
        let next = self.links.iter().enumerate().filter_map(|(index, link)| Some((link.next()?, index)));
        let Some(((due, _, to), index)) = next.min_by_key(|((due, order, _), _)| (*due, *order)) else { return false };
        if due > self.now {
            return false;
        }
        self.deliver(index, to)
    }

    /// What comes next over a link arrives. Returns whether there was something.
    fn deliver(&mut self, index: usize, to: Role) -> bool {
        let link = &mut self.links[index];
        let (id, from) = (link.id, link.opposite(to));
        let Some(arrival) = link.take(to) else { return false };
        match arrival {
            Arrival::End => {
                link.acceptor = None;
                self.side(to).disconnected(id);
            }
            Arrival::Frame(frame) => {
                self.talk.push(format!("{}: {}", name(from), describe_frame(&frame)));
                if self.links[index].acceptor.is_some() && self.links[index].accepter == to {
                    self.knock(index, &frame);
                } else {
                    self.side(to).frame(id, &frame);
                }
                self.count_down(id);
            }
        }
        true
    }

    /// A frame on a connection that is not authenticated.
    fn knock(&mut self, index: usize, frame: &[u8]) {
        let accepter = self.links[index].accepter;
        let now = self.side(accepter).now;
        let link = &mut self.links[index];
        let Some(acceptor) = &mut link.acceptor else { return };
        let refusal = match acceptor.handle_frame(frame, now) {
            Acceptance::Waiting => return,
            Acceptance::Authenticate(request) if request.credentials.token.matches(TOKEN) => {
                link.acceptor = None;
                let id = link.id;
                return self.side(accepter).accepted_with(id, &request);
            }
            Acceptance::Authenticate(request) => request.refusal("wrong token", now),
            Acceptance::Refused(refusal) => refusal,
            Acceptance::Violation(_) => return self.hang_up(index),
        };
        self.order += 1;
        link.send(accepter, Arrival::Frame(refusal), self.now.saturating_add(self.delay), self.order);
        self.hang_up(index);
    }

    /// Who accepted a connection closes it.
    fn hang_up(&mut self, index: usize) {
        self.order += 1;
        let link = &mut self.links[index];
        link.acceptor = None;
        link.close(link.accepter, self.now.saturating_add(self.delay), self.order);
    }

    fn count_down(&mut self, id: ConnectionId) {
        let Some(left) = self.cut_after else { return };
        self.cut_after = left.checked_sub(1).filter(|left| *left > 0);
        if self.cut_after.is_none() {
            self.collect();
            let (now, order) = (self.now, self.order);
            if let Some(link) = self.link(id) {
                link.cut(|_| now, order);
            }
        }
    }
}

/// What must hold.
impl Pair {
    /// Nothing is open on either side, and the two ledgers mirror each other.
    #[track_caller]
    pub fn assert_mirrored(&self) {
        let (shop, customer) = (&self.shop.snapshot(), &self.customer.snapshot());
        assert_eq!(shop.open, [], "the shop has nothing open");
        assert_eq!(customer.open, [], "the customer has nothing open");
        assert_eq!((self.shop.pending(), self.customer.pending()), ((0, 0), (0, 0)), "nothing is held");
        assert_eq!(shop.sums.incoming_posted, customer.sums.outgoing_posted, "what the customer paid is what the shop got");
        assert_eq!(shop.sums.outgoing_posted, customer.sums.incoming_posted, "what the shop paid is what the customer got");
        assert_eq!(self.shop.balance(), -self.customer.balance());
    }
}

fn customer(authority: Authority) -> SessionConfig {
    let credentials = Credentials { username: "alice".into(), token: Token::from(TOKEN), protocol_data: ProtocolData::new() };
    with(SessionConfig::new(authority), |config| config.credentials = credentials)
}

fn name(role: Role) -> String {
    match role {
        Role::Shop => "shop".into(),
        Role::Customer => "customer".into(),
        Role::Other(index) => format!("other {index}"),
    }
}
