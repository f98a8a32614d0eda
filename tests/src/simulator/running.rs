//! The processes of a world run: what their sessions want is done, until they are closed, or die, or their disks fail.

use std::cell::RefCell;

use fastrand::Rng;
use trustline_core::ledger::Effect;
use trustline_core::session::{DisconnectReason, Output};

use super::disk::Batch;
use super::lines::end;
use super::party::Party;
use super::people;
use super::plan::at_most;
use super::trace::describe_effects;
use super::world::{Later, Who, World};
use crate::{describe_event, seconds};

impl World {
    /// Does what a party's session wants done.
    pub(super) fn settle(&mut self, who: Who) {
        loop {
            let now = self.clock(who.process);
            let Self { processes, random, plan, .. } = self;
            let party = &mut processes[who.process].parties[who.account];
            let mut decided = Vec::new();
            let drained = party.drain(now, |session, event, now| people::decide_inline(plan, random, session, event, now, &mut decided));
            party.interested.extend(decided);
            let is_done = drained.released.is_empty();
            self.release(who, drained.released);
            if let Some(effects) = drained.batch {
                self.append(who, effects);
                break;
            }
            if is_done {
                break;
            }
        }
        self.dial_soon(who.process);
    }

    fn append(&mut self, who: Who, effects: Vec<Effect>) {
        self.is_news = true;
        self.note(|world| format!("{} decides: {}", world.party(who).name, describe_effects(&effects)));
        self.processes[who.process].disk.append(Batch { account: who.account, effects });
        self.sync(who.process);
    }

    fn sync(&mut self, process: usize) {
        if self.processes[process].disk.begin_sync() {
            let incarnation = self.processes[process].incarnation;
            let time = at_most(&mut self.random, self.plan.sync);
            self.later(time, Later::Synced { process, incarnation });
        }
    }

    pub(super) fn synced(&mut self, process: usize) {
        if self.processes[process].disk.fails {
            return self.fail(process);
        }
        let batches = self.processes[process].disk.end_sync();
        self.sync(process);
        for Batch { account, effects } in batches {
            let who = Who { process, account };
            let released = self.party_mut(who).committed(&effects);
            self.note(|world| format!("{}: {} effects are durable", world.party(who).name, effects.len()));
            self.release(who, released);
            self.settle(who);
        }
    }

    fn release(&mut self, who: Who, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Transmit { connection, frame } => {
                    self.remember(who, connection, &frame);
                    self.send(who, connection, frame);
                }
                Output::Disconnect { connection, reason } => {
                    self.note(|world| format!("{} gives {connection:?} up: {reason}", world.party(who).name));
                    self.counts.replaced += u64::from(reason == DisconnectReason::Replaced);
                    self.hang_up(connection, Self::role(who.process));
                }
                Output::Event(event) => {
                    self.note(|world| format!("{} is told: {}", world.party(who).name, describe_event(&event)));
                    people::hear(self, who, event);
                }
                Output::Effect(_) => unreachable!("effects go to the disk"),
            }
        }
    }

    /// The disk of a process fails: nothing that was on its way there leaves. It is started again after a while.
    fn fail(&mut self, process: usize) {
        self.note(|_| format!("the disk of process {process} fails"));
        self.counts.failed_disks += 1;
        let role = Self::role(process);
        for party in &mut self.processes[process].parties {
            party.fail();
        }
        let connections: Vec<_> = self.lines.iter().filter(|line| line.is_at(role)).map(|line| line.id).collect();
        for connection in connections {
            self.hang_up(connection, role);
        }
        let incarnation = self.processes[process].incarnation;
        let pause = at_most(&mut self.random, self.plan.downtime);
        self.later(pause, Later::Start { process, incarnation });
    }

    /// A process dies, and its lines break. Of what its disk has not synced `is_kept` says what is there all the same. It
    /// starts again after a while.
    pub(super) fn crash(&mut self, process: usize, is_kept: impl Fn(&mut Rng) -> bool) {
        self.die(process, is_kept);
        let pause = at_most(&mut self.random, self.plan.downtime);
        let incarnation = self.processes[process].incarnation;
        self.later(pause, Later::Start { process, incarnation });
    }

    fn die(&mut self, process: usize, is_kept: impl Fn(&mut Rng) -> bool) {
        self.note(|_| format!("process {process} dies"));
        let role = Self::role(process);
        for index in 0..self.lines.len() {
            if !self.lines[index].is_at(role) {
                continue;
            }
            let frames = self.stragglers(index);
            self.order += 1;
            let line = &mut self.lines[index];
            line.cut_behind(|to| if to == role { 0 } else { frames[end(to)] }, |_| self.now, self.order);
            // Nobody is there to notice.
            line.leave(role);
        }
        let Self { processes, random, .. } = self;
        let random = RefCell::new(random);
        processes[process].die(|| is_kept(&mut random.borrow_mut()), |effects| random.borrow_mut().usize(..=effects));
        self.counts.crashes += 1;
        self.is_news = true;
    }

    pub(super) fn start(&mut self, process: usize) {
        if self.processes[process].is_up {
            // It was told to close, and has had its time; or its disk has failed, and who knows what is on it.
            let has_failed = self.processes[process].parties.iter().any(Party::has_failed);
            self.die(process, move |random| !has_failed || random.bool());
        }
        self.note(|_| format!("process {process} starts"));
        self.processes[process].is_up = true;
        for account in 0..self.processes[process].parties.len() {
            let (who, now) = (Who { process, account }, self.clock(process));
            self.party_mut(who).open(now);
            self.settle(who);
        }
    }

    /// A process is to end.
    pub(super) fn close(&mut self, process: usize) {
        if !self.processes[process].is_up || self.processes[process].is_closing {
            return;
        }
        self.note(|_| format!("process {process} closes"));
        self.processes[process].is_closing = true;
        let now = self.clock(process);
        for account in 0..self.processes[process].parties.len() {
            let who = Who { process, account };
            self.party_mut(who).session.close(now);
            self.settle(who);
        }
        let incarnation = self.processes[process].incarnation;
        self.later(seconds(7), Later::Start { process, incarnation });
        self.counts.closes += 1;
    }
}
