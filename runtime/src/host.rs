//! The side that listens: the ledgers of many accounts.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use futures_io::{AsyncRead, AsyncWrite};
use trustline_core::Limits;
use trustline_core::ledger::{Authority, Bounds};
use trustline_core::session::{LedgerInfo, SessionConfig, Token};

use crate::accepted::{Accepted, Opening};
use crate::account::Account;
use crate::applicant::Applicant;
use crate::directory::Directory;
use crate::events::{Events, Inbox};
use crate::handler::{Handler, Ignore};
use crate::hosting::{self, Admitted, Authenticate, HandlerFor, Hosting};
use crate::journal::{Journal, JournalError, Memory};
use crate::limits::ConnectionLimits;
use crate::runtime::Runtime;
use crate::timekeeper::Timekeeper;
#[cfg(feature = "tls")]
use crate::tls::HostTls;

/// Hosts the ledgers of any number of accounts, each with any number of connections.
///
/// Money flows both ways: an [`Account`] of a host [pays](Account::pay), [transfers](Account::transfer) and
/// [asks](Account::request) as a [`Client`](crate::Client) does, for refunds and rewards. Its own `minimum` bounds how far
/// it may owe its customer, and the customer's `maximum` how much that one takes.
///
/// Several processes may share an account, as all customers of the tutorial's shop do. They can pay, each for itself, but
/// *do not pay them*: a payment of the host goes to whoever has connected last, which the host cannot choose, and if its
/// connection is lost before the answer, to another, for whom it is a new payment. If both fulfill it, the host has paid
/// once, and each of the two believes that it was paid. An account of which the host pays must be one process's alone.
pub struct Host<R: Runtime> {
    pub(crate) hosting: Arc<Hosting>,
    address: SocketAddr,
    pub(crate) runtime: R,
}

/// How a [`Host`] is built.
pub struct HostBuilder<R: Runtime> {
    runtime: R,
    config: SessionConfig,
    connection_limits: ConnectionLimits,
    journal: Arc<dyn Journal>,
    authenticate: Authenticate,
    directory: Directory,
    handler: HandlerFor,
    opening: Opening,
}

impl<R: Runtime> HostBuilder<R> {
    fn new(runtime: R, info: LedgerInfo) -> Self {
        let mut config = SessionConfig::new(Authority::Ours);
        config.info = Some(info);
        Self {
            runtime,
            config,
            connection_limits: ConnectionLimits::default(),
            journal: Arc::new(Memory),
            authenticate: Box::new(|_| None),
            directory: Directory::default(),
            handler: Box::new(|_| Box::new(Ignore)),
            opening: Opening::Handshake,
        }
    }

    /// Adds an account, which is named like its user.
    #[must_use]
    pub fn account(mut self, username: &str, token: impl Into<Token>) -> Self {
        self.directory.add(username, token.into());
        self
    }

    /// Decides who may join which account, where [`account`](Self::account) knows no such user. An [`Applicant`] is what
    /// the client shows, and what is known of its connection. Compare secrets with [`Token::matches`], which takes as long
    /// for a wrong one as for a right one.
    #[must_use]
    pub fn authenticate(mut self, authenticate: impl Fn(&Applicant) -> Option<Admitted> + Send + Sync + 'static) -> Self {
        self.authenticate = Box::new(authenticate);
        self
    }

    /// Makes the handler of an account, given its name. The default drops events, and so fulfills nothing.
    #[must_use]
    pub fn handler<H: Handler>(mut self, handler: impl Fn(&str) -> H + Send + Sync + 'static) -> Self {
        self.handler = Box::new(move |account| Box::new(handler(account)));
        self
    }

    /// Where the ledgers are kept. The default keeps them in memory.
    #[must_use]
    pub fn journal(mut self, journal: Arc<dyn Journal>) -> Self {
        self.journal = journal;
        self
    }

    /// The bounds on a new account's balance, seen from the host: `maximum` is how much a customer may pay in advance
    /// of what is settled otherwise. The default is none.
    #[must_use]
    pub fn bounds(mut self, bounds: Bounds) -> Self {
        self.config.bounds = bounds;
        self
    }

