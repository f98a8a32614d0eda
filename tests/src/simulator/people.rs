//! What those do who use the sessions: applications that decide, customers that pay, and whoever breaks things.

use std::time::Duration;

use fastrand::Rng;
use trustline_core::TransferId;
use trustline_core::ledger::{Authority, Bounds};
use trustline_core::session::{Credentials, Event, RequestToken, Session, SessionConfig, Token};
use trustline_core::wire::ProtocolData;
use trustline_core::{Fulfillment, LedgerId, Timestamp};

use super::exhaustive::Begun;
use super::party::Party;
use super::plan::{Act, Plan, Shape, at_most, one};
use super::world::{HOST, Later, Payment, Who, World, is_answer_to};
use crate::{custom, fulfillment, ledger_info, millis, no_data, no_funds, number, payment, seconds, transfer_id, with};

/// What an application makes of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It shows the fulfillment.
    Fulfill,
    /// It declines.
    Reject,
    /// It does not know the fulfillment at first.
    FulfillAtLast,
    /// It never says.
    Nothing,
}

/// A name for a ledger that has none of its own, because it is kept for no longer than its process lives.
fn ledger_called(name: &str) -> LedgerId {
    let mut bytes = [0; 16];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    LedgerId::from(bytes)
}

/// The parties of the process that listens, and those that dial: each alone in its process, with the account that it is
/// at.
pub(super) fn parties(plan: &Plan) -> (Vec<Party>, Vec<(usize, Party)>) {
    let config = |authority| {
        let bounds = Bounds { minimum: -plan.bound, maximum: plan.bound };
        with(SessionConfig::new(authority), |config| {
            config.bounds = bounds;
            config.limits = plan.limits.clone();
            config.info = Some(ledger_info());
        })
    };
    let dialing = |name: &str, authority| {
        let credentials = Credentials { username: name.into(), token: Token::from(crate::TOKEN), protocol_data: ProtocolData::new() };
        with(config(authority), |config| {
            config.credentials = credentials;
            config.ledger = Some(ledger_called(name));
            config.info = None;
        })
    };
    match &plan.shape {
        Shape::Hosted(sharing) => {
            let host = |account| Party::start(format!("host/{account}"), config(Authority::Ours), &[], 0);
            let customer = |account, n| {
                let name = format!("customer {account}.{n}");
                (account, Party::start(name.clone(), dialing(&name, Authority::Theirs), &[], 0))
            };
            let customers = sharing.iter().enumerate().flat_map(|(account, count)| (0..*count).map(move |n| customer(account, n)));
            ((0..sharing.len()).map(host).collect(), customers.collect())
        }
        Shape::Equals { .. } => {
            let equal = |name: &str, peer: &str| {
                let [account, peer_account] = [name, peer].map(|name| Some(format!("example.{name}")));
                let config = with(dialing(name, Authority::Shared), |config| {
                    config.account = account;
                    config.peer_account = peer_account;
                    config.info = Some(ledger_info());
                });
                Party::start(name.into(), config, &[], 0)
            };
            (vec![equal("alice", "bob")], vec![(0, equal("bob", "alice"))])
        }
    }
}

/// Something is done.
pub(super) fn act(world: &mut World, act: Act) {
    let everyone = world.everyone();
    let who = one(&mut world.random, &everyone);
    match act {
        Act::Pay => pay(world, who),
        Act::Transfer => transfer(world, who),
        Act::Ask => ask(world, who),
        Act::Misuse => misuse(world, who),
        Act::SetBounds => set_bounds(world, who),
        Act::Repeat => world.repeat(),
        Act::Cut if world.lines.is_empty() => {}
        Act::Cut => {
            let line = world.random.usize(..world.lines.len());
            let after = [millis(0), millis(0), millis(100), seconds(2), seconds(20)];
            let notices = [one(&mut world.random, &after), one(&mut world.random, &after)];
            world.cut(line, notices);
        }
        Act::Crash if world.processes[who.process].is_up => world.crash(who.process, Rng::bool),
        Act::Crash => {}
        Act::BreakDisk => world.processes[who.process].disk.fails = true,
        Act::SetClock => {
            let by = world.random.i64(-3_000..=3_000);
            world.note(|_| format!("the clock of process {} is set by {by} ms", who.process));
            let now = world.now;
            world.processes[who.process].clock.set(now, by);
        }
        Act::Close => world.close(who.process),
    }
}

