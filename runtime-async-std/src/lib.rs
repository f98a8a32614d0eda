//! Trustlines under [async-std](https://docs.rs/async-std): BTP 1.0 over WebSockets.
//!
//! async-std is discontinued ([RUSTSEC-2025-0052](https://rustsec.org/advisories/RUSTSEC-2025-0052)): this is for
//! applications that already stand on it. New ones take `trustline-smol`, which has the same interface.
//!
//! A [`Client`] keeps a trustline with a peer that hosts the ledger, and pays over it:
//!
//! ```no_run
//! use trustline_async_std::core::Fulfillment;
//! use trustline_async_std::{Client, Payment};
//!
//! # async_std::task::block_on(async {
//! let client = Client::connect("btp+ws://alice:s3cr3t@localhost:9000/").await?;
//! let condition = Fulfillment::from([7; 32]).condition();
//! let paid = client.pay(Payment::new(10, condition)).await?;
//! println!("paid 10, and got {}", paid.fulfillment);
//! client.close().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! # Features
//!
//! None is on by default, and each only adds.
//!
//! | feature | what it adds |
//! |---|---|
//! | `sqlite` | the journal [`Sqlite`]: ledgers that outlive the process. SQLite is compiled in |
//! | `tls` | `btp+wss://`, by [`ClientTls`] and [`HostTls`], with the cryptography of ring |
//! | `prometheus` | [`prometheus`]: what is counted, as the text that Prometheus reads |

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(all(feature = "sqlite", feature = "tls", feature = "prometheus")), allow(rustdoc::broken_intra_doc_links))]
#![forbid(unsafe_code)]

use std::future::Future;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_std::io::{Read, Write};
use async_std::net::{TcpListener, TcpStream};
use async_std::task;
pub use trustline_runtime::{
    Accepted, Account, AccountMetrics, Admissions, Admitted, Appended, Applicant, BtpUrl, BtpUrlError, Commands, Committed, ConnectError,
    ConnectionLimits, Decision, Endings, Events, Fulfilled, Handler, Histogram, HostMeter, HostMetrics, Ignore, Journal, JournalError,
    Memory, OpenError, Payment, PaymentCounts, PaymentError, PeerCertificate, PeerError, RemoveError, RequestError, Runtime, Traffic,
    Watcher, core,
};

#[cfg(feature = "prometheus")]
pub use trustline_runtime::prometheus;

#[cfg(feature = "sqlite")]
pub use trustline_runtime::{Sqlite, SqliteBuilder};

#[cfg(feature = "tls")]
pub use trustline_runtime::{ClientCertificates, ClientTls, HostTls, TlsConfigError, TlsError};

/// A trustline on a ledger that the peer hosts; see [`trustline_runtime::Client`].
pub type Client = trustline_runtime::Client<AsyncStd>;
/// How a [`Client`] is built.
pub type ClientBuilder = trustline_runtime::ClientBuilder<AsyncStd>;
/// Hosts the ledgers of any number of accounts; see [`trustline_runtime::Host`].
pub type Host = trustline_runtime::Host<AsyncStd>;
/// How a [`Host`] is built.
pub type HostBuilder = trustline_runtime::HostBuilder<AsyncStd>;
/// One side of a trustline between equals; see [`trustline_runtime::Peer`].
pub type Peer = trustline_runtime::Peer<AsyncStd>;
/// How a [`Peer`] is built.
pub type PeerBuilder = trustline_runtime::PeerBuilder<AsyncStd>;

/// The async-std runtime: its sockets, its timer, and its global executor.
#[derive(Clone, Copy, Debug, Default)]
pub struct AsyncStd;

/// A TCP connection.
#[derive(Debug)]
pub struct Stream(TcpStream);

impl Runtime for AsyncStd {
    type Stream = Stream;
    type Listener = TcpListener;
    // Its own type has no name outside async-std.
    type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

    async fn connect(&self, host: &str, port: u16) -> io::Result<Stream> {
        let stream = TcpStream::connect((host, port)).await?;
        stream.set_nodelay(true)?;
        Ok(Stream(stream))
    }

    async fn listen(&self, address: SocketAddr) -> io::Result<TcpListener> {
        TcpListener::bind(address).await
    }

    fn local_address(&self, listener: &TcpListener) -> io::Result<SocketAddr> {
        listener.local_addr()
    }

    async fn accept(&self, listener: &TcpListener) -> io::Result<(Stream, SocketAddr)> {
        let (stream, from) = listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok((Stream(stream), from))
    }

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        Box::pin(task::sleep(duration))
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        task::spawn(work);
    }

    fn spawn_blocking(&self, work: impl FnOnce() + Send + 'static) {
        task::spawn_blocking(work);
    }
}

impl Read for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    /// Ends our side of the connection. To async-std's own stream, closing means nothing but flushing.
    fn poll_close(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.shutdown(Shutdown::Write))
    }
}
