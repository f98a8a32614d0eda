//! The task that keeps a connection up.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_channel::oneshot;
use futures_io::{AsyncRead, AsyncWrite};
use futures_util::future::{Either, select};
use tracing::Instrument;
use trustline_core::session::DisconnectReason;

use crate::account::Account;
use crate::backoff::Backoff;
use crate::clock;
use crate::connect_error::ConnectError;
use crate::connection::{Connection, Stage};
use crate::connector::Connector;
use crate::limits::ConnectionLimits;
use crate::notify::Notify;
use crate::outbox::Outbox;
use crate::runtime::Runtime;
#[cfg(feature = "tls")]
use crate::tls::ClientTls;
use crate::transport::Transport;
use crate::url::BtpUrl;
use crate::waiters::Connected;
use crate::websocket::{WebSocket, WebSocketLimits};

/// Until when a connection is kept up.
#[derive(Debug, Default)]
pub(crate) struct KeepUp {
    stop: AtomicBool,
    /// Interrupts an attempt, and the pause between two.
    wake: Notify,
}

impl KeepUp {
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.wake.notify();
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }
}

/// Hears how the first attempt to connect ended.
pub(crate) type FirstAttempt = oneshot::Sender<Result<(), ConnectError>>;

/// Keeps one connection up.
pub(crate) struct Dialer<R: Runtime> {
    pub(crate) runtime: R,
    pub(crate) url: BtpUrl,
    /// Instead of the runtime's way to connect.
    pub(crate) connector: Option<Connector>,
    /// Where the URL wants it.
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<ClientTls>,
    pub(crate) account: Account,
    pub(crate) keep_up: Arc<KeepUp>,
    pub(crate) limits: ConnectionLimits,
    pub(crate) websocket_limits: WebSocketLimits,
    /// Who waits for the first attempt, if anybody does.
    pub(crate) first: Option<FirstAttempt>,
}

impl<R: Runtime> Dialer<R> {
    pub(crate) async fn run(self) {
        let name = self.account.name();
        let span = tracing::info_span!(parent: None, "connection", host = self.url.host(), port = self.url.port(), account = name);
        self.keep_up().instrument(span).await;
    }

    async fn keep_up(mut self) {
        let mut backoff = Backoff::new();
        let mut pause = Duration::ZERO;
        loop {
            // An equal's own connection may do as well.
            self.unless_stopped(self.account.disconnected()).await;
            self.unless_stopped(self.runtime.sleep(pause)).await;
            if self.keep_up.is_stopped() || self.account.failure().is_some() || self.account.dispute().is_some() {
                return;
            }
            if self.account.is_connected() {
                continue;
            }
            let result = self.dial_once(&mut backoff).await;
            if let Some(first) = self.first.take() {
                // The first attempt failed before it was connected: whoever waits for it decides.
                let _ = first.send(Err(result.err().unwrap_or(ConnectError::Closed)));
                return;
            }
            if self.keep_up.is_stopped() {
                return;
            }
            if self.account.is_connected() {
                // The peer has dialed too, and its connection is kept: that is no failure.
                backoff = Backoff::new();
                pause = backoff.next();
            } else {
                pause = backoff.next();
                let error = result.err().map(tracing::field::display);
                tracing::info!(?pause, error, "not connected; dialing again");
            }
        }
    }

    async fn unless_stopped(&self, future: impl Future) {
        select(pin!(future), pin!(self.keep_up.wake.notified())).await;
    }

    /// Dials, and drives the connection to its end. `Err`: it never came to be.
    async fn dial_once(&mut self, backoff: &mut Backoff) -> Result<(), ConnectError> {
        if let Some(connector) = &self.connector {
            let stream = self.in_time(connector.connect()).await?;
            self.drive(stream, backoff).await
        } else {
            let stream = self.in_time(self.runtime.connect(self.url.host(), self.url.port())).await?;
            self.drive(stream, backoff).await
        }
    }

    /// Drives a connection to its end. `Err`: it never came to be.
    async fn drive<S: AsyncRead + AsyncWrite + Unpin>(&mut self, stream: S, backoff: &mut Backoff) -> Result<(), ConnectError> {
        #[cfg(feature = "tls")]
        let transport = Transport::dialed(stream, self.url.host(), self.tls.as_ref()).map_err(ConnectError::Tls)?;
        #[cfg(not(feature = "tls"))]
        let transport = Transport::plain(stream);
        let websocket = WebSocket::client(&self.url.host_header(), self.url.path(), self.websocket_limits);
        let websocket = websocket.map_err(ConnectError::WebSocket)?;
        let outbox = Outbox::new();
        let (id, mut connected) = self.account.with(|state, _| {
            state.worked = false;
            let id = state.open(outbox.clone());
            (id, state.waiters.connected(id))
        });
        let stage = Stage::Joined { account: self.account.clone(), id };
        let connection = Connection::new(
            self.runtime.clone(),
            transport,
            websocket,
            stage,
            outbox.clone(),
            self.limits.clone(),
            self.limits.dial_timeout,
        );

        let mut run = pin!(connection.run());
        let keep_up = self.keep_up.clone();
        let stopped = pin!(keep_up.wake.notified());
        let (told, ended) = match select(&mut run, select(&mut connected, stopped)).await {
            // What was told before the connection ended says more than how it ended.
            Either::Left((ended, _)) => (connected.try_recv().ok().flatten(), Some(ended)),
            Either::Right((Either::Left((told, _)), _)) => (told.ok(), None),
            Either::Right((Either::Right(_), _)) => {
                // There is nothing yet that would be worth waiting for.
                outbox.close(DisconnectReason::Closed);
                outbox.wake();
                (None, None)
            }
        };
        let since = clock::now();
        if let Some(Connected::Ready) = told {
            self.connected();
        }
        let ended = match ended {
            Some(ended) => ended,
            None => run.await,
        };
        match told {
            Some(Connected::Ready) => {
                backoff.connected(clock::now().saturating_since(since), self.account.shared.lock().worked);
                Ok(())
            }
            Some(Connected::Refused(error)) => Err(ConnectError::Refused(error)),
            Some(Connected::Disputed(dispute)) => Err(ConnectError::Disputed(dispute)),
            None => Err(ConnectError::from(ended)),
        }
    }

    /// What the dialing gives, unless it takes too long or the client is stopped.
    async fn in_time<S>(&self, dialing: impl Future<Output = io::Result<S>>) -> Result<S, ConnectError> {
        let dialing = pin!(dialing);
        let timeout = self.runtime.sleep(self.limits.dial_timeout);
        let stopped = pin!(self.keep_up.wake.notified());
        match select(dialing, select(timeout, stopped)).await {
            Either::Left((stream, _)) => stream.map_err(|error| ConnectError::Dial(Arc::new(error))),
            Either::Right((Either::Left(_), _)) => Err(ConnectError::Timeout),
            Either::Right((Either::Right(_), _)) => Err(ConnectError::Closed),
        }
    }

    fn connected(&mut self) {
        if let Some(first) = self.first.take() {
            let _ = first.send(Ok(()));
        }
    }
}
