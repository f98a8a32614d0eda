//! The side that listens: the ledgers of many accounts.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use trustline_core::Limits;
use trustline_core::ledger::{Authority, Bounds};
use trustline_core::session::{
    Acceptor, AuthenticationRequest, ConnectionId, Credentials, DisconnectReason, LedgerInfo, SessionConfig, Token,
};
use trustline_core::wire::ProtocolData;

use crate::account::{Account, unless_it_panics};
use crate::client::open_session;
use crate::clock;
use crate::connection::{Admission, Connection, Stage};
use crate::events::{Events, Inbox};
use crate::handler::{Handler, Ignore};
use crate::journal::{Journal, Memory};
use crate::limits::{ConnectionLimits, websocket_limits};
use crate::notify::Notify;
use crate::outbox::Outbox;
use crate::runtime::Runtime;
use crate::timekeeper::Timekeeper;
use crate::websocket::WebSocket;

/// Hosts the ledgers of any number of accounts, each with any number of connections.
pub struct Host<R: Runtime> {
    shared: Arc<Shared>,
    address: SocketAddr,
    runtime: PhantomData<R>,
}

/// How a [`Host`] is built.
pub struct HostBuilder<R: Runtime> {
    runtime: R,
    config: SessionConfig,
    connection_limits: ConnectionLimits,
    journal: Arc<dyn Journal>,
    authenticate: Authenticate,
    known: HashMap<String, Token>,
    handler: HandlerFor,
}

/// Whose account a connection is for, as an [authentication callback](HostBuilder::authenticate) decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// Names the account, and its ledger in the journal.
    pub account: String,
    /// The bounds on the account's balance when it is new, seen from the host; `None` for the host's default.
    pub bounds: Option<Bounds>,
}

type Authenticate = Box<dyn Fn(&Credentials) -> Option<Admitted> + Send + Sync>;
type HandlerFor = Box<dyn Fn(&str) -> Box<dyn Handler> + Send + Sync>;

struct Shared {
    config: SessionConfig,
    limits: ConnectionLimits,
    journal: Arc<dyn Journal>,
    authenticate: Authenticate,
    handler: HandlerFor,
    timekeeper: Arc<Timekeeper>,
    inbox: Option<Arc<Inbox>>,
    state: Mutex<State>,
    stop: Notify,
    /// The host is closed: it no longer listens, and its last connection is gone.
    closed: Notify,
}

#[derive(Default)]
struct State {
    accounts: HashMap<String, Account>,
    /// Those that are not authenticated.
    strangers: HashMap<u64, Arc<Outbox>>,
    next_stranger: u64,
    connections: usize,
    listening: bool,
    closing: bool,
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
            known: HashMap::new(),
            handler: Box::new(|_| Box::new(Ignore)),
        }
    }

    /// Adds an account, which is named like its user.
    #[must_use]
    pub fn account(mut self, username: &str, token: impl Into<Token>) -> Self {
        self.known.insert(username.to_owned(), token.into());
        self
    }

    /// Decides who may join which account, where [`account`](Self::account) knows no such user. Compare secrets with
    /// [`Token::matches`], which takes as long for a wrong one as for a right one.
    #[must_use]
    pub fn authenticate(mut self, authenticate: impl Fn(&Credentials) -> Option<Admitted> + Send + Sync + 'static) -> Self {
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
    /// of what is settled otherwise.
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

    /// Listens, and delivers the events of all accounts as a stream instead of to handlers.
    pub async fn listen_with_events(self, address: SocketAddr) -> io::Result<(Host<R>, Events)> {
        let (inbox, events) = Inbox::new();
        Ok((self.listen_on(address, Some(inbox)).await?, events))
    }

    /// Listens on an address; port 0 is any free one.
    pub async fn listen(self, address: SocketAddr) -> io::Result<Host<R>> {
        self.listen_on(address, None).await
    }

    async fn listen_on(self, address: SocketAddr, inbox: Option<Arc<Inbox>>) -> io::Result<Host<R>> {
        let runtime = self.runtime;
        let listener = runtime.listen(address).await?;
        let address = runtime.local_address(&listener)?;
        let shared = Arc::new(Shared {
            config: self.config,
            limits: self.connection_limits,
            journal: self.journal,
            authenticate: with_known(self.known, self.authenticate),
            handler: self.handler,
            timekeeper: Timekeeper::start(&runtime),
            inbox,
            state: Mutex::new(State { listening: true, ..State::default() }),
            stop: Notify::default(),
            closed: Notify::default(),
        });
        let host = Host { shared: shared.clone(), address, runtime: PhantomData };
        runtime.spawn({
            let runtime = runtime.clone();
            async move {
                accept_all(&runtime, &listener, &shared).await;
                drop(listener);
                shared.leave(|state| state.listening = false);
            }
        });
        Ok(host)
    }
}

