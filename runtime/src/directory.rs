//! Which accounts a host has, who may join them, and which of their ledgers are open.

use std::collections::HashMap;

use futures_channel::oneshot;
use trustline_core::session::{Credentials, Token};

use crate::account::Account;
use crate::metrics::AccountMetrics;
use crate::opening::OpenError;
use crate::standing::Standing;

pub(crate) type Opened = Result<Account, OpenError>;

/// Kept under the host's lock, behind which no account's lock is taken: a handler, which has that one, may ask the host.
#[derive(Default)]
pub(crate) struct Directory {
    /// Of the accounts that are named like their users.
    tokens: HashMap<String, Token>,
    /// Those that are open, or to be, or not in good standing.
    entries: HashMap<String, Entry>,
    /// What was counted of accounts that are gone.
    pub(crate) past: AccountMetrics,
}

#[derive(Default)]
struct Entry {
    standing: Standing,
    ledger: Ledger,
}

#[derive(Default)]
enum Ledger {
    #[default]
    Closed,
    /// A thread loads it. These wait for it.
    Opening(Vec<oneshot::Sender<Opened>>),
    Open(Account),
}

/// How far an account is from being open.
pub(crate) enum Lookup {
    Open(Account),
    /// Somebody opens it, and will tell.
    Opening(oneshot::Receiver<Opened>),
    /// Whoever asks is to open it, and is told like others that come meanwhile.
    Closed(oneshot::Receiver<Opened>),
}

/// What the known users say of credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recognized {
    Right,
    Wrong,
    /// There is no such user.
    Unknown,
}

impl Directory {
    pub(crate) fn add(&mut self, username: &str, token: Token) {
        self.tokens.insert(username.to_owned(), token);
    }

    pub(crate) fn recognize(&self, credentials: &Credentials) -> Recognized {
        match self.tokens.get(&credentials.username) {
            Some(token) if token.matches(credentials.token.expose()) => Recognized::Right,
            Some(_) => Recognized::Wrong,
            None => Recognized::Unknown,
        }
    }

    pub(crate) fn standing(&self, name: &str) -> Standing {
        self.entries.get(name).map_or(Standing::Good, |entry| entry.standing)
    }

    /// Returns the account, if it is open: it has to be told too.
    pub(crate) fn set_standing(&mut self, name: &str, standing: Standing) -> Option<Account> {
        let entry = self.entries.entry(name.to_owned()).or_default();
        entry.standing = standing;
        let account = entry.account();
        self.tidy(name);
        account
    }

    pub(crate) fn account(&self, name: &str) -> Option<Account> {
        self.entries.get(name)?.account()
    }

    pub(crate) fn accounts(&self) -> Vec<Account> {
        self.entries.values().filter_map(Entry::account).collect()
    }

    pub(crate) fn look_up(&mut self, name: &str) -> Lookup {
        let entry = self.entries.entry(name.to_owned()).or_default();
        let (sender, receiver) = oneshot::channel();
        match &mut entry.ledger {
            Ledger::Open(account) => Lookup::Open(account.clone()),
            Ledger::Opening(waiting) => {
                waiting.push(sender);
                Lookup::Opening(receiver)
            }
            Ledger::Closed => {
                entry.ledger = Ledger::Opening(vec![sender]);
                Lookup::Closed(receiver)
            }
        }
    }

    /// An account that is open from the start.
    pub(crate) fn insert(&mut self, account: Account) {
        let name = account.name().to_owned();
        self.entries.insert(name, Entry { standing: Standing::default(), ledger: Ledger::Open(account) });
    }

    /// The account that was to be opened is, or cannot be. Returns who waits for it.
    pub(crate) fn opened(&mut self, name: &str, account: Option<Account>) -> Vec<oneshot::Sender<Opened>> {
        let Some(entry) = self.entries.get_mut(name) else { return Vec::new() };
        let ledger = account.map_or(Ledger::Closed, |account| {
            account.begin_in(entry.standing);
            Ledger::Open(account)
        });
        let waiting = match std::mem::replace(&mut entry.ledger, ledger) {
            Ledger::Opening(waiting) => waiting,
            Ledger::Closed | Ledger::Open(_) => Vec::new(),
        };
        self.tidy(name);
        waiting
    }

    /// Nobody knows it any more, but this was counted of it.
    pub(crate) fn remove(&mut self, account: &Account, past: &AccountMetrics) {
        // Two may remove it at the same time.
        let known = self.entries.get(account.name()).and_then(Entry::account);
        if known.is_some_and(|known| known.is(account)) {
            self.tokens.remove(account.name());
            self.entries.remove(account.name());
            self.past += past;
        }
    }

    /// Keeps no entry that says nothing.
    fn tidy(&mut self, name: &str) {
        if self.entries.get(name).is_some_and(|entry| entry.standing == Standing::Good && matches!(entry.ledger, Ledger::Closed)) {
            self.entries.remove(name);
        }
    }
}

impl Entry {
    fn account(&self) -> Option<Account> {
        match &self.ledger {
            Ledger::Open(account) => Some(account.clone()),
            Ledger::Closed | Ledger::Opening(_) => None,
        }
    }
}
