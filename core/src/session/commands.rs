//! What the application wants. `Err` means that nothing changed.

use core::fmt;

use super::bucket::Bucket;
use super::dispute::Stopped;
use super::error_name::ErrorName;
use super::kept_data::keep;
use super::machine::Session;
use super::output::{DisconnectReason, Event, MessageId, RequestToken};
use super::request_table::Request;
use super::subprotocol;
use crate::ledger::{Bounds, FulfillError, Party, PrepareError, RejectError, Transfer};
use crate::wire::{Body, EncodeError, Entry, IlpError, Name, Prepare, ProtocolData};
use crate::{Fulfillment, Timestamp, TransferId, TransferRate};

/// Why a transfer of ours was not sent; nothing changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PrepareFailure {
    /// The session was stopped.
    Stopped(Stopped),
    /// The session is closing.
    Closing,
    /// No connection is authenticated.
    NotConnected,
    /// As many requests as allowed wait for their answers on the connection.
    TooManyInFlight,
    /// The protocol data cannot be sent.
    Unencodable(EncodeError),
    /// The ledger does not allow it.
    Ledger(PrepareError),
}

impl fmt::Display for PrepareFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped(why) => why.fmt(f),
            Self::Closing => f.write_str("the session is closing"),
            Self::NotConnected => f.write_str("there is no connection to the peer"),
            Self::TooManyInFlight => f.write_str("too many requests wait for an answer of the peer"),
            Self::Unencodable(error) => write!(f, "the protocol data cannot be sent: {error}"),
            Self::Ledger(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for PrepareFailure {}

/// Why an incoming transfer was not fulfilled; nothing changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FulfillFailure {
    /// The session was stopped.
    Stopped(Stopped),
    /// The protocol data cannot be sent.
    Unencodable(EncodeError),
    /// The ledger does not allow it.
    Ledger(FulfillError),
}

impl fmt::Display for FulfillFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped(why) => why.fmt(f),
            Self::Unencodable(error) => write!(f, "the protocol data cannot be sent: {error}"),
            Self::Ledger(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for FulfillFailure {}

/// Why a message was not sent; nothing changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageError {
    /// The session was stopped.
    Stopped(Stopped),
    /// The session is closing.
    Closing,
    /// No connection is authenticated.
    NotConnected,
    /// As many requests as allowed wait for their answers on the connection.
    TooManyInFlight,
    /// The protocol data cannot be sent.
    Unencodable(EncodeError),
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped(why) => why.fmt(f),
            Self::Closing => f.write_str("the session is closing"),
            Self::NotConnected => f.write_str("there is no connection to the peer"),
            Self::TooManyInFlight => f.write_str("too many requests wait for an answer of the peer"),
            Self::Unencodable(error) => write!(f, "the protocol data cannot be sent: {error}"),
        }
    }
}

impl core::error::Error for MessageError {}

/// Commands.
impl Session {
    /// Offers to pay the peer. Its outcome comes as an [`Event`]: fulfilled, rejected, expired or refused.
    pub fn prepare(&mut self, prepare: Prepare, now: Timestamp) -> Result<(), PrepareFailure> {
        if let Some(why) = self.stopped() {
            return Err(PrepareFailure::Stopped(why));
        }
        if self.is_closing() {
            return Err(PrepareFailure::Closing);
        }
        let connection = self.connections.newest_ready().ok_or(PrepareFailure::NotConnected)?;
        if connection.requests.is_full() || !self.unsent.is_empty() {
            return Err(PrepareFailure::TooManyInFlight);
        }
        let connection = connection.id;
        let transfer = Transfer {
            id: prepare.transfer_id,
            amount: prepare.amount,
            condition: prepare.condition,
            expires_at: prepare.expires_at,
            protocol_data: self.sendable(&prepare.protocol_data).map_err(PrepareFailure::Unencodable)?,
        };
        let effect = self.trustline.prepare(transfer, now).map_err(PrepareFailure::Ledger)?;
        self.effect(effect);
        self.money_moves_at(connection, now);
        let deadline = now.saturating_add(self.config.limits.request_timeout);
        self.request_on(connection, Request::Prepare(prepare.transfer_id), Body::Prepare(prepare), deadline);
        Ok(())
    }

