//! Which connection two equals keep. Both may dial, so now and then they do so at once, and there are two; or one of them
//! has lost a connection that the other still believes in, and dials again.
//!
//! **The rule.** A connection that was dialed by the equal with the smaller ILP address (compared byte by byte) goes before
//! one that the other dialed; of those that the same one dialed, the newer goes before the older. The first of them all is
//! kept, if it lives: as soon as two are authenticated, it is asked who is there (`info`, byte 0), and it replaces those
//! that were there when it was asked as soon as it answers. If it does not, it is given up like any connection that does
//! not answer a request in time, and the next is asked.
//!
//! ```text
//!       alice, the smaller                  bob
//!              │ ── a ──────────────────────> │   both dial
//!              │ <────────────────────── b ── │
//!              │                              │   a and b are authenticated, on each side in its own order
//!              │ ── a: who is there? ───────> │
//!              │ <─────── a: who is there? ── │
//!              │ <────────────── a: bob ───── │   alice: a lives, so it replaces b
//!              │ ── a: alice ───────────────> │   bob: the same
//!              │ <─ b: answers that are due ─>│   for the request timeout
//!              │ ── b: closed ──────────────> │
//! ```
//!
//! Each side decides alone, by what both know, so that the order in which they come to know it makes no difference. Until
//! a question is answered, requests go over the newest connection, as ever. A connection that was replaced takes no new
//! ones, and is closed after the request timeout: by then, whatever was asked over it on either side is answered, or would
//! have been given up. Requests about transfers that its end leaves without an answer are sent again over the one that is
//! kept.
//!
//! The answer must be the address that is configured. If the two sides are configured to different addresses, each could
//! replace what the other keeps: then [`Dispute::Account`] tells, and all connections stay.

use alloc::string::ToString;
use alloc::vec::Vec;
use core::cmp::Ordering;

use super::answers::Answer;
use super::machine::Session;
use super::output::{ConnectionId, DisconnectReason, Dispute, Event};
use super::request_table::Request;
use super::subprotocol;
use crate::Timestamp;
use crate::ledger::Authority;
use crate::wire::Body;

impl Session {
    /// Of several connections, the first is asked whether it lives. There may be just one, or nothing to choose by.
    pub(super) fn elect(&mut self, now: Timestamp) {
        let Some(keeps_dialed) = self.keeps_dialed() else { return };
        let usable = || self.connections.iter().filter(|connection| connection.is_usable());
        // Of equal ones the last: the newest.
        let Some(first) = usable().max_by_key(|connection| connection.dialed == keeps_dialed) else { return };
        if first.asked || usable().nth(1).is_none() {
            return;
        }
        let first = first.id;
        let deadline = now.saturating_add(self.config.limits.request_timeout);
        let question = Body::Message(subprotocol::account_request());
        // Where too many wait for their answer already, it is asked as soon as one has it.
        if self.request_on(first, Request::Election, question, deadline) {
            for connection in self.connections.iter_mut().filter(|connection| connection.is_usable()) {
                connection.asked |= connection.id == first;
                connection.challenged |= connection.id != first;
            }
        }
    }

    /// A connection lives: it replaces those behind it that were there when it was asked.
    pub(super) fn election_answered(&mut self, winner: ConnectionId, answer: Answer, now: Timestamp) {
        // An Error is a sign of life as well.
        let told = answer.as_ref().ok().and_then(subprotocol::read_account);
        if let (Some(theirs), Some(ours)) = (told, &self.config.peer_account)
            && theirs != ours
        {
            let (ours, theirs) = (ours.clone(), theirs.to_string());
            return self.event(Event::Dispute(Dispute::Account { ours, theirs }));
        }
        if let Some(winner) = self.connections.get_mut(winner) {
            winner.asked = false;
        }
        let Some(keeps_dialed) = self.keeps_dialed() else { return };
        let until = now.saturating_add(self.config.limits.request_timeout);
        let mut connections: Vec<_> = self.connections.iter_mut().filter(|connection| connection.is_usable()).collect();
        // The last of them is the first in rank.
        connections.sort_by_key(|connection| connection.dialed == keeps_dialed);
        let Some(rank) = connections.iter().position(|connection| connection.id == winner) else { return };
        for connection in connections.into_iter().take(rank).filter(|connection| connection.challenged) {
            connection.replaced = Some(until);
        }
    }

    /// Connections that were replaced have had their time.
    pub(super) fn close_replaced(&mut self, now: Timestamp) {
        while let Some(over) = self.connections.first_over(now) {
            self.disconnect(over, DisconnectReason::Replaced, now);
        }
    }

    /// Whether a connection that we dialed goes before one that the peer dialed. `None`: there is nothing to choose, because
    /// a host takes as many connections as come, or nothing to choose by.
    fn keeps_dialed(&self) -> Option<bool> {
        if self.config.authority != Authority::Shared || self.connections.len() < 2 || self.is_closing() {
            return None;
        }
        match self.config.account.as_ref()?.cmp(self.config.peer_account.as_ref()?) {
            Ordering::Less => Some(true),
            Ordering::Greater => Some(false),
            Ordering::Equal => None,
        }
    }
}
