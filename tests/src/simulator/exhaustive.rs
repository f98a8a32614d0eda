//! Everything that can happen to one or two payments: all orders in which what is due can happen, with a cut or a crash
//! at every point. Nothing takes time here, so that all that is on its way, with a disk or with an application is due.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use fastrand::Rng;

use super::plan::{Plan, Shape};
use super::trace::Trace;
use super::world::{HOST, Who, World};
use super::{Failure, Verdict, law, message_of, people, settle};
use crate::seconds;

/// What is tried in all its ways.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Two equals, or a host and its customer.
    pub equals: bool,
    /// They begin in this order, at the same moment.
    pub payments: Vec<Begun>,
}

/// A payment that is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// By the one who listens, and who is the host if there is one; else by the one who dialed.
    pub by_host: bool,
    /// What its payee decides; `None`: it has no condition.
    pub verdict: Option<Verdict>,
}

/// How much there was to try.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Explored {
    /// Different situations that were reached while all went well.
    pub situations: u64,
    /// In each of them: every cut, and every crash.
    pub faults: u64,
    /// Steps, all in all.
    pub steps: u64,
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    Cut,
    /// Of what is with the disk, all is kept or nothing.
    Crash {
        process: usize,
        is_kept: bool,
    },
}

const FAULTS: [Fault; 5] = [
    Fault::Cut,
    Fault::Crash { process: 0, is_kept: false },
    Fault::Crash { process: 0, is_kept: true },
    Fault::Crash { process: 1, is_kept: false },
    Fault::Crash { process: 1, is_kept: true },
];

/// How long payments live, so that some expire while everyone settles.
const EXPIRY: Duration = seconds(30);

/// Tries all of it.
pub fn explore(scenario: &Scenario) -> Result<Explored, Failure> {
    let mut explored = Explored::default();
    let (mut seen, mut paths) = (HashSet::new(), vec![Vec::new()]);
    while let Some(path) = paths.pop() {
        let (situation, choices) = attempt(scenario, &path, None, |world| (digest(world), choices(world)))?;
        if !seen.insert(situation) {
            continue;
        }
        explored.situations += 1;
        for fault in FAULTS.into_iter().map(Some).chain((choices == 0).then_some(None)) {
            explored.faults += u64::from(fault.is_some());
            explored.steps += attempt(scenario, &path, fault, |world| {
                settle(world);
                law::when_settled(world);
                world.counts.steps
            })?;
        }
        paths.extend((0..choices).map(|choice| [&path[..], &[choice]].concat()));
    }
    Ok(explored)
}

/// Goes a path again, with a fault at its end, and looks at what is there then.
fn attempt<T>(scenario: &Scenario, path: &[usize], fault: Option<Fault>, look: impl Fn(&mut World) -> T) -> Result<T, Failure> {
    let go = |trace| {
        let mut world = begin(scenario, trace);
        for choice in path {
            let (_, due) = world.due();
            world.step(due[*choice]);
        }
        match fault {
            Some(Fault::Cut) if world.lines.is_empty() => {}
            Some(Fault::Cut) => world.cut(0, [Duration::ZERO; 2]),
            Some(Fault::Crash { process, is_kept }) => world.crash(process, move |_| is_kept),
            None => {}
        }
        law::at_any_time(&world);
        look(&mut world)
    };
    catch_unwind(AssertUnwindSafe(|| go(Trace::default()))).map_err(|_| {
        let trace = Trace::on();
        let message = message_of(catch_unwind(AssertUnwindSafe(|| go(trace.clone()))).err());
        let again = format!("it is always found: {scenario:?}, path {path:?}, {fault:?}");
        Failure { message, trace: trace.take(), again }
    })
}

/// The two are connected, and the payments begin.
fn begin(scenario: &Scenario, trace: Trace) -> World {
    let shape = if scenario.equals { Shape::Equals } else { Shape::Hosted(vec![1]) };
    let verdicts = scenario.payments.iter().map(|payment| payment.verdict.unwrap_or(Verdict::Nothing)).collect();
    let mut world = World::new(Plan::instant(shape, verdicts), Rng::with_seed(0), trace);
    world.pass(Duration::ZERO);
    for (n, payment) in (1..).zip(&scenario.payments) {
        let who = Who { process: if payment.by_host { HOST } else { 1 }, account: 0 };
        match payment.verdict {
            Some(_) => people::prepare(&mut world, who, n, EXPIRY),
            None => people::transfer_at_once(&mut world, who, n),
        }
    }
    assert_eq!(world.payments.len(), scenario.payments.len(), "they can begin");
    world
}

/// In how many ways it can go on at this moment.
fn choices(world: &World) -> usize {
    let (at, due) = world.due();
    if at > world.now { 0 } else { due.len() }
}

/// Two worlds that are alike in this are alike in all that can still happen.
fn digest(world: &World) -> u64 {
    struct Hashed(DefaultHasher);
    impl std::fmt::Write for Hashed {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            text.hash(&mut self.0);
            Ok(())
        }
    }
    let mut hashed = Hashed(DefaultHasher::new());
    world.describe(&mut hashed).expect("a hash takes everything");
    let _ = write!(hashed, "{:?}", world.due());
    hashed.0.finish()
}
