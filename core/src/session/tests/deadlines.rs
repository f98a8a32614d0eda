//! What the session waits for, until when, and what comes first.

use super::desk::{Desk, FIRST, config};
use super::peer::{error, fulfillment, id, prepare, prepare_until};
use crate::ledger::Authority::{Ours, Shared, Theirs};
use crate::ledger::Bounds;
use crate::session::{ConnectionId, DeadlineReason, ErrorName, Session, Stopped};
use crate::wire::{Body, ProtocolData};
use DeadlineReason::{Answer, Close, Expiry, Reconcile, Retry};

const SECOND: ConnectionId = ConnectionId(2);

#[test]
fn none_while_nothing_happens() {
    assert_eq!(Desk::new(config(Ours)).deadline(), None);
    for authority in super::desk::ALL {
        assert_eq!(Desk::connected(authority).deadline(), None);
    }
}

#[test]
fn the_answer_to_our_authentication_in_two_seconds() {
    let mut desk = Desk::new(config(Theirs));
    desk.session.handle_connected(FIRST, desk.now);
    desk.outputs();
    assert_eq!(desk.deadline(), Some((2_000, Answer(FIRST))));
    assert!(desk.timeout_after(1_999).is_empty());
    assert_eq!(desk.timeout_after(1), ["disconnect AuthenticationTimeout", "event Disconnected"]);
    assert_eq!(desk.deadline(), None);
}

#[test]
fn the_answer_about_a_transfer_in_five_seconds_and_then_over_another_connection() {
    let mut desk = Desk::connected(Shared);
    desk.session.prepare(prepare(1), desk.now).unwrap();
    desk.outputs();
    assert_eq!(desk.deadline(), Some((5_000, Answer(FIRST))));
    assert!(desk.timeout_after(4_999).is_empty());
    assert_eq!(desk.timeout_after(1), ["disconnect RequestTimeout", "event Disconnected"]);
    assert_eq!(desk.deadline(), Some((25_000, Expiry)));
    assert_eq!(desk.connect(SECOND), ["event Connected", "frame Prepare on 2"]);
    assert_eq!(desk.deadline(), Some((5_000, Answer(SECOND))));
}

#[test]
fn the_answer_to_a_message_in_five_seconds_and_its_connection_lives() {
    let mut desk = Desk::connected(Shared);
    desk.session.message(ProtocolData::new(), desk.now).unwrap();
    desk.outputs();
    assert_eq!(desk.deadline(), Some((5_000, Answer(FIRST))));
    assert_eq!(desk.timeout_after(5_000), ["event Answered"]);
    assert!(desk.accepts("Message").is_empty(), "too late");
    assert!(desk.session.is_connected());
}

#[test]
fn the_oldest_request_of_each_connection_counts() {
    let mut desk = Desk::connected(Shared);
    desk.session.message(ProtocolData::new(), desk.now).unwrap();
    desk.wait(1_000);
    desk.session.prepare(prepare(1), desk.now).unwrap();
    desk.outputs();
    assert_eq!(desk.deadline(), Some((4_000, Answer(FIRST))));
    desk.accepts("Message");
    assert_eq!(desk.deadline(), Some((5_000, Answer(FIRST))));
    desk.accepts("Prepare");
    assert_eq!(desk.deadline(), Some((29_000, Expiry)));
}

#[test]
fn an_expiry_at_its_moment_where_it_is_ours_to_decide() {
    for authority in [Ours, Shared] {
        let mut desk = Desk::connected(authority);
        desk.asks(Body::Prepare(prepare_until(1, 9_000)));
        desk.asks(Body::Prepare(prepare_until(2, 8_000)));
        assert_eq!(desk.deadline(), Some((8_000, Expiry)));
        desk.session.prepare(prepare_until(3, 7_000), desk.now).unwrap();
        desk.outputs();
        desk.accepts("Prepare");
        assert_eq!(desk.deadline(), Some((7_000, Expiry)));
    }
}

#[test]
fn an_expiry_on_the_peers_ledger_ten_seconds_later() {
    let mut desk = Desk::connected(Theirs);
    desk.asks(Body::Prepare(prepare(1)));
    assert_eq!(desk.deadline(), Some((40_000, Expiry)));
    let mut desk = Desk::connected(Theirs);
    desk.session.prepare(prepare(1), desk.now).unwrap();
    desk.outputs();
    desk.accepts("Prepare");
    assert_eq!(desk.deadline(), Some((40_000, Reconcile)));
    desk.cut(FIRST);
    assert_eq!(desk.deadline(), None, "there is nobody to ask");
}

#[test]
fn a_balance_that_explains_nothing_is_asked_again_after_a_minute() {
    let mut desk = Desk::connected(Theirs);
    desk.session.prepare(prepare(1), desk.now).unwrap();
    desk.outputs();
    desk.accepts("Prepare");
    assert_eq!(desk.timeout_after(40_000), ["frame Message"]);
    let balance = crate::wire::Entry::octets("balance", 5_i64.to_be_bytes().to_vec());
    assert_eq!(desk.responds("Message", balance.into()), ["event Dispute"]);
    assert_eq!(desk.deadline(), Some((60_000, Reconcile)));
    assert_eq!(desk.timeout_after(60_000), ["frame Message"]);
}

