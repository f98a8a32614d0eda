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
use super::connection::{Connection, Stage};
use super::dispute::Dispute;
use super::machine::Session;
use super::output::{ConnectionId, DisconnectReason, Event};
use super::request_table::Request;
use super::subprotocol;
use crate::Timestamp;
use crate::ledger::Authority;
use crate::wire::Body;

impl Session {
    /// Of several connections, the first is asked whether it lives. There may be just one, or nothing to choose by.
    pub(super) fn elect(&mut self, now: Timestamp) {
        let ranked = self.ranked();
        let [first, _, ..] = &ranked[..] else { return };
        if first.asked {
            return;
        }
        let first = first.id;
        let deadline = now.saturating_add(self.config.limits.request_timeout);
        let question = Body::Message(subprotocol::account_request());
        // Where too many wait for their answer already, it is asked as soon as one has it.
        if self.request_on(first, Request::Election, question, deadline) {
            for connection in self.ranked() {
                connection.asked |= connection.id == first;
                connection.challenged = true;
            }
        }
    }

    /// A connection lives: it replaces those behind it that were there when it was asked.
    pub(super) fn election_answered(&mut self, winner: ConnectionId, answer: &Answer, now: Timestamp) {
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
        let until = now.saturating_add(self.config.limits.request_timeout);
        let behind = self.ranked().into_iter().skip_while(|connection| connection.id != winner).skip(1);
        for connection in behind.filter(|connection| connection.challenged) {
            connection.stage = Stage::Replaced { until };
        }
    }

    /// Connections that were replaced have had their time.
    pub(super) fn give_up_replaced(&mut self, now: Timestamp) {
        let is_over = |connection: &&Connection| connection.replaced_until().is_some_and(|until| until <= now);
        let over: Vec<ConnectionId> = self.connections.iter().filter(is_over).map(|connection| connection.id).collect();
        self.give_up(&over, &DisconnectReason::Replaced);
    }

    /// The connections of which one is kept, the first in rank first. Empty where there is nothing to choose, or nothing to
    /// choose by.
    fn ranked(&mut self) -> Vec<&mut Connection> {
        let Some(keeps_dialed) = self.keeps_dialed() else { return Vec::new() };
        let newest_first = self.connections.iter_mut().rev();
        let mut ranked: Vec<_> = newest_first.filter(|connection| connection.is_usable()).collect();
        ranked.sort_by_key(|connection| connection.dialed != keeps_dialed);
        ranked
    }

    /// Whether a connection that we dialed goes before one that the peer dialed. A host takes as many connections as come,
    /// and chooses none.
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
