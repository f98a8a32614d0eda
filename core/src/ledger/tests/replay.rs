//! The effects are the ledger.

use super::operation::Operation;
use super::statement::{ALL, Account};
use crate::Timestamp;
use crate::ledger::Authority::{self, Ours, Shared, Theirs};
use crate::ledger::{Effect, Fact, Trustline, TrustlineConfig};

/// A bit of everything that can happen on a ledger of this authority, in every state.
fn busy(authority: Authority) -> Account {
    let mut account = Account::new(authority);
    for what in [
        "peer prepares 1 1",
        "peer prepares 2 2",
        "peer prepares 3 4",
        "peer prepares 4 8",
        "peer prepares 5 16",
        "we fulfill 1",
        "peer accepts fulfill 1",
        "we fulfill 2",
        "we reject 3",
        "we prepare 6 32",
        "we prepare 7 64",
        "we prepare 8 128",
        "we prepare 9 256 until 60000",
        "we transfer 10 512",
        "we transfer 11 1024",
        "peer fulfills 6",
        "peer rejects 7",
        "peer accepts transfer 10",
        "peer transfers 12 2048",
        "peer transfers - 4096",
        "bounds -100000 100000",
        "at 30000",
        "expire 4",
        "expire 8",
    ] {
        let operation: Operation = what.parse().unwrap();
        if let Operation::At { .. } = operation {
            account.now = Timestamp::from_millis(account.now.as_millis() + 30_000);
        } else {
            assert!(account.attempt(&operation).unwrap().is_some(), "{what}");
        }
    }
    account
}

fn replay(trustline: &mut Trustline, effects: &[Effect]) {
    for effect in effects {
        trustline.apply(effect);
    }
}

fn empty(authority: Authority) -> Trustline {
    Trustline::new(TrustlineConfig::new(authority))
}

#[test]
fn an_old_effect_changes_nothing() {
    for authority in ALL {
        let Account { mut trustline, journal, .. } = busy(authority);
        let before = trustline.snapshot();
        for effect in &journal {
            trustline.apply(effect);
            assert_eq!(trustline.snapshot(), before, "{effect:?}");
        }
    }
}

#[test]
fn a_number_that_was_taken_is_old_whatever_it_says() {
    let Account { mut trustline, journal, now, .. } = busy(Ours);
    let before = trustline.snapshot();
    for sequence in [0, 1, journal.len() as u64] {
        let bounds = crate::ledger::Bounds { minimum: -1, maximum: 1 };
        trustline.apply(&Effect { sequence, at: now, fact: Fact::BoundsChanged { bounds } });
        assert_eq!(trustline.snapshot(), before);
    }
}

#[test]
fn a_snapshot_anywhere_and_all_effects_from_the_first_give_the_live_trustline() {
    for authority in ALL {
        let Account { trustline, journal, .. } = busy(authority);
        for taken in 0..=journal.len() {
            let mut part = empty(authority);
            replay(&mut part, &journal[..taken]);
            let mut rebuilt = Trustline::from_snapshot(TrustlineConfig::new(authority), part.snapshot());
            assert_eq!(rebuilt.sequence(), taken as u64);
            replay(&mut rebuilt, &journal);
            assert_eq!(rebuilt.snapshot(), trustline.snapshot(), "{authority:?} after {taken}");
        }
    }
}

#[test]
fn the_key_of_the_maps_does_not_show() {
    for authority in ALL {
        let Account { trustline, journal, .. } = busy(authority);
        let config = TrustlineConfig { hash_seed: 0x5eed, ..TrustlineConfig::new(authority) };
        let mut other = Trustline::new(config.clone());
        replay(&mut other, &journal);
        assert_eq!(other.snapshot(), trustline.snapshot());
        assert_eq!(Trustline::from_snapshot(config, trustline.snapshot()).snapshot(), trustline.snapshot());
    }
}

#[test]
fn what_is_rebuilt_goes_on_like_the_live_one() {
    for (authority, continuation) in [
        (
            Ours,
            "
            peer accepts fulfill 2  | 6147 16 544 1280 | fulfilled
            peer accepts reject 3   | 6147 16 544 1280 | rolled back
            peer accepts reject 4   | 6147 16 544 1280 | rolled back
            peer accepts reject 8   | 6147 16 544 1280 | rolled back
            expire 5                | 6147  0 544 1280 | ExpiryOwed
        ",
        ),
        (
            Theirs,
            "
            peer fulfills 8         | 6145 18 672 1280 | fulfilled
            peer accepts fulfill 2  | 6147 16 672 1280 | fulfilled
            peer rejects 5          | 6147  0 672 1280 | rolled back
        ",
        ),
        (
            Shared,
            "
            peer fulfills 8         | refused: AlreadyRolledBack
            peer refuses fulfill 2  | 6145 16 544 1280 | rolled back
        ",
        ),
    ] {
        let mut account = busy(authority);
        account.trustline = Trustline::from_snapshot(TrustlineConfig::new(authority), account.trustline.snapshot());
        account.statement(continuation);
        account.statement(
            "
            peer fulfills 6         | nothing
            peer fulfills 6 with 7  | refused: InvalidFulfillment
            peer rejects 7          | nothing
            peer transfers 12 2048  | nothing
            we transfer 10 512      | refused: DuplicateId
        ",
        );
    }
}

#[test]
fn bounds_of_the_snapshot_win_over_those_of_the_configuration() {
    let mut account = Account::bounded(Ours, -1, 1);
    account.statement("bounds -2 2 | 0 0 0 0");
    let rebuilt = Trustline::from_snapshot(TrustlineConfig::new(Ours), account.trustline.snapshot());
    assert_eq!(rebuilt.bounds(), account.trustline.bounds());
}

#[test]
fn open_transfers_are_listed_in_the_order_in_which_they_came_into_their_state() {
    let mut account = Account::new(Ours);
    account.statement(
        "
        peer prepares 1 1       | 0 1 0 0 | Prepared
        peer prepares 2 1       | 0 2 0 0 | Prepared
        we prepare 3 1          | 0 2 0 1 | Prepared
        we fulfill 1            | 1 1 0 1 | FulfillOwed
    ",
    );
    let order: alloc::vec::Vec<_> = account.trustline.open_transfers().into_iter().map(|(id, _)| id.as_bytes()[0]).collect();
    assert_eq!(order, [2, 3, 1]);
}
