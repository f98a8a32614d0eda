//! How an application is asked and told.

use std::ops::Deref;

use trustline_core::ledger::{Bounds, Transfer};
use trustline_core::session::{
    ErrorName, Event, FulfillFailure, MessageError, MessageId, PrepareFailure, RejectFailure, RequestToken, Session,
};
use trustline_core::wire::{EncodeError, IlpError, Prepare, ProtocolData};
use trustline_core::{Fulfillment, Timestamp, TransferId};

/// What an application does with one account. It is called inline, in the task that handles the connection: nothing is
/// faster, but it must not block, nor call the account's own handle (it has [`Commands`] for that).
pub trait Handler: Send + 'static {
    /// Whether to take an incoming transfer, asked before anything about it is durable. So it must be pure: what
    /// touches the world outside hangs on the [`Event::IncomingFulfilled`] that follows. What is decided here costs no
    /// second commit.
    fn decide(&mut self, transfer: &Transfer, protocol_data: &ProtocolData) -> Decision {
        let _ = (transfer, protocol_data);
        Decision::Later
    }

    /// Something happened, and is durable.
    fn handle(&mut self, event: Event, commands: &mut Commands<'_>);

    /// Whether more events can be taken. While not, the account's connections are not read from; call
    /// [`Account::resume`](crate::Account::resume) when it changes.
    fn is_ready(&self) -> bool {
        true
    }
}

/// What to do with an incoming transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// Take the money, with this fulfillment. If the ledger cannot (the fulfillment is wrong, the transfer has just
    /// expired), the transfer is offered as an event, as for [`Decision::Later`].
    Fulfill(Fulfillment),
    /// The same, with something for the payer.
    FulfillWith(Fulfillment, ProtocolData),
    /// Decline it, and say why.
    Reject(IlpError),
    /// The same, with more for the payer than the reason; see [`Session::reject_with`].
    RejectWith(IlpError, ProtocolData),
    /// Offer it as [`Event::IncomingPrepared`].
    Later,
}

/// Drops every event, and so fulfills nothing, and refuses every request: for a side that only pays.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ignore;

impl Handler for Ignore {
    fn handle(&mut self, event: Event, commands: &mut Commands<'_>) {
        if let Event::Request { token, .. } = event {
            commands.refuse_request(token, ErrorName::NotAccepted, NOBODY_ANSWERS);
        }
    }
}

/// What a peer is told whose request nobody will look at: without an answer it would wait for its timeout.
pub(crate) const NOBODY_ANSWERS: &str = "nobody answers requests here";

/// The commands of a session, and by `Deref` its views, for a [`Handler`].
#[derive(Debug)]
pub struct Commands<'a> {
    pub(crate) session: &'a mut Session,
    pub(crate) now: Timestamp,
}

impl Deref for Commands<'_> {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.session
    }
}

impl Commands<'_> {
    /// The time of this call.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// See [`Session::prepare`].
    pub fn prepare(&mut self, prepare: Prepare) -> Result<(), PrepareFailure> {
        self.session.prepare(prepare, self.now)
    }

    /// See [`Session::transfer`].
    pub fn transfer(&mut self, id: TransferId, amount: u64, protocol_data: &ProtocolData) -> Result<(), PrepareFailure> {
        self.session.transfer(id, amount, protocol_data, self.now)
    }

    /// See [`Session::fulfill`].
    pub fn fulfill(&mut self, id: TransferId, fulfillment: Fulfillment, protocol_data: &ProtocolData) -> Result<(), FulfillFailure> {
        self.session.fulfill(id, fulfillment, protocol_data, self.now)
    }

    /// See [`Session::reject`].
    pub fn reject(&mut self, id: TransferId, reason: &IlpError) -> Result<(), RejectFailure> {
        self.session.reject(id, reason, self.now)
    }

    /// See [`Session::reject_with`].
    pub fn reject_with(&mut self, id: TransferId, reason: &IlpError, protocol_data: &ProtocolData) -> Result<(), RejectFailure> {
        self.session.reject_with(id, reason, protocol_data, self.now)
    }

    /// See [`Session::message`].
    pub fn message(&mut self, protocol_data: ProtocolData) -> Result<MessageId, MessageError> {
        self.session.message(protocol_data, self.now)
    }

    /// See [`Session::respond`].
    pub fn respond(&mut self, token: RequestToken, protocol_data: ProtocolData) -> Result<(), EncodeError> {
        self.session.respond(token, protocol_data, self.now)
    }

    /// See [`Session::refuse_request`].
    pub fn refuse_request(&mut self, token: RequestToken, name: ErrorName, message: &str) {
        self.session.refuse_request(token, name, message, self.now);
    }

    /// See [`Session::set_bounds`].
    pub fn set_bounds(&mut self, bounds: Bounds) {
        self.session.set_bounds(bounds, self.now);
    }
}
