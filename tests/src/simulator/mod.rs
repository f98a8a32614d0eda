//! A simulator of whole systems: hosts with several accounts, and equals; lines that are slow and break, disks that are
//! late, fail and forget, processes that die, clocks that differ, people who do what they should not. One seed is one
//! exact run.
//!
//! ```text
//! seed ──> plan ──> world: processes ── lines ── processes
//!                            │ each: clock, disk, parties
//!                            └ a party: the real session, a driver, and what watches both:
//!                              books (a naive ledger), claims (what a frame or an event rests on)
//! ```
//!
//! # What is checked
//!
//! After every step: the sums are those of the transfers, the bounds hold, nothing is fulfilled without its preimage or
//! after its expiry by the clock that decides, nothing is said that rests on an effect that comes later or that a crash
//! could undo, replaying the effects gives the live state, every request has one answer, every end is told once, and of
//! all money on both sides of a trustline none is made or lost.
//!
//! When everyone has settled: nothing is open or stuck, every payment came to the same end on both sides, the two sides
//! mirror each other, and whoever began a payment, or was offered one, was told how it ended.

mod books;
mod claim;
mod clock;
mod disk;
mod driven;
mod exhaustive;
mod law;
mod lines;
mod party;
mod people;
mod plan;
mod process;
mod running;
mod trace;
mod world;

use std::any::Any;
use std::fmt;
use std::ops::AddAssign;
use std::panic::{AssertUnwindSafe, catch_unwind};

use fastrand::Rng;

pub use self::exhaustive::{Begun, Between, Explored, Scenario, explore};
pub use self::people::Verdict;
use self::plan::{Plan, one};
use self::trace::Trace;
use self::world::World;
use crate::{millis, seconds};

/// Runs one seed to its end.
pub fn run(seed: u64) -> Result<Counts, Failure> {
    catch_unwind(|| simulate(seed, Trace::default())).or_else(|_| trace(seed).map(|(_, counts)| counts))
}

/// Runs one seed, and tells what happened in it.
pub fn trace(seed: u64) -> Result<(Vec<String>, Counts), Failure> {
    let again = format!("to see it again: cargo run --release -p trustline-tests --example simulate -- --seed {seed}");
    traced(again, |trace| simulate(seed, trace))
}

/// Runs a world in which bytes decide what happens.
///
/// # Panics
///
/// If a law is broken.
pub fn drive(input: &[u8]) -> Counts {
    driven::drive(input, Trace::default())
}

/// [Drives](drive) a world, and tells what happened in it.
pub fn trace_driven(input: &[u8]) -> Result<(Vec<String>, Counts), Failure> {
    traced(format!("it is always found, with the bytes {input:x?}"), |trace| driven::drive(input, trace))
}

fn traced(again: String, run: impl FnOnce(Trace) -> Counts) -> Result<(Vec<String>, Counts), Failure> {
    let trace = Trace::on();
    match catch_unwind(AssertUnwindSafe(|| run(trace.clone()))) {
        Ok(counts) => Ok((trace.take(), counts)),
        Err(panic) => Err(Failure { message: message_of(Some(panic)), trace: trace.take(), again }),
    }
}

/// A run that broke a law.
#[derive(Debug)]
pub struct Failure {
    /// Which law, and how.
    pub message: String,
    /// What happened until then.
    pub trace: Vec<String>,
    /// How to see it again.
    pub again: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.trace {
            writeln!(f, "{line}")?;
        }
        write!(f, "{}\n{}", self.message, self.again)
    }
}

/// What happened in one run, or in several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are what they are called")]
pub struct Counts {
    pub steps: u64,
    pub paid: u64,
    pub came_back: u64,
    pub never_begun: u64,
    pub messages: u64,
    pub dials: u64,
    pub replaced: u64,
    pub cuts: u64,
    pub crashes: u64,
    pub closes: u64,
    pub failed_disks: u64,
    pub repeats: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        let Self { steps, paid, came_back, never_begun, messages, dials, replaced, cuts, crashes, closes, failed_disks, repeats } = self;
        *steps += other.steps;
        *paid += other.paid;
        *came_back += other.came_back;
        *never_begun += other.never_begun;
        *messages += other.messages;
        *dials += other.dials;
        *replaced += other.replaced;
        *cuts += other.cuts;
        *crashes += other.crashes;
        *closes += other.closes;
        *failed_disks += other.failed_disks;
        *repeats += other.repeats;
    }
}

fn message_of(panic: Option<Box<dyn Any + Send>>) -> String {
    let Some(panic) = panic else { return "it did not fail again: it depends on more than it was given".to_owned() };
    match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => panic.downcast_ref::<&str>().copied().unwrap_or("it panicked").to_owned(),
    }
}

fn simulate(seed: u64, trace: Trace) -> Counts {
    let mut random = Rng::with_seed(seed);
    let plan = Plan::new(&mut random);
    if trace.is_on() {
        trace.line(format!("{plan:?}"));
    }
    let mut world = World::new(plan, random, trace);
    for _ in 0..world.plan.acts {
        let act = world.plan.choose(&mut world.random);
        people::act(&mut world, act);
        law::at_any_time(&world);
        let pauses = world.plan.pauses.clone();
        let pause = one(&mut world.random, &pauses);
        world.pass(pause);
        world.keep_clocks_right();
    }
    settle(&mut world);
    law::when_settled(&world);
    world.count_ends();
    world.counts
}

/// All goes well again, for as long as it takes.
fn settle(world: &mut World) {
    world.note(|_| "from here on all goes well".to_owned());
    (world.plan.latency, world.plan.sync) = (millis(1), millis(1));
    for process in &mut world.processes {
        process.disk.fails = false;
    }
    // Payments live for an hour at most, and clocks differ; then the host's balance is asked for, now and then. A payer that
    // has forgotten what it was told is waited for for a day.
    for pause in [&[seconds(1); 60][..], &[seconds(60); 300], &[seconds(60 * 60); 30]].concat() {
        world.pass(pause);
        if law::unsettled(world).is_none() {
            return;
        }
    }
    panic!("they do not settle: {}", law::unsettled(world).unwrap_or_default());
}
