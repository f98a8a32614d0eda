//! What a host is while it listens: its accounts, its connections, and who may join which.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_io::{AsyncRead, AsyncWrite};
use futures_util::future::{Either, select};
use tracing::Instrument;
use trustline_core::ledger::Bounds;
use trustline_core::session::{Acceptor, AuthenticationRequest, ConnectionId, DisconnectReason, SessionConfig};

use crate::accepted::{Accepted, Opening};
use crate::account::{Account, unless_it_panics};
use crate::alarm::Alarm;
use crate::applicant::Applicant;
use crate::clock;
use crate::connection::{Admission, Admitting, Connection, Shown, Stage};
use crate::directory::{Directory, Recognized};
use crate::ended::Ended;
use crate::events::Inbox;
use crate::handler::Handler;
use crate::journal::{Journal, JournalError};
use crate::limits::{ConnectionLimits, websocket_limits};
use crate::metrics::{Admissions, Endings, HostMetrics};
use crate::notify::Notify;
use crate::opening::OpenError;
use crate::outbox::Outbox;
use crate::runtime::Runtime;
use crate::standing::NotJoined;
use crate::timekeeper::Timekeeper;
use crate::transport::Transport;
use crate::websocket::{Role, WebSocket};
use crate::wrong_tokens::{Origin, WrongTokens};

/// Whose account a connection is for, as an [authentication callback](crate::HostBuilder::authenticate) decides.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Admitted {
    /// Names the account, and its ledger in the journal.
    pub account: String,
    /// The bounds on the account's balance when it is new, seen from the host; `None` for the host's default.
    pub bounds: Option<Bounds>,
}

impl Admitted {
    /// To this account, with the host's default bounds if it is new.
    pub fn to(account: impl Into<String>) -> Self {
        Self { account: account.into(), bounds: None }
    }
}

pub(crate) type Authenticate = Box<dyn Fn(&Applicant) -> Option<Admitted> + Send + Sync>;
pub(crate) type HandlerFor = Box<dyn Fn(&str) -> Box<dyn Handler> + Send + Sync>;