    /// Pays the peer without a condition (BTP type 7, which a JavaScript peer of BTP 1.0 does not know). An entry
    /// `transfer_id` travels with it, by which a peer that knows it notices a repeat after a lost connection; one that does
    /// not would count it twice. Where too many requests wait for their answers it takes its turn behind them; a Prepare, which
    /// has an expiry, is refused instead.
    pub fn transfer(&mut self, id: TransferId, amount: u64, protocol_data: &ProtocolData, now: Timestamp) -> Result<(), PrepareFailure> {
        if let Some(why) = self.stopped() {
            return Err(PrepareFailure::Stopped(why));
        }
        if self.is_closing() {
            return Err(PrepareFailure::Closing);
        }
        if !self.is_connected() {
            return Err(PrepareFailure::NotConnected);
        }
        self.sendable(&subprotocol::with_transfer_id(protocol_data, id)).map_err(PrepareFailure::Unencodable)?;
        let kept = keep(protocol_data).map_err(PrepareFailure::Unencodable)?;
        let effect = self.trustline.transfer(id, amount, kept, now).map_err(PrepareFailure::Ledger)?;
        self.effect(effect);
        self.send_about(id, now);
        Ok(())
    }

    /// Takes an incoming transfer's money. It is posted, and [`Event::IncomingFulfilled`] follows, at once where the
    /// ledger is ours, and with the peer's answer elsewhere. Works without a connection: the peer is told later.
    pub fn fulfill(
        &mut self,
        id: TransferId,
        fulfillment: Fulfillment,
        protocol_data: &ProtocolData,
        now: Timestamp,
    ) -> Result<(), FulfillFailure> {
        if let Some(why) = self.stopped() {
            return Err(FulfillFailure::Stopped(why));
        }
        let kept = self.sendable(protocol_data).map_err(FulfillFailure::Unencodable)?;
        let effect = self.trustline.fulfill(id, fulfillment, kept, now).map_err(FulfillFailure::Ledger)?;
        let posted = matches!(effect.fact, crate::ledger::Fact::Fulfilled { .. });
        self.effect(effect);
        self.send_about(id, now);
        if posted && let Some(transfer) = self.conditional(&id) {
            self.event(Event::IncomingFulfilled { transfer });
        }
        Ok(())
    }

    /// Declines an incoming transfer. `reason` tells the payer why: a JavaScript peer keeps the money on hold if it is
    /// missing. Works without a connection: the peer is told later.
    pub fn reject(&mut self, id: TransferId, reason: &IlpError, now: Timestamp) -> Result<(), RejectFailure> {
        self.reject_with(id, reason, &ProtocolData::new(), now)
    }

    /// [`reject`](Self::reject), with more for the payer than the reason. The reason is the `ilp` entry, before the others;
    /// one of that name in `protocol_data` is left out.
    pub fn reject_with(
        &mut self,
        id: TransferId,
        reason: &IlpError,
        protocol_data: &ProtocolData,
        now: Timestamp,
    ) -> Result<(), RejectFailure> {
        if let Some(why) = self.stopped() {
            return Err(RejectFailure::Stopped(why));
        }
        let reason = Entry::octets(Name::ILP, reason.encode().map_err(RejectFailure::Unencodable)?);
        let others = protocol_data.iter().filter(|entry| entry.name != Name::ILP).cloned();
        let protocol_data = core::iter::once(reason).chain(others).collect();
        let kept = self.sendable(&protocol_data).map_err(RejectFailure::Unencodable)?;
        let transfer = self.conditional(&id);
        let effect = self.trustline.reject(id, kept, now).map_err(RejectFailure::Ledger)?;
        self.effect(effect);
        self.send_about(id, now);
        if let Some(transfer) = transfer {
            self.event(Event::IncomingRejected { transfer, by: Party::Us, protocol_data });
        }
        Ok(())
    }

