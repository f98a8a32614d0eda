//! Whether the two ledgers can both be right: compared whenever a connection is made, so that an older backup in the place
//! of a ledger is noticed before anything is paid with it. Nothing is ever adjusted.
//!
//! ```text
//! dialer                                          acceptor
//!   auth: my position, what I have seen of yours ──>   am I older than that? have you a name that is new to me?
//!   <── Response: my position, what I have seen of yours, whether I am older than you have seen
//! am I older? are you? can our sums both be right?
//!   trustline: my position, and what I found ──>       notes the position, or reports what the dialer found
//!   <── Response: my position
//! notes the position
//! ```
//!
//! The last two are repeated while the ledgers change, and before a session closes, so that what each remembers of the other
//! is never much older than the connection's last minute. A peer that does not say [how far its ledger is](Statement), as
//! those in JavaScript, is not told either, and can only be compared by its balance.
//!
//! # Each side judges itself
//!
//! Only the owner of a ledger can tell whether a position is one of its own past (see [`Lineage`](crate::ledger::Lineage)).
//! So each compares itself with what the other has seen, and says what it found. That is also what makes it safe to compare
//! with a frame that was under way for long, or was overtaken by another connection: a position that was seen stays a part
//! of the ledger for ever, if that was not set back.
//!
//! For the same reason nothing that was seen of a ledger is replaced before its owner has compared itself with it: a ledger
//! that was set back is found out again each time, until its newest file is back.
//!
//! A host goes on, whatever a peer says of it: who shares an account could say anything. Its clients stop by themselves, and
//! so does everybody else: no command is taken any more, and the connections are closed.
//!
//! # When sums can both be right
//!
//! Of each transfer from a payer to a payee, at one moment and whatever is under way or was lost:
//!
//! * What the payee has posted, the payer has posted, or it is pending there. A payer makes a transfer durable before it
//!   sends it, and what ends it there but the payee's Fulfill is an Error or a Reject, in which the payee says that it did
//!   not and will not post it; its own expiry, where it decides that itself (a payee then posts nothing before it has the
//!   payer's Response); or, where the peer hosts the ledger, its balance. That is the one guess: a transfer that expired by
//!   it has lapsed, and is counted as pending here.
//! * What the payer has posted, the payee has posted, or it is pending there. The payer heard of it by a Fulfill or by the
//!   Response to a Transfer, which the payee made durable first: posted, or in doubt and so pending. What is in doubt ends
//!   by the payer's answer, and one who has posted it says so each time.
//!
//! So, for the sums of one direction: `payee posted <= payer posted + pending` and `payer posted <= payee posted + pending`.
//!
//! The moment is the one at which the acceptor answers. The dialer compares that with its own sums of before and after, and
//! does not compare where they differ. And it takes an account on which the acceptor has seen no other ledger and nobody
//! without one: of several who share it, each has a part of the sums.

use alloc::boxed::Box;

use super::answers::Answer;
use super::dispute::{Dispute, Stopped};
use super::error_name::ErrorName;
use super::machine::Session;
use super::output::{ConnectionId, Deadline, DeadlineReason, DisconnectReason, Event};
use super::request_table::Request;
use super::statement::{self, Statement};
use super::subprotocol;
use crate::ledger::{Authority, Party, Position, Sums};
use crate::wire::{Body, Entry, ProtocolData};
use crate::{LedgerId, Timestamp};

/// When a connection is made.
impl Session {
    /// What our authentication says of our ledger; `None` if it has no name.
    pub(super) fn introduction(&self) -> Option<Entry> {
        let peer = self.trustline.latest_peer().map(|peer| peer.position.ledger);
        match self.statement(peer.as_ref()) {
            Some(statement) => Some(statement.entry()),
            None => self.config.ledger.map(statement::name_alone),
        }
    }

    /// Answers what a peer's authentication says of its ledger. Returns what there is to say of ours, and what is
    /// wrong with it.
    pub(super) fn answer_introduction(
        &mut self,
        connection: ConnectionId,
        said: &ProtocolData,
        now: Timestamp,
    ) -> (Option<Entry>, Verdict) {
        let Some((theirs, mut ours)) = self.heard(connection, said) else { return (None, None) };
        let verdict = self.judge_ourselves(&theirs);
        ours.parted = verdict.as_ref().and_then(Dispute::parted);
        // What we know of it is not touched: it has not judged itself yet.
        if self.trustline.peer(&theirs.position.ledger).is_none() {
            self.note(theirs.position, now);
        }
        (Some(ours.entry()), verdict)
    }

