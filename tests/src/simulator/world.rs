//! Processes, the lines between them, one true time, and what is to happen when. Whatever is due at the same moment may
//! happen in any order.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use trustline_core::session::{ConnectionId, Event, MessageId, RequestToken};
use trustline_core::{Timestamp, TransferId};

use super::books::Fate;
use super::clock::Clock;
use super::exhaustive::{self, Begun};
use super::party::Party;
use super::people;
use super::plan::{Plan, Shape};
use super::process::Process;
use super::trace::Trace;
use super::{Counts, law};
use crate::START;
use crate::link::{Link, Role};

/// More steps than any moment has: beyond it, they talk in circles.
const MOST_STEPS_AT_ONCE: usize = 100_000;

/// The one that listens; the first of two equals.
pub(super) const HOST: usize = 0;

/// A party by its process and its account there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Who {
    pub(super) process: usize,
    pub(super) account: usize,
}

pub(super) struct World {
    pub(super) plan: Plan,
    pub(super) random: Rng,
    pub(super) now: Timestamp,
    pub(super) processes: Vec<Process>,
    /// At whose account of the host the process of that number is, or the equal of it.
    pub(super) accounts: Vec<usize>,
    pub(super) lines: Vec<Link>,
    pub(super) payments: Vec<Payment>,
    /// Payments that are begun as soon as their payers are connected.
    pub(super) meant: Vec<(Who, Begun)>,
    /// Requests that were sent, and can be sent again: by whom, to whom.
    pub(super) said: Vec<(Who, Who, Bytes)>,
    queue: BTreeMap<(Timestamp, u64), Later>,
    pub(super) order: u64,
    pub(super) next_connection: u64,
    pub(super) next_repeat: u32,
    pub(super) trace: Trace,
    pub(super) counts: Counts,
    /// Somebody's books have changed since the laws were looked at.
    pub(super) is_news: bool,
}

/// Somebody meant to pay.
#[derive(Clone, Copy, Debug)]
pub(super) struct Payment {
    pub(super) id: TransferId,
    pub(super) by: Who,
}

/// What is to happen at a certain time.
#[derive(Debug)]
pub(super) enum Later {
    Synced {
        process: usize,
        incarnation: u32,
    },
    Decide {
        who: Who,
        incarnation: u32,
        id: TransferId,
        verdict: people::Verdict,
    },
    Answer {
        who: Who,
        incarnation: u32,
        token: RequestToken,
    },
    Dial {
        process: usize,
        incarnation: u32,
    },
    Pay {
        who: Who,
        incarnation: u32,
        payment: Begun,
    },
    /// A process that is down starts; one that is closing ends, and starts.
    Start {
        process: usize,
        incarnation: u32,
    },
}

/// The next thing that can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Queued((Timestamp, u64)),
    Arrival {
        connection: ConnectionId,
        at: Role,
    },
    Deadline(Who),
    /// Somebody was silent for too long.
    ShowOut(ConnectionId),
}

impl World {
    pub(super) fn new(plan: Plan, mut random: Rng, trace: Trace) -> Self {
        let clock = {
            let (ahead, drift) = plan.clocks;
            move |random: &mut Rng| Clock::new(START, random.i64(-ahead..=ahead), random.i64(-drift..=drift))
        };
        let (host, dialers) = people::parties(&plan);
        let accounts = [0].into_iter().chain(dialers.iter().map(|(account, _)| *account)).collect();
        let mut processes = vec![Process::new(host, clock(&mut random))];
        processes.extend(dialers.into_iter().map(|(_, party)| Process::new(vec![party], clock(&mut random))));
        let mut world = Self {
            plan,
            random,
            now: START,
            processes,
            accounts,
            lines: Vec::new(),
            payments: Vec::new(),
            meant: Vec::new(),
            said: Vec::new(),
            queue: BTreeMap::new(),
            order: 0,
            next_connection: 1,
            next_repeat: 0,
            trace,
            counts: Counts::default(),
            is_news: false,
        };
        for (who, name) in world.everyone().into_iter().zip(1_u128..) {
            if world.random.u8(..100) < world.plan.named {
                let now = world.clock(who.process);
                world.party_mut(who).name_ledger(name << 64, now);
                world.settle(who);
            }
        }
        for process in 0..world.processes.len() {
            world.dial_soon(process);
        }
        world
    }

