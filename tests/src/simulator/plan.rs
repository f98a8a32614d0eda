//! What a seed decides before anything happens: who there is, how well things work, and how often what is done. Each seed
//! leaves some of it out and has much of something else, so that rare things meet.

use std::time::Duration;

use fastrand::Rng;
use trustline_core::Limits;

use super::people::Verdict;
use crate::{millis, seconds};

/// Who keeps which trustlines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A host, and for each of its accounts how many processes share it.
    Hosted(Vec<usize>),
    /// Two that both keep the ledger.
    Equals {
        /// Each dials the other; else the second dials the first.
        both_dial: bool,
    },
}

/// Something that is done, to whom chance has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Act {
    Pay,
    Transfer,
    Ask,
    Cut,
    Crash,
    BreakDisk,
    SetClock,
    SetBounds,
    /// A request is sent a second time, as a peer might that lost count.
    Repeat,
    /// A command that must be refused.
    Misuse,
    /// A process ends in an orderly way, and starts again.
    Close,
}

const ACTS: [Act; 11] = [
    Act::Pay,
    Act::Transfer,
    Act::Ask,
    Act::Cut,
    Act::Crash,
    Act::BreakDisk,
    Act::SetClock,
    Act::SetBounds,
    Act::Repeat,
    Act::Misuse,
    Act::Close,
];

#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) shape: Shape,
    /// How much is done before everyone settles.
    pub(super) acts: usize,
    /// Each act as often as its weight says.
    pub(super) weights: Vec<(Act, u32)>,
    /// How long nothing is done between two acts.
    pub(super) pauses: Vec<Duration>,
    /// How long a frame takes, at most.
    pub(super) latency: Duration,
    /// How long a sync takes, at most.
    pub(super) sync: Duration,
    /// How long a process is down, at most.
    pub(super) downtime: Duration,
    /// How long payments live.
    pub(super) expiries: Vec<Duration>,
    /// How long applications take to decide, at most.
    pub(super) patience: Duration,
    /// Of a hundred payments so many are fulfilled; of the others, most are rejected.
    pub(super) fulfilled: u8,
    /// What is decided about the first payments, where that is not left to chance.
    pub(super) verdicts: Vec<Verdict>,
    /// Some of what is on its way when a line breaks may still arrive.
    pub(super) stragglers: bool,
    /// Of a hundred decisions so many are made inline.
    pub(super) inline: u8,
    /// The highest balance, either way.
    pub(super) bound: i128,
    pub(super) limits: Limits,
    /// Clocks differ by so much at most, in milliseconds, and run so many millionths too fast or too slow.
    pub(super) clocks: (i64, i64),
    /// Of a hundred parties so many keep a ledger that has a name.
    pub(super) named: u8,
}

impl Plan {
    pub(super) fn new(random: &mut Rng) -> Self {
        let shape = match random.u8(..10) {
            0..4 => Shape::Hosted(vec![1]),
            4 => Shape::Hosted(vec![1, 1, 1]),
            5 => Shape::Hosted(vec![2]),
            6 => Shape::Hosted(vec![1, 3]),
            7 => Shape::Equals { both_dial: false },
            _ => Shape::Equals { both_dial: true },
        };
        // After a day, an account that is shared can only be settled by people: its balance tells a single payer nothing.
        let is_shared = matches!(&shape, Shape::Hosted(accounts) if accounts.iter().any(|sharing| *sharing > 1));
        let weight = |random: &mut Rng, act| match act {
            Act::Pay => random.u32(10..30),
            _ if random.u8(..3) == 0 => 0,
            Act::BreakDisk | Act::Close | Act::SetClock => random.u32(1..3),
            _ => random.u32(1..8),
        };
        let mut limits = Limits::default();
        if random.u8(..4) == 0 {
            (limits.in_flight_requests, limits.unanswered_requests) = (random.usize(2..6), random.usize(1..4));
            limits.open_transfers = random.usize(2..20);
        }
        let mut pauses = vec![millis(0); random.usize(1..12)];
        pauses.extend([millis(1), millis(10), millis(100), seconds(1), seconds(6)]);
        if random.bool() {
            pauses.push(seconds(40));
        }
        if random.u8(..4) == 0 {
            pauses.push(seconds(2 * 60 * 60));
        }
        if random.u8(..8) == 0 && !is_shared {
            pauses.push(seconds(26 * 60 * 60));
        }
        Self {
            shape,
            acts: if random.u8(..10) > 0 { random.usize(5..60) } else { random.usize(60..300) },
            weights: ACTS.map(|act| (act, weight(random, act))).into(),
            pauses,
            latency: one(random, &[millis(0), millis(1), millis(20), millis(900)]),
            downtime: one(random, &[seconds(3), seconds(3), seconds(60), seconds(3 * 60 * 60)]),
            sync: one(random, &[millis(0), millis(1), millis(10), millis(500)]),
            expiries: vec![one(random, &[millis(50), seconds(1), seconds(5)]), seconds(30), one(random, &[seconds(30), seconds(3600)])],
            patience: one(random, &[millis(0), millis(10), seconds(1), seconds(40)]),
            fulfilled: one(random, &[30, 80, 100]),
            verdicts: Vec::new(),
            stragglers: true,
            inline: one(random, &[0, 50, 100]),
            bound: one(random, &[50, 500, 1_000_000]),
            limits,
            clocks: one(random, &[(0, 0), (0, 100), (200, 0), (20_000, 1_000), (600_000, 10_000)]),
            named: one(random, &[0, 50, 100, 100]),
        }
    }

    /// Nothing takes time, and nothing is done but what somebody else says.
    pub(super) fn instant(shape: Shape, verdicts: Vec<Verdict>) -> Self {
        let expiries = vec![seconds(30)];
        let (acts, weights, pauses) = (0, Vec::new(), Vec::new());
        let (latency, sync, patience, downtime) = (millis(0), millis(0), millis(0), seconds(3));
        let (fulfilled, stragglers, inline, bound, clocks, named) = (100, false, 0, 1_000_000, (0, 0), 0);
        let limits = Limits::default();
        Self {
            shape,
            acts,
            weights,
            pauses,
            latency,
            sync,
            downtime,
            expiries,
            patience,
            fulfilled,
            verdicts,
            stragglers,
            inline,
            bound,
            limits,
            clocks,
            named,
        }
    }

    pub(super) fn choose(&self, random: &mut Rng) -> Act {
        let all: u32 = self.weights.iter().map(|(_, weight)| weight).sum();
        let mut left = random.u32(..all);
        for (act, weight) in &self.weights {
            if left < *weight {
                return *act;
            }
            left -= weight;
        }
        Act::Pay
    }
}

pub(super) fn one<T: Copy>(random: &mut Rng, of: &[T]) -> T {
    of[random.usize(..of.len())]
}

/// From nothing to `most`, in whole milliseconds.
pub(super) fn at_most(random: &mut Rng, most: Duration) -> Duration {
    millis(random.u64(..=u64::try_from(most.as_millis()).unwrap_or(u64::MAX)))
}
