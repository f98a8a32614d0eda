//! Two equals: each keeps the ledger, and each may dial and listen.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

use trustline_core::Limits;
use trustline_core::ledger::{Authority, Bounds};
use trustline_core::session::{Credentials, LedgerInfo, SessionConfig, Token};
use trustline_core::wire::{Entry, ProtocolData};

use crate::accepted::Opening;
use crate::account::Account;
use crate::alarm::Alarm;
use crate::applicant::Applicant;
use crate::dialer::{Dialer, KeepUp};
use crate::events::{Events, Inbox};
use crate::handler::{Handler, Ignore};
use crate::hosting::{self, Admitted, Hosting};
use crate::journal::{Journal, JournalError, Memory};
use crate::limits::{ConnectionLimits, websocket_limits};
use crate::opening::open_session;
use crate::runtime::Runtime;
use crate::timekeeper::Timekeeper;
#[cfg(feature = "tls")]
use crate::tls::{ClientTls, HostTls, TlsConfigError};
use crate::url::{BtpUrl, BtpUrlError};

/// One side of a trustline between equals: both keep the ledger, and whose payment it is decides whether it was fulfilled in
/// time. Either may dial, or both: then one connection is kept, by a rule that both know (see
/// [`trustline_core::session`]), and payments flow both ways over it. A lost connection is dialed again, with growing
/// pauses, until the peer is [closed](Self::close) or dropped. By `Deref` it is its [`Account`]: pay, ask, look.
pub struct Peer<R: Runtime> {
    account: Account,
    alarm: Arc<Alarm>,
    keep_up: Arc<KeepUp>,
    hosting: Arc<Hosting>,
    address: Option<SocketAddr>,
    runtime: PhantomData<R>,
}

/// How a [`Peer`] is built. It must [dial](Self::dial) or [listen](Self::listen), and may do both.
pub struct PeerBuilder<R: Runtime> {
    runtime: R,
    config: SessionConfig,
    dial: Option<String>,
    #[cfg(feature = "tls")]
    dial_tls: Option<ClientTls>,
    listen: Option<(SocketAddr, Credentials)>,
    opening: Opening,
    handler: Box<dyn Handler>,
    journal: Arc<dyn Journal>,
    journal_name: String,
    connection_limits: ConnectionLimits,
}

impl<R: Runtime + Default> Peer<R> {
    /// A trustline between `ours` and `theirs`, the two ILP addresses. Both sides give the same ledger, and the same two
    /// addresses, each its own first.
    pub fn builder(info: LedgerInfo, ours: &str, theirs: &str) -> PeerBuilder<R> {
        Self::builder_on(R::default(), info, ours, theirs)
    }
}

impl<R: Runtime> Peer<R> {
    /// [`builder`](Self::builder) for a runtime that has to be given.
    pub fn builder_on(runtime: R, info: LedgerInfo, ours: &str, theirs: &str) -> PeerBuilder<R> {
        let mut config = SessionConfig::new(Authority::Shared);
        config.info = Some(info);
        config.account = Some(ours.to_owned());
        config.peer_account = Some(theirs.to_owned());
        config.hash_seed = crate::random::hash_seed();
        PeerBuilder {
            runtime,
            config,
            dial: None,
            #[cfg(feature = "tls")]
            dial_tls: None,
            listen: None,
            opening: Opening::Handshake,
            handler: Box::new(Ignore),
            journal: Arc::new(Memory),
            journal_name: theirs.to_owned(),
            connection_limits: ConnectionLimits::default(),
        }
    }

    /// The address it listens on, if it does.
    pub fn local_address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Waits until the journal fails, and says why. The trustline has stopped then: close it, and end the process or
    /// whatever else hangs on it. What is on the disk holds, and goes on when it is opened again.
    pub async fn failed(&self) -> JournalError {
        self.alarm.rung().await
    }

    /// Takes on nothing new, waits until what was sent and what was accepted is answered, for at most the request timeout,
    /// and closes the connection.
    pub async fn close(self) {
        self.stop();
        self.hosting.closed().await;
    }

