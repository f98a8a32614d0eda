//! A pair does what a conversation of the core's says.

use trustline_core::TransferId;
use trustline_core::testing::Act;

use crate::link::Role;
use crate::names::{fulfillment, no_data, no_funds, number, payment, transfer_id};
use crate::pair::Pair;
use crate::side::{Crash, Side};

impl Pair {
    /// Does it, if it can be done; a payment that begins is number `n`. What an application does, [`Act::Decide`], and hears while
    /// it [waits](Act::Wait), is left to whoever has the applications.
    pub fn perform(&mut self, act: &Act, n: u32) {
        match *act {
            Act::Pay { by, amount, expires_in } => {
                let side = self.side(by.into());
                let prepare = payment(n, amount, side.now.saturating_add(expires_in));
                let _ = side.attempt(|session, now| session.prepare(prepare, now));
            }
            Act::Transfer { by, amount } => {
                let _ = self.side(by.into()).attempt(|session, now| session.transfer(transfer_id(n), amount, &no_data(), now));
            }
            Act::Decide { .. } | Act::Wait(_) => {}
            Act::Delay(delay) => self.delay = delay,
            Act::Cut { of, host_notices, party_notices } => self.cut_off(of.into(), host_notices, party_notices),
            Act::CutAfter { frames } => self.cut_after = Some(frames),
            Act::Connect { by } => self.connect_if_alone(by.into()),
            Act::Restart { who } => self.restart(who.into()),
            Act::Crash { who, batches, effects, frames } => self.side(who.into()).crash = Some(Crash { batches, effects, frames }),
        }
    }

    /// Someone dials who has no connection.
    pub fn connect_if_alone(&mut self, dialer: Role) {
        if self.side(dialer).session.connections().next().is_none() {
            self.connect_as(dialer);
        }
    }
}

impl Side {
    /// Decides about a payment that it was offered. It may have expired meanwhile.
    pub fn decides(&mut self, id: TransferId, fulfills: bool) {
        let _ = self.attempt(|session, now| {
            if fulfills {
                session.fulfill(id, fulfillment(number(id)), &no_data(), now).map_err(drop)
            } else {
                session.reject(id, &no_funds(), now).map_err(drop)
            }
        });
    }
}
