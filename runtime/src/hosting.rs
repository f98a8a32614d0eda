//! What a host is while it listens: its accounts, its connections, and who may join which.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_io::{AsyncRead, AsyncWrite};
use futures_util::future::{Either, select};
use trustline_core::ledger::Bounds;
use trustline_core::session::{Acceptor, AuthenticationRequest, ConnectionId, DisconnectReason, SessionConfig};
use trustline_core::wire::ProtocolData;

use crate::accepted::{Accepted, Opening};
use crate::account::{Account, unless_it_panics};
use crate::alarm::Alarm;
use crate::applicant::{Applicant, PeerCertificate};
use crate::client::open_session;
use crate::clock;
use crate::connection::{Admission, Connection, Stage};
use crate::events::Inbox;
use crate::handler::Handler;
use crate::journal::{Journal, JournalError};
use crate::limits::{ConnectionLimits, websocket_limits};
use crate::notify::Notify;
use crate::outbox::Outbox;
use crate::runtime::Runtime;
use crate::timekeeper::Timekeeper;
use crate::transport::Transport;
use crate::websocket::{Role, WebSocket};

/// Whose account a connection is for, as an [authentication callback](crate::HostBuilder::authenticate) decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// Names the account, and its ledger in the journal.
    pub account: String,
    /// The bounds on the account's balance when it is new, seen from the host; `None` for the host's default.
    pub bounds: Option<Bounds>,
}

pub(crate) type Authenticate = Box<dyn Fn(&Applicant) -> Option<Admitted> + Send + Sync>;
pub(crate) type HandlerFor = Box<dyn Fn(&str) -> Box<dyn Handler> + Send + Sync>;

pub(crate) struct Hosting {
    config: SessionConfig,
    limits: ConnectionLimits,
    journal: Arc<dyn Journal>,
    authenticate: Authenticate,
    handler: HandlerFor,
    timekeeper: Arc<Timekeeper>,
    alarm: Arc<Alarm>,
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
    /// Somebody dials for one of the accounts, or drives a connection that was dialed.
    dialing: bool,
    closing: bool,
}

impl Hosting {
    pub(crate) fn new(
        config: SessionConfig,
        limits: ConnectionLimits,
        journal: Arc<dyn Journal>,
        authenticate: Authenticate,
        handler: HandlerFor,
        timekeeper: Arc<Timekeeper>,
        inbox: Option<Arc<Inbox>>,
    ) -> Arc<Self> {
        let (state, alarm, stop, closed) = (Mutex::default(), Arc::default(), Notify::default(), Notify::default());
        Arc::new(Self { config, limits, journal, authenticate, handler, timekeeper, alarm, inbox, state, stop, closed })
    }

    pub(crate) fn account(&self, name: &str) -> Option<Account> {
        self.lock().accounts.get(name).cloned()
    }

    pub(crate) fn accounts(&self) -> Vec<Account> {
        self.lock().accounts()
    }

    pub(crate) fn connections(&self) -> usize {
        self.lock().connections
    }

    /// Ready when the journal of an account has failed.
    pub(crate) async fn failed(&self) -> JournalError {
        self.alarm.rung().await
    }

    /// Ready when the host is closed.
    pub(crate) async fn closed(&self) {
        self.closed.notified().await;
    }

    pub(crate) fn begin_close(&self) {
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
        // There may be nothing left to wait for.
        self.leave(|_| ());
    }

    /// An account that is not opened by its first connection.
    pub(crate) fn add(&self, account: Account) {
        self.lock().accounts.insert(account.name().to_owned(), account);
    }

    /// A listener is there until [`listen`] ends.
    pub(crate) fn begin_listening(&self) {
        self.lock().listening = true;
    }

    /// A dialer is there, until it says that it is not.
    pub(crate) fn begin_dialing(&self) {
        self.lock().dialing = true;
    }

    /// The dialer is gone, with its last connection.
    pub(crate) fn end_dialing(&self) {
        self.leave(|state| state.dialing = false);
    }

