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
    /// Who pay.
    pub between: Between,
    /// They begin in this order, at the same moment; or, where it is open how they connect, when their payer is connected.
    pub payments: Vec<Begun>,
}

/// Who keeps the trustline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Between {
    /// A host, and its customer who has dialed.
    HostAndCustomer,
    /// Two who both keep it, one of whom has dialed.
    Equals,
    /// Two who both keep it, and are both about to dial.
    EqualsWhoBothDial,
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
    /// The first line there is, or the second.
    Cut(usize),
    /// Of what is with the disk, all is kept or nothing.
    Crash { process: usize, is_kept: bool },
}

const FAULTS: [Fault; 6] = [
    Fault::Cut(0),
    Fault::Cut(1),
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
        // Where one dials, there is one line.
        let faults = FAULTS.into_iter().filter(|fault| scenario.between == Between::EqualsWhoBothDial || !matches!(fault, Fault::Cut(1)));
        for fault in faults.map(Some).chain((choices == 0).then_some(None)) {
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
            Some(Fault::Cut(line)) if line >= world.lines.len() => {}
            Some(Fault::Cut(line)) => world.cut(line, [Duration::ZERO; 2]),
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

/// The two are connected, and the payments begin; or it is still open how the two connect.
fn begin(scenario: &Scenario, trace: Trace) -> World {
    let shape = match scenario.between {
        Between::HostAndCustomer => Shape::Hosted(vec![1]),
        Between::Equals => Shape::Equals { both_dial: false },
        Between::EqualsWhoBothDial => Shape::Equals { both_dial: true },
    };
    let verdicts = scenario.payments.iter().map(|payment| payment.verdict.unwrap_or(Verdict::Nothing)).collect();
    let mut world = World::new(Plan::instant(shape, verdicts), Rng::with_seed(0), trace);
    let payer = |payment: &Begun| Who { process: if payment.by_host { HOST } else { 1 }, account: 0 };
    if scenario.between == Between::EqualsWhoBothDial {
        world.meant = scenario.payments.iter().map(|payment| (payer(payment), *payment)).collect();
        return world;
    }
    world.pass(Duration::ZERO);
    for payment in &scenario.payments {
        begin_one(&mut world, payer(payment), *payment);
    }
    assert_eq!(world.payments.len(), scenario.payments.len(), "they can begin");
    world
}

/// Somebody begins a payment, if that can be: the first of 1, the next of 2.
pub(super) fn begin_one(world: &mut World, who: Who, payment: Begun) {
    let amount = world.payments.len() as u64 + 1;
    match payment.verdict {
        Some(_) => people::prepare(world, who, amount, EXPIRY),
        None => people::transfer_at_once(world, who, amount),
    }
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
