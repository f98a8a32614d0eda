//! The law of the design: when both sides are connected and nothing is in flight, the two ledgers mirror each other, after
//! any sequence of cuts, crashes, delays and clock differences; and every payment came to the same end on both sides.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;
use trustline_core::ledger::{Effect, Fact};
use trustline_core::session::{Dispute, Event};
use trustline_core::{Timestamp, TransferId};
use trustline_tests::{Crash, Pair, Role, end, fulfillment, millis, no_data, no_funds, number, payment, seconds, transfer_id};

#[derive(Clone, Debug)]
enum Act {
    Pay {
        by: Role,
        amount: u64,
        expires_in: u64,
    },
    Transfer {
        by: Role,
        amount: u64,
    },
    Wait {
        millis: u64,
    },
    Delay {
        millis: u64,
    },
    /// Each side notices after a while.
    Cut {
        shop: u64,
        customer: u64,
    },
    CutAfter {
        frames: usize,
    },
    Connect,
    Restart {
        who: Role,
    },
    Crash {
        who: Role,
        crash: Crash,
    },
}

fn act() -> impl Strategy<Value = Act> {
    let role = || select(vec![Role::Shop, Role::Customer]);
    let while_ = || select(vec![0, 1, 100, 2_000]);
    prop_oneof![
        8 => (role(), 1..50_u64, select(vec![1_000, 30_000])).prop_map(|(by, amount, expires_in)| Act::Pay { by, amount, expires_in }),
        2 => (role(), 1..50_u64).prop_map(|(by, amount)| Act::Transfer { by, amount }),
        6 => select(vec![1, 50, 500, 5_000, 40_000]).prop_map(|millis| Act::Wait { millis }),
        1 => select(vec![7_200_000, 100_000_000]).prop_map(|millis| Act::Wait { millis }),
        2 => select(vec![0, 20, 900]).prop_map(|millis| Act::Delay { millis }),
        2 => (while_(), while_()).prop_map(|(shop, customer)| Act::Cut { shop, customer }),
        2 => (0..8_usize).prop_map(|frames| Act::CutAfter { frames }),
        3 => Just(Act::Connect),
        1 => role().prop_map(|who| Act::Restart { who }),
        2 => (role(), 0..6_usize, 0..4_usize, 0..4_usize)
            .prop_map(|(who, batches, effects, frames)| Act::Crash { who, crash: Crash { batches, effects, frames } }),
    ]
}

/// A pair whose applications decide about each payment by its number.
struct World {
    pair: Pair,
    next: u32,
    /// What is to be fulfilled later.
    later: Vec<(Timestamp, Role, u32)>,
    /// Which ends of each transfer the shop (`true`) and the customer were told of.
    ends: BTreeMap<(bool, TransferId), Vec<&'static str>>,
    /// A process that died lost the events that it had not handed out.
    someone_died: bool,
    /// What the two said to their applications that they do not agree on.
    disputes: Vec<Dispute>,
}