    fn stop(&self) {
        self.keep_up.stop();
        self.hosting.begin_close();
    }
}

impl<R: Runtime> Deref for Peer<R> {
    type Target = Account;

    fn deref(&self) -> &Account {
        &self.account
    }
}

impl<R: Runtime> Drop for Peer<R> {
    fn drop(&mut self) {
        self.stop();
    }
}

impl<R: Runtime> PeerBuilder<R> {
    /// Dials `btp+ws://[username]:[token]@host[:port][/path]` whenever there is no connection.
    #[must_use]
    pub fn dial(mut self, url: &str) -> Self {
        self.dial = Some(url.to_owned());
        self
    }

    /// What to trust and to show where it dials a URL of `btp+wss`. The default trusts the system's roots, and has no
    /// certificate.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn dial_tls(mut self, tls: ClientTls) -> Self {
        self.dial_tls = Some(tls);
        self
    }

    /// Listens for `btp+wss`, and no longer for `btp+ws`.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn listen_tls(mut self, tls: HostTls) -> Self {
        self.opening = Opening::Tls(tls);
        self
    }

    /// Listens on an address, and lets in who shows this username and this token. Port 0 is any free one.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr, username: &str, token: impl Into<Token>) -> Self {
        let expected = Credentials { username: username.to_owned(), token: token.into(), protocol_data: ProtocolData::new() };
        self.listen = Some((address, expected));
        self
    }

    /// What to do with events and incoming transfers. The default drops the events, and so fulfills nothing.
    #[must_use]
    pub fn handler(mut self, handler: impl Handler) -> Self {
        self.handler = Box::new(handler);
        self
    }

    /// Where the ledger is kept, and under which name. The default keeps it in memory.
    #[must_use]
    pub fn journal(mut self, journal: Arc<dyn Journal>, name: &str) -> Self {
        self.journal = journal;
        name.clone_into(&mut self.journal_name);
        self
    }

    /// Our bounds on the balance: `maximum` is how much the peer may come to owe us, and `minimum`, which is negative, how
    /// much we may come to owe it. The peer has bounds of its own. The default has none.
    #[must_use]
    pub fn bounds(mut self, bounds: Bounds) -> Self {
        self.config.bounds = bounds;
        self
    }

    /// Bounds on the peer.
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

    /// Sends another entry with the authentication, where we dial.
    #[must_use]
    pub fn authentication_entry(mut self, entry: Entry) -> Self {
        let shown = &mut self.config.credentials.protocol_data;
        *shown = std::mem::take(shown).with(entry);
        self
    }

    /// [Starts](Self::start), and delivers the events as a stream instead of to a handler.
    pub async fn start_with_events(self) -> Result<(Peer<R>, Events), PeerError> {
        let (inbox, events) = Inbox::new();
        Ok((self.start_for(Some(inbox)).await?, events))
    }

    /// Listens, and begins to dial. The peer need not be there yet: [`Account::connected`] waits for it.
    pub async fn start(self) -> Result<Peer<R>, PeerError> {
        self.start_for(None).await
    }

    async fn start_for(self, inbox: Option<Arc<Inbox>>) -> Result<Peer<R>, PeerError> {
        let Self { runtime, mut config, dial, listen, opening, handler, journal, journal_name: name, connection_limits, .. } = self;
        if config.account == config.peer_account {
            return Err(PeerError::SameAddress);
        }
        if dial.is_none() && listen.is_none() {
            return Err(PeerError::Unreachable);
        }
        let url = dial.map(|url| url.parse::<BtpUrl>()).transpose().map_err(PeerError::Url)?;
        #[cfg(not(feature = "tls"))]
        if url.as_ref().is_some_and(BtpUrl::is_encrypted) {
            return Err(PeerError::NoTls);
        }
        #[cfg(feature = "tls")]
        let tls = match &url {
            Some(url) => ClientTls::for_url(url, self.dial_tls).map_err(PeerError::TlsConfig)?,
            None => None,
        };
        if let Some(url) = &url {
            (config.credentials.username, config.credentials.token) = (url.username().to_owned(), url.token().clone());
        }
        let session = open_session(&*journal, &name, config.clone()).map_err(PeerError::Journal)?;
        let listening = |error| PeerError::Listen(Arc::new(error));
        let (listener, expected) = match listen {
            Some((address, expected)) => (Some(runtime.listen(address).await.map_err(listening)?), Some(expected)),
            None => (None, None),
        };
        let address = listener.as_ref().map(|listener| runtime.local_address(listener)).transpose().map_err(listening)?;

        let (timekeeper, alarm) = (Timekeeper::start(&runtime), Arc::<Alarm>::default());
        let build = |handler| Account::new(name.clone(), session, handler, journal.clone(), timekeeper.clone(), alarm.clone());
        let account = match &inbox {
            Some(inbox) => inbox.account(build),
            None => build(handler),
        };
        let websocket_limits = websocket_limits(&config.limits);
        let admit = move |applicant: &Applicant| {
            let shown = &applicant.credentials;
            let expected = expected.as_ref().filter(|expected| expected.username == shown.username)?;
            expected.token.matches(shown.token.expose()).then(|| Admitted::to(&name))
        };
        // Its one account is there from the start, so that no other is ever opened.
        let no_handler = Box::new(|_: &str| Box::new(Ignore) as Box<dyn Handler>);
        let hosting = Hosting::new(config, connection_limits.clone(), journal, Box::new(admit), no_handler, timekeeper, inbox);
        hosting.add(account.clone());
        account.start();
        let keep_up = Arc::new(KeepUp::default());
        if let Some(listener) = listener {
            hosting.begin_listening();
            runtime.spawn(hosting::listen(runtime.clone(), listener, opening, hosting.clone()));
        }
        if let Some(url) = url {
            let (account, keep_up) = (account.clone(), keep_up.clone());
            let dialer = Dialer {
                runtime: runtime.clone(),
                url,
                connector: None,
                #[cfg(feature = "tls")]
                tls,
                account,
                keep_up,
                limits: connection_limits,
                websocket_limits,
                first: None,
            };
            hosting.begin_dialing();
            let hosting = hosting.clone();
            runtime.spawn(async move {
                dialer.run().await;
                hosting.end_dialing();
            });
        }
        Ok(Peer { account, alarm, keep_up, hosting, address, runtime: PhantomData })
    }
}