    /// Which end of a line a process has: [`Role::Shop`] is the one that listens, also where it dials.
    pub(super) fn role(process: usize) -> Role {
        if process == HOST { Role::Shop } else { Role::Other(process) }
    }

    /// Who is at an end of a line.
    pub(super) fn at(&self, line: &Link, role: Role) -> Who {
        match (role, line.opposite(role)) {
            (Role::Other(process), _) => Who { process, account: 0 },
            (_, Role::Other(process)) => self.host_of(process),
            _ => unreachable!("a process has no line to itself"),
        }
    }

    /// Whom a process dials, if it does.
    pub(super) fn dials(&self, process: usize) -> Option<Who> {
        match (process, &self.plan.shape) {
            (HOST, Shape::Equals { both_dial: true }) => Some(Who { process: 1, account: 0 }),
            (HOST, _) => None,
            _ => Some(self.host_of(process)),
        }
    }

    pub(super) fn party(&self, who: Who) -> &Party {
        &self.processes[who.process].parties[who.account]
    }

    pub(super) fn party_mut(&mut self, who: Who) -> &mut Party {
        &mut self.processes[who.process].parties[who.account]
    }

    pub(super) fn everyone(&self) -> Vec<Who> {
        let accounts = |(process, parties): (usize, usize)| (0..parties).map(move |account| Who { process, account });
        self.processes.iter().map(|process| process.parties.len()).enumerate().flat_map(accounts).collect()
    }

    /// What a process's clock shows.
    pub(super) fn clock(&self, process: usize) -> Timestamp {
        self.processes[process].clock.show(self.now)
    }

    /// At the other end of one who dialed is the host's party for it.
    pub(super) fn host_of(&self, process: usize) -> Who {
        Who { process: HOST, account: self.accounts[process] }
    }

    /// Whether several processes share an account of the host.
    pub(super) fn is_shared(&self, account: usize) -> bool {
        matches!(&self.plan.shape, Shape::Hosted(sharing) if sharing[account] > 1)
    }

    /// Whether both sides keep the ledger.
    pub(super) fn are_equals(&self) -> bool {
        matches!(self.plan.shape, Shape::Equals { .. })
    }

    pub(super) fn note(&mut self, what: impl FnOnce(&Self) -> String) {
        if self.trace.is_on() {
            let line = format!("{} {}", self.now, what(self));
            self.trace.line(line);
        }
    }
}

