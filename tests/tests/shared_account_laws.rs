//! The law of the design for several processes that share a hosted account (PROTOCOL.md section 2): whoever comes, goes
//! and dies, each payer learns what became of its payments, and what they paid is what the shop got.

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;
use trustline_core::TransferId;
use trustline_core::ledger::{Effect, Fact};
use trustline_core::session::Event;
use trustline_tests::{Crash, Pair, Role, fulfillment, millis, no_data, no_funds, number, seconds, transfer_id};

const CUSTOMERS: [Role; 3] = [Role::Customer, Role::Other(0), Role::Other(1)];

#[derive(Clone, Debug)]
enum Act {
    Pay {
        by: Role,
    },
    Transfer {
        by: Role,
    },
    /// The shop decides about the oldest payment that waits for it.
    Decide,
    Wait {
        millis: u64,
    },
    /// Each end notices after a while: the customer may be back before the shop knows that it was gone.
    CutOff {
        who: Role,
        shop: u64,
        customer: u64,
    },
    CutAfter {
        frames: usize,
    },
    Connect {
        who: Role,
    },
    Restart {
        who: Role,
    },
    Crash {
        who: Role,
        crash: Crash,
    },
}

fn act() -> impl Strategy<Value = Act> {
    let customer = || select(CUSTOMERS.to_vec());
    let anyone = || select([&CUSTOMERS[..], &[Role::Shop]].concat());
    let moment = || select(vec![0, 5, 50, 3_000]);
    prop_oneof![
        8 => customer().prop_map(|by| Act::Pay { by }),
        1 => customer().prop_map(|by| Act::Transfer { by }),
        8 => Just(Act::Decide),
        6 => select(vec![1, 15, 500, 10_000]).prop_map(|millis| Act::Wait { millis }),
        4 => (customer(), moment(), moment()).prop_map(|(who, shop, customer)| Act::CutOff { who, shop, customer }),
        2 => (1..8_usize).prop_map(|frames| Act::CutAfter { frames }),
        4 => customer().prop_map(|who| Act::Connect { who }),
        1 => anyone().prop_map(|who| Act::Restart { who }),
        1 => (anyone(), 0..6_usize, 0..4_usize, 0..4_usize)
            .prop_map(|(who, batches, effects, frames)| Act::Crash { who, crash: Crash { batches, effects, frames } }),
    ]
}

struct World {
    pair: Pair,
    next: u32,
    /// What the shop was offered and has not decided.
    offered: Vec<TransferId>,
}

impl World {
    fn new() -> Self {
        let mut pair = Pair::connected();
        pair.add_other();
        pair.add_other();
        pair.delay = millis(10);
        Self { pair, next: 1, offered: Vec::new() }
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Pay { by } => {
                let prepare = trustline_tests::payment(self.next, 10, self.pair.now().saturating_add(seconds(30)));
                let _ = self.pair.side(by).attempt(|session, now| session.prepare(prepare, now));
                self.next += 1;
            }
            Act::Transfer { by } => {
                let id = transfer_id(self.next);
                let _ = self.pair.side(by).attempt(|session, now| session.transfer(id, 10, &no_data(), now));
                self.next += 1;
            }
            Act::Decide => self.decide(),
            Act::Wait { millis: time } => self.wait(millis(time)),
            Act::CutOff { who, shop, customer } => self.pair.cut_off(who, millis(shop), millis(customer)),
            Act::CutAfter { frames } => self.pair.cut_after = Some(frames),
            Act::Connect { who } => self.connect(who),
            Act::Restart { who } => self.pair.restart(who),
            Act::Crash { who, crash } => self.pair.side(who).crash = Some(crash),
        }
        self.wait(Duration::ZERO);
    }

    fn connect(&mut self, who: Role) {
        if self.pair.side(who).session.connections().next().is_none() {
            self.pair.connect_as(who);
        }
    }

    fn wait(&mut self, time: Duration) {
        self.pair.advance(time);
        for event in self.pair.shop.take_events() {
            if let Event::IncomingPrepared { transfer, .. } = event {
                self.offered.push(transfer.id);
            }
        }
    }

    /// Two of three are fulfilled. What expired meanwhile is not there any more.
    fn decide(&mut self) {
        if self.offered.is_empty() {
            return;
        }
        let id = self.offered.remove(0);
        let n = number(id);
        let _ = self.pair.shop.attempt(|session, now| match n % 3 {
            0 => session.reject(id, &no_funds(), now).map_err(drop),
            _ => session.fulfill(id, fulfillment(n), &no_data(), now).map_err(drop),
        });
    }

    /// All goes well again, for longer than payments live.
    fn settle(&mut self) {
        self.pair.cut_after = None;
        for role in [&CUSTOMERS[..], &[Role::Shop]].concat() {
            self.pair.side(role).crash = None;
        }
        for _ in 0..12 {
            for who in CUSTOMERS {
                self.connect(who);
            }
            self.wait(seconds(5));
        }
    }

    fn check(&mut self) -> Result<(), TestCaseError> {
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
    fn whoever_shares_an_account_learns_what_became_of_its_payments(acts in prop::collection::vec(act(), 1..60)) {
        let mut world = World::new();
        for act in &acts {
            world.act(act);
        }
        world.settle();
        world.check()?;
    }
}