/// Whoever shares an account of a host pays there, and is not paid: nobody knows whom of them the host would pay.
pub(super) fn can_pay(world: &World, who: Who) -> bool {
    world.processes[who.process].is_up && !(who.process == HOST && world.is_shared(who.account))
}

/// One more than the last, for every payment there is.
fn next_number(world: &World) -> u32 {
    u32::try_from(world.payments.len() + 1).expect("there are not so many")
}

fn amount(world: &mut World) -> u64 {
    let bound = u64::try_from(world.plan.bound).unwrap_or(u64::MAX);
    let most = one(&mut world.random, &[1, 10, 10, 10, bound / 2, bound, bound + 1, u64::MAX]);
    world.random.u64(most.div_ceil(2)..=most)
}

fn pay(world: &mut World, who: Who) {
    if !can_pay(world, who) {
        return;
    }
    let amount = amount(world);
    let expiries = world.plan.expiries.clone();
    let expires_in = one(&mut world.random, &expiries);
    prepare(world, who, amount, expires_in);
}

/// A party prepares the next payment, if it may.
pub(super) fn prepare(world: &mut World, who: Who, amount: u64, expires_in: Duration) {
    let (n, now) = (next_number(world), world.clock(who.process));
    let payment = payment(n, amount, now.saturating_add(expires_in));
    let begun = world.party_mut(who).attempt(now, |session, now| session.prepare(payment, now));
    world.note(|world| format!("{} pays {amount} as {n}: {begun:?}", world.party(who).name));
    if begun.is_ok() {
        begin(world, who, transfer_id(n));
    }
}

fn transfer(world: &mut World, who: Who) {
    if !can_pay(world, who) {
        return;
    }
    let amount = amount(world);
    transfer_at_once(world, who, amount);
}

/// A party makes the next payment without a condition, if it may.
pub(super) fn transfer_at_once(world: &mut World, who: Who, amount: u64) {
    let (n, now) = (next_number(world), world.clock(who.process));
    let begun = world.party_mut(who).attempt(now, |session, now| session.transfer(transfer_id(n), amount, &no_data(), now));
    world.note(|world| format!("{} transfers {amount} as {n}: {begun:?}", world.party(who).name));
    if begun.is_ok() {
        begin(world, who, transfer_id(n));
    }
}

fn begin(world: &mut World, by: Who, id: TransferId) {
    world.payments.push(Payment { id, by });
    world.party_mut(by).interested.insert(id);
    world.settle(by);
}

