//! Opens ledgers. Those of a host's accounts on a thread each: a journal may take long to load one, and holds up nobody who does
//! not wait for it.

use std::fmt;
use std::sync::Arc;

use trustline_core::ledger::Trustline;
use trustline_core::session::{Session, SessionConfig};

use crate::account::Account;
use crate::clock;
use crate::directory::{Lookup, Opened};
use crate::hosting::{Admitted, Hosting};
use crate::journal::{Journal, JournalError};
use crate::random;
use crate::runtime::Runtime;

/// Why an account of a host is not open.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError {
    /// The host is closing.
    Closing,
    /// Its journal cannot load it.
    Journal(JournalError),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closing => f.write_str("this host is shutting down"),
            Self::Journal(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for OpenError {}

impl Hosting {
    /// The account of that name, opened if it is not. The first who asks decides the bounds of a new one.
    pub(crate) async fn open_account<R: Runtime>(self: &Arc<Self>, runtime: &R, admitted: Admitted) -> Opened {
        let lookup = {
            let mut state = self.lock();
            if state.closing {
                return Err(OpenError::Closing);
            }
            let lookup = state.directory.look_up(&admitted.account);
            state.opening += usize::from(matches!(lookup, Lookup::Closed(_)));
            lookup
        };
        let opened = match lookup {
            Lookup::Open(account) => return Ok(account),
            Lookup::Opening(opened) => opened,
            Lookup::Closed(opened) => {
                let opening = Opening { hosting: self.clone(), name: admitted.account.clone(), opened: None };
                runtime.spawn_blocking(move || opening.run(admitted));
                opened
            }
        };
        opened.await.unwrap_or_else(|_| Err(OpenError::Journal(died())))
    }

    fn build_account(&self, admitted: Admitted) -> Result<Account, JournalError> {
        let Admitted { account: name, bounds } = admitted;
        let mut config = self.config.clone();
        config.bounds = bounds.unwrap_or(config.bounds);
        config.hash_seed = random::hash_seed();
        let session = open_session(&*self.journal, &name, config)?;
        let (journal, timekeeper, alarm) = (self.journal.clone(), self.timekeeper.clone(), self.alarm.clone());
        let build = |handler| Account::new(name.clone(), session, handler, journal, timekeeper, alarm);
        Ok(match &self.inbox {
            Some(inbox) => inbox.account(build),
            None => build((self.handler)(&name)),
        })
    }
}

/// The trustline as the journal knows it.
pub(crate) fn open_session(journal: &dyn Journal, name: &str, mut config: SessionConfig) -> Result<Session, JournalError> {
    let is_kept = journal.outlives_the_process();
    if !is_kept {
        config.ledger = Some(random::ledger_id());
    }
    let mut session = match journal.load(name)? {
        Some(snapshot) => {
            let trustline = Trustline::from_snapshot(config.trustline(), snapshot);
            Session::with_trustline(config, trustline)
        }
        None => Session::new(config),
    };
    if is_kept {
        session.handle_opened(random::ledger_id(), clock::now());
    }
    Ok(session)
}

/// An account that is being opened. However that ends, whoever waits for it is told.
struct Opening {
    hosting: Arc<Hosting>,
    name: String,
    opened: Option<Result<Account, JournalError>>,
}

impl Opening {
    fn run(mut self, admitted: Admitted) {
        self.opened = Some(self.hosting.build_account(admitted));
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        let opened = self.opened.take().unwrap_or_else(|| Err(died())).map_err(OpenError::Journal);
        if let Err(error) = &opened {
            tracing::error!(account = self.name, %error, "an account cannot be opened");
        }
        let (opened, waiting) = {
            let mut state = self.hosting.lock();
            let opened = if state.closing { Err(OpenError::Closing) } else { opened };
            (opened.clone(), state.directory.opened(&self.name, opened.ok()))
        };
        if let Ok(account) = &opened {
            // Not under the lock: its handler may ask the host for accounts.
            account.start();
        }
        for waiting in waiting {
            let _ = waiting.send(opened.clone());
        }
        self.hosting.leave(|state| state.opening -= 1);
    }
}

fn died() -> JournalError {
    JournalError::Other("the thread that opened the account did not come to its end".to_owned())
}
