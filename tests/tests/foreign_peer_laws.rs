//! Whatever a peer says, whenever, over however many connections, and whatever our own application and its process do
//! meanwhile: nothing panics, replay gives the live trustline, the bounds hold, and each request has one answer, over the
//! connection that brought it.

use proptest::prelude::*;
use proptest::sample::select;
use trustline_core::ledger::{Authority, Bounds};
use trustline_core::testing::strategies::{
    amount, answer, authority, bounds, expires_in, frame, incoming_number, number_and_with, outgoing_number, pause, request,
};
use trustline_core::wire::{Body, Entry};
use trustline_tests::foreign_peer::{Act, ForeignPeer};
use trustline_tests::ledger_info;

/// What any peer may answer, and what a host tells of its ledger.
fn any_answer() -> impl Strategy<Value = Body> {
    let info = serde_json::to_string(&ledger_info()).expect("it is JSON");
    prop_oneof![6 => answer(), 1 => Just(Body::Response(Entry::json("info", &info).into()))]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => pause().prop_map(|millis| Act::Clock { millis }),
        10 => request().prop_map(Act::Says),
        8 => (any::<usize>(), any_answer(), prop::bool::weighted(0.1))
            .prop_map(|(which, answer, elsewhere)| Act::Answers { which, answer, elsewhere }),
        4 => (outgoing_number(), amount(), expires_in()).prop_map(|(n, amount, expires_in)| Act::WePay { n, amount, expires_in }),
        4 => number_and_with(incoming_number()).prop_map(|(n, with)| Act::WeFulfill { n, with }),
        1 => incoming_number().prop_map(|n| Act::WeReject { n }),
        1 => (outgoing_number(), amount()).prop_map(|(n, amount)| Act::WeTransfer { n, amount }),
        2 => Just(Act::Joins),
        1 => frame().prop_map(|frame| Act::Knocks(frame.into())),
        1 => Just(Act::WeDial),
        1 => any::<usize>().prop_map(|which| Act::Leaves { which }),
        1 => frame().prop_map(|frame| Act::SaysFrame(frame.into())),
        1 => Just(Act::SaysText),
        1 => (select(vec![0, 1, 2, 1 << 20, u32::MAX]), any_answer())
            .prop_map(|(request_id, answer)| Act::AnswersNothing { request_id, answer }),
        1 => Just(Act::WeAsk),
        1 => Just(Act::WeAnswer),
        1 => Just(Act::WeRestart),
        1 => (0..3_usize, 0..3_usize).prop_map(|(effects, frames)| Act::WeDie { effects, frames }),
    ]
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec(act(), 1..80)
}

/// Lets a peer say anything, and looks after each act whether the law holds.
fn obeys(authority: Authority, bounds: Bounds, acts: &[Act], law: impl Fn(&mut ForeignPeer)) {
    let mut peer = ForeignPeer::new(authority, bounds, None);
    peer.act(&Act::Joins);
    for act in acts {
        peer.act(act);
        law(&mut peer);
    }
}

proptest! {
    #[test]
    fn a_request_has_one_answer_where_it_was_asked(authority in authority(), bounds in bounds(), acts in acts()) {
        obeys(authority, bounds, &acts, |peer| peer.gave_each_request_one_answer_where_it_was_asked());
    }

    #[test]
    fn an_answer_counts_only_where_it_was_asked_for(authority in authority(), bounds in bounds(), acts in acts()) {
        obeys(authority, bounds, &acts, |peer| peer.took_answers_only_where_it_had_asked());
    }

    #[test]
    fn an_input_that_comes_late_or_twice_changes_nothing(authority in authority(), bounds in bounds(), acts in acts()) {
        obeys(authority, bounds, &acts, ForeignPeer::ignores_what_comes_late_or_twice);
    }

    #[test]
    fn the_bounds_hold_whatever_a_peer_says(authority in authority(), bounds in bounds(), acts in acts()) {
        obeys(authority, bounds, &acts, |peer| peer.kept_its_bounds());
    }

    #[test]
    fn what_a_peer_can_open_is_bounded(authority in authority(), bounds in bounds(), acts in acts()) {
        obeys(authority, bounds, &acts, |peer| peer.kept_its_limits());
    }
}
