//! The lines of a world: who dials, what arrives, and what is lost on its way.

use std::time::Duration;

use bytes::Bytes;
use trustline_core::WireLimits;
use trustline_core::session::{Acceptance, Acceptor, ConnectionId};
use trustline_core::wire::{Body, Packet};

use super::party::repeat;
use super::plan::Shape;
use super::plan::at_most;
use super::process::Process;
use super::world::{Later, Who, World};
use crate::link::{Arrival, Link, Role};
use crate::{describe_frame, seconds};

impl World {
    pub(super) fn dial_soon(&mut self, process: usize) {
        let dials = self.dials(process).is_some();
        let state = &mut self.processes[process];
        if !dials || !state.is_up || state.is_closing || state.is_dialing || state.parties[0].has_failed() || !state.is_alone() {
            return;
        }
        (state.is_dialing, self.counts.dials) = (true, self.counts.dials + 1);
        let incarnation = state.incarnation;
        let pause = at_most(&mut self.random, seconds(2).min(self.plan.latency * 100));
        self.later(pause, Later::Dial { process, incarnation });
    }

    pub(super) fn dial(&mut self, process: usize) {
        self.processes[process].is_dialing = false;
        let (who, Some(dialed)) = (Who { process, account: 0 }, self.dials(process)) else { return };
        let party = self.party(who);
        if !self.processes[process].is_alone() || party.session.is_closing() || party.has_failed() {
            return;
        }
        let Process { is_up, is_closing, .. } = self.processes[dialed.process];
        if !is_up || is_closing || self.party(dialed).has_failed() {
            // It tries again later.
            let incarnation = self.processes[process].incarnation;
            self.processes[process].is_dialing = true;
            let pause = seconds(1) + at_most(&mut self.random, self.plan.downtime / 10);
            return self.later(pause, Later::Dial { process, incarnation });
        }
        let id = ConnectionId(self.next_connection);
        self.next_connection += 1;
        self.note(|world| format!("{} dials: {id:?}", world.party(who).name));
        let acceptor = Acceptor::new(self.plan.limits.clone(), self.clock(dialed.process));
        self.lines.push(Link::new(id, Self::role(process), Self::role(dialed.process), acceptor));
        self.processes[process].dialed = Some(id);
        let now = self.clock(process);
        self.party_mut(who).session.handle_connected(id, now);
        self.settle(who);
    }

    fn line(&mut self, connection: ConnectionId) -> Option<&mut Link> {
        self.lines.iter_mut().find(|line| line.id == connection)
    }

    pub(super) fn arrive(&mut self, connection: ConnectionId, role: Role) {
        let Some(index) = self.lines.iter().position(|line| line.id == connection) else { return };
        let who = self.at(&self.lines[index], role);
        let accepts = self.lines[index].accepter == role;
        let Some(arrival) = self.lines[index].take(role) else { return };
        let now = self.clock(who.process);
        match arrival {
            Arrival::End => {
                self.note(|world| format!("{} loses {connection:?}", world.party(who).name));
                self.lines[index].acceptor.take_if(|_| accepts);
                self.party_mut(who).disconnected(connection, now);
            }
            Arrival::Frame(frame) => {
                self.note(|world| format!("{} gets over {connection:?}: {}", world.party(who).name, describe_frame(&frame)));
                if accepts && self.lines[index].acceptor.is_some() {
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
        let now = self.clock(who.process);
        let line = &mut self.lines[index];
        let id = line.id;
        let Some(acceptor) = &mut line.acceptor else { return };
        let Acceptance::Authenticate(request) = acceptor.handle_frame(frame, now) else {
            unreachable!("the first frame authenticates");
        };
        line.acceptor = None;
        if self.processes[who.process].is_closing || self.party(who).has_failed() {
            return self.hang_up(id, Self::role(who.process));
        }
        self.party_mut(who).accepted(id, &request, frame, now);
    }

    /// One side closes a connection that its session does not know of any more, or never knew.
    pub(super) fn hang_up(&mut self, connection: ConnectionId, role: Role) {
        self.order += 1;
        let (due, order) = (self.now.saturating_add(at_most(&mut self.random, self.plan.latency)), self.order);
        let Some(line) = self.line(connection) else { return };
        let accepts = line.accepter == role;
        line.acceptor.take_if(|_| accepts);
        line.close(role, due, order);
        self.may_stall(connection);
    }

    /// Who accepted a connection closes it.
    pub(super) fn show_out(&mut self, connection: ConnectionId) {
        let Some(accepter) = self.line(connection).map(|line| line.accepter) else { return };
        self.hang_up(connection, accepter);
    }

    /// Breaks a line: what is on its way is lost, but for what chance has it, and each side notices after a while: first the
    /// one that listens.
    pub(super) fn cut(&mut self, index: usize, notices: [Duration; 2]) {
        let connection = self.lines[index].id;
        self.note(|_| format!("{connection:?} is cut"));
        let frames = self.stragglers(index);
        let notices = notices.map(|after| self.now.saturating_add(after));
        self.order += 1;
        self.lines[index].cut_behind(|to| frames[end(to)], |at| notices[end(at)], self.order);
        self.may_stall(connection);
        self.counts.cuts += 1;
    }

    /// Now and then, whoever is at one end of a line that is over reads the rest of it much later, and newer lines before.
    fn may_stall(&mut self, connection: ConnectionId) {
        if !self.plan.stragglers || self.random.u8(..4) > 0 {
            return;
        }
        let until = self.now.saturating_add(at_most(&mut self.random, seconds(20)));
        let reader = self.random.bool();
        let Some(line) = self.line(connection) else { return };
        line.is_not_read(if reader { line.accepter } else { line.dialer }, until);
    }

    /// How many of the frames on their way, first those to the one that listens, still arrive when the line breaks.
    pub(super) fn stragglers(&mut self, index: usize) -> [usize; 2] {
        let Self { random, lines, plan, .. } = self;
        let line = &lines[index];
        let on_their_way = [Role::Shop, line.opposite(Role::Shop)].map(|to| line.on_their_way(to));
        on_their_way.map(|frames| if plan.stragglers { random.usize(..=frames) } else { 0 })
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
        let (from_role, to_role) = (Self::role(from.process), Self::role(to.process));
        let is_open = |line: &&Link| line.is_at(from_role) && line.is_at(to_role) && line.acceptor.is_none();
        let Some(connection) = self.lines.iter().find(is_open).map(|line| line.id).filter(|_| begun) else { return };
        let is_ready = |who| {
            let session = &self.party(who).session;
            let is_only = matches!(self.plan.shape, Shape::Hosted(_)) || session.connections().nth(1).is_none();
            session.is_connected() && is_only && session.connections().any(|open| open == connection)
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
        if let Some(line) = self.line(connection) {
            line.send(Self::role(from.process), Arrival::Frame(frame), due, order);
        }
    }

    /// What a peer could say a second time.
    pub(super) fn remember(&mut self, from: Who, connection: ConnectionId, frame: &Bytes) {
        let body = Packet::decode(frame, &WireLimits::default()).expect("a session sent it").body;
        if !matches!(body, Body::Prepare(_) | Body::Fulfill(_) | Body::Reject(_)) {
            return;
        }
        let Some(line) = self.lines.iter().find(|line| line.id == connection) else { return };
        let to = self.at(line, line.opposite(Self::role(from.process)));
        self.said.push((from, to, frame.clone()));
    }
}

/// Which end of a line it is: 0 has the one that listens.
pub(super) fn end(role: Role) -> usize {
    usize::from(role != Role::Shop)
}
