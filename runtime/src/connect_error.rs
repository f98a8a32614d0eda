//! Why a client could not connect.

use std::fmt;
use std::io;
use std::sync::Arc;

use trustline_core::session::{DisconnectReason, Dispute, error_message};
use trustline_core::wire::ErrorPacket;

use crate::ended::Ended;
use crate::journal::JournalError;
#[cfg(feature = "tls")]
use crate::tls::{TlsConfigError, TlsError};
use crate::url::BtpUrlError;
use crate::websocket::WebSocketError;

/// Why a client could not connect.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL is not one.
    Url(BtpUrlError),
    /// The journal could not be read.
    Journal(JournalError),
    /// Nothing answered at the address.
    Dial(Arc<io::Error>),
    /// The URL is of `btp+wss`, and the feature `tls` is not compiled in.
    NoTls,
    /// There are no certificates to dial `btp+wss` with.
    #[cfg(feature = "tls")]
    TlsConfig(TlsConfigError),
    /// There is no TLS connection with what answered.
    #[cfg(feature = "tls")]
    Tls(TlsError),
    /// What answered did not answer in time.
    Timeout,
    /// What answered speaks no WebSocket.
    WebSocket(WebSocketError),
    /// The host did not let us in: the username or token is wrong, or, if the code begins with T, it cannot for now.
    Refused(Box<ErrorPacket>),
    /// Our ledger and the host's cannot both be right: an older backup was put in the place of one of them.
    Disputed(Dispute),
    /// The host closed the connection before it answered the authentication.
    Closed,
}

impl From<Ended> for ConnectError {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::WebSocket(WebSocketError::Cut) => Self::Closed,
            Ended::WebSocket(error) => Self::WebSocket(error),
            Ended::Stream(error) => Self::from_stream(error),
            Ended::NotOpened | Ended::Dead | Ended::GivenUp(DisconnectReason::AuthenticationTimeout) => Self::Timeout,
            Ended::Closed | Ended::GivenUp(_) | Ended::SlowReader => Self::Closed,
        }
    }
}

impl ConnectError {
    fn from_stream(error: io::Error) -> Self {
        #[cfg(feature = "tls")]
        if let Some(error) = TlsError::of(&error) {
            return Self::Tls(error);
        }
        match error.kind() {
            // With TLS a stream that ends without a word is an error of its own.
            io::ErrorKind::UnexpectedEof => Self::Closed,
            _ => Self::Dial(Arc::new(error)),
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(error) => error.fmt(f),
            Self::Journal(error) => error.fmt(f),
            Self::Dial(error) => write!(f, "cannot connect: {error}"),
            Self::NoTls => f.write_str("btp+wss:// needs the feature tls"),
            #[cfg(feature = "tls")]
            Self::TlsConfig(error) => error.fmt(f),
            #[cfg(feature = "tls")]
            Self::Tls(error) => error.fmt(f),
            Self::Timeout => f.write_str("the host did not answer in time"),
            Self::WebSocket(error) => write!(f, "the WebSocket failed: {error}"),
            Self::Refused(error) => {
                write!(f, "the host did not let us in: {} {}: {}", error.code, error.name, error_message(error))
            }
            Self::Disputed(dispute) => dispute.fmt(f),
            Self::Closed => f.write_str("the host closed the connection before it answered the authentication"),
        }
    }
}

impl std::error::Error for ConnectError {}
