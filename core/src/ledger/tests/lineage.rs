//! The names of ledgers, and what is seen of them.

use alloc::vec::Vec;
use core::time::Duration;

use super::operation::transfer_id;
use super::statement::OPENING;
use crate::ledger::{Authority, Bounds, Effect, Fact, Position, Transfer, Trustline, TrustlineConfig};
use crate::{Fulfillment, LedgerId, Timestamp};

const NOW: Timestamp = Timestamp::from_millis(OPENING);

fn id(name: u8) -> LedgerId {
    LedgerId::from([name; 16])
}

/// Opening `opening` of ledger `ledger`.
fn position(ledger: u8, opening: u8, sequence: u64) -> Position {
    Position { ledger: id(ledger), opening: id(opening), sequence }
}

fn config(openings: usize, peers: usize) -> TrustlineConfig {
    TrustlineConfig { peers, openings, ..TrustlineConfig::new(Authority::Theirs) }
}

/// Something happens that is of no interest.
fn go_on(trustline: &mut Trustline, effects: u64) -> Vec<Effect> {
    let from = i128::from(trustline.sequence());
    (0..i128::from(effects)).filter_map(|n| trustline.set_bounds(Bounds { minimum: -(from + n + 1), maximum: i128::MAX }, NOW)).collect()
}

/// The ledger of the module's picture, up to a number: opening 1 begins with effect 1, opening 2 with effect 91.
fn ledger(until: u64) -> Trustline {
    let mut trustline = Trustline::new(config(10, 10));
    trustline.open(id(1), NOW);
    go_on(&mut trustline, until.min(90) - 1);
    if until > 90 {
        trustline.open(id(2), NOW);
        go_on(&mut trustline, until - 91);
    }
    assert_eq!(trustline.sequence(), until);
    trustline
}

#[test]
fn the_first_opening_names_the_ledger() {
    let mut trustline = Trustline::new(config(10, 10));
    assert_eq!(trustline.position(), None);
    let effect = trustline.open(id(1), NOW).unwrap();
    assert_eq!((effect.sequence, effect.fact), (1, Fact::Opened { id: id(1) }));
    assert_eq!(trustline.open(id(1), NOW), None, "it is open");
    trustline.open(id(2), NOW);
    assert_eq!(trustline.position(), Some(position(1, 2, 2)));
}

#[test]
fn what_was_seen_is_a_part_of_the_ledger_for_ever() {
    let mut trustline = ledger(130);
    for (opening, sequence) in [(1, 1), (1, 90), (2, 91), (2, 130)] {
        assert_eq!(trustline.parted_from(&position(1, opening, sequence)), None);
    }
    trustline.open(id(3), NOW);
    go_on(&mut trustline, 1000);
    assert_eq!(trustline.parted_from(&position(1, 2, 130)), None);
}

#[test]
fn what_was_set_back_is_missing_however_far_it_goes_on() {
    for further in [0, 1, 1000] {
        let mut backup = ledger(100);
        backup.open(id(3), NOW);
        go_on(&mut backup, further);
        assert_eq!(backup.parted_from(&position(1, 2, 130)), Some(100));
        assert_eq!(backup.parted_from(&position(1, 2, 101)), Some(100));
        assert_eq!(backup.parted_from(&position(1, 2, 100)), None);
        assert_eq!(backup.parted_from(&position(1, 1, 90)), None);
    }
    // The opening in which it was seen is not there at all.
    let mut backup = ledger(50);
    backup.open(id(3), NOW);
    go_on(&mut backup, 1000);
    assert_eq!(backup.parted_from(&position(1, 2, 91)), Some(50));
    assert_eq!(backup.parted_from(&position(1, 2, 40)), Some(39), "at most what was seen, whatever that was");
}

#[test]
fn nothing_can_be_missing_of_another_ledger() {
    assert_eq!(ledger(10).parted_from(&position(9, 9, 1000)), None);
    assert_eq!(Trustline::new(config(10, 10)).parted_from(&position(9, 9, 1000)), None);
}