    /// Compares what the host, or our equal, says of its ledger in answer to our authentication, at which our own was at
    /// `sequence`.
    pub(super) fn compare(&mut self, connection: ConnectionId, sequence: u64, said: &ProtocolData, now: Timestamp) -> Verdict {
        let (theirs, ours) = self.heard(connection, said)?;
        let verdict = self.judge_ourselves(&theirs).or_else(|| self.judge_peer(&theirs, sequence));
        let verdict = verdict.or_else(|| {
            let is_same_moment = sequence == self.trustline.sequence();
            let is_whole = theirs.sole && is_same_moment;
            (is_whole && !can_both_be_right(&ours.sums, &theirs.sums)).then(|| sums_differ(&ours, &theirs))
        });
        let found = Statement {
            parted: verdict.as_ref().and_then(Dispute::parted),
            disputes: matches!(verdict, Some(Dispute::Sums { .. })),
            ..ours
        };
        self.tell(connection, &found, now);
        verdict
    }

    /// Asks a peer that keeps no such ledger for its balance, where that must be ours. Returns whether it did: then the
    /// connection is not [ready](Self::connection_ready) before the answer, so that nothing is paid before.
    pub(super) fn ask_balance(&mut self, connection: ConnectionId, greeting: &ProtocolData, now: Timestamp) -> bool {
        let is_exclusive = self.config.account_is_exclusive && self.config.authority == Authority::Theirs;
        let Some(open) = self.connections.get_mut(connection).filter(|open| open.peer.is_none()) else { return false };
        if !is_exclusive || self.trustline.sequence() == 0 {
            return false;
        }
        open.greeting = Some(greeting.clone());
        let deadline = now.saturating_add(self.config.limits.request_timeout);
        self.request_on(connection, Request::Balance, Body::Message(subprotocol::balance_request()), deadline)
    }

    /// A host decides alone, and everything it sent before this has been handled, if it came the same way. So its books are
    /// ours, but for what we hold as pending. One that does not tell its balance proves nothing.
    pub(super) fn balance_answered(&mut self, connection: ConnectionId, answer: Option<Answer>, now: Timestamp) {
        let owed = answer.and_then(Answer::ok).and_then(|answer| subprotocol::read_balance(&answer));
        if let Some(owed) = owed {
            let (ours, theirs) = (self.balance(), -i128::from(owed));
            let Sums { incoming_pending, outgoing_pending, .. } = self.trustline.sums_with_lapsed();
            let most = |pending| i128::try_from(pending).unwrap_or(i128::MAX);
            let possible = ours.saturating_sub(most(outgoing_pending))..=ours.saturating_add(most(incoming_pending));
            if self.connections.len() == 1 && !possible.contains(&theirs) {
                return self.report(Dispute::Balance { ours, theirs, undecided: 0 }, now);
            }
        }
        if let Some(greeting) = self.connections.get_mut(connection).and_then(|open| open.greeting.take()) {
            self.connection_ready(connection, greeting, now);
        }
    }
}

/// While a connection lasts.
impl Session {
    /// The dialer tells how far its ledger is, and what it found.
    pub(super) fn handle_position(&mut self, connection: ConnectionId, request_id: u32, said: &ProtocolData, now: Timestamp) {
        let Some((theirs, ours)) = self.heard(connection, said) else {
            return self.refuse(
                connection,
                request_id,
                ErrorName::NotAccepted,
                "this says nothing of a ledger, or is spoken to one without a name",
                now,
            );
        };
        let verdict = match theirs.parted {
            Some(has) => self.remembered(&theirs).map(|seen| Dispute::Rewound { who: Party::Peer, seen, has }),
            None => theirs.disputes.then(|| sums_differ(&ours, &theirs)),
        };
        // It is an effect, which is stored: a peer that tells this all the time is heard as often as it may begin a transfer.
        if verdict.is_none() && self.bucket.as_mut().is_none_or(|bucket| bucket.has_one(now)) && self.note(theirs.position, now) {
            self.begun();
        }
        let ours = self.statement(Some(&theirs.position.ledger)).unwrap_or(ours);
        self.transmit(connection, request_id, Body::Response(ours.entry().into()));
        if let Some(dispute) = verdict {
            self.report(dispute, now);
            // It has stopped.
            if self.connections.contains(connection) {
                self.disconnect(connection, &DisconnectReason::Disputed, now);
            }
        }
    }

    /// The peer, which has judged itself before, tells how far its ledger is.
    pub(super) fn position_answered(&mut self, answer: Answer, now: Timestamp) {
        let Some(theirs) = answer.ok().and_then(|said| Statement::find(&said)) else { return };
        let had_told_all = self.told == self.trustline.sequence();
        self.note(theirs.position, now);
        if had_told_all {
            // That we noted it is no news.
            self.told = self.trustline.sequence();
        }
    }

    /// Tells the peer how far our ledger is, if that has changed.
    pub(super) fn tell_position(&mut self, now: Timestamp) {
        let Some(connection) = self.to_be_told() else { return };
        let peer = self.connections.get(connection).and_then(|connection| connection.peer);
        let Some(ours) = self.statement(peer.as_ref()) else { return };
        self.tell(connection, &ours, now);
    }

    pub(super) fn tell_position_if_due(&mut self, now: Timestamp) {
        if self.tell_at <= now {
            self.tell_position(now);
        }
    }

    pub(super) fn position_deadline(&self) -> Option<Deadline> {
        self.to_be_told().map(|_| Deadline { at: self.tell_at, reason: DeadlineReason::Position })
    }