impl World {
    fn new(pair: fn() -> Pair, customer_ahead: i64) -> Self {
        let mut pair = pair();
        pair.customer_ahead = customer_ahead;
        pair.advance(seconds(0));
        pair.connect();
        Self { pair, next: 1, later: Vec::new(), ends: BTreeMap::new(), someone_died: false, disputes: Vec::new() }
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Pay { by, amount, expires_in } => {
                let side = self.pair.side(by);
                let prepare = payment(self.next, amount, side.now.saturating_add(millis(expires_in)));
                let _ = side.attempt(|session, now| session.prepare(prepare, now));
                self.next += 1;
            }
            Act::Transfer { by, amount } => {
                let id = transfer_id(self.next);
                let _ = self.pair.side(by).attempt(|session, now| session.transfer(id, amount, &no_data(), now));
                self.next += 1;
            }
            Act::Wait { millis } => self.wait(millis),
            Act::Delay { millis: delay } => self.pair.delay = millis(delay),
            Act::Cut { shop, customer } => self.pair.cut_noticed_after(millis(shop), millis(customer)),
            Act::CutAfter { frames } => self.pair.cut_after = Some(frames),
            Act::Connect => self.connect(),
            Act::Restart { who } => self.pair.restart(who),
            Act::Crash { who, crash } => self.pair.side(who).crash = Some(crash),
        }
        self.someone_died |= matches!(act, Act::Restart { .. } | Act::Crash { .. });
        self.wait(0);
    }

    fn connect(&mut self) {
        if self.pair.customer.session.connections().next().is_none() {
            self.pair.connect();
        }
    }

    /// Time passes, in which the applications decide.
    fn wait(&mut self, time: u64) {
        let end = self.pair.now().saturating_add(millis(time));
        loop {
            self.pair.drive();
            if self.decide() {
                continue;
            }
            let next = self.later.iter().map(|(at, ..)| *at).min().map_or(end, |at| at.min(end));
            if self.pair.now() >= end {
                return;
            }
            // Not further than a second at once, so that what arrives meanwhile is decided.
            let step = next.saturating_since(self.pair.now()).clamp(millis(1), seconds(if time > 60_000 { 60 } else { 1 }));
            self.pair.advance(step.min(end.saturating_since(self.pair.now())));
        }
    }

    /// Whether anything was decided.
    fn decide(&mut self) -> bool {
        let mut decided = false;
        for role in [Role::Shop, Role::Customer] {
            for event in self.pair.side(role).take_events() {
                if let Some((id, end)) = end(&event) {
                    self.ends.entry((role == Role::Shop, id)).or_default().push(end);
                }
                let transfer = match event {
                    Event::IncomingPrepared { transfer, .. } => transfer,
                    Event::Dispute(dispute) => {
                        self.disputes.push(dispute);
                        continue;
                    }
                    _ => continue,
                };
                let n = number(transfer.id);
                match n % 5 {
                    0 | 1 => self.later.push((self.pair.now(), role, n)),
                    2 => self.later.push((self.pair.now().saturating_add(millis(700)), role, n)),
                    3 => decided |= self.pair.side(role).attempt(|session, now| session.reject(transfer.id, &no_funds(), now)).is_ok(),
                    _ => {}
                }
            }
        }
        let now = self.pair.now();
        let (due, later) = self.later.drain(..).partition(|(at, ..)| *at <= now);
        self.later = later;
        for (_, role, n) in due {
            let fulfill =
                |session: &mut trustline_core::session::Session, now| session.fulfill(transfer_id(n), fulfillment(n), &no_data(), now);
            decided |= self.pair.side(role).attempt(fulfill).is_ok();
        }
        decided
    }

    /// All goes well again, for long enough.
    fn settle(&mut self) {
        self.pair.cut_after = None;
        self.pair.shop.crash = None;
        self.pair.customer.crash = None;
        self.pair.delay = millis(10);
        for _ in 0..40 {
            self.connect();
            self.wait(5_000);
        }
        // What a payer does not remember is kept for a day, in case that another one comes.
        self.wait(26 * 60 * 60 * 1000);
        // Whoever tells at this very moment how far its ledger is will have its answer.
        self.wait(25);
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let comparisons = self.disputes.iter().filter(|dispute| matches!(dispute, Dispute::Rewound { .. } | Dispute::Sums { .. }));
        prop_assert_eq!(comparisons.count(), 0, "a false alarm: {:?}", self.disputes);
        self.pair.assert_mirrored();
        prop_assert_eq!(self.pair.shop.session.in_flight() + self.pair.customer.session.in_flight(), 0, "nothing is stuck");
        let (shop, customer) = (paid(self.pair.shop.journal()), paid(self.pair.customer.journal()));
        prop_assert_eq!(shop, customer, "every payment came to the same end");
        if !self.someone_died {
            self.check_ends(true, self.pair.shop.journal())?;
            self.check_ends(false, self.pair.customer.journal())?;
        }
        Ok(())
    }

    /// Who began something is told of its end, once.
    fn check_ends(&self, is_shop: bool, journal: &[Effect]) -> Result<(), TestCaseError> {
        for effect in journal {
            let id = match &effect.fact {
                Fact::Prepared { transfer, .. } => transfer.id,
                Fact::Transferring { id, .. } => *id,
                _ => continue,
            };
            let ends = self.ends.get(&(is_shop, id)).map_or(&[][..], Vec::as_slice);
            // A client that did not wait for the host's word may hear it after all.
            prop_assert!(ends.len() == 1 || (!is_shop && ends == ["expired", "fulfilled"]), "{:?} ended as {:?}", id, ends);
        }
        Ok(())
    }
}