    /// Asks the peer something. The answer comes as [`Event::Answered`].
    pub fn message(&mut self, protocol_data: ProtocolData, now: Timestamp) -> Result<MessageId, MessageError> {
        if let Some(why) = self.stopped() {
            return Err(MessageError::Stopped(why));
        }
        if self.is_closing() {
            return Err(MessageError::Closing);
        }
        self.sendable(&protocol_data).map_err(MessageError::Unencodable)?;
        let connection = self.connections.newest_ready().ok_or(MessageError::NotConnected)?.id;
        let id = MessageId(self.next_message);
        let deadline = now.saturating_add(self.config.limits.request_timeout);
        if !self.request_on(connection, Request::Message(id.0), Body::Message(protocol_data), deadline) {
            return Err(MessageError::TooManyInFlight);
        }
        self.next_message += 1;
        Ok(id)
    }

    /// Answers a request of the peer. If its connection is gone, so is the request, and nothing happens. `Err` means that
    /// the answer cannot be sent: the token is spent all the same, so the peer is answered with an Error instead.
    pub fn respond(&mut self, token: RequestToken, protocol_data: ProtocolData, now: Timestamp) -> Result<(), EncodeError> {
        if let Err(error) = self.sendable(&protocol_data) {
            self.refuse_request(token, ErrorName::NotAccepted, "there is an answer, but it cannot be sent", now);
            return Err(error);
        }
        self.answer_request(&token, Body::Response(protocol_data));
        Ok(())
    }

    /// Answers a request of the peer with an Error that says `message`.
    #[expect(clippy::needless_pass_by_value, reason = "the token is spent: a request is answered once")]
    pub fn refuse_request(&mut self, token: RequestToken, name: ErrorName, message: &str, now: Timestamp) {
        self.answer_request(&token, Body::Error(name.error(message, now)));
    }

    /// Changes how far the balance may go, for what is prepared from now on.
    pub fn set_bounds(&mut self, bounds: Bounds, now: Timestamp) {
        if self.stopped().is_some() {
            return;
        }
        if let Some(effect) = self.trustline.set_bounds(bounds, now) {
            self.effect(effect);
        }
    }

    /// Nothing may happen any more, because what happens can no longer be stored: frames and deadlines are ignored, and
    /// every command is refused. What was decided and not stored still shows in the views; a restart does not know it.
    pub fn stop(&mut self) {
        self.stopped = Some(Stopped::Journal);
    }

    /// As [`stop`](Self::stop), because the account is none any more. What was decided is stored.
    pub fn remove(&mut self) {
        self.stopped.get_or_insert(Stopped::Removed);
    }

    /// Begins to close: nothing new is taken on, what was accepted is answered, and then, or after the request timeout,
    /// the connections are closed.
    pub fn close(&mut self, now: Timestamp) {
        if self.closing.is_none() {
            self.closing = Some(now.saturating_add(self.config.limits.request_timeout));
            self.tell_position(now);
            self.close_when_idle();
        }
    }

    /// Gives up every connection at once, for this reason. Requests that had no answer are sent again over the next one.
    pub fn disconnect_all(&mut self, reason: &DisconnectReason, now: Timestamp) {
        self.give_up_all(reason);
        self.go_on(now);
    }

    /// Changes how many transfers may be open, and how fast the peer may make new ones, from now on: the two
    /// [`Limits`](crate::Limits) of these names. No effect tells of it, so that a session which is rebuilt has those that it
    /// is configured with.
    pub fn set_transfer_limits(&mut self, open_transfers: usize, transfer_rate: Option<TransferRate>) {
        self.config.limits.open_transfers = open_transfers;
        self.config.limits.transfer_rate = transfer_rate;
        self.trustline.set_open_transfers(open_transfers);
        self.bucket = transfer_rate.map(Bucket::full);
    }

    fn answer_request(&mut self, token: &RequestToken, body: Body) {
        let Some(connection) = self.connections.get_mut(token.connection) else { return };
        connection.unanswered = connection.unanswered.saturating_sub(1);
        self.transmit(token.connection, token.request_id, body);
        self.close_when_idle();
    }
}

/// Why an incoming transfer was not rejected; nothing changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RejectFailure {
    /// The session was stopped.
    Stopped(Stopped),
    /// The reason cannot be sent.
    Unencodable(EncodeError),
    /// The ledger does not allow it.
    Ledger(RejectError),
}

impl fmt::Display for RejectFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped(why) => why.fmt(f),
            Self::Unencodable(error) => write!(f, "the reason cannot be sent: {error}"),
            Self::Ledger(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for RejectFailure {}
