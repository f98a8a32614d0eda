//! A world in which bytes decide what happens next, instead of chance: one thing a byte, so that an input can be shortened
//! byte by byte, and reads as a list of what happened.
//!
//! Nothing takes time here but what is told to. So everything that is on its way, with a disk or with an application is
//! due at once, and a byte says which of it happens first: a disk may have synced before all else, or last of all, or its
//! process dies before.

use std::cell::Cell;
use std::time::Duration;

use fastrand::Rng;

use super::plan::{Plan, Shape};
use super::trace::Trace;
use super::world::{Who, World};
use super::{Counts, Verdict, law, people, settle};
use crate::{millis, seconds};

/// The highest balance, either way: some payments are beyond it.
const BOUND: u8 = 50;

/// Two bytes say who there is and what they are like, and each one behind them what happens next.
pub(super) fn drive(input: &[u8], trace: Trace) -> Counts {
    let Some((&[shape, traits], opcodes)) = input.split_first_chunk() else { return Counts::default() };
    let mut world = World::new(plan(shape, traits), Rng::with_seed(0), trace);
    for opcode in opcodes {
        act(&mut world, *opcode);
        law::at_any_time(&world);
        world.keep_clocks_right();
    }
    come_to_rest(&mut world);
    world.count_ends();
    world.counts
}

fn plan(shape: u8, traits: u8) -> Plan {
    let shape = match shape % 5 {
        0 => Shape::Hosted(vec![1]),
        1 => Shape::Hosted(vec![1, 1]),
        2 => Shape::Hosted(vec![2]),
        3 => Shape::Equals { both_dial: false },
        _ => Shape::Equals { both_dial: true },
    };
    let has = |bit: u8| traits & bit != 0;
    let mut plan = Plan { bound: BOUND.into(), ..Plan::instant(shape, Vec::new()) };
    (plan.stragglers, plan.named, plan.inline) = (has(1), if has(2) { 100 } else { 0 }, if has(4) { 100 } else { 0 });
    if has(8) {
        plan.clocks = (20_000, 1_000);
    }
    if has(16) {
        (plan.limits.in_flight_requests, plan.limits.unanswered_requests, plan.limits.open_transfers) = (2, 1, 3);
    }
    plan
}

fn act(world: &mut World, opcode: u8) {
    // Who or what it is about, and how.
    let which = usize::from(opcode & 3);
    let other = usize::from(opcode >> 2 & 3);
    let everyone = world.everyone();
    let who = everyone[which % everyone.len()];
    let process = which % world.processes.len();
    match opcode {
        0x00..0x40 => step(world, opcode.into()),
        0x40..0x50 => pay(world, who, 7, seconds(30), other),
        0x50..0x60 => pay(world, who, u64::from(BOUND / 2 + 1), seconds(1), other),
        0x60..0x70 => transfer(world, who, [1, 10, BOUND / 2 + 1, BOUND + 1][other].into()),
        0x70..0x80 if world.lines.is_empty() => {}
        0x70..0x80 => {
            let now = Duration::ZERO;
            let notices = [[now, now], [now, seconds(2)], [seconds(2), now], [seconds(20), seconds(20)]][other];
            world.cut(which % world.lines.len(), notices);
        }
        0x80..0x90 => crash(world, process, [0, 1, 2, usize::MAX][other]),
        0x90..0xa0 => wait(world, usize::from(opcode & 0xf)),
        0xa0..0xb0 => {
            let now = world.now;
            world.processes[process].clock.set(now, [-3_000, -1, 1, 3_000][other]);
        }
        0xb0..0xb8 => world.processes[process].disk.fails = true,
        0xb8..0xc0 => world.close(process),
        0xc0..0xc8 => people::ask(world, who),
        0xc8..0xd0 => world.repeat(),
        0xd0..0xd8 => people::set_bounds(world, who),
        0xd8..0xe0 => people::misuse(world, who),
        0xe0..0xff => {}
        0xff => come_to_rest(world),
    }
}

/// One of the things that are due at this moment happens.
fn step(world: &mut World, which: usize) {
    let (at, due) = world.due();
    if at <= world.now && !due.is_empty() {
        world.step(due[which % due.len()]);
    }
}

fn pay(world: &mut World, who: Who, amount: u64, expires_in: Duration, verdict: usize) {
    if people::can_pay(world, who) {
        let verdict = [Verdict::Fulfill, Verdict::Reject, Verdict::FulfillAtLast, Verdict::Nothing][verdict];
        // Those before that have none, have no condition either.
        world.plan.verdicts.resize(world.payments.len(), Verdict::Nothing);
        world.plan.verdicts.push(verdict);
        people::prepare(world, who, amount, expires_in);
    }
}

fn transfer(world: &mut World, who: Who, amount: u64) {
    if people::can_pay(world, who) {
        people::transfer_at_once(world, who, amount);
    }
}

/// A process dies, and its disk has written so many of the batches that it was given and did not report.
fn crash(world: &mut World, process: usize, batches: usize) {
    if world.processes[process].is_up {
        let left = Cell::new(batches);
        let is_kept = move |_: &mut Rng| left.replace(left.get().saturating_sub(1)) > 0;
        world.crash(process, is_kept);
    }
}

fn wait(world: &mut World, which: usize) {
    let times = [millis(1), millis(100), seconds(1), seconds(2), seconds(6), seconds(40), seconds(2 * 60 * 60), seconds(26 * 60 * 60)];
    // After a day, an account that is shared can only be settled by people.
    let most = if world.accounts.iter().any(|account| world.is_shared(*account)) { times.len() - 1 } else { times.len() };
    world.pass(times[which % most]);
}

/// All goes well for as long as it takes, and then nothing is stuck.
fn come_to_rest(world: &mut World) {
    let (latency, sync) = (world.plan.latency, world.plan.sync);
    settle(world);
    law::when_settled(world);
    (world.plan.latency, world.plan.sync) = (latency, sync);
}
