//! How fast the peer may make new transfers, and what does not count as one.

use alloc::vec::Vec;

use super::desk::{ALL, Desk, FIRST, config};
use super::peer::{fulfill, message, prepare, prepare_until, reject, transfer};
use crate::TransferRate;
use crate::ledger::Authority::{self, Ours, Shared};
use crate::ledger::Trustline;
use crate::session::{ErrorName, Output, Refusals, Session, SessionConfig};
use crate::wire::{Body, Packet, Prepare};

fn limited(authority: Authority, per_second: u32, burst: u32) -> SessionConfig {
    let mut limited = config(authority);
    limited.limits.transfer_rate = Some(TransferRate { per_second, burst });
    limited
}

/// The name of the Error that answers it.
fn refusal(desk: &mut Desk, body: Body) -> ErrorName {
    assert_eq!(desk.asks(body), ["frame Error"]);
    let Body::Error(error) = &desk.sent("Error").body else { unreachable!() };
    ErrorName::of(error).unwrap()
}

#[test]
fn more_than_the_burst_is_refused_for_now() {
    for authority in ALL {
        let mut desk = Desk::connected_with(limited(authority, 1, 2));
        desk.asks(Body::Prepare(prepare(1)));
        desk.asks(transfer(2));
        let before = desk.session.trustline().snapshot();
        for body in [Body::Prepare(prepare(3)), transfer(4)] {
            assert_eq!(refusal(&mut desk, body), ErrorName::Unreachable, "it may be tried again");
        }
        assert_eq!(desk.session.trustline().snapshot(), before);
        assert_eq!(*desk.session.refusals(), Refusals { too_fast: 2, ..Refusals::default() });
        desk.wait(1000);
        let taken = desk.asks(Body::Prepare(prepare(3)));
        assert_eq!(taken[..3], ["effect Prepared", "frame Response", "event IncomingPrepared"]);
        assert_eq!(refusal(&mut desk, transfer(4)), ErrorName::Unreachable);
    }
}

#[test]
fn a_repeat_is_answered_as_the_first_time() {
    let mut desk = Desk::connected_with(limited(Ours, 0, 2));
    desk.asks(Body::Prepare(prepare(1)));
    desk.asks(transfer(2));
    assert_eq!(desk.asks(Body::Prepare(prepare(1))), ["frame Response"]);
    assert_eq!(desk.asks(transfer(2)), ["frame Response"]);
    assert_eq!(refusal(&mut desk, Body::Prepare(Prepare { amount: 11, ..prepare(1) })), ErrorName::DuplicateId);
    assert_eq!(desk.session.refusals().too_fast, 0);
}

#[test]
fn what_is_refused_takes_no_room() {
    let mut desk = Desk::connected_with(limited(Ours, 0, 1));
    for _ in 0..10 {
        assert_eq!(refusal(&mut desk, Body::Prepare(prepare_until(1, 0))), ErrorName::NotAccepted);
        assert_eq!(refusal(&mut desk, Body::Prepare(Prepare { amount: 0, ..prepare(1) })), ErrorName::InvalidFields);
    }
    assert_eq!(desk.asks(Body::Prepare(prepare(1)))[0], "effect Prepared");
    let counted = Refusals { expired: 10, zero_amount: 10, ..Refusals::default() };
    assert_eq!(*desk.session.refusals(), counted);
}

#[test]
fn outcomes_questions_and_our_own_payments_are_free() {
    let mut desk = Desk::connected_with(limited(Shared, 0, 0));
    for number in 1..=2 {
        desk.session.prepare(prepare(number), desk.now).unwrap();
    }
    desk.outputs();
    assert_eq!(desk.asks(fulfill(1))[0], "effect Fulfilled");
    assert_eq!(desk.asks(reject(2))[0], "effect Rejected");
    assert_eq!(desk.asks(message("balance", &[0])), ["frame Response"]);
    assert_eq!(refusal(&mut desk, Body::Prepare(prepare(3))), ErrorName::Unreachable);
}

#[test]
fn a_replay_decides_nothing_anew() {
    let Desk { session: mut live, now, .. } = Desk::connected_with(limited(Ours, 0, 2));
    for number in 1..=3 {
        let packet = Packet { request_id: number.into(), body: Body::Prepare(prepare(number)) };
        live.handle_frame(FIRST, &packet.encode().unwrap(), now);
    }
    let effect = |output| if let Output::Effect(effect) = output { Some(effect) } else { None };
    let effects: Vec<_> = core::iter::from_fn(|| live.poll_output()).filter_map(effect).collect();
    assert_eq!(effects.len(), 2);
    // A stricter rate than that by which they were taken: they are facts.
    let strict = limited(Ours, 0, 0);
    let mut trustline = Trustline::new(strict.trustline());
    for effect in &effects {
        trustline.apply(effect);
    }
    let rebuilt = Session::with_trustline(strict, trustline);
    assert_eq!(rebuilt.trustline().snapshot(), live.trustline().snapshot());
}

#[test]
fn the_limits_can_be_changed() {
    let mut desk = Desk::connected_with(limited(Ours, 0, 1));
    desk.asks(Body::Prepare(prepare(1)));
    desk.session.set_transfer_limits(2, None);
    assert_eq!(desk.asks(Body::Prepare(prepare(2)))[0], "effect Prepared");
    assert_eq!(refusal(&mut desk, Body::Prepare(prepare(3))), ErrorName::Unreachable);
    assert_eq!(*desk.session.refusals(), Refusals { too_many_open: 1, ..Refusals::default() });
    desk.session.set_transfer_limits(3, Some(TransferRate { per_second: 0, burst: 1 }));
    assert_eq!(desk.asks(Body::Prepare(prepare(3)))[0], "effect Prepared");
    assert_eq!(refusal(&mut desk, transfer(4)), ErrorName::Unreachable);
}
