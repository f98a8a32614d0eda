//! A connection that the application accepted itself.

use std::fmt;
use std::net::SocketAddr;

use bytes::Bytes;

use crate::applicant::PeerCertificate;
#[cfg(feature = "tls")]
use crate::tls::HostTls;

/// A connection that the application accepted itself, to be [handed to a host](crate::Host::accept): from a Unix socket,
/// a pipe in memory, its own HTTP server. Dropping a stream must end the connection, and closing it must leave what the
/// peer writes to be read, as [`Runtime::Stream`](crate::Runtime::Stream) says.
pub struct Accepted<S> {
    pub(crate) stream: S,
    pub(crate) opening: Opening,
    pub(crate) origin: Option<SocketAddr>,
    pub(crate) certificate: Option<PeerCertificate>,
}

/// What stands between the stream and the first frame.
#[derive(Clone)]
pub(crate) enum Opening {
    /// The WebSocket handshake.
    Handshake,
    /// The TLS handshake, and then that of the WebSocket.
    #[cfg(feature = "tls")]
    Tls(HostTls),
    /// Nothing. These bytes were read ahead.
    Upgraded(Bytes),
}

impl<S> Accepted<S> {
    /// A stream on which nothing was read yet: the client's WebSocket handshake comes next, and is answered.
    pub fn stream(stream: S) -> Self {
        Self::new(stream, Opening::Handshake)
    }

    /// A stream on which nothing was read yet: the TLS handshake comes next, with what `tls` holds now, and then the
    /// client's WebSocket handshake.
    #[cfg(feature = "tls")]
    pub fn tls_stream(stream: S, tls: HostTls) -> Self {
        Self::new(stream, Opening::Tls(tls))
    }

    /// A stream whose WebSocket handshake is done, by the application's own HTTP server. It must have granted neither a
    /// subprotocol nor an extension. `read_ahead` is what was read behind the client's handshake; often nothing.
    pub fn websocket(stream: S, read_ahead: impl Into<Bytes>) -> Self {
        Self::new(stream, Opening::Upgraded(read_ahead.into()))
    }

    /// Where it comes from, for the [authentication](crate::HostBuilder::authenticate) and the log.
    #[must_use]
    pub fn origin(mut self, origin: SocketAddr) -> Self {
        self.origin = Some(origin);
        self
    }

    /// The client's certificate, for the [authentication](crate::HostBuilder::authenticate), where the application ends
    /// the TLS connection itself and has verified it.
    #[must_use]
    pub fn certificate(mut self, certificate: PeerCertificate) -> Self {
        self.certificate = Some(certificate);
        self
    }

    pub(crate) fn new(stream: S, opening: Opening) -> Self {
        Self { stream, opening, origin: None, certificate: None }
    }
}

impl<S> fmt::Debug for Accepted<S> {
    /// Without what was read ahead, which may hold a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accepted").field("origin", &self.origin).field("certificate", &self.certificate).finish_non_exhaustive()
    }
}