pub(super) fn ask(world: &mut World, who: Who) {
    if !world.processes[who.process].is_up {
        return;
    }
    let now = world.clock(who.process);
    let question = one(&mut world.random, &[r#"{"how":"much"}"#, "{}"]);
    if let Ok(message) = world.party_mut(who).attempt(now, |session, now| session.message(custom(question), now)) {
        world.party_mut(who).unanswered.insert(message);
        world.counts.messages += 1;
        world.settle(who);
    }
}

pub(super) fn set_bounds(world: &mut World, who: Who) {
    if !world.processes[who.process].is_up {
        return;
    }
    let (bound, now) = (world.plan.bound, world.clock(who.process));
    let mut some = || world.random.i128(0..=bound);
    let bounds = Bounds { minimum: -some(), maximum: some() };
    world.note(|world| format!("{} sets {bounds:?}", world.party(who).name));
    world.party_mut(who).session.set_bounds(bounds, now);
    world.settle(who);
}

/// What an application should not try.
pub(super) fn misuse(world: &mut World, who: Who) {
    if !world.processes[who.process].is_up {
        return;
    }
    let now = world.clock(who.process);
    let later = now.saturating_add(seconds(10));
    let unknown = u32::MAX;
    let used = one(&mut world.random, &world.payments.iter().map(|payment| number(payment.id)).chain([0]).collect::<Vec<_>>());
    let party = world.party_mut(who);
    let is_used = party.session.trustline().knows(&transfer_id(used));
    let refused = [
        party.attempt(now, |session, now| session.prepare(payment(unknown, 0, later), now)).is_err(),
        party.attempt(now, |session, now| session.prepare(payment(unknown, 1, now), now)).is_err(),
        !is_used || party.attempt(now, |session, now| session.prepare(payment(used, 1, later), now)).is_err(),
        !is_used || party.attempt(now, |session, now| session.transfer(transfer_id(used), 1, &no_data(), now)).is_err(),
        party.attempt(now, |session, now| session.fulfill(transfer_id(unknown), fulfillment(unknown), &no_data(), now)).is_err(),
        party.attempt(now, |session, now| session.reject(transfer_id(unknown), &no_funds(), now)).is_err(),
        party.attempt(now, |session, now| session.fulfill(transfer_id(used), fulfillment(unknown), &no_data(), now)).is_err(),
    ];
    assert_eq!(refused, [true; 7], "what must not be is refused");
}

/// An application hears of something.
pub(super) fn hear(world: &mut World, who: Who, event: Event) {
    let incarnation = world.processes[who.process].incarnation;
    match event {
        Event::IncomingPrepared { transfer, .. } => {
            world.party_mut(who).interested.insert(transfer.id);
            let verdict = verdict(&world.plan, &mut world.random, transfer.id);
            let patience = at_most(&mut world.random, world.plan.patience);
            world.later(patience, Later::Decide { who, incarnation, id: transfer.id, verdict });
        }
        Event::Request { token, .. } => {
            let patience = at_most(&mut world.random, world.plan.patience);
            world.later(patience, Later::Answer { who, incarnation, token });
        }
        Event::Connected { .. } => {
            let (meant, others) = std::mem::take(&mut world.meant).into_iter().partition(|(payer, _)| *payer == who);
            world.meant = others;
            let meant: Vec<(Who, Begun)> = meant;
            for (who, payment) in meant {
                world.later(millis(0), Later::Pay { who, incarnation, payment });
            }
        }
        Event::Answered { message, .. } => is_answer_to(world.party_mut(who), message, &event),
        _ => {}
    }
}

/// A decider that is asked inline, before anything leaves. Adds to `decided` what it decides.
pub(super) fn decide_inline(
    plan: &Plan,
    random: &mut Rng,
    session: &mut Session,
    event: &Event,
    now: Timestamp,
    decided: &mut Vec<TransferId>,
) -> bool {
    let Event::IncomingPrepared { transfer, .. } = event else { return false };
    if random.u8(..100) >= plan.inline {
        return false;
    }
    let (id, preimage) = (transfer.id, fulfillment(number(transfer.id)));
    let is_decided = match verdict(plan, random, id) {
        Verdict::Fulfill | Verdict::FulfillAtLast => session.fulfill(id, preimage, &no_data(), now).is_ok(),
        Verdict::Reject => session.reject(id, &no_funds(), now).is_ok(),
        Verdict::Nothing => false,
    };
    decided.extend(is_decided.then_some(id));
    is_decided
}

fn verdict(plan: &Plan, random: &mut Rng, id: TransferId) -> Verdict {
    let nth = usize::try_from(number(id)).unwrap_or(usize::MAX);
    if let Some(verdict) = plan.verdicts.get(nth - 1) {
        return *verdict;
    }
    match random.u8(..100) {
        dice if dice < plan.fulfilled => one(random, &[Verdict::Fulfill, Verdict::Fulfill, Verdict::FulfillAtLast]),
        _ => one(random, &[Verdict::Reject, Verdict::Reject, Verdict::Nothing]),
    }
}

/// An application decides. It may come too late; but it decides once.
pub(super) fn decide(world: &mut World, who: Who, id: TransferId, verdict: Verdict) {
    let (now, preimage) = (world.clock(who.process), fulfillment(number(id)));
    world.note(|world| format!("{} decides {}: {verdict:?}", world.party(who).name, number(id)));
    let party = world.party_mut(who);
    let fulfill =
        |party: &mut Party, with: Fulfillment| party.attempt(now, |session, now| session.fulfill(id, with, &no_data(), now)).is_ok();
    let reject = |party: &mut Party| party.attempt(now, |session, now| session.reject(id, &no_funds(), now)).is_ok();
    let is_decided = match verdict {
        Verdict::Fulfill => fulfill(party, preimage),
        Verdict::FulfillAtLast => {
            assert!(!fulfill(party, Fulfillment::from([1; 32])), "only the preimage fulfills");
            fulfill(party, preimage)
        }
        Verdict::Reject => reject(party),
        Verdict::Nothing => false,
    };
    if is_decided {
        assert!(!fulfill(party, preimage) && !reject(party), "what is decided is decided");
    }
}

/// An application answers a question, if its connection is still there.
pub(super) fn answer(world: &mut World, who: Who, token: RequestToken) {
    let now = world.clock(who.process);
    let session = &mut world.party_mut(who).session;
    session.respond(token, custom("{}"), now).expect("it can be sent");
}
