//! Trustlines under [smol](https://docs.rs/smol): BTP 1.0 over WebSockets.
//!
//! A [`Client`] keeps a trustline with a peer that hosts the ledger, and pays over it:
//!
//! ```no_run
//! use trustline_smol::core::Fulfillment;
//! use trustline_smol::{Client, Payment};
//!
//! # smol::block_on(async {
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
use std::net::SocketAddr;
use std::time::Duration;

use smol::net::{TcpListener, TcpStream};
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
pub type Client = trustline_runtime::Client<Smol>;
/// How a [`Client`] is built.
pub type ClientBuilder = trustline_runtime::ClientBuilder<Smol>;
/// Hosts the ledgers of any number of accounts; see [`trustline_runtime::Host`].
pub type Host = trustline_runtime::Host<Smol>;
/// How a [`Host`] is built.
pub type HostBuilder = trustline_runtime::HostBuilder<Smol>;
/// One side of a trustline between equals; see [`trustline_runtime::Peer`].
pub type Peer = trustline_runtime::Peer<Smol>;
/// How a [`Peer`] is built.
pub type PeerBuilder = trustline_runtime::PeerBuilder<Smol>;

/// The smol runtime: its sockets, its timer, and its global executor.
#[derive(Clone, Copy, Debug, Default)]
pub struct Smol;

impl Runtime for Smol {
    type Stream = TcpStream;
    type Listener = TcpListener;
    type Sleep = smol::Timer;

    async fn connect(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        let stream = TcpStream::connect((host, port)).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn listen(&self, address: SocketAddr) -> io::Result<TcpListener> {
        TcpListener::bind(address).await
    }

    fn local_address(&self, listener: &TcpListener) -> io::Result<SocketAddr> {
        listener.local_addr()
    }

    async fn accept(&self, listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, from) = listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok((stream, from))
    }

    fn sleep(&self, duration: Duration) -> smol::Timer {
        smol::Timer::after(duration)
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        smol::spawn(task).detach();
    }

    fn spawn_blocking(&self, work: impl FnOnce() + Send + 'static) {
        smol::unblock(work).detach();
    }
}