    /// Bounds on each peer.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.config.limits = limits;
        self
    }

    /// Bounds on connections.
    #[must_use]
    pub fn connection_limits(mut self, limits: ConnectionLimits) -> Self {
        self.connection_limits = limits;
        self
    }

    /// Requests under this name go to the handler, as those of `ilp` and `custom` do.
    #[must_use]
    pub fn protocol(mut self, name: &str) -> Self {
        self.config.protocols.insert(name.to_owned());
        self
    }

    /// Listens for `btp+wss`, and no longer for `btp+ws`.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: HostTls) -> Self {
        self.opening = Opening::Tls(tls);
        self
    }

    /// Listens, and delivers the events of all accounts as a stream instead of to handlers.
    pub async fn listen_with_events(self, address: SocketAddr) -> io::Result<(Host<R>, Events)> {
        let (inbox, events) = Inbox::new();
        Ok((self.listen_on(address, Some(inbox)).await?, events))
    }

    /// Listens on an address; port 0 is any free one.
    pub async fn listen(self, address: SocketAddr) -> io::Result<Host<R>> {
        self.listen_on(address, None).await
    }

    /// Starts without a listener, and delivers the events of all accounts as a stream instead of to handlers.
    pub fn start_with_events(self) -> (Host<R>, Events) {
        let (inbox, events) = Inbox::new();
        (self.start_with(Some(inbox)), events)
    }

    /// Starts without a listener: connections are [handed to it](Host::accept).
    pub fn start(self) -> Host<R> {
        self.start_with(None)
    }

    async fn listen_on(self, address: SocketAddr, inbox: Option<Arc<Inbox>>) -> io::Result<Host<R>> {
        let listener = self.runtime.listen(address).await?;
        let address = self.runtime.local_address(&listener)?;
        let opening = self.opening.clone();
        let mut host = self.start_with(inbox);
        host.address = address;
        host.hosting.begin_listening();
        host.runtime.spawn(hosting::listen(host.runtime.clone(), listener, opening, host.hosting.clone()));
        Ok(host)
    }

    fn start_with(self, inbox: Option<Arc<Inbox>>) -> Host<R> {
        let runtime = self.runtime;
        let timekeeper = Timekeeper::start(&runtime);
        let hosting = Hosting::new(self.config, self.connection_limits, self.journal, self.authenticate, self.handler, timekeeper, inbox);
        hosting.lock().directory = self.directory;
        Host { hosting, address: NOWHERE, runtime }
    }
}

impl<R: Runtime + Default> Host<R> {
    /// A host of ledgers under `info`'s prefix. At first it knows no accounts: add some with
    /// [`account`](HostBuilder::account), also [later](Host::add_account), or ask your own with
    /// [`authenticate`](HostBuilder::authenticate).
    pub fn builder(info: LedgerInfo) -> HostBuilder<R> {
        Self::builder_on(R::default(), info)
    }
}

impl<R: Runtime> Host<R> {
    /// [`builder`](Self::builder) for a runtime that has to be given.
    pub fn builder_on(runtime: R, info: LedgerInfo) -> HostBuilder<R> {
        HostBuilder::new(runtime, info)
    }

    /// Takes a connection that the application accepted itself. It is a stranger until it is authenticated, under the same
    /// bounds as those that the host accepts; where these are reached, or the host is closing, it is dropped at once.
    pub fn accept(&self, connection: Accepted<impl AsyncRead + AsyncWrite + Send + Unpin + 'static>) {
        hosting::accept(&self.runtime, connection, &self.hosting);
    }

    /// The address it listens on. That of a host without a listener is unspecified, `0.0.0.0:0`, as that of a socket
    /// which was never bound.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// An account that is open: it was connected since the host was started, or [opened](Self::open_account).
    pub fn account(&self, name: &str) -> Option<Account> {
        self.hosting.account(name)
    }

    /// The accounts that are open, in no particular order.
    pub fn accounts(&self) -> Vec<Account> {
        self.hosting.accounts()
    }

    /// How many connections there are, authenticated or not.
    pub fn connections(&self) -> usize {
        self.hosting.connections()
    }

    /// Waits until a journal fails, and says why. The accounts concerned have stopped then, and stay so: one alone, or all
    /// that share a file which cannot be written ([`Account::failure`] tells). The host turns their customers away with
    /// that reason and goes on with the others; most applications close it and end. What is on the disk holds, and goes
    /// on when it is opened again.
    pub async fn failed(&self) -> JournalError {
        self.hosting.failed().await
    }

    /// Takes on nothing new, waits until what was accepted is answered, for at most the request timeout, and closes all
    /// connections.
    pub async fn close(self) {
        self.hosting.begin_close();
        self.hosting.closed().await;
    }
}

impl<R: Runtime> Drop for Host<R> {
    fn drop(&mut self) {
        self.hosting.begin_close();
    }
}

/// Of a host without a listener.
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

impl<R: Runtime> fmt::Debug for Host<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("address", &self.address).finish_non_exhaustive()
    }
}

impl<R: Runtime> fmt::Debug for HostBuilder<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostBuilder").finish_non_exhaustive()
    }
}
