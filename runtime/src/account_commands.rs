//! What an application asks of an account and awaits.

use std::future::Future;

use trustline_core::ledger::Bounds;
use trustline_core::session::{ErrorName, FulfillFailure, MessageError, MessageFailure, RejectFailure, RequestToken, subprotocol};
use trustline_core::wire::{EncodeError, IlpError, ProtocolData};
use trustline_core::{Fulfillment, TransferId, TransferRate};

use crate::account::Account;
use crate::payment::{Fulfilled, Payment, PaymentError};

impl Account {
    /// Makes a payment, and waits for how it ends. It is sent by this call, not by the first poll; dropping the future
    /// does not undo it, and leaves its outcome to the handler. Also a host pays its client like this, and an equal its
    /// peer. Where several processes share an account, nobody knows which of them the host would pay: see
    /// [`Host`](crate::Host).
    pub fn pay(&self, payment: Payment) -> impl Future<Output = Result<Fulfilled, PaymentError>> + Send + use<> {
        let id = payment.id();
        let sent = self.with(|state, now| {
            state.session.prepare(payment.prepare, now)?;
            Ok(state.waiters.payment(id))
        });
        async move {
            match sent {
                Ok(outcome) => outcome.await.unwrap_or(Err(PaymentError::Abandoned)),
                Err(error) => Err(PaymentError::NotSent(error)),
            }
        }
    }

    /// Pays without a condition (BTP type 7), and waits for the peer's answer. A JavaScript peer of BTP 1.0 does not
    /// know it.
    pub fn transfer(
        &self,
        id: TransferId,
        amount: u64,
        protocol_data: &ProtocolData,
    ) -> impl Future<Output = Result<(), PaymentError>> + Send + use<> {
        let sent = self.with(|state, now| {
            state.session.transfer(id, amount, protocol_data, now)?;
            Ok(state.waiters.transfer(id))
        });
        async move {
            match sent {
                Ok(outcome) => outcome.await.unwrap_or(Err(PaymentError::Abandoned)),
                Err(error) => Err(PaymentError::NotSent(error)),
            }
        }
    }

    /// Asks the peer something, and waits for its answer.
    pub fn request(&self, protocol_data: ProtocolData) -> impl Future<Output = Result<ProtocolData, RequestError>> + Send + use<> {
        let sent = self.with(|state, now| {
            let id = state.session.message(protocol_data, now)?;
            Ok(state.waiters.answer(id))
        });
        async move {
            let answer = sent.map_err(RequestError::NotSent)?;
            answer.await.unwrap_or(Err(MessageFailure::Disconnected)).map_err(RequestError::Unanswered)
        }
    }

    /// Asks the peer how its books stand: our balance as it sees it, in the smallest unit, to compare with
    /// [`balance`](Self::balance).
    pub async fn peer_balance(&self) -> Result<i128, RequestError> {
        let answer = self.request(subprotocol::balance_request()).await?;
        let owed = subprotocol::read_balance(&answer).ok_or(RequestError::Unanswered(MessageFailure::Unreadable))?;
        Ok(-i128::from(owed))
    }

    /// Asks the peer how low our balance may go, in the smallest unit; `i128::MIN` where it has no limit.
    pub async fn peer_limit(&self) -> Result<i128, RequestError> {
        let answer = self.request(subprotocol::limit_request()).await?;
        let maximum = subprotocol::read_limit(&answer).ok_or(RequestError::Unanswered(MessageFailure::Unreadable))?;
        Ok(if maximum == i128::MAX { i128::MIN } else { maximum.saturating_neg() })
    }

    /// Takes the money of an incoming transfer; see [`Session::fulfill`](trustline_core::session::Session::fulfill).
    pub fn fulfill(&self, id: TransferId, fulfillment: Fulfillment) -> Result<(), FulfillFailure> {
        self.fulfill_with(id, fulfillment, &ProtocolData::new())
    }

    /// [`fulfill`](Self::fulfill), with something for the payer.
    pub fn fulfill_with(&self, id: TransferId, fulfillment: Fulfillment, protocol_data: &ProtocolData) -> Result<(), FulfillFailure> {
        self.with(|state, now| state.session.fulfill(id, fulfillment, protocol_data, now))
    }

    /// Declines an incoming transfer; see [`Session::reject`](trustline_core::session::Session::reject).
    pub fn reject(&self, id: TransferId, reason: &IlpError) -> Result<(), RejectFailure> {
        self.reject_with(id, reason, &ProtocolData::new())
    }

    /// [`reject`](Self::reject), with more for the payer than the reason; see
    /// [`Session::reject_with`](trustline_core::session::Session::reject_with).
    pub fn reject_with(&self, id: TransferId, reason: &IlpError, protocol_data: &ProtocolData) -> Result<(), RejectFailure> {
        self.with(|state, now| state.session.reject_with(id, reason, protocol_data, now))
    }

    /// Answers a request of the peer. An answer that cannot be sent is an error here, and an Error to the peer.
    pub fn respond(&self, token: RequestToken, protocol_data: ProtocolData) -> Result<(), EncodeError> {
        self.with(|state, now| state.session.respond(token, protocol_data, now))
    }

    /// Answers a request of the peer with an Error that says `message`.
    pub fn refuse_request(&self, token: RequestToken, name: ErrorName, message: &str) {
        self.with(|state, now| state.session.refuse_request(token, name, message, now));
    }

    /// Takes on nothing new; the connections go when what was accepted is answered.
    pub(crate) fn begin_close(&self) {
        self.with(|state, now| state.session.close(now));
    }

    /// Changes how far the balance may go, for what is prepared from now on.
    pub fn set_bounds(&self, bounds: Bounds) {
        self.with(|state, now| state.session.set_bounds(bounds, now));
    }

    /// Changes how many transfers may be open, and how fast the peer may make new ones, from now on: the two
    /// [`Limits`](trustline_core::Limits) of these names. The journal does not keep it: an account that is opened anew, in
    /// another process say, has those that its host or client was built with.
    pub fn set_transfer_limits(&self, open_transfers: usize, transfer_rate: Option<TransferRate>) {
        self.with(|state, _| state.session.set_transfer_limits(open_transfers, transfer_rate));
    }
}

/// Why a request got no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// It was not sent.
    NotSent(MessageError),
    /// It was sent, and there is no good answer.
    Unanswered(MessageFailure),
}

impl std::fmt::Display for RequestError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotSent(error) => write!(f, "the request was not sent: {error}"),
            Self::Unanswered(failure) => failure.fmt(f),
        }
    }
}

impl std::error::Error for RequestError {}