impl<R: Runtime + Default> Host<R> {
    /// A host of ledgers under `info`'s prefix. At first it knows no accounts: add some with
    /// [`account`](HostBuilder::account), or ask your own with [`authenticate`](HostBuilder::authenticate).
    pub fn builder(info: LedgerInfo) -> HostBuilder<R> {
        Self::builder_on(R::default(), info)
    }
}

impl<R: Runtime> Host<R> {
    /// [`builder`](Self::builder) for a runtime that has to be given.
    pub fn builder_on(runtime: R, info: LedgerInfo) -> HostBuilder<R> {
        HostBuilder::new(runtime, info)
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// An account that has been connected since the host was started.
    pub fn account(&self, name: &str) -> Option<Account> {
        self.shared.lock().accounts.get(name).cloned()
    }

    /// The accounts that have been connected since the host was started, in no particular order.
    pub fn accounts(&self) -> Vec<Account> {
        self.shared.lock().accounts()
    }

    /// How many connections there are, authenticated or not.
    pub fn connections(&self) -> usize {
        self.shared.lock().connections
    }

    /// Takes on nothing new, waits until what was accepted is answered, for at most the request timeout, and closes all
    /// connections.
    pub async fn close(self) {
        self.shared.begin_close();
        self.shared.closed.notified().await;
    }
}

impl<R: Runtime> Drop for Host<R> {
    fn drop(&mut self) {
        self.shared.begin_close();
    }
}

impl Shared {
    fn begin_close(&self) {
        let (accounts, strangers) = {
            let mut state = self.lock();
            state.closing = true;
            let strangers: Vec<Arc<Outbox>> = state.strangers.values().cloned().collect();
            (state.accounts(), strangers)
        };
        self.stop.notify();
        for account in accounts {
            account.begin_close();
        }
        for outbox in strangers {
            outbox.close(DisconnectReason::Closed);
            outbox.wake();
        }
    }

    /// A part of the host is gone. With the last, a host that is closing is closed.
    fn leave(&self, part: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        part(&mut state);
        if !state.closing || state.listening || state.connections > 0 {
            return;
        }
        let accounts = state.accounts();
        drop(state);
        self.timekeeper.stop();
        accounts.iter().for_each(Account::give_up);
        if let Some(inbox) = &self.inbox {
            inbox.close();
        }
        self.closed.notify();
    }

