//! The lines of a world: who dials, what arrives, and what is lost on its way.

use std::time::Duration;

use bytes::Bytes;
use trustline_core::WireLimits;
use trustline_core::session::{Acceptance, Acceptor, ConnectionId};
use trustline_core::wire::{Body, Packet};

use super::party::repeat;
use super::plan::at_most;
use super::world::{HOST, Later, Who, World};
use crate::link::{Arrival, Link, Role};
use crate::{describe_frame, seconds};

impl World {
    pub(super) fn dial_soon(&mut self, process: usize) {
        let state = &mut self.processes[process];
        let is_alone = state.parties[0].session.connections().next().is_none();
        if !state.is_up || state.is_closing || state.is_dialing || state.parties[0].has_failed() || !is_alone {
            return;
        }
        (state.is_dialing, self.counts.dials) = (true, self.counts.dials + 1);
        let incarnation = state.incarnation;
        let pause = at_most(&mut self.random, seconds(2).min(self.plan.latency * 100));
        self.later(pause, Later::Dial { process, incarnation });
    }

    pub(super) fn dial(&mut self, process: usize) {
        self.processes[process].is_dialing = false;
        let who = Who { process, account: 0 };
        let party = self.party(who);
        if party.session.connections().next().is_some() || party.session.is_closing() || party.has_failed() {
            return;
        }
        let host = &self.processes[HOST];
        if !host.is_up || host.is_closing || host.parties[self.accounts[process]].has_failed() {
            // It tries again later.
            let incarnation = self.processes[process].incarnation;
            self.processes[process].is_dialing = true;
            let pause = seconds(1) + at_most(&mut self.random, self.plan.downtime / 10);
            return self.later(pause, Later::Dial { process, incarnation });
        }
        let id = ConnectionId(self.next_connection);
        self.next_connection += 1;
        self.note(|world| format!("{} dials: {id:?}", world.party(who).name));
        let acceptor = Acceptor::new(self.plan.limits.clone(), self.clock(HOST));
        self.lines.push(Link::new(id, Role::Other(process), acceptor));
        let now = self.clock(process);
        self.party_mut(who).session.handle_connected(id, now);
        self.settle(who);
    }

    fn line(&mut self, connection: ConnectionId) -> Option<&mut Link> {
        self.lines.iter_mut().find(|line| line.id == connection)
    }

    /// Who is at an end of a line.
    fn at(&self, line: &Link, role: Role) -> Who {
        match (role, line.dialer) {
            (Role::Other(process), _) => Who { process, account: 0 },
            (_, Role::Other(process)) => self.host_of(process),
            _ => unreachable!("processes dial as others"),
        }
    }

    pub(super) fn arrive(&mut self, connection: ConnectionId, role: Role) {
        let Some(index) = self.lines.iter().position(|line| line.id == connection) else { return };
        let who = self.at(&self.lines[index], role);
        let Some(arrival) = self.lines[index].take(role) else { return };
        let now = self.clock(who.process);
        match arrival {
            Arrival::End => {
                self.note(|world| format!("{} loses {connection:?}", world.party(who).name));
                if role == Role::Shop {
                    self.lines[index].acceptor = None;
                }
                self.party_mut(who).disconnected(connection, now);
            }
            Arrival::Frame(frame) => {
                self.note(|world| format!("{} gets over {connection:?}: {}", world.party(who).name, describe_frame(&frame)));
                if role == Role::Shop && self.lines[index].acceptor.is_some() {
                    self.knock(index, who, &frame);
                } else {
                    self.party_mut(who).frame(connection, &frame, now);
                }
            }
        }
        self.settle(who);
    }

    /// A frame on a connection that is not authenticated.
    fn knock(&mut self, index: usize, who: Who, frame: &Bytes) {
        let now = self.clock(HOST);
        let line = &mut self.lines[index];
        let id = line.id;
        let Some(acceptor) = &mut line.acceptor else { return };
        let Acceptance::Authenticate(request) = acceptor.handle_frame(frame, now) else {
            unreachable!("the first frame authenticates");
        };
        line.acceptor = None;
        if self.processes[HOST].is_closing || self.party(who).has_failed() {
            return self.hang_up(id, Role::Shop);
        }
        self.party_mut(who).accepted(id, &request, frame, now);
    }

