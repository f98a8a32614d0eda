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
use trustline_tests::foreign_peer::{Happening, OurSide};
use trustline_tests::ledger_info;

/// What any peer may answer, and what a host tells of its ledger.
fn any_answer() -> impl Strategy<Value = Body> {
    let info = serde_json::to_string(&ledger_info()).expect("it is JSON");
    prop_oneof![6 => answer(), 1 => Just(Body::Response(Entry::json("info", &info).into()))]
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => pause().prop_map(|millis| Happening::Clock { millis }),
        10 => request().prop_map(Happening::Says),
        8 => (any::<usize>(), any_answer(), prop::bool::weighted(0.1))
            .prop_map(|(which, answer, elsewhere)| Happening::Answers { which, answer, elsewhere }),
        4 => (outgoing_number(), amount(), expires_in()).prop_map(|(n, amount, expires_in)| Happening::WePay { n, amount, expires_in }),
        4 => number_and_with(incoming_number()).prop_map(|(n, with)| Happening::WeFulfill { n, with }),
        1 => incoming_number().prop_map(|n| Happening::WeReject { n }),
        1 => (outgoing_number(), amount()).prop_map(|(n, amount)| Happening::WeTransfer { n, amount }),
        2 => Just(Happening::Joins),
        1 => frame().prop_map(|frame| Happening::Knocks(frame.into())),
        1 => Just(Happening::WeDial),
        1 => any::<usize>().prop_map(|which| Happening::Leaves { which }),
        1 => frame().prop_map(|frame| Happening::SaysFrame(frame.into())),
        1 => Just(Happening::SaysText),
        1 => (select(vec![0, 1, 2, 1 << 20, u32::MAX]), any_answer())
            .prop_map(|(request_id, answer)| Happening::AnswersNothing { request_id, answer }),
        1 => Just(Happening::WeAsk),
        1 => Just(Happening::WeAnswer),
        1 => Just(Happening::WeRefuse),
        1 => Just(Happening::WeDisconnect),
        1 => Just(Happening::WeClose),
        1 => Just(Happening::WeRestart),
        1 => (0..3_usize, 0..3_usize).prop_map(|(effects, frames)| Happening::WeDie { effects, frames }),
    ]
}

/// Who keeps the books, how far the balance may go, and what our ledger is called.
fn begin() -> impl Strategy<Value = (Authority, Bounds, Option<u8>)> {
    (authority(), bounds(), select(vec![None, Some(1)]))
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    prop::collection::vec(happening(), 1..80)
}

/// Lets a peer say anything, and looks after each happening whether the law holds.
fn obeys((authority, bounds, ledger): (Authority, Bounds, Option<u8>), happenings: &[Happening], law: impl Fn(&mut OurSide)) {
    let mut ours = OurSide::new(authority, bounds, ledger);
    ours.meets(&Happening::Joins);
    for happening in happenings {
        ours.meets(happening);
        law(&mut ours);
    }
}

proptest! {
    #[test]
    fn a_request_has_one_answer_where_it_was_asked(begin in begin(), happenings in happenings()) {
        obeys(begin, &happenings, |ours| ours.gave_each_request_one_answer_where_it_was_asked());
    }

    #[test]
    fn an_answer_counts_only_where_it_was_asked_for(begin in begin(), happenings in happenings()) {
        obeys(begin, &happenings, |ours| ours.took_answers_only_where_it_had_asked());
    }

    #[test]
    fn a_connection_is_given_up_once(begin in begin(), happenings in happenings()) {
        obeys(begin, &happenings, |ours| ours.gave_each_connection_up_once());
    }

    #[test]
    fn an_input_that_comes_late_or_twice_changes_nothing(begin in begin(), happenings in happenings()) {
        obeys(begin, &happenings, OurSide::ignores_what_comes_late_or_twice);
    }

    #[test]
    fn the_bounds_hold_whatever_a_peer_says(begin in begin(), happenings in happenings()) {
        obeys(begin, &happenings, |ours| ours.kept_its_bounds());
    }

    #[test]
    fn what_a_peer_can_open_is_bounded(begin in begin(), happenings in happenings()) {
        obeys(begin, &happenings, |ours| ours.kept_its_limits());
    }
}