#[test]
fn what_the_peer_could_not_take_is_tried_again_after_a_second() {
    let mut desk = Desk::connected(Ours);
    desk.asks(Body::Prepare(prepare(1)));
    desk.session.fulfill(id(1), fulfillment(1), &ProtocolData::new(), desk.now).unwrap();
    desk.outputs();
    desk.refuses("Fulfill", error(ErrorName::Unreachable));
    assert_eq!(desk.deadline(), Some((1_000, Retry)));
    assert_eq!(desk.timeout_after(1_000), ["frame Fulfill"]);
    assert_eq!(desk.deadline(), Some((5_000, Answer(FIRST))));
}

#[test]
fn a_closing_session_waits_for_five_seconds_at_most() {
    let mut desk = Desk::connected(Ours);
    desk.asks(super::peer::message("custom", b"{}"));
    desk.session.close(desk.now);
    assert!(desk.outputs().is_empty());
    assert_eq!(desk.deadline(), Some((5_000, Close)));
    assert!(desk.timeout_after(4_999).is_empty());
    assert_eq!(desk.timeout_after(1), ["disconnect Closed", "event Disconnected"]);
    assert_eq!(desk.deadline(), None);
}

#[test]
fn of_two_at_the_same_moment_the_answer_and_then_the_expiry_come_first() {
    let mut desk = Desk::connected(Shared);
    desk.session.prepare(prepare_until(1, 5_000), desk.now).unwrap();
    desk.session.close(desk.now);
    desk.outputs();
    assert_eq!(desk.deadline(), Some((5_000, Answer(FIRST))));
    let mut desk = Desk::connected(Shared);
    desk.asks(Body::Prepare(prepare_until(1, 5_000)));
    desk.asks(super::peer::message("custom", b"{}"));
    desk.session.close(desk.now);
    assert_eq!(desk.deadline(), Some((5_000, Expiry)));
}

/// Whatever is due, `handle_timeout` leaves no deadline behind it, so that a driver cannot spin.
#[test]
fn what_was_due_is_done() {
    for authority in super::desk::ALL {
        let mut desk = Desk::connected(authority);
        desk.asks(Body::Prepare(prepare_until(1, 5_000)));
        desk.asks(Body::Prepare(prepare(2)));
        desk.session.prepare(prepare_until(3, 5_000), desk.now).unwrap();
        desk.session.message(ProtocolData::new(), desk.now).unwrap();
        desk.outputs();
        for _ in 0..20 {
            let Some((millis, reason)) = desk.deadline() else { break };
            assert!(millis >= 0, "{reason:?} was due {millis} ms ago");
            desk.timeout_after(millis.unsigned_abs());
            assert!(desk.deadline().is_none_or(|(millis, _)| millis > 0), "{authority:?}: {reason:?} is due again");
        }
    }
}

#[test]
fn an_early_call_does_no_harm() {
    let mut desk = Desk::connected(Ours);
    desk.asks(Body::Prepare(prepare(1)));
    let before = (desk.session.trustline().snapshot(), desk.deadline());
    assert!(desk.timeout_after(0).is_empty());
    assert_eq!((desk.session.trustline().snapshot(), desk.deadline()), before);
}

#[test]
fn a_stopped_session_waits_for_nothing_and_does_nothing() {
    let mut bounded = config(Ours);
    bounded.bounds = Bounds { minimum: -100, maximum: 100 };
    let mut desk = Desk::connected_with(bounded);
    desk.asks(Body::Prepare(prepare_until(1, 5_000)));
    desk.session.stop();
    let before = desk.session.trustline().snapshot();
    assert_eq!(desk.deadline(), None);
    assert!(desk.timeout_after(5_000).is_empty());
    desk.session.set_bounds(Bounds::UNBOUNDED, desk.now);
    assert!(desk.outputs().is_empty());
    assert_eq!(desk.session.trustline().snapshot(), before);
    assert_eq!(desk.session.stopped(), Some(Stopped::Journal));
}

#[test]
fn a_stopped_session_sends_nothing_again_and_takes_nobody_in() {
    for stop in [Session::stop, Session::remove] {
        let mut desk = Desk::connected(Ours);
        desk.connect(SECOND);
        desk.session.prepare(prepare(1), desk.now).unwrap();
        desk.outputs();
        stop(&mut desk.session);
        assert_eq!(desk.cut(SECOND), ["event Disconnected"]);
        let before = desk.session.trustline().snapshot();
        assert_eq!(desk.connect(ConnectionId(3)).len(), 1, "it is to be closed");
        desk.session.handle_connected(ConnectionId(4), desk.now);
        assert_eq!(desk.outputs().len(), 1);
        assert_eq!((desk.session.trustline().snapshot(), desk.session.connections().count()), (before, 1));
    }
}

#[test]
fn the_first_reason_to_stop_is_the_one_that_is_told() {
    let mut desk = Desk::connected(Ours);
    desk.session.remove();
    assert_eq!((desk.session.stopped(), desk.deadline()), (Some(Stopped::Removed), None));
    let mut failed = Desk::connected(Ours);
    failed.session.stop();
    failed.session.remove();
    assert_eq!(failed.session.stopped(), Some(Stopped::Journal));
}
