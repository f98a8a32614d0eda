//! What an async runtime has to offer: sockets, a timer, tasks. An adapter is one implementation of [`Runtime`].

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_io::{AsyncRead, AsyncWrite};

/// An async runtime, as a value that is cheap to clone. It makes no decision: everything that is more than a socket, a
/// timer or a task is written once, in this crate.
///
/// # Bring your own runtime
///
/// An application that stands on a runtime without an adapter writes this for itself: some forty lines. The repository has
/// it for tokio, line by line, in an application that pays and is paid: `tests/examples/tokio-runtime`. What the types do
/// not say:
///
/// * Streams have the traits of futures-io, as those of smol and async-std do; for tokio's own, `tokio_util::compat` does
///   the rest.
/// * Futures of [`connect`](Self::connect) and [`accept`](Self::accept) are dropped when they take too long or the host
///   closes. What they had not given away yet must not be lost with them, nor stay open.
/// * A spawned task runs to its end whether or not its handle is kept, on any thread.
/// * Methods are called from tasks of the runtime itself, and from where a client or host is built or handed a connection.
///   Where a runtime is found through its context (tokio), that is a place inside of it.
/// * With [`Default`], `Client::connect` and `Host::builder` need not be given the value; without, there are
///   [`Client::builder_on`](crate::Client::builder_on) and [`Host::builder_on`](crate::Host::builder_on).
///
/// Whoever wants to know that nothing was forgotten runs the suite that every adapter must pass, `contract!` of
/// `trustline-tests`, as `tests/tests/contract_tokio.rs` does.
pub trait Runtime: Clone + Send + Sync + 'static {
    /// A connected stream of bytes. Closing it ends what we write, and leaves what the peer writes to be read, as TCP's
    /// `shutdown` of one direction does.
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;
    /// A listening socket.
    type Listener: Send + Sync + 'static;
    /// A future that is ready when its time has come.
    type Sleep: Future + Send + Unpin + 'static;

    /// Resolves the host's name and connects to the first address that answers, without Nagle's delay.
    fn connect(&self, host: &str, port: u16) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// Listens on `address`; port 0 is any free one.
    fn listen(&self, address: SocketAddr) -> impl Future<Output = io::Result<Self::Listener>> + Send;

    /// The address that a listener has.
    fn local_address(&self, listener: &Self::Listener) -> io::Result<SocketAddr>;

    /// The next connection, without Nagle's delay, and where it comes from.
    fn accept(&self, listener: &Self::Listener) -> impl Future<Output = io::Result<(Self::Stream, SocketAddr)>> + Send;

    /// Ready after `duration`.
    fn sleep(&self, duration: Duration) -> Self::Sleep;

    /// Runs a task to its end, whether or not anyone waits for it.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static);

    /// Runs work that may block, where it holds up no task: a journal that loads an account. The default has a thread for each.
    fn spawn_blocking(&self, work: impl FnOnce() + Send + 'static) {
        // Where there is no thread to be had, the work is dropped; whoever waits for it sees that.
        if let Err(error) = std::thread::Builder::new().name("trustline-work".to_owned()).spawn(work) {
            tracing::error!(%error, "cannot start a thread");
        }
    }
}