    /// One side closes a connection that its session does not know of any more, or never knew.
    pub(super) fn hang_up(&mut self, connection: ConnectionId, role: Role) {
        self.order += 1;
        let (due, order) = (self.now.saturating_add(at_most(&mut self.random, self.plan.latency)), self.order);
        let Some(line) = self.line(connection) else { return };
        line.acceptor.take_if(|_| role == Role::Shop);
        line.close(role, due, order);
    }

    /// Breaks a line: what is on its way is lost, but for what chance has it, and each side notices after a while.
    pub(super) fn cut(&mut self, index: usize, notices: [Duration; 2]) {
        let connection = self.lines[index].id;
        self.note(|_| format!("{connection:?} is cut"));
        let frames = self.stragglers(index);
        let notices = notices.map(|after| self.now.saturating_add(after));
        self.order += 1;
        self.lines[index].cut_behind(frames, notices, self.order);
        self.counts.cuts += 1;
    }

    /// How many of the frames on their way, to the host and to who dialed, still arrive when the line breaks.
    pub(super) fn stragglers(&mut self, index: usize) -> [usize; 2] {
        let random = self.plan.stragglers.then_some(&mut self.random);
        random.map_or([0, 0], |random| self.lines[index].on_their_way().map(|frames| random.usize(..=frames)))
    }

    /// A request that was sent before is sent again under another id, if its receiver took it up the first time.
    pub(super) fn repeat(&mut self) {
        if self.said.is_empty() {
            return;
        }
        let (from, to, frame) = self.said[self.random.usize(..self.said.len())].clone();
        let body = Packet::decode(&frame, &WireLimits::default()).expect("it was sent").body;
        let begun = match &body {
            Body::Prepare(prepare) => self.party(to).decided().entry(&prepare.transfer_id).is_some(),
            // Which transfer it is, it says in its protocol data: a session answers it as it did before, or takes it anew.
            Body::Transfer(_) => false,
            _ => true,
        };
        let dialer = Role::Other(if from.process == HOST { to.process } else { from.process });
        let is_open = |line: &&Link| line.dialer == dialer && line.acceptor.is_none();
        let Some(connection) = self.lines.iter().find(is_open).map(|line| line.id).filter(|_| begun) else { return };
        let is_ready = |who| {
            let session = &self.party(who).session;
            session.is_connected() && session.connections().any(|open| open == connection)
        };
        if !is_ready(from) || !is_ready(to) {
            return;
        }
        self.next_repeat += 1;
        let frame = repeat(&frame, 0xfff0_0000 | self.next_repeat);
        self.note(|world| format!("{} repeats itself", world.party(from).name));
        self.send(from, connection, frame);
        self.counts.repeats += 1;
    }

    pub(super) fn send(&mut self, from: Who, connection: ConnectionId, frame: Bytes) {
        let due = self.now.saturating_add(at_most(&mut self.random, self.plan.latency));
        self.order += 1;
        let order = self.order;
        let role = if from.process == HOST { Role::Shop } else { Role::Other(from.process) };
        if let Some(line) = self.line(connection) {
            line.send(role, Arrival::Frame(frame), due, order);
        }
    }

    /// What a peer could say a second time.
    pub(super) fn remember(&mut self, from: Who, connection: ConnectionId, frame: &Bytes) {
        let body = Packet::decode(frame, &WireLimits::default()).expect("a session sent it").body;
        if !matches!(body, Body::Prepare(_) | Body::Fulfill(_) | Body::Reject(_)) {
            return;
        }
        let Some(line) = self.lines.iter().find(|line| line.id == connection) else { return };
        let to = if from.process == HOST { self.at(line, line.dialer) } else { self.host_of(from.process) };
        self.said.push((from, to, frame.clone()));
    }
}