#[test]
fn the_earliest_openings_are_forgotten_and_nobody_is_suspected_for_that() {
    let mut trustline = Trustline::new(config(2, 10));
    for name in 1..=4 {
        trustline.open(id(name), NOW);
        go_on(&mut trustline, 9);
    }
    let lineage = trustline.lineage();
    assert_eq!(lineage.openings.iter().map(|opening| (opening.id, opening.sequence)).collect::<Vec<_>>(), [(id(3), 21), (id(4), 31)]);
    assert_eq!(trustline.position(), Some(position(1, 4, 40)), "it keeps its name");
    assert_eq!(trustline.parted_from(&position(1, 2, 20)), None);
    assert_eq!(trustline.parted_from(&position(1, 1, 1)), None);
    // But this cannot have been before.
    assert_eq!(trustline.parted_from(&position(1, 9, 21)), Some(20));
}

#[test]
fn the_furthest_position_counts() {
    let mut trustline = Trustline::new(config(10, 10));
    let seen = |trustline: &mut Trustline, opening, sequence| trustline.see_peer(position(5, opening, sequence), NOW).is_some();
    assert!(seen(&mut trustline, 1, 10));
    assert!(!seen(&mut trustline, 1, 10));
    assert!(!seen(&mut trustline, 1, 9));
    assert!(seen(&mut trustline, 2, 11));
    let peer = trustline.peer(&id(5)).unwrap();
    assert_eq!((peer.position, peer.sequence, peer.since), (position(5, 2, 11), 2, NOW));
}

#[test]
fn the_peer_that_was_seen_longest_ago_is_forgotten() {
    let mut trustline = Trustline::new(config(10, 2));
    trustline.open(id(1), NOW);
    trustline.see_peer(position(5, 5, 1), NOW);
    assert!(trustline.is_only_with(&id(5)) && !trustline.is_only_with(&id(6)));
    trustline.see_peer(position(6, 6, 1), NOW);
    assert!(!trustline.is_only_with(&id(5)));
    trustline.see_peer(position(5, 5, 2), NOW);
    assert!(!trustline.lineage().others);
    trustline.see_peer(position(7, 7, 1), NOW);
    assert_eq!(trustline.lineage().peers.keys().copied().collect::<Vec<_>>(), [id(5), id(7)]);
    assert!(trustline.lineage().others, "there was someone else");
    assert_eq!(trustline.latest_peer().map(|peer| peer.position.ledger), Some(id(7)));
}

#[test]
fn what_came_before_the_name_may_be_anybodys() {
    let mut trustline = Trustline::new(config(10, 10));
    assert_eq!(trustline.see_unnamed(NOW), None, "without a name of its own it compares nothing");
    go_on(&mut trustline, 1);
    trustline.open(id(1), NOW);
    assert!(trustline.lineage().others);
    assert_eq!(trustline.see_unnamed(NOW), None, "it is known");

    let mut trustline = Trustline::new(config(10, 10));
    trustline.open(id(1), NOW);
    assert!(trustline.is_only_with(&id(5)));
    assert!(trustline.see_unnamed(NOW).is_some());
    assert!(!trustline.is_only_with(&id(5)));
}

/// Right behind such an effect a host may say what became of a transfer that lapsed.
#[test]
fn no_transfer_is_forgotten_by_it() {
    let mut trustline = Trustline::new(config(10, 10));
    let (id_1, fulfillment) = (transfer_id(1), Fulfillment::from([1; 32]));
    let expires_at = NOW.saturating_add(Duration::from_secs(30));
    let (condition, protocol_data) = (fulfillment.condition(), bytes::Bytes::new());
    trustline.prepare(Transfer { id: id_1, amount: 10, condition, expires_at, protocol_data: protocol_data.clone() }, NOW).unwrap();
    trustline.expire(id_1, expires_at).unwrap();
    assert_eq!(trustline.sums_with_lapsed().outgoing_pending, 10);
    let long_after = expires_at.saturating_add(Duration::from_secs(1_000_000));
    trustline.open(id(1), long_after).unwrap();
    trustline.see_peer(position(5, 5, 1), long_after).unwrap();
    assert_eq!(trustline.see_unnamed(long_after), None);
    assert!(trustline.receive_fulfill(id_1, fulfillment, protocol_data, long_after).unwrap().is_some());
    assert_eq!((trustline.balance(), trustline.sums_with_lapsed().outgoing_pending), (-10, 0));
}
