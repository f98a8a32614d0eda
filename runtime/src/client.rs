//! The side that dials: one trustline, whose connection is kept up.

use std::fmt;
use std::future::Future;
use std::io;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use futures_channel::oneshot;
use futures_io::{AsyncRead, AsyncWrite};
use trustline_core::Limits;
use trustline_core::ledger::{Authority, Bounds};
use trustline_core::session::{Credentials, SessionConfig};
use trustline_core::wire::Entry;

use crate::account::Account;
use crate::alarm::Alarm;
use crate::connect_error::ConnectError;
use crate::connector::Connector;
use crate::dialer::{Dialer, FirstAttempt, KeepUp};
use crate::events::{Events, Inbox};
use crate::handler::{Handler, Ignore};
use crate::journal::{Journal, JournalError, Memory};
use crate::limits::{ConnectionLimits, websocket_limits};
use crate::opening::open_session;
use crate::runtime::Runtime;
use crate::timekeeper::Timekeeper;
#[cfg(feature = "tls")]
use crate::tls::ClientTls;
use crate::url::BtpUrl;

/// A trustline on a ledger that the peer hosts. A lost connection is dialed again, with growing pauses, until the client
/// is [closed](Self::close) or dropped. By `Deref` it is its [`Account`]: pay, ask, look.
pub struct Client<R: Runtime> {
    account: Account,
    alarm: Arc<Alarm>,
    keep_up: Arc<KeepUp>,
    ended: oneshot::Receiver<()>,
    runtime: PhantomData<R>,
}

/// How a [`Client`] is built.
pub struct ClientBuilder<R: Runtime> {
    runtime: R,
    url: String,
    connector: Option<Connector>,
    #[cfg(feature = "tls")]
    tls: Option<ClientTls>,
    handler: Box<dyn Handler>,
    journal: Arc<dyn Journal>,
    journal_name: Option<String>,
    bounds: Bounds,
    limits: Limits,
    connection_limits: ConnectionLimits,
    protocols: Vec<String>,
    authentication: Vec<Entry>,
    account_is_exclusive: bool,
}

impl<R: Runtime + Default> Client<R> {
    /// Connects to `btp+ws://[username]:[token]@host[:port][/path]`, or `btp+wss` for TLS (feature `tls`), authenticates
    /// and asks what ledger it is. The ledger is kept in memory; incoming transfers are left to expire.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Self::builder(url).connect().await
    }

    /// What [`connect`](Self::connect) leaves at its default can be set first.
    pub fn builder(url: &str) -> ClientBuilder<R> {
        Self::builder_on(R::default(), url)
    }
}

impl<R: Runtime> Client<R> {
    /// [`builder`](Self::builder) for a runtime that has to be given.
    pub fn builder_on(runtime: R, url: &str) -> ClientBuilder<R> {
        ClientBuilder::new(runtime, url)
    }

    /// Waits until the client's journal fails, and says why. The client has stopped then: close it, and end the process
    /// or whatever else hangs on it. What is on the disk holds, and goes on when it is opened again.
    pub async fn failed(&self) -> JournalError {
        self.alarm.rung().await
    }

    /// Takes on nothing new, waits until what was sent is answered, for at most the request timeout, and closes the
    /// connection.
    pub async fn close(mut self) {
        self.stop();
        let _ = (&mut self.ended).await;
    }

    fn stop(&self) {
        self.keep_up.stop();
        self.account.begin_close();
    }
}

impl<R: Runtime> Deref for Client<R> {
    type Target = Account;

    fn deref(&self) -> &Account {
        &self.account
    }
}

impl<R: Runtime> Drop for Client<R> {
    fn drop(&mut self) {
        self.stop();
    }
}

impl<R: Runtime> ClientBuilder<R> {
    fn new(runtime: R, url: &str) -> Self {
        Self {
            runtime,
            url: url.to_owned(),
            connector: None,
            #[cfg(feature = "tls")]
            tls: None,
            handler: Box::new(Ignore),
            journal: Arc::new(Memory),
            journal_name: None,
            bounds: Bounds::UNBOUNDED,
            limits: Limits::default(),
            connection_limits: ConnectionLimits::default(),
            protocols: Vec::new(),
            authentication: Vec::new(),
            account_is_exclusive: false,
        }
    }