    /// The account of that name, opened if this is its first connection.
    fn open_account(&self, admitted: Admitted) -> Result<Account, String> {
        let mut state = self.lock();
        if state.closing {
            return Err(SHUTTING_DOWN.to_owned());
        }
        let Admitted { account: name, bounds } = admitted;
        if let Some(account) = state.accounts.get(&name) {
            return Ok(account.clone());
        }
        let mut config = self.config.clone();
        config.bounds = bounds.unwrap_or(config.bounds);
        config.hash_seed = crate::random_seed();
        let session = open_session(&*self.journal, &name, config).map_err(|error| {
            tracing::error!(account = name, %error, "an account cannot be opened");
            "the ledger of this account cannot be opened".to_owned()
        })?;
        let build = |handler| Account::new(name.clone(), session, handler, self.journal.clone(), self.timekeeper.clone());
        let account = match &self.inbox {
            Some(inbox) => inbox.account(build),
            None => build((self.handler)(&name)),
        };
        state.accounts.insert(name, account.clone());
        drop(state);
        // Its handler may ask the host for accounts.
        account.start();
        Ok(account)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn accounts(&self) -> Vec<Account> {
        self.accounts.values().cloned().collect()
    }
}

const SHUTTING_DOWN: &str = "this host is shutting down";

/// A connection that nobody has vouched for yet.
struct Stranger {
    shared: Arc<Shared>,
    number: u64,
}

impl Admission for Stranger {
    fn admit(&self, request: &AuthenticationRequest, outbox: &Arc<Outbox>) -> Result<(Account, ConnectionId), String> {
        let admitted = unless_it_panics(|| (self.shared.authenticate)(&request.credentials)).flatten();
        let admitted = admitted.ok_or("invalid username or token")?;
        let account = self.shared.open_account(admitted)?;
        let id = account.with(|state, now| {
            if state.session.is_closing() {
                return Err(SHUTTING_DOWN.to_owned());
            }
            if state.has_failed() {
                return Err("the ledger of this account has stopped".to_owned());
            }
            if state.session.connections().count() >= self.shared.config.limits.connections {
                return Err(DisconnectReason::TooManyConnections.to_string());
            }
            let id = state.open(outbox.clone());
            state.session.handle_accepted(id, request.request_id, ProtocolData::new(), now);
            Ok(id)
        })?;
        self.shared.lock().strangers.remove(&self.number);
        Ok((account, id))
    }
}

/// A connection that counts, until it is dropped.
struct Present {
    shared: Arc<Shared>,
    number: u64,
}

impl Drop for Present {
    fn drop(&mut self) {
        self.shared.leave(|state| {
            state.strangers.remove(&self.number);
            state.connections -= 1;
        });
    }
}

async fn accept_all<R: Runtime>(runtime: &R, listener: &R::Listener, shared: &Arc<Shared>) {
    loop {
        let accepted = match select(pin!(runtime.accept(listener)), pin!(shared.stop.notified())).await {
            Either::Left((accepted, _)) => accepted,
            Either::Right(_) => return,
        };
        match accepted {
            Ok((stream, from)) => accept(runtime, stream, from, shared),
            Err(error) => {
                // Mostly too many open files, which passes when connections are closed.
                tracing::warn!(%error, "cannot accept connections");
                runtime.sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn accept<R: Runtime>(runtime: &R, stream: R::Stream, from: SocketAddr, shared: &Arc<Shared>) {
    let outbox = Outbox::new();
    let number = {
        let mut state = shared.lock();
        if state.closing || state.strangers.len() >= shared.limits.unauthenticated {
            return;
        }
        let number = state.next_stranger;
        state.next_stranger += 1;
        state.strangers.insert(number, outbox.clone());
        state.connections += 1;
        number
    };
    let limits = shared.config.limits.clone();
    let open_within = limits.authentication_timeout;
    let acceptor = Acceptor::new(limits, clock::now());
    let stage = Stage::Accepting { acceptor, admission: Arc::new(Stranger { shared: shared.clone(), number }) };
    let websocket = WebSocket::server(websocket_limits(&shared.config.limits));
    let connection = Connection::new(runtime.clone(), stream, websocket, stage, outbox, shared.limits.clone(), open_within);
    let present = Present { shared: shared.clone(), number };
    runtime.spawn(async move {
        // It leaves with the task, however that ends.
        let _present = present;
        let ended = connection.run().await;
        tracing::debug!(%from, ?ended, "a connection ended");
    });
}

/// First the users that the builder was told of, then the callback.
fn with_known(known: HashMap<String, Token>, authenticate: Authenticate) -> Authenticate {
    Box::new(move |credentials| match known.get(&credentials.username) {
        Some(token) if token.matches(credentials.token.expose()) => Some(Admitted { account: credentials.username.clone(), bounds: None }),
        Some(_) => None,
        None => authenticate(credentials),
    })
}

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