pub(crate) struct Hosting {
    pub(crate) config: SessionConfig,
    limits: ConnectionLimits,
    pub(crate) journal: Arc<dyn Journal>,
    authenticate: Authenticate,
    pub(crate) handler: HandlerFor,
    pub(crate) timekeeper: Arc<Timekeeper>,
    pub(crate) alarm: Arc<Alarm>,
    pub(crate) inbox: Option<Arc<Inbox>>,
    wrong_tokens: WrongTokens,
    state: Mutex<State>,
    stop: Notify,
    /// The host is closed: it no longer listens, and its last connection is gone.
    closed: Notify,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) directory: Directory,
    /// Accounts that are being opened.
    pub(crate) opening: usize,
    /// Those that are not authenticated.
    strangers: HashMap<u64, Arc<Outbox>>,
    next_stranger: u64,
    connections: usize,
    listening: bool,
    /// Somebody dials for one of the accounts, or drives a connection that was dialed.
    dialing: bool,
    pub(crate) closing: bool,
    accepted: u64,
    turned_away: u64,
    admissions: Admissions,
    endings: Endings,
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
        let wrong_tokens = WrongTokens::new(&limits);
        Arc::new(Self { config, limits, journal, authenticate, handler, timekeeper, alarm, inbox, wrong_tokens, state, stop, closed })
    }

    pub(crate) fn account(&self, name: &str) -> Option<Account> {
        self.lock().directory.account(name)
    }

    pub(crate) fn accounts(&self) -> Vec<Account> {
        self.lock().directory.accounts()
    }

    pub(crate) fn metrics(&self) -> HostMetrics {
        let (mut metrics, accounts) = {
            let state = self.lock();
            let metrics = HostMetrics {
                open_accounts: 0,
                connections: state.connections as u64,
                strangers: state.strangers.len() as u64,
                accepted: state.accepted,
                turned_away: state.turned_away,
                admissions: state.admissions,
                endings: state.endings,
                accounts: state.directory.past.clone(),
            };
            (metrics, state.directory.accounts())
        };
        metrics.open_accounts = accounts.len() as u64;
        for account in accounts {
            metrics.accounts += &account.metrics();
        }
        metrics
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
            (state.directory.accounts(), strangers)
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
        self.lock().directory.insert(account);
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
    pub(crate) fn leave(&self, part: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        part(&mut state);
        if !state.closing || state.listening || state.dialing || state.connections > 0 || state.opening > 0 {
            return;
        }
        let accounts = state.directory.accounts();
        drop(state);
        self.timekeeper.stop();
        accounts.iter().for_each(Account::give_up);
        if let Some(inbox) = &self.inbox {
            inbox.close();
        }
        self.closed.notify();
    }

    /// Whose account it is that a connection is for.
    fn authenticate(&self, applicant: &Applicant) -> Result<Admitted, Refused> {
        let recognized = self.lock().directory.recognize(applicant);
        match recognized {
            Recognized::Right => Ok(Admitted::to(&applicant.username)),
            Recognized::Wrong => Err(Refused::WrongToken),
            Recognized::Unknown => match unless_it_panics(|| (self.authenticate)(applicant)) {
                Some(admitted) => admitted.ok_or(Refused::WrongToken),
                // It panicked, which is no fault of the client's.
                None => Err(Refused::Unavailable("this host cannot tell whose account this is; try again later".to_owned())),
            },
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const SHUTTING_DOWN: &str = "this host is shutting down";

const INVALID: &str = "invalid username or token";

/// Why a connection may not join its account.
enum Refused {
    WrongToken,
    TooEarly,
    Suspended(String),
    TooManyConnections,
    Unavailable(String),
}

/// A connection that nobody has vouched for yet.
struct Stranger<R> {
    hosting: Arc<Hosting>,
    runtime: R,
    number: u64,
    origin: Option<SocketAddr>,
    /// When it is to be authenticated.
    deadline: Instant,
}

impl<R: Runtime> Admission for Stranger<R> {
    fn admit(self: Arc<Self>, shown: Shown, outbox: Arc<Outbox>) -> Admitting {
        let Shown { request, frame_bytes, certificate } = shown;
        let applicant = Applicant::new(request.credentials.clone(), self.origin, certificate);
        Box::pin(async move {
            let joined = self.join(&applicant, &request, frame_bytes, &outbox).await;
            let mut state = self.hosting.lock();
            state.admissions.count(joined.as_ref().err());
            let refused = match joined {
                Ok(joined) => {
                    state.strangers.remove(&self.number);
                    return Ok(joined);
                }
                Err(refused) => refused,
            };
            drop(state);
            let now = clock::now();
            Err(match refused {
                Refused::WrongToken => request.refusal(INVALID, now),
                Refused::TooEarly => request.not_now("too many wrong tokens came from your address; try again later", now),
                Refused::Suspended(message) => request.refusal(&message, now),
                Refused::TooManyConnections => request.not_now(&DisconnectReason::TooManyConnections.to_string(), now),
                Refused::Unavailable(message) => request.not_now(&message, now),
            })
        })
    }
}

impl<R: Runtime> Stranger<R> {
    async fn join(
        &self,
        applicant: &Applicant,
        request: &AuthenticationRequest,
        frame_bytes: usize,
        outbox: &Arc<Outbox>,
    ) -> Result<(Account, ConnectionId), Refused> {
        let hosting = &self.hosting;
        let origin = self.origin.map(|origin| Origin::from(origin.ip()));
        if let Some(origin) = origin {
            self.wait_for_turn(origin).await?;
        }
        let admitted = hosting.authenticate(applicant).inspect_err(|refused| {
            if matches!(refused, Refused::WrongToken) {
                let wrong = origin.map(|origin| hosting.wrong_tokens.wrong(origin, clock::instant()));
                tracing::info!(wrong, "a wrong token");
            }
        })?;
        if let Some(origin) = origin {
            hosting.wrong_tokens.right(origin);
        }
        if let Some(message) = hosting.lock().directory.standing(&admitted.account).refusal() {
            return Err(Refused::Suspended(message));
        }
        let account = hosting.open_account(&self.runtime, admitted).await.map_err(|error| {
            Refused::Unavailable(match error {
                OpenError::Closing => error.to_string(),
                OpenError::Journal(_) => "the ledger of this account cannot be opened".to_owned(),
            })
        })?;
        let joined = account.join(outbox, request, frame_bytes);
        let id = joined.map_err(|reason| match reason {
            NotJoined::Closing => Refused::Unavailable(SHUTTING_DOWN.to_owned()),
            NotJoined::Failed => Refused::Unavailable("the ledger of this account has stopped".to_owned()),
            NotJoined::TooManyConnections => Refused::TooManyConnections,
            NotJoined::Standing(message) => Refused::Suspended(message),
        })?;
        Ok((account, id))
    }

    /// Where wrong tokens came from, one is looked at from time to time.
    async fn wait_for_turn(&self, origin: Origin) -> Result<(), Refused> {
        loop {
            let now = clock::instant();
            let turn = self.hosting.wrong_tokens.turn(origin, now);
            if turn <= now {
                return Ok(());
            }
            if turn > self.deadline {
                return Err(Refused::TooEarly);
            }
            self.runtime.sleep(turn - now).await;
        }
    }
}

impl Admissions {
    fn count(&mut self, refused: Option<&Refused>) {
        let count = match refused {
            None => &mut self.admitted,
            Some(Refused::WrongToken) => &mut self.wrong_tokens,
            Some(Refused::TooEarly) => &mut self.too_early,
            Some(Refused::Suspended(_)) => &mut self.suspended,
            Some(Refused::TooManyConnections) => &mut self.too_many_connections,
            Some(Refused::Unavailable(_)) => &mut self.unavailable,
        };
        *count += 1;
    }
}

/// A connection that counts, until it is dropped.
struct Present {
    hosting: Arc<Hosting>,
    number: u64,
    ended: Option<Ended>,
}

impl Drop for Present {
    fn drop(&mut self) {
        self.hosting.leave(|state| {
            state.strangers.remove(&self.number);
            state.connections -= 1;
            if let Some(ended) = &self.ended {
                state.endings.count(ended);
            }
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
            state.turned_away += 1;
            return;
        }
        state.accepted += 1;
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
    let deadline = clock::instant() + open_within;
    let stranger = Stranger { hosting: hosting.clone(), runtime: runtime.clone(), number, origin, deadline };
    let stage = Stage::Accepting { acceptor, admission: Arc::new(stranger) };
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
    let present = Present { hosting: hosting.clone(), number, ended: None };
    let from = origin.map(tracing::field::display);
    let span = tracing::info_span!(parent: None, "connection", from, account = tracing::field::Empty);
    let run = async move {
        // It leaves with the task, however that ends.
        let mut present = present;
        let ended = connection.run().await;
        tracing::debug!(?ended, "a connection ended");
        present.ended = Some(ended);
    };
    runtime.spawn(run.instrument(span));
}
