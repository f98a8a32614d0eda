//! A stream that makes its TLS handshake when it is first used.
//!
//! So the handshake is driven by whoever drives the connection, under the deadline and the bounds that a connection has
//! anyway, and needs no phase of its own.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};
use futures_rustls::pki_types::ServerName;
use futures_rustls::{FallibleAccept, FallibleConnect, TlsStream as Established};

use super::{ClientTls, HostTls, TlsError};
use crate::applicant::PeerCertificate;

pub(crate) struct TlsStream<S>(State<S>);

enum State<S> {
    Dialed(FallibleConnect<Stream<S>>),
    Accepted(FallibleAccept<Stream<S>>),
    Established(Established<Stream<S>>),
    /// The client was told why; it may still be sending, and what is dropped with bytes unread is reset, which overtakes
    /// what it was told.
    Refused {
        stream: Stream<S>,
        error: Option<io::Error>,
    },
    /// The error was given.
    Failed,
}

/// Reads of what counts no more before other tasks get their turn.
const ROUNDS: usize = 16;

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream<S> {
    pub(crate) fn accepted(stream: S, tls: &HostTls) -> Self {
        Self(State::Accepted(tls.acceptor().accept(Stream(stream)).into_fallible()))
    }

    /// `host`: a name or an address, an IPv6 address without its brackets.
    pub(crate) fn dialed(stream: S, host: &str, tls: &ClientTls) -> Result<Self, TlsError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| TlsError::InvalidName)?;
        Ok(Self(State::Dialed(tls.connector().connect(name, Stream(stream)).into_fallible())))
    }

    /// What the client has shown and rustls has verified.
    pub(crate) fn peer_certificate(&self) -> Option<PeerCertificate> {
        let State::Established(stream) = &self.0 else { return None };
        let (_, session) = stream.get_ref();
        session.peer_certificates()?.first().map(|der| PeerCertificate::from_verified_der(der))
    }

    /// The stream, once the handshake is done.
    fn poll_established(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Pin<&mut Established<Stream<S>>>>> {
        match &mut self.0 {
            State::Dialed(handshake) => match ready!(Pin::new(handshake).poll(cx)) {
                Ok(stream) => self.0 = State::Established(stream.into()),
                Err((error, _)) => {
                    self.0 = State::Failed;
                    return Poll::Ready(Err(error));
                }
            },
            State::Accepted(handshake) => match ready!(Pin::new(handshake).poll(cx)) {
                Ok(stream) => self.0 = State::Established(stream.into()),
                Err((error, stream)) => self.0 = State::Refused { stream, error: Some(error) },
            },
            State::Established(_) | State::Refused { .. } | State::Failed => {}
        }
        match &mut self.0 {
            State::Established(stream) => Poll::Ready(Ok(Pin::new(stream))),
            State::Refused { stream, error } => {
                ready!(poll_end(stream, cx));
                Poll::Ready(Err(error.take().unwrap_or_else(|| io::ErrorKind::NotConnected.into())))
            }
            _ => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

/// Ready when the peer, who is shown that we are done, is done too. For whoever takes too long, the connection has its
/// deadline.
fn poll_end(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), cx: &mut Context<'_>) -> Poll<()> {
    let _ = Pin::new(&mut *stream).poll_close(cx);
    for _ in 0..ROUNDS {
        if let Ok(0) | Err(_) = ready!(Pin::new(&mut *stream).poll_read(cx, &mut [0; 1024])) {
            return Poll::Ready(());
        }
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for TlsStream<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        ready!(self.get_mut().poll_established(cx))?.poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TlsStream<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.get_mut().poll_established(cx))?.poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.get_mut().poll_established(cx))?.poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            State::Established(stream) => Pin::new(stream).poll_close(cx),
            // Nothing was said that could have an end.
            _ => Poll::Ready(Ok(())),
        }
    }
}

/// A stream to which a write of nothing is an error. Futures-rustls would try it again for ever, when the other end of a pipe
/// is gone.
struct Stream<S>(S);

impl<S: AsyncRead + Unpin> AsyncRead for Stream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes).map(something)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, bytes).map(something)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_close(cx)
    }
}

/// Rustls never writes nothing.
fn something(written: io::Result<usize>) -> io::Result<usize> {
    match written {
        Ok(0) => Err(io::ErrorKind::WriteZero.into()),
        written => written,
    }
}
