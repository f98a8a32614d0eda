//! The law of the design for several processes that share a hosted account (PROTOCOL.md section 2): whoever comes, goes
//! and dies, each payer learns what became of its payments, and what they paid is what the shop got.

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;
use trustline_core::ledger::Party;
use trustline_core::ledger::{Effect, Fact};
use trustline_core::session::{Dispute, Event};
use trustline_core::testing::strategies::acts;
use trustline_core::testing::{Act, Conversation};
use trustline_core::{Limits, TransferId};
use trustline_tests::{Pair, Role, millis, seconds};

const CUSTOMERS: [Role; 3] = [Role::Customer, Role::Other(0), Role::Other(1)];

fn customers() -> Conversation {
    Conversation::sharing_an_account(CUSTOMERS.len())
}

struct World {
    pair: Pair,
    next: u32,
    /// What the shop was offered and has not decided.
    offered: Vec<TransferId>,
    /// What anyone said to its application that does not agree.
    disputes: Vec<(Role, Dispute)>,
}

impl World {
    fn new() -> Self {
        let mut pair = Pair::hosted().keeping_ledgers().after_connecting();
        pair.add_other();
        pair.add_other();
        pair.delay = millis(10);
        Self { pair, next: 1, offered: Vec::new(), disputes: Vec::new() }
    }

    fn act(&mut self, act: &Act) {
        self.pair.perform(act, self.next);
        self.next += 1;
        match *act {
            Act::Decide { fulfills, .. } => self.decide(fulfills),
            Act::Wait(time) => self.wait(time),
            _ => self.wait(Duration::ZERO),
        }
    }

    fn wait(&mut self, time: Duration) {
        self.pair.advance(time);
        for role in [&CUSTOMERS[..], &[Role::Shop]].concat() {
            for event in self.pair.side(role).take_events() {
                match event {
                    Event::IncomingPrepared { transfer, .. } => self.offered.push(transfer.id),
                    Event::Dispute(dispute) => self.disputes.push((role, dispute)),
                    _ => {}
                }
            }
        }
    }

    /// The shop decides about the oldest payment that waits for it.
    fn decide(&mut self, fulfills: bool) {
        if !self.offered.is_empty() {
            let id = self.offered.remove(0);
            self.pair.shop.decides(id, fulfills);
        }
        self.wait(Duration::ZERO);
    }

    /// All goes well again, for longer than payments live, and for longer than it takes to tell how far a ledger is.
    fn settle(&mut self) {
        self.pair.cut_after = None;
        self.pair.delay = millis(10);
        for role in [&CUSTOMERS[..], &[Role::Shop]].concat() {
            self.pair.side(role).crash = None;
        }
        for _ in 0..14 {
            for who in CUSTOMERS {
                self.pair.connect_if_alone(who);
            }
            self.wait(seconds(5));
        }
        // Whoever tells at this very moment how far its ledger is will have its answer.
        for _ in 0..10 {
            if self.is_quiet() {
                return;
            }
            self.wait(millis(25));
        }
    }

    /// Nobody waits for an answer.
    fn is_quiet(&mut self) -> bool {
        [&CUSTOMERS[..], &[Role::Shop]].concat().into_iter().all(|role| self.pair.side(role).session.in_flight() == 0)
    }

    fn check(&mut self) -> Result<(), TestCaseError> {
        let comparisons = self.disputes.iter().filter(|(_, dispute)| matches!(dispute, Dispute::Rewound { .. } | Dispute::Sums { .. }));
        prop_assert_eq!(comparisons.count(), 0, "a false alarm: {:?}", &self.disputes);
        let mut all_paid = Vec::new();
        let mut balance = 0;
        for role in CUSTOMERS {
            let customer = self.pair.side(role);
            prop_assert_eq!(&customer.snapshot().open, &[], "{:?} knows what became of all its payments", role);
            prop_assert_eq!(customer.session.in_flight(), 0);
            balance += customer.balance();
            all_paid.extend(paid(customer.journal()));
        }
        all_paid.sort_unstable();
        let shop = &self.pair.shop;
        prop_assert_eq!(&shop.snapshot().open, &[], "the shop has told everyone");
        prop_assert_eq!(shop.session.in_flight(), 0);
        prop_assert_eq!(shop.balance(), -balance, "what they paid is what the shop got");
        prop_assert_eq!(paid(shop.journal()), all_paid, "and for the same payments");
        Ok(())
    }
}

/// The transfers that were paid, by id; one that were paid twice would stand there twice.
fn paid(journal: &[Effect]) -> Vec<TransferId> {
    let paid = |effect: &Effect| match effect.fact {
        Fact::Fulfilled { id, .. } => Some(id),
        Fact::Transferred { id, .. } => id,
        _ => None,
    };
    let mut ids: Vec<_> = journal.iter().filter_map(paid).collect();
    ids.sort_unstable();
    ids
}

proptest! {
    #[test]
    fn whoever_shares_an_account_learns_what_became_of_its_payments(acts in acts(&customers(), 1..60)) {
        let mut world = World::new();
        for act in &acts {
            world.act(act);
        }
        world.settle();
        world.check()?;
    }

    /// One of them finds an older backup in the place of its ledger. It is noticed unless nothing was missing, and nobody is
    /// suspected who has nothing to do with it.
    #[test]
    fn of_those_who_share_an_account_only_one_that_was_set_back_is_disputed(
        who in select([&CUSTOMERS[..], &[Role::Shop]].concat()),
        backup in any::<prop::sample::Index>(),
        acts in acts(&customers(), 1..40),
    ) {
        let mut world = World::new();
        for act in &acts {
            world.act(act);
        }
        world.settle();
        // Each has told the shop how far it is, and how far it was after that.
        world.wait(2 * Limits::default().position_interval);
        world.disputes.clear();
        // Without its first effect, which names it, it would be another ledger.
        let effects = 1 + backup.index(world.pair.side(who).journal().len());
        let lost = world.pair.side(who).journal()[effects..].iter().any(|effect| !effect.fact.is_lineage());
        world.pair.restore(who, effects);
        world.settle();
        let notices = |role, party| {
            world.disputes.iter().any(|(by, dispute)| *by == role && matches!(dispute, Dispute::Rewound { who, .. } if *who == party))
        };
        if lost && who == Role::Shop {
            prop_assert!(notices(Role::Shop, Party::Us), "{:?}", &world.disputes);
            prop_assert!(CUSTOMERS.into_iter().any(|customer| notices(customer, Party::Peer)), "{:?}", &world.disputes);
        } else if lost {
            prop_assert!(notices(who, Party::Us) && notices(Role::Shop, Party::Peer), "{:?}", &world.disputes);
        }
        for (by, dispute) in &world.disputes {
            let set_back = match dispute {
                Dispute::Rewound { who: Party::Us, .. } => *by,
                Dispute::Rewound { who: Party::Peer, .. } if *by != Role::Shop => Role::Shop,
                // The shop says it of whoever told it.
                Dispute::Rewound { who: Party::Peer, .. } => who,
                other => return Err(TestCaseError::fail(format!("{by:?}: {other:?}"))),
            };
            prop_assert_eq!(set_back, who, "{:?}", &world.disputes);
        }
    }
}