/// Why a peer could not be started.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PeerError {
    /// The two addresses are the same.
    SameAddress,
    /// It was told neither to dial nor to listen.
    Unreachable,
    /// The URL to dial is not one.
    Url(BtpUrlError),
    /// The URL to dial is of `btp+wss`, and the feature `tls` is off.
    NoTls,
    /// What is needed for TLS cannot be had.
    #[cfg(feature = "tls")]
    TlsConfig(TlsConfigError),
    /// The journal could not be read.
    Journal(JournalError),
    /// The address to listen on cannot be had.
    Listen(Arc<io::Error>),
}

impl fmt::Display for PeerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SameAddress => f.write_str("the two sides of a trustline have different addresses: our own comes first, then the peer's"),
            Self::Unreachable => f.write_str("a peer must dial or listen"),
            Self::Url(error) => error.fmt(f),
            Self::NoTls => f.write_str("btp+wss:// needs the feature tls"),
            #[cfg(feature = "tls")]
            Self::TlsConfig(error) => error.fmt(f),
            Self::Journal(error) => error.fmt(f),
            Self::Listen(error) => write!(f, "cannot listen: {error}"),
        }
    }
}

impl std::error::Error for PeerError {}

impl<R: Runtime> fmt::Debug for Peer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer").field("account", &self.account).field("address", &self.address).finish_non_exhaustive()
    }
}

impl<R: Runtime> fmt::Debug for PeerBuilder<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerBuilder").finish_non_exhaustive()
    }
}
