//! A way to connect that is not the runtime's.

use std::future::Future;
use std::io;
use std::pin::Pin;

use futures_io::{AsyncRead, AsyncWrite};

/// A stream of the application's own.
pub(crate) type OwnStream = Pin<Box<dyn Duplex>>;

pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send {}

impl<S: AsyncRead + AsyncWrite + Send> Duplex for S {}

type Connecting = Pin<Box<dyn Future<Output = io::Result<OwnStream>> + Send>>;

/// Connects once for each call.
pub(crate) struct Connector(Box<dyn Fn() -> Connecting + Send + Sync>);

impl Connector {
    pub(crate) fn new<S, F>(connect: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
        F: Future<Output = io::Result<S>> + Send + 'static,
    {
        Self(Box::new(move || {
            let connecting = connect();
            Box::pin(async move { Ok(Box::pin(connecting.await?) as OwnStream) })
        }))
    }

    pub(crate) fn connect(&self) -> Connecting {
        (self.0)()
    }
}
