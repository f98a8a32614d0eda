//! A trustline's random life. What happens next depends on the seed and on the state alone, so that a life goes on after
//! a restart as if there had been none, and can be lived again to compare.

use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use trustline_core::ledger::{Authority, Bounds, Direction, Effect, OpenTransfer, Position, Transfer, Trustline, TrustlineConfig};
use trustline_core::{Fulfillment, LedgerId, Timestamp, TransferId};

pub(super) const AUTHORITIES: [Authority; 3] = [Authority::Ours, Authority::Theirs, Authority::Shared];

/// Small enough for everything to happen: transfers expire, are forgotten, and their ids used again.
pub(super) fn config(authority: Authority) -> TrustlineConfig {
    let mut config = TrustlineConfig::new(authority);
    config.bounds = Bounds { minimum: -1_000_000, maximum: 1_000_000 };
    config.furthest_expiry = Duration::from_secs(20);
    config.memory_margin = Duration::from_secs(5);
    config.peers = 3;
    config.openings = 4;
    config
}

/// The next effect. Effects are 100 ms apart, but now and then the clock is set back for a while.
pub(super) fn next(trustline: &mut Trustline, seed: u64) -> Effect {
    let random = |number: u64| Rng::with_seed(seed.wrapping_mul(1_000_003) ^ number);
    let mut rng = random(trustline.sequence());
    let since = i64::try_from(trustline.sequence()).unwrap() * 100;
    let back = match trustline.sequence() / 64 % 8 {
        7 => random(trustline.sequence() / 64).i64(0..60_000),
        _ => 0,
    };
    let now = Timestamp::from_millis(1_700_000_000_000 + since - back);
    // Every other ledger has a name from the start.
    if trustline.sequence() == 0
        && !seed.is_multiple_of(2)
        && let Some(effect) = trustline.open(LedgerId::from([0; 16]), now)
    {
        return effect;
    }
    loop {
        if let Some(effect) = attempt(trustline, &mut rng, now) {
            return effect;
        }
    }
}

/// The next few effects.
pub(super) fn some(trustline: &mut Trustline, seed: u64, count: usize) -> Vec<Effect> {
    (0..count).map(|_| next(trustline, seed)).collect()
}

/// The life so far.
pub(super) fn again(authority: Authority, seed: u64, sequence: u64) -> Trustline {
    let mut trustline = Trustline::new(config(authority));
    while trustline.sequence() < sequence {
        next(&mut trustline, seed);
    }
    trustline
}

fn attempt(trustline: &mut Trustline, rng: &mut Rng, now: Timestamp) -> Option<Effect> {
    let (id, open) = pick(trustline, rng);
    let fulfillment = fulfillment(id);
    match rng.u8(0..18) {
        0 | 1 => trustline.receive_prepare(transfer(rng, id, now), now).ok()?,
        2 | 3 => trustline.prepare(transfer(rng, id, now), now).ok(),
        4 => trustline.fulfill(id, fulfillment, data(rng), now).ok(),
        5 => trustline.reject(id, data(rng), now).ok(),
        6 => trustline.receive_fulfill(id, fulfillment, data(rng), now).ok()?,
        7 => trustline.receive_reject(id, data(rng), now).ok()?,
        8 => trustline.expire(id, now),
        9 => trustline.refused(id, now),
        10 => match open {
            Some(open) if open.direction == Direction::Incoming && rng.bool() => trustline.fulfill_accepted(id, now),
            Some(_) if rng.bool() => trustline.fulfill_refused(id, now),
            _ => trustline.reject_answered(id, now),
        },
        11 => trustline.transfer(id, amount(rng), data(rng), now).ok(),
        12 => trustline.transfer_accepted(id, now),
        13 => trustline.receive_transfer(rng.bool().then_some(id), amount(rng), data(rng), now).ok()?,
        14 if rng.u8(0..8) == 0 => {
            let minimum = -i128::from(rng.u64(..)) << rng.u32(0..40);
            trustline.set_bounds(Bounds { minimum, maximum: i128::from(rng.u64(..)) << rng.u32(0..40) }, now)
        }
        15 if rng.u8(0..10) == 0 => trustline.see_peer(position(rng), now),
        16 if rng.u8(0..20) == 0 => trustline.open(LedgerId::from([rng.u8(..); 16]), now),
        17 if rng.u8(0..10) == 0 => trustline.see_unnamed(now),
        _ => None,
    }
}

/// Of a peer that is known, one that is forgotten or a new one.
fn position(rng: &mut Rng) -> Position {
    let [ledger, opening] = [0..6, 0..100].map(|range| LedgerId::from([rng.u8(range); 16]));
    Position { ledger, opening, sequence: rng.u64(0..10_000) }
}

/// An id of few, so that it may be new, open, finished or forgotten; mostly one that is open.
fn pick(trustline: &Trustline, rng: &mut Rng) -> (TransferId, Option<OpenTransfer>) {
    let open = trustline.open_transfers();
    if !open.is_empty() && rng.u8(0..4) > 0 {
        let (id, open) = open[rng.usize(0..open.len())];
        return (id, Some(open.clone()));
    }
    let id = TransferId::from([rng.u8(0..200); 16]);
    (id, trustline.open_transfer(&id).cloned())
}

fn transfer(rng: &mut Rng, id: TransferId, now: Timestamp) -> Transfer {
    Transfer {
        id,
        amount: amount(rng),
        condition: fulfillment(id).condition(),
        expires_at: now.saturating_add(Duration::from_millis(rng.u64(1..20_000))),
        protocol_data: data(rng),
    }
}

/// At the edges, where numbers that have a sign and others that have none differ.
fn amount(rng: &mut Rng) -> u64 {
    match rng.u8(0..30) {
        0 => u64::MAX,
        1 => 1 << 63,
        2 => (1 << 63) - 1,
        _ => rng.u64(1..1000),
    }
}

fn data(rng: &mut Rng) -> Bytes {
    let length = if rng.bool() { 0 } else { rng.usize(0..100) };
    (0..length).map(|_| rng.u8(..)).collect()
}

fn fulfillment(id: TransferId) -> Fulfillment {
    let mut bytes = [7; 32];
    bytes[..16].copy_from_slice(id.as_bytes());
    Fulfillment::from(bytes)
}
