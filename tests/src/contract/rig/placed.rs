//! A runtime whose connections come from where a case says.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use trustline_runtime::Runtime;

/// Another runtime, which tells an address of the case's choice for what it accepts.
#[derive(Clone, Debug, Default)]
pub struct Placed<R> {
    runtime: R,
    place: Arc<Mutex<Option<IpAddr>>>,
}

impl<R> Placed<R> {
    /// What is accepted from now on comes from there.
    pub fn at(&self, place: &str) {
        *self.place.lock().unwrap() = Some(place.parse().unwrap());
    }
}

impl<R: Runtime> Runtime for Placed<R> {
    type Stream = R::Stream;
    type Listener = R::Listener;
    type Sleep = R::Sleep;

    async fn connect(&self, host: &str, port: u16) -> io::Result<R::Stream> {
        self.runtime.connect(host, port).await
    }

    async fn listen(&self, address: SocketAddr) -> io::Result<R::Listener> {
        self.runtime.listen(address).await
    }

    fn local_address(&self, listener: &R::Listener) -> io::Result<SocketAddr> {
        self.runtime.local_address(listener)
    }

    async fn accept(&self, listener: &R::Listener) -> io::Result<(R::Stream, SocketAddr)> {
        let (stream, from) = self.runtime.accept(listener).await?;
        let place = self.place.lock().unwrap().unwrap_or(from.ip());
        Ok((stream, SocketAddr::new(place, from.port())))
    }

    fn sleep(&self, duration: Duration) -> R::Sleep {
        self.runtime.sleep(duration)
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(task);
    }

    fn spawn_blocking(&self, work: impl FnOnce() + Send + 'static) {
        self.runtime.spawn_blocking(work);
    }
}
