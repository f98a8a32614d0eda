//! A payment, as an application makes it and as it ends.

use std::fmt;
use std::time::Duration;

use trustline_core::session::{ErrorName, PrepareFailure, error_message};
use trustline_core::wire::{Entry, ErrorPacket, IlpError, IlpPacket, Prepare, ProtocolData};
use trustline_core::{Condition, Fulfillment, Timestamp, TransferId};

use crate::{clock, random};

/// A conditional transfer to be made: by default with a random id, 30 seconds to be fulfilled, and no protocol data.
///
/// ```
/// use std::time::Duration;
/// use trustline_core::Fulfillment;
/// use trustline_runtime::Payment;
///
/// let condition = Fulfillment::from([7; 32]).condition();
/// let payment = Payment::new(10, condition).expires_in(Duration::from_secs(5));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    pub(crate) prepare: Prepare,
}

impl Payment {
    /// Pays `amount`, in the trustline's smallest unit, to whoever shows the preimage of `condition`.
    pub fn new(amount: u64, condition: Condition) -> Self {
        let expires_at = clock::now().saturating_add(Duration::from_secs(30));
        Self { prepare: Prepare { transfer_id: random::transfer_id(), amount, condition, expires_at, protocol_data: ProtocolData::new() } }
    }

    /// With this ILP packet: it tells the peer whom to pay.
    #[must_use]
    pub fn with_ilp(mut self, packet: impl Into<bytes::Bytes>) -> Self {
        self.prepare.protocol_data = self.prepare.protocol_data.with(Entry::octets("ilp", packet));
        self
    }

    /// With another entry of protocol data.
    #[must_use]
    pub fn with(mut self, entry: Entry) -> Self {
        self.prepare.protocol_data = self.prepare.protocol_data.with(entry);
        self
    }

    /// Under this id, which must never have been used.
    #[must_use]
    pub fn with_id(mut self, id: TransferId) -> Self {
        self.prepare.transfer_id = id;
        self
    }

    /// Can be fulfilled for this long from now.
    #[must_use]
    pub fn expires_in(mut self, duration: Duration) -> Self {
        self.prepare.expires_at = clock::now().saturating_add(duration);
        self
    }

    /// Can be fulfilled before this moment.
    #[must_use]
    pub fn expires_at(mut self, at: Timestamp) -> Self {
        self.prepare.expires_at = at;
        self
    }

    /// The id under which it is made.
    pub fn id(&self) -> TransferId {
        self.prepare.transfer_id
    }

    /// The packet that proposes it, for [`Commands::prepare`](crate::Commands::prepare).
    pub fn into_prepare(self) -> Prepare {
        self.prepare
    }
}

/// A payment that was fulfilled.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fulfilled {
    /// The preimage of the condition.
    pub fulfillment: Fulfillment,
    /// What the payee sent with it.
    pub protocol_data: ProtocolData,
}

/// Why a payment was not made. In each case but [`Abandoned`](Self::Abandoned), and the one that
/// [`Expired`](Self::Expired) tells of, the money is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PaymentError {
    /// It was not sent.
    NotSent(PrepareFailure),
    /// The payee, or somebody on the way to it, rejected it.
    Rejected {
        /// Who and why; `None` if the peer attached no readable ILP error.
        reason: Option<Box<IlpError>>,
        /// All that the peer sent with it.
        protocol_data: ProtocolData,
    },
    /// Nobody fulfilled it in time, as far as we can tell. Where the peer hosts the ledger and was silent, this is our word
    /// alone: should the peer fulfill it all the same, it is paid, and an
    /// [`Event::OutgoingFulfilled`](trustline_core::session::Event::OutgoingFulfilled) tells.
    Expired,
    /// The peer answered with a BTP Error.
    Refused(Box<ErrorPacket>),
    /// This trustline was stopped before the outcome was known. If its journal has the payment, it is decided after a
    /// restart.
    Abandoned,
}

impl PaymentError {
    /// As [`Event::OutgoingRejected`](trustline_core::session::Event::OutgoingRejected) tells it, for a
    /// [`Handler`](crate::Handler).
    pub fn rejected(protocol_data: ProtocolData) -> Self {
        let packet = protocol_data.get("ilp").map(|entry| IlpPacket::decode(&entry.data));
        let reason = match packet {
            Some(Ok(IlpPacket::Error(error))) => Some(Box::new(error)),
            _ => None,
        };
        Self::Rejected { reason, protocol_data }
    }

    /// Whether the host refused it because of the balance limit: by the RFC's name, or as the JavaScript plugin says it.
    pub fn is_limit_reached(&self) -> bool {
        match self {
            Self::NotSent(PrepareFailure::Ledger(trustline_core::ledger::PrepareError::InsufficientBalance)) => true,
            Self::Refused(error) => {
                ErrorName::of(error) == Some(ErrorName::InsufficientBalance)
                    || error_message(error).contains("exceeds greatest allowed value")
            }
            _ => false,
        }
    }
}

impl fmt::Display for PaymentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(error) => write!(f, "the payment was not sent: {error}"),
            Self::Rejected { reason: Some(reason), .. } => {
                write!(f, "the payment was rejected by {:?}: {} {}", reason.triggered_by, reason.code, reason.name)
            }
            Self::Rejected { reason: None, .. } => f.write_str("the payment was rejected, without a reason"),
            Self::Expired => f.write_str("the payment expired before anybody fulfilled it"),
            Self::Refused(error) => {
                write!(f, "the peer refused the payment: {} {}: {}", error.code, error.name, error_message(error))
            }
            Self::Abandoned => f.write_str("the trustline was stopped before the payment's outcome was known"),
        }
    }
}

impl std::error::Error for PaymentError {}
