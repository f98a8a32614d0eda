//! What carries a WebSocket.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use crate::applicant::PeerCertificate;
#[cfg(feature = "tls")]
use crate::tls::{ClientTls, HostTls, TlsError, TlsStream};

/// The stream under a WebSocket.
pub(crate) enum Transport<S> {
    /// As it is. What is known of the peer's certificate, the application said.
    Plain { stream: S, certificate: Option<PeerCertificate> },
    /// Encrypted.
    #[cfg(feature = "tls")]
    Tls(Box<TlsStream<S>>),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Transport<S> {
    /// Of a peer of whom nothing is known yet.
    pub(crate) fn plain(stream: S) -> Self {
        Self::Plain { stream, certificate: None }
    }

    /// To a host that must be the one of that name, if there is `tls`.
    #[cfg(feature = "tls")]
    pub(crate) fn dialed(stream: S, host: &str, tls: Option<&ClientTls>) -> Result<Self, TlsError> {
        Ok(match tls {
            Some(tls) => Self::Tls(Box::new(TlsStream::dialed(stream, host, tls)?)),
            None => Self::plain(stream),
        })
    }

    /// From a client, which may have to show who it is.
    #[cfg(feature = "tls")]
    pub(crate) fn accepted(stream: S, tls: &HostTls) -> Self {
        Self::Tls(Box::new(TlsStream::accepted(stream, tls)))
    }

    /// The certificate that the peer has shown and that was verified.
    pub(crate) fn peer_certificate(&self) -> Option<PeerCertificate> {
        match self {
            Self::Plain { certificate, .. } => certificate.clone(),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.peer_certificate(),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Transport<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain { stream, .. } => Pin::new(stream).poll_read(cx, buffer),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Transport<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain { stream, .. } => Pin::new(stream).poll_write(cx, bytes),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain { stream, .. } => Pin::new(stream).poll_flush(cx),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain { stream, .. } => Pin::new(stream).poll_close(cx),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => Pin::new(stream).poll_close(cx),
        }
    }
}