    /// Connects by this, once for each attempt, instead of dialing the URL's host and port: over a Unix socket, a pipe in
    /// memory, a proxy. All else is as the URL says, and so is the name under which the ledger is kept.
    #[must_use]
    pub fn connector<S, F>(mut self, connect: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
        F: Future<Output = io::Result<S>> + Send + 'static,
    {
        self.connector = Some(Connector::new(connect));
        self
    }

    /// What to trust and to show where the URL is of `btp+wss`. The default trusts the system's roots, as the first such
    /// client of the process finds them, and has no certificate.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: ClientTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// What to do with events and incoming transfers. The default drops the events.
    #[must_use]
    pub fn handler(mut self, handler: impl Handler) -> Self {
        self.handler = Box::new(handler);
        self
    }

    /// Where the ledger is kept, and under which name.
    #[must_use]
    pub fn journal(mut self, journal: Arc<dyn Journal>, name: &str) -> Self {
        self.journal = journal;
        self.journal_name = Some(name.to_owned());
        self
    }

    /// Our own bounds on the balance, beside those of the host. The default has none.
    #[must_use]
    pub fn bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// Bounds on the peer.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Bounds on the connection.
    #[must_use]
    pub fn connection_limits(mut self, limits: ConnectionLimits) -> Self {
        self.connection_limits = limits;
        self
    }

    /// Requests under this name go to the handler, as those of `ilp` and `custom` do.
    #[must_use]
    pub fn protocol(mut self, name: &str) -> Self {
        self.protocols.push(name.to_owned());
        self
    }

    /// Sends another entry with the authentication.
    #[must_use]
    pub fn authentication_entry(mut self, entry: Entry) -> Self {
        self.authentication.push(entry);
        self
    }

    /// Nobody but this client moves money on the account, so that the host's balance must be ours. A host of our kind is
    /// compared in any case; this lets one of another kind be compared by its balance, on each connection. The default is
    /// that others may share the account.
    #[must_use]
    pub fn exclusive_account(mut self) -> Self {
        self.account_is_exclusive = true;
        self
    }

    /// Connects, and delivers the events as a stream instead of to a handler.
    pub async fn connect_with_events(self) -> Result<(Client<R>, Events), ConnectError> {
        let (inbox, events) = Inbox::new();
        Ok((self.connect_to(Some(inbox)).await?, events))
    }

    /// Connects, authenticates and asks what ledger it is. What fails at first is an error; what fails later is tried
    /// again.
    pub async fn connect(self) -> Result<Client<R>, ConnectError> {
        self.connect_to(None).await
    }

    /// Starts as [`start`](Self::start) does, and delivers the events as a stream instead of to a handler.
    pub fn start_with_events(self) -> Result<(Client<R>, Events), ConnectError> {
        let (inbox, events) = Inbox::new();
        Ok((self.begin(Some(inbox), None)?, events))
    }

    /// Starts, without waiting for the host, which need not be there yet: what fails is tried again from the first
    /// attempt on, with growing pauses. What the journal left in doubt is asked as soon as the host is there. Until then
    /// nothing new is sent: [`pay`](Account::pay) ends as not sent. The events
    /// [`Connected`](trustline_core::session::Event::Connected) and
    /// [`AuthenticationRefused`](trustline_core::session::Event::AuthenticationRefused) tell how it goes.
    ///
    /// Errors are [`ConnectError::Url`], [`ConnectError::Journal`] and those of the files for TLS, which no waiting mends.
    pub fn start(self) -> Result<Client<R>, ConnectError> {
        self.begin(None, None)
    }

    async fn connect_to(self, inbox: Option<Arc<Inbox>>) -> Result<Client<R>, ConnectError> {
        let (tell_first, first) = oneshot::channel();
        let client = self.begin(inbox, Some(tell_first))?;
        match first.await {
            Ok(Ok(())) => Ok(client),
            Ok(Err(error)) => Err(error),
            Err(oneshot::Canceled) => Err(ConnectError::Closed),
        }
    }

    /// If somebody waits for the first attempt, it is the last one where it fails.
    fn begin(self, inbox: Option<Arc<Inbox>>, first: Option<FirstAttempt>) -> Result<Client<R>, ConnectError> {
        let url: BtpUrl = self.url.parse().map_err(ConnectError::Url)?;
        #[cfg(not(feature = "tls"))]
        if url.is_encrypted() {
            return Err(ConnectError::NoTls);
        }
        #[cfg(feature = "tls")]
        let tls = ClientTls::for_url(&url, self.tls).map_err(ConnectError::TlsConfig)?;
        let mut config = SessionConfig::new(Authority::Theirs);
        config.bounds = self.bounds;
        let websocket_limits = websocket_limits(&self.limits);
        config.limits = self.limits;
        config.protocols.extend(self.protocols);
        config.hash_seed = crate::random::hash_seed();
        config.account_is_exclusive = self.account_is_exclusive;
        config.credentials = Credentials {
            username: url.username().to_owned(),
            token: url.token().clone(),
            protocol_data: self.authentication.into_iter().collect(),
        };
        let name = self.journal_name.unwrap_or_else(|| format!("{}@{}:{}", url.username(), url.host(), url.port()));
        let session = open_session(&*self.journal, &name, config).map_err(ConnectError::Journal)?;

        let (timekeeper, alarm) = (Timekeeper::start(&self.runtime), Arc::<Alarm>::default());
        let account = match &inbox {
            Some(inbox) => inbox.account(|handler| Account::new(name, session, handler, self.journal, timekeeper.clone(), alarm.clone())),
            None => Account::new(name, session, self.handler, self.journal, timekeeper.clone(), alarm.clone()),
        };
        account.start();
        let keep_up = Arc::new(KeepUp::default());
        let (tell_ended, ended) = oneshot::channel();
        let dialer = Dialer {
            runtime: self.runtime.clone(),
            url,
            connector: self.connector,
            #[cfg(feature = "tls")]
            tls,
            account: account.clone(),
            keep_up: keep_up.clone(),
            limits: self.connection_limits,
            websocket_limits,
            first,
        };
        let last = account.clone();
        self.runtime.spawn(async move {
            dialer.run().await;
            timekeeper.stop();
            last.give_up();
            if let Some(inbox) = inbox {
                inbox.close();
            }
            let _ = tell_ended.send(());
        });
        Ok(Client { account, alarm, keep_up, ended, runtime: PhantomData })
    }
}

impl<R: Runtime> fmt::Debug for Client<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("account", &self.account).finish_non_exhaustive()
    }
}

impl<R: Runtime> fmt::Debug for ClientBuilder<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").finish_non_exhaustive()
    }
}