/// The transfers that were paid, and their amounts. Everything else came to nothing.
fn paid(journal: &[Effect]) -> BTreeMap<TransferId, u64> {
    let mut amounts = BTreeMap::new();
    let mut paid = BTreeMap::new();
    for effect in journal {
        match &effect.fact {
            Fact::Prepared { transfer, .. } => drop(amounts.insert(transfer.id, transfer.amount)),
            Fact::Fulfilled { id, .. } => {
                let twice = paid.insert(*id, amounts[id]);
                assert_eq!(twice, None, "a transfer is paid once");
            }
            Fact::Transferred { id: Some(id), amount, .. } => {
                let twice = paid.insert(*id, *amount);
                assert_eq!(twice, None, "a transfer is paid once");
            }
            _ => {}
        }
    }
    paid
}

fn run(pair: fn() -> Pair, customer_ahead: i64, acts: &[Act]) -> Result<(), TestCaseError> {
    let mut world = World::new(pair, customer_ahead);
    for act in acts {
        world.act(act);
    }
    world.settle();
    world.check()
}

/// Puts back what one of them had stored at some moment, after honest acts and before others.
fn run_with_backup(pair: fn() -> Pair, who: Role, backup: prop::sample::Index, before: &[Act], after: &[Act]) -> Result<(), TestCaseError> {
    let mut world = World::new(pair, 0);
    for act in before {
        world.act(act);
    }
    world.settle();
    // Without its first effect, which names it, it would be another ledger.
    let effects = 1 + backup.index(world.pair.side(who).journal().len());
    world.pair.restore(who, effects);
    world.someone_died = true;
    for act in after {
        world.act(act);
    }
    world.settle();
    if world.disputes.is_empty() { world.check() } else { Ok(()) }
}

/// In milliseconds. The furthest is well beyond the grace after which a client gives its payment up.
fn clock_difference() -> impl Strategy<Value = i64> {
    select(vec![0, 0, 1, -1, 900, -900, 15_000, -15_000, 25_000])
}

/// Two that tell each other nothing of their ledgers, or two that compare them.
fn pairs([untold, told]: [fn() -> Pair; 2]) -> impl Strategy<Value = fn() -> Pair> {
    select(vec![untold, told])
}

const HOSTED: [fn() -> Pair; 2] = [Pair::hosted, || Pair::hosted().keeping_ledgers()];
const EQUALS: [fn() -> Pair; 2] = [Pair::equals, || Pair::equals().keeping_ledgers()];

proptest! {
    #[test]
    fn a_hosted_ledger_and_its_client_mirror_each_other(
        pair in pairs(HOSTED),
        ahead in clock_difference(),
        acts in prop::collection::vec(act(), 1..40),
    ) {
        run(pair, ahead, &acts)?;
    }

    #[test]
    fn the_ledgers_of_equals_mirror_each_other(
        pair in pairs(EQUALS),
        ahead in clock_difference(),
        acts in prop::collection::vec(act(), 1..40),
    ) {
        run(pair, ahead, &acts)?;
    }

    /// Nothing that was set back goes unnoticed: there is a dispute, or the two ledgers come to the same all the same.
    #[test]
    fn an_older_backup_is_noticed_or_makes_no_difference(
        pair in select([HOSTED[1], EQUALS[1]].to_vec()),
        who in select(vec![Role::Shop, Role::Customer]),
        backup in any::<prop::sample::Index>(),
        before in prop::collection::vec(act(), 1..30),
        after in prop::collection::vec(act(), 0..10),
    ) {
        run_with_backup(pair, who, backup, &before, &after)?;
    }
}