/// Time.
impl World {
    /// Everything that is due happens at its time.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now.saturating_add(time);
        let (mut moment, mut steps) = (self.now, 0);
        loop {
            let (at, due) = self.due();
            if due.is_empty() || at > end {
                break;
            }
            (moment, steps) = if at > moment { (at, 0) } else { (moment, steps + 1) };
            assert!(steps < MOST_STEPS_AT_ONCE, "they talk in circles");
            self.now = self.now.max(at);
            let step = due[self.random.usize(..due.len())];
            self.step(step);
        }
        self.now = end;
    }

    /// However wrong a clock is made to run, someone looks after it.
    pub(super) fn keep_clocks_right(&mut self) {
        let (now, most) = (self.now, self.plan.clocks.0 + 5_000);
        for process in &mut self.processes {
            process.clock.keep_within(now, most);
        }
    }

    /// What comes next, and when: several, if they are due at the same moment.
    pub(super) fn due(&self) -> (Timestamp, Vec<Step>) {
        let mut first = (Timestamp::MAX, Vec::new());
        let mut consider = |at: Timestamp, step| {
            let at = at.max(self.now);
            if at < first.0 {
                first = (at, vec![step]);
            } else if at == first.0 {
                first.1.push(step);
            }
        };
        if let Some((at, _)) = self.queue.keys().next() {
            for key in self.queue.keys().take_while(|(other, _)| other == at || *other <= self.now) {
                consider(key.0, Step::Queued(*key));
            }
        }
        for line in &self.lines {
            for (at, _, role) in line.firsts() {
                consider(at, Step::Arrival { connection: line.id, at: role });
            }
            if let Some(acceptor) = &line.acceptor {
                let clock = &self.processes[self.at(line, line.accepter).process].clock;
                consider(clock.when(acceptor.deadline(), self.now), Step::ShowOut(line.id));
            }
        }
        for (process, state) in self.processes.iter().enumerate() {
            for (at, account) in state.deadlines(self.now) {
                consider(at, Step::Deadline(Who { process, account }));
            }
        }
        first
    }

    pub(super) fn step(&mut self, step: Step) {
        self.counts.steps += 1;
        match step {
            Step::Queued(key) => {
                let later = self.queue.remove(&key).expect("it is queued");
                self.happen(later);
            }
            Step::Arrival { connection, at } => self.arrive(connection, at),
            Step::Deadline(who) => {
                let now = self.clock(who.process);
                self.note(|world| format!("{}: the time has come", world.party(who).name));
                self.party_mut(who).session.handle_timeout(now);
                let next = self.party(who).session.poll_timeout();
                assert!(next.is_none_or(|deadline| deadline.at > now), "a served deadline is over: {next:?}");
                self.settle(who);
            }
            Step::ShowOut(connection) => {
                self.note(|_| format!("{connection:?} was silent for too long"));
                self.show_out(connection);
            }
        }
        self.lines.retain(|line| !line.is_over());
        if std::mem::take(&mut self.is_news) {
            law::at_any_time(self);
        }
    }

    pub(super) fn later(&mut self, after: Duration, later: Later) {
        self.order += 1;
        self.queue.insert((self.now.saturating_add(after), self.order), later);
    }

    fn happen(&mut self, later: Later) {
        match later {
            Later::Synced { process, incarnation } if self.is_current(process, incarnation) => self.synced(process),
            Later::Decide { who, incarnation, id, verdict } if self.is_current(who.process, incarnation) => {
                people::decide(self, who, id, verdict);
                self.settle(who);
            }
            Later::Answer { who, incarnation, token } if self.is_current(who.process, incarnation) => {
                people::answer(self, who, token);
                self.settle(who);
            }
            Later::Pay { who, incarnation, payment } if self.is_current(who.process, incarnation) => {
                exhaustive::begin_one(self, who, payment);
            }
            Later::Dial { process, incarnation } if self.is_current(process, incarnation) => self.dial(process),
            Later::Start { process, incarnation } if self.processes[process].incarnation == incarnation => self.start(process),
            _ => {}
        }
    }

    fn is_current(&self, process: usize, incarnation: u32) -> bool {
        self.processes[process].is_up && self.processes[process].incarnation == incarnation
    }
}

/// Views.
impl World {
    /// All of it that makes a difference to what can still happen.
    pub(super) fn describe(&self, f: &mut impl fmt::Write) -> fmt::Result {
        for process in &self.processes {
            write!(f, "{:?}{}", process.disk, process.is_up)?;
            process.parties.iter().try_for_each(|party| party.describe(f))?;
        }
        write!(f, "{:?}{:?}", self.lines, self.queue.values())
    }

    pub(super) fn count_ends(&mut self) {
        for payment in &self.payments {
            let fate = self.party(payment.by).decided().entry(&payment.id).map(|entry| entry.fate);
            let count = match fate {
                Some(Fate::Paid) => &mut self.counts.paid,
                Some(_) => &mut self.counts.came_back,
                None => &mut self.counts.never_begun,
            };
            *count += 1;
        }
    }
}

/// Ties up what a message was sent for.
pub(super) fn is_answer_to(party: &mut Party, message: MessageId, event: &Event) {
    assert!(party.unanswered.remove(&message), "a message is answered once: {event:?}");
}
