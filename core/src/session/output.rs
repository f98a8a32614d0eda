//! What comes out of a session.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

use bytes::Bytes;

use super::config::LedgerInfo;
use super::dispute::Dispute;
use crate::ledger::{Effect, Party, Transfer};
use crate::wire::{ErrorPacket, ProtocolData};
use crate::{Fulfillment, Timestamp, TransferId};

/// Names one connection of a session. Whoever opens connections numbers them, and never uses a number twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// Names one of our own requests, so that its answer is known when it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u64);

/// The next thing to be done, in the one order in which it may be done: nothing behind an
/// [`Effect`](Output::Effect) may leave the process before that effect is durable.
#[derive(PartialEq, Eq)]
pub enum Output {
    /// Store this.
    Effect(Effect),
    /// Send this frame as one binary WebSocket message.
    Transmit {
        /// Over which connection.
        connection: ConnectionId,
        /// One encoded packet.
        frame: Bytes,
    },
    /// Tell the application.
    Event(Event),
    /// Close this connection; the session has already forgotten it.
    Disconnect {
        /// Which one.
        connection: ConnectionId,
        /// Why.
        reason: DisconnectReason,
    },
}

/// Without the bytes of frames: the first one of a connection holds a token.
impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Effect(effect) => f.debug_tuple("Effect").field(effect).finish(),
            Self::Transmit { connection, frame } => {
                f.debug_struct("Transmit").field("connection", connection).field("frame_bytes", &frame.len()).finish()
            }
            Self::Event(event) => f.debug_tuple("Event").field(event).finish(),
            Self::Disconnect { connection, reason } => {
                f.debug_struct("Disconnect").field("connection", connection).field("reason", reason).finish()
            }
        }
    }
}

/// News for the application. An event is true: everything it rests on is durable when it is handed out.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A connection is authenticated and can be used.
    Connected {
        /// Which one.
        connection: ConnectionId,
        /// The protocol data of the host's answer to our authentication; empty where we accepted the connection.
        protocol_data: ProtocolData,
    },
    /// The host did not accept our credentials.
    AuthenticationRefused {
        /// On which connection; it is closed next.
        connection: ConnectionId,
        /// What the host said.
        error: Box<ErrorPacket>,
    },
    /// A connection is gone.
    Disconnected {
        /// Which one.
        connection: ConnectionId,
    },
    /// The host told what ledger this is.
    Info(LedgerInfo),
    /// The host did not tell what ledger this is. It can be paid all the same; it is asked again on the next connection.
    NoInfo(MessageFailure),
    /// The peer holds the amount of our transfer. Its outcome follows.
    OutgoingPrepared {
        /// The transfer.
        id: TransferId,
    },
    /// Our transfer was fulfilled: the money is paid, and this is what it bought.
    OutgoingFulfilled {
        /// The transfer.
        transfer: Arc<Transfer>,
        /// The preimage of its condition.
        fulfillment: Fulfillment,
        /// What the peer sent with it.
        protocol_data: ProtocolData,
    },
    /// Our transfer was rejected by the payee, or expired on the ledger that the peer hosts. The money is ours again.
    OutgoingRejected {
        /// The transfer.
        transfer: Arc<Transfer>,
        /// What the peer sent with it; an ILP error says why.
        protocol_data: ProtocolData,
    },
    /// Our transfer expired. The money is ours again.
    OutgoingExpired {
        /// The transfer.
        transfer: Arc<Transfer>,
    },
    /// The peer answered our Prepare or Transfer with an Error. The money is ours again.
    OutgoingRefused {
        /// The transfer.
        id: TransferId,
        /// What the peer said.
        error: Box<ErrorPacket>,
    },
    /// Our unconditional transfer is paid.
    OutgoingTransferred {
        /// The transfer.
        id: TransferId,
        /// In the smallest unit.
        amount: u64,
    },
    /// The peer offers to pay us: fulfill it or reject it before it expires.
    IncomingPrepared {
        /// The transfer.
        transfer: Arc<Transfer>,
        /// Its protocol data, decoded.
        protocol_data: ProtocolData,
    },
    /// A transfer that we fulfilled is posted: the money is ours, and what it pays for can be delivered.
    IncomingFulfilled {
        /// The transfer.
        transfer: Arc<Transfer>,
    },
    /// An incoming transfer was rejected, and its money will not come.
    IncomingRejected {
        /// The transfer.
        transfer: Arc<Transfer>,
        /// By us, or by the host of the ledger because it expired there.
        by: Party,
        /// What went with the Reject, ours or the host's; an ILP error says why.
        protocol_data: ProtocolData,
    },
    /// An incoming transfer was not fulfilled in time, and its money will not come.
    IncomingExpired {
        /// The transfer.
        transfer: Arc<Transfer>,
    },
    /// The peer's ledger did not take our Fulfill: the money will not come.
    IncomingRefused {
        /// The transfer.
        transfer: Arc<Transfer>,
        /// What the peer said.
        error: Box<ErrorPacket>,
    },
    /// The peer paid us without a condition.
    IncomingTransferred {
        /// The transfer's id, where the peer gave it one.
        id: Option<TransferId>,
        /// In the smallest unit.
        amount: u64,
        /// What the peer sent with it.
        protocol_data: ProtocolData,
    },
    /// The peer sent something with its Response to our Prepare, Fulfill, Reject or Transfer, such as the claim of a payment
    /// channel. A Response without protocol data is no news of its own.
    TransferAnswered {
        /// The transfer.
        id: TransferId,
        /// What the peer sent.
        protocol_data: ProtocolData,
    },
    /// The peer asks the application something.
    Request {
        /// To answer with, once.
        token: RequestToken,
        /// Its first entry names the sub-protocol.
        protocol_data: ProtocolData,
    },
    /// The answer to a message of ours, or why there is none.
    Answered {
        /// The message.
        message: MessageId,
        /// What the peer answered.
        result: Result<ProtocolData, MessageFailure>,
    },
    /// The two ledgers may differ, and only the two who keep them can say what is right. Nothing was adjusted. Where the
    /// trustline cannot go on with that, it is [stopped](super::Session::dispute).
    Dispute(Dispute),
}

