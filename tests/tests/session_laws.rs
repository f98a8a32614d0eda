//! The law of the design: when both sides are connected and nothing is in flight, the two ledgers mirror each other, after
//! any sequence of cuts, crashes, delays and clock differences; and every payment came to the same end on both sides.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;
use trustline_core::TransferId;
use trustline_core::ledger::{Effect, Fact};
use trustline_core::session::{Dispute, Event};
use trustline_core::testing::strategies::acts;
use trustline_core::testing::{Act, Conversation};
use trustline_tests::{Pair, Role, end, millis, seconds};

/// A pair, and what its applications know.
struct World {
    pair: Pair,
    next: u32,
    /// What each was offered and has not decided.
    offered: Vec<(Role, TransferId)>,
    /// Which ends of each transfer the shop (`true`) and the customer were told of.
    ends: BTreeMap<(bool, TransferId), Vec<&'static str>>,
    /// A process that died lost the events that it had not handed out.
    someone_died: bool,
    /// What the two said to their applications that they do not agree on.
    disputes: Vec<(Role, Dispute)>,
}

impl World {
    fn new(pair: fn() -> Pair, customer_ahead: i64) -> Self {
        let mut pair = pair();
        pair.customer_ahead = customer_ahead;
        pair.advance(seconds(0));
        pair.connect();
        Self { pair, next: 1, offered: Vec::new(), ends: BTreeMap::new(), someone_died: false, disputes: Vec::new() }
    }

    fn act(&mut self, act: &Act) {
        self.pair.perform(act, self.next);
        self.next += 1;
        self.someone_died |= matches!(act, Act::Restart { .. } | Act::Crash { .. });
        match *act {
            Act::Decide { by, fulfills } => self.decide(by.into(), fulfills),
            Act::Wait(time) => self.wait(time),
            _ => self.wait(Duration::ZERO),
        }
    }

    /// Time passes, and the applications hear what happened.
    fn wait(&mut self, time: Duration) {
        self.pair.advance(time);
        for role in [Role::Shop, Role::Customer] {
            for event in self.pair.side(role).take_events() {
                if let Some((id, end)) = end(&event) {
                    self.ends.entry((role == Role::Shop, id)).or_default().push(end);
                }
                match event {
                    Event::IncomingPrepared { transfer, .. } => self.offered.push((role, transfer.id)),
                    Event::Dispute(dispute) => self.disputes.push((role, dispute)),
                    _ => {}
                }
            }
        }
    }

    fn decide(&mut self, by: Role, fulfills: bool) {
        let oldest = self.offered.iter().position(|(role, _)| *role == by);
        if let Some((_, id)) = oldest.map(|oldest| self.offered.remove(oldest)) {
            self.pair.side(by).decides(id, fulfills);
        }
        self.wait(Duration::ZERO);
    }

    /// All goes well again, for long enough.
    fn settle(&mut self) {
        self.pair.cut_after = None;
        self.pair.shop.crash = None;
        self.pair.customer.crash = None;
        self.pair.delay = millis(10);
        for _ in 0..40 {
            self.pair.connect_if_alone(Role::Customer);
            self.wait(seconds(5));
        }
        // What a payer does not remember is kept for a day, in case that another one comes.
        self.wait(seconds(26 * 60 * 60));
        // Whoever tells at this very moment how far its ledger is will have its answer.
        self.wait(millis(25));
    }

    /// They did not hear each other's answers for more than a day, and now neither knows what the other may have: both say so, and
    /// leave it to people.
    fn each_waits_for_the_others_books(&self) -> bool {
        [Role::Shop, Role::Customer].into_iter().all(|role| {
            let is_undecided = |dispute: &Dispute| matches!(dispute, Dispute::Balance { undecided: 1.., .. });
            self.disputes.iter().any(|(by, dispute)| *by == role && is_undecided(dispute))
        })
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let comparisons = self.disputes.iter().filter(|(_, dispute)| matches!(dispute, Dispute::Rewound { .. } | Dispute::Sums { .. }));
        prop_assert_eq!(comparisons.count(), 0, "a false alarm: {:?}", self.disputes);
        if self.each_waits_for_the_others_books() {
            return Ok(());
        }
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
        acts in acts(&Conversation::between_two(), 1..60),
    ) {
        run(pair, ahead, &acts)?;
    }

    #[test]
    fn the_ledgers_of_equals_mirror_each_other(
        pair in pairs(EQUALS),
        ahead in clock_difference(),
        acts in acts(&Conversation::between_two(), 1..60),
    ) {
        run(pair, ahead, &acts)?;
    }

    /// Nothing that was set back goes unnoticed: there is a dispute, or the two ledgers come to the same all the same.
    #[test]
    fn an_older_backup_is_noticed_or_makes_no_difference(
        pair in select([HOSTED[1], EQUALS[1]].to_vec()),
        who in select(vec![Role::Shop, Role::Customer]),
        backup in any::<prop::sample::Index>(),
        before in acts(&Conversation::between_two(), 1..40),
        after in acts(&Conversation::between_two(), 0..10),
    ) {
        run_with_backup(pair, who, backup, &before, &after)?;
    }
}
