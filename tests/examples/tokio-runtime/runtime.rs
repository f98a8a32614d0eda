//! A runtime of one's own: tokio, as an application writes it for itself. It is all there is to do, for any runtime.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};
use trustline_runtime::Runtime;

/// The tokio runtime in whose context it is used.
///
/// It is a value that is cloned freely. A runtime that has to be passed around, rather than being there for every thread
/// that it runs, would be a field of it, and would be given to `Client::builder_on` and `Host::builder_on`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tokio;

impl Runtime for Tokio {
    // Streams have the traits of futures-io. Tokio has its own, and an adapter between the two, which also has the one
    // property that is not in the types: closing ends our direction only, as `shutdown` does.
    type Stream = Compat<TcpStream>;

    // Whatever connections come from; nothing is asked of it but that it can be sent to a task.
    type Listener = TcpListener;

    // Timers are polled in place, so they must be `Unpin`: one that is not, as tokio's, goes into a box.
    type Sleep = Pin<Box<tokio::time::Sleep>>;

    // A name is resolved, and each of its addresses tried in turn: `connect` of every runtime does that. Nagle's delay would
    // hold back the second of two small frames until the first was acknowledged.
    async fn connect(&self, host: &str, port: u16) -> io::Result<Self::Stream> {
        let stream = TcpStream::connect((host, port)).await?;
        stream.set_nodelay(true)?;
        Ok(stream.compat())
    }

    async fn listen(&self, address: SocketAddr) -> io::Result<TcpListener> {
        TcpListener::bind(address).await
    }

    // Port 0 was any free one: this tells which.
    fn local_address(&self, listener: &TcpListener) -> io::Result<SocketAddr> {
        listener.local_addr()
    }

    // Dropped when the host closes, between two connections or in the middle of one: it must not lose what it has not given
    // away, and tokio's `accept` says that it does not.
    async fn accept(&self, listener: &TcpListener) -> io::Result<(Self::Stream, SocketAddr)> {
        let (stream, from) = listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok((stream.compat(), from))
    }

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        Box::pin(tokio::time::sleep(duration))
    }

    // The task runs to its end although its handle is dropped, and may run on any thread.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(task);
    }
}