    /// A part of the host is gone. With the last, a host that is closing is closed.
    fn leave(&self, part: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        part(&mut state);
        if !state.closing || state.listening || state.dialing || state.connections > 0 {
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
        config.hash_seed = crate::random::hash_seed();
        let session = open_session(&*self.journal, &name, config).map_err(|error| {
            tracing::error!(account = name, %error, "an account cannot be opened");
            "the ledger of this account cannot be opened".to_owned()
        })?;
        let (journal, timekeeper, alarm) = (self.journal.clone(), self.timekeeper.clone(), self.alarm.clone());
        let build = |handler| Account::new(name.clone(), session, handler, journal, timekeeper, alarm);
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
    hosting: Arc<Hosting>,
    number: u64,
    origin: Option<SocketAddr>,
}

impl Admission for Stranger {
    fn admit(
        &self,
        request: &AuthenticationRequest,
        certificate: Option<PeerCertificate>,
        outbox: &Arc<Outbox>,
    ) -> Result<(Account, ConnectionId), String> {
        let applicant = Applicant::new(request.credentials.clone(), self.origin, certificate);
        let admitted = unless_it_panics(|| (self.hosting.authenticate)(&applicant)).flatten();
        let admitted = admitted.ok_or("invalid username or token")?;
        let account = self.hosting.open_account(admitted)?;
        let id = account.with(|state, now| {
            if state.session.is_closing() {
                return Err(SHUTTING_DOWN.to_owned());
            }
            if state.has_failed() {
                return Err("the ledger of this account has stopped".to_owned());
            }
            if state.session.connections().count() >= self.hosting.config.limits.connections {
                return Err(DisconnectReason::TooManyConnections.to_string());
            }
            let id = state.open(outbox.clone());
            state.session.handle_accepted(id, request, ProtocolData::new(), now);
            Ok(id)
        })?;
        self.hosting.lock().strangers.remove(&self.number);
        Ok((account, id))
    }
}

/// A connection that counts, until it is dropped.
struct Present {
    hosting: Arc<Hosting>,
    number: u64,
}

impl Drop for Present {
    fn drop(&mut self) {
        self.hosting.leave(|state| {
            state.strangers.remove(&self.number);
            state.connections -= 1;
        });
    }
}

/// Accepts connections until the host closes.
pub(crate) async fn listen<R: Runtime>(runtime: R, listener: R::Listener, opening: Opening, hosting: Arc<Hosting>) {
    accept_all(&runtime, &listener, &opening, &hosting).await;
    // The port is free before the host is closed.
    drop(listener);
    hosting.leave(|state| state.listening = false);
}

async fn accept_all<R: Runtime>(runtime: &R, listener: &R::Listener, opening: &Opening, hosting: &Arc<Hosting>) {
    loop {
        let accepted = match select(pin!(runtime.accept(listener)), pin!(hosting.stop.notified())).await {
            Either::Left((accepted, _)) => accepted,
            Either::Right(_) => return,
        };
        match accepted {
            Ok((stream, from)) => accept(runtime, Accepted::new(stream, opening.clone()).origin(from), hosting),
            Err(error) => {
                // Mostly too many open files, which passes when connections are closed.
                tracing::warn!(%error, "cannot accept connections");
                runtime.sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Drives a connection, unless there are too many.
pub(crate) fn accept<R, S>(runtime: &R, accepted: Accepted<S>, hosting: &Arc<Hosting>)
where
    R: Runtime,
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let outbox = Outbox::new();
    let number = {
        let mut state = hosting.lock();
        if state.closing || state.strangers.len() >= hosting.limits.unauthenticated {
            return;
        }
        let number = state.next_stranger;
        state.next_stranger += 1;
        state.strangers.insert(number, outbox.clone());
        state.connections += 1;
        number
    };
    let limits = hosting.config.limits.clone();
    let open_within = limits.authentication_timeout;
    let acceptor = Acceptor::new(limits, clock::now());
    let Accepted { stream, opening, origin, certificate } = accepted;
    let stage = Stage::Accepting { acceptor, admission: Arc::new(Stranger { hosting: hosting.clone(), number, origin }) };
    let websocket_limits = websocket_limits(&hosting.config.limits);
    let (transport, websocket) = match opening {
        Opening::Handshake => (Transport::Plain { stream, certificate }, WebSocket::server(websocket_limits)),
        #[cfg(feature = "tls")]
        Opening::Tls(tls) => (Transport::accepted(stream, &tls), WebSocket::server(websocket_limits)),
        Opening::Upgraded(read_ahead) => {
            let mut websocket = WebSocket::upgraded(Role::Server, websocket_limits);
            websocket.receive(&read_ahead);
            (Transport::Plain { stream, certificate }, websocket)
        }
    };
    let connection = Connection::new(runtime.clone(), transport, websocket, stage, outbox, hosting.limits.clone(), open_within);
    let present = Present { hosting: hosting.clone(), number };
    runtime.spawn(async move {
        // It leaves with the task, however that ends.
        let _present = present;
        let ended = connection.run().await;
        tracing::debug!(?origin, ?ended, "a connection ended");
    });
}