/// Why a message of ours got no good answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageFailure {
    /// The peer answered with an Error.
    Refused(Box<ErrorPacket>),
    /// It answered with something else than was asked for.
    Unreadable,
    /// It did not answer in time.
    Timeout,
    /// The connection was lost first.
    Disconnected,
}

impl fmt::Display for MessageFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => {
                write!(f, "the peer answered {} {}: {}", error.code, error.name, super::error_name::error_message(error))
            }
            Self::Unreadable => f.write_str("the peer's answer is not what was asked for"),
            Self::Timeout => f.write_str("the peer did not answer in time"),
            Self::Disconnected => f.write_str("the connection was lost before the peer answered"),
        }
    }
}

impl core::error::Error for MessageFailure {}

/// The right to answer one request of the peer, once. A token from a connection that is gone has no effect.
#[derive(Debug, PartialEq, Eq)]
pub struct RequestToken {
    pub(super) connection: ConnectionId,
    pub(super) request_id: u32,
}

/// Why a session gave a connection up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// The session was closed.
    Closed,
    /// The host refused our credentials.
    AuthenticationRefused,
    /// The host did not answer our authentication in time.
    AuthenticationTimeout,
    /// The peer did not answer a request about a transfer in time: it is sent again over the next connection.
    RequestTimeout,
    /// The peer broke a limit.
    Violation(crate::wire::DecodeError),
    /// The account has as many connections as it may.
    TooManyConnections,
    /// The two ledgers cannot both be right.
    Disputed,
    /// Both have dialed, or the peer has dialed again: another connection is kept.
    Replaced,
    /// The account is suspended.
    Suspended,
    /// The account has been removed.
    Removed,
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the session was closed"),
            Self::AuthenticationRefused => f.write_str("the peer refused our credentials"),
            Self::AuthenticationTimeout => f.write_str("the peer did not answer our authentication in time"),
            Self::RequestTimeout => f.write_str("the peer did not answer a request in time"),
            Self::Violation(error) => write!(f, "the peer broke a limit: {error}"),
            Self::TooManyConnections => f.write_str("the account has too many connections"),
            Self::Disputed => f.write_str("the two ledgers cannot both be right"),
            Self::Replaced => f.write_str("another connection of the two is kept"),
            Self::Suspended => f.write_str("the account is suspended"),
            Self::Removed => f.write_str("the account has been removed"),
        }
    }
}

/// A moment at which [`handle_timeout`](super::Session::handle_timeout) has something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// The moment.
    pub at: Timestamp,
    /// What is due then.
    pub reason: DeadlineReason,
}

/// Why there is a [`Deadline`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeadlineReason {
    /// A request of ours, or our authentication, must be answered by then.
    Answer(ConnectionId),
    /// A prepared transfer expires.
    Expiry,
    /// The peer does not tell how a transfer ended: ask it for its balance.
    Reconcile,
    /// What the peer could not take before is sent again.
    Retry,
    /// The payer of an outcome has not come for it in all this time.
    Orphan,
    /// Our ledger has changed since the peer was told how far it is.
    Position,
    /// A connection that another has replaced is closed: whatever was asked over it is answered, or given up.
    Replaced(ConnectionId),
    /// A session that is closing waits no longer.
    Close,
}