    /// Money moves over this connection. If the peer there names no ledger, no other has all of the sums.
    pub(super) fn money_moves_at(&mut self, connection: ConnectionId, now: Timestamp) {
        if self.config.authority == Authority::Theirs || self.connections.get(connection).is_none_or(|open| open.peer.is_some()) {
            return;
        }
        if let Some(effect) = self.trustline.see_unnamed(now) {
            self.effect(effect);
        }
    }

    /// Tells the application, and does nothing any more; but a host goes on.
    pub(super) fn report(&mut self, dispute: Dispute, now: Timestamp) {
        if self.config.authority != Authority::Ours {
            self.stopped = Some(Stopped::Dispute);
            self.dispute = Some(dispute.clone());
        }
        self.event(Event::Dispute(dispute));
        if self.stopped.is_some() {
            self.disconnect_all(&DisconnectReason::Disputed, now);
        }
    }
}

/// What is wrong, if anything.
pub(super) type Verdict = Option<Dispute>;

impl Session {
    /// What the peer says of its ledger, and what we can say of ours; `None` if one of the two has no name.
    fn heard(&mut self, connection: ConnectionId, said: &ProtocolData) -> Option<(Statement, Statement)> {
        let theirs = Statement::find(said)?;
        let ours = self.statement(Some(&theirs.position.ledger))?;
        self.connections.get_mut(connection)?.peer = Some(theirs.position.ledger);
        Some((theirs, ours))
    }

    fn judge_ourselves(&self, theirs: &Statement) -> Verdict {
        let seen = theirs.seen?;
        let has = self.trustline.parted_from(&seen)?;
        Some(Dispute::Rewound { who: Party::Us, seen: seen.sequence, has })
    }

    /// The peer has judged itself by what we remember of the ledger that we heard of last. Of others we know their numbers,
    /// which do not count here if we heard them only after we asked.
    fn judge_peer(&self, theirs: &Statement, asked_at: u64) -> Verdict {
        let remembered = self.trustline.peer(&theirs.position.ledger)?;
        let (seen, now) = (remembered.position.sequence, theirs.position.sequence);
        let has = theirs.parted.or_else(|| (now < seen && remembered.sequence <= asked_at).then_some(now))?;
        Some(Dispute::Rewound { who: Party::Peer, seen, has })
    }

    /// The furthest that we have seen the peer's ledger.
    fn remembered(&self, theirs: &Statement) -> Option<u64> {
        self.trustline.peer(&theirs.position.ledger).map(|peer| peer.position.sequence)
    }

    /// What there is to say of our ledger to who keeps another; `None` if ours has no name.
    fn statement(&self, to: Option<&LedgerId>) -> Option<Statement> {
        Some(Statement {
            position: self.trustline.position()?,
            sums: self.trustline.sums_with_lapsed(),
            sole: to.is_some_and(|peer| self.trustline.is_only_with(peer)),
            disputes: false,
            seen: to.and_then(|peer| self.trustline.peer(peer)).map(|peer| peer.position),
            parted: None,
        })
    }

    fn tell(&mut self, connection: ConnectionId, ours: &Statement, now: Timestamp) {
        self.told = ours.position.sequence;
        self.tell_at = now.saturating_add(self.config.limits.position_interval);
        let deadline = now.saturating_add(self.config.limits.request_timeout);
        self.request_on(connection, Request::Position, Body::Message(ours.entry().into()), deadline);
    }

    /// Returns whether it is news.
    fn note(&mut self, position: Position, now: Timestamp) -> bool {
        let Some(effect) = self.trustline.see_peer(position, now) else { return false };
        self.effect(effect);
        true
    }

    /// Over which connection we should tell how far our ledger is, if it has changed since we did.
    fn to_be_told(&self) -> Option<ConnectionId> {
        if self.told >= self.trustline.sequence() {
            return None;
        }
        let mut listeners = self.connections.iter().rev().filter(|open| open.is_usable() && open.dialed && open.peer.is_some());
        listeners.next().map(|open| open.id)
    }
}

impl Dispute {
    /// How far our ledger is what the peer has seen, if it is the older one.
    fn parted(&self) -> Option<u64> {
        match self {
            Self::Rewound { who: Party::Us, has, .. } => Some(*has),
            _ => None,
        }
    }
}

fn sums_differ(ours: &Statement, theirs: &Statement) -> Dispute {
    Dispute::Sums { ours: Box::new(ours.sums), theirs: Box::new(theirs.sums) }
}

/// See the [module documentation](self).
fn can_both_be_right(ours: &Sums, theirs: &Sums) -> bool {
    let mirrors = |payer: &Sums, payee: &Sums| {
        payee.incoming_posted <= payer.outgoing_posted.saturating_add(payer.outgoing_pending)
            && payer.outgoing_posted <= payee.incoming_posted.saturating_add(payee.incoming_pending)
    };
    mirrors(ours, theirs) && mirrors(theirs, ours)
}
