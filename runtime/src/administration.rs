//! What becomes of accounts while their host runs.

use std::fmt;
use std::sync::Arc;

use trustline_core::session::Token;

use crate::account::Account;
use crate::host::Host;
use crate::hosting::Admitted;
use crate::meter::HostMeter;
use crate::metrics::HostMetrics;
use crate::opening::OpenError;
use crate::runtime::Runtime;
use crate::standing::Standing;

/// Accounts, while it runs. All of it is kept in memory: a host that is started again is told again.
impl<R: Runtime> Host<R> {
    /// Adds an account, which is named like its user, as [`HostBuilder::account`](crate::HostBuilder::account) does. If
    /// there is such a user, this is its token from now on; connections that the old one opened stay.
    pub fn add_account(&self, username: &str, token: impl Into<Token>) {
        self.hosting.lock().directory.add(username, token.into());
        tracing::info!(account = username, "an account was added");
    }

    /// The account of that name, whether or not it was ever connected: to see its ledger, to change its bounds or
    /// limits. Whether anybody may join it is another matter.
    pub async fn open_account(&self, name: &str) -> Result<Account, OpenError> {
        self.hosting.open_account(&self.runtime, Admitted::to(name)).await
    }

    /// Drops the account's connections, and lets nobody join it. Its ledger is kept: what is open expires, and can still be
    /// decided; the peer is told when it comes back. Who may authenticate as what is not asked: an account that the
    /// callback admits can be suspended too, even before its first connection.
    pub fn suspend_account(&self, name: &str) {
        self.set_standing(name, Standing::Suspended);
        tracing::info!(account = name, "an account was suspended");
    }

    /// The end of a [suspension](Self::suspend_account).
    pub fn resume_account(&self, name: &str) {
        self.set_standing(name, Standing::Good);
        tracing::info!(account = name, "an account was resumed");
    }

    /// Removes an account on which nothing is open: its token is forgotten, its connections are dropped, its handles do
    /// nothing any more. What its journal has of it stays there, and who adds an account of that name has the same ledger
    /// again; the journal [`Memory`](crate::Memory) has nothing. Where something is open, nothing is done.
    ///
    /// An account that the callback admits comes back with its next connection, unless the callback refuses that.
    pub async fn remove_account(&self, name: &str) -> Result<(), RemoveError> {
        let account = self.open_account(name).await.map_err(RemoveError::Open)?;
        account.remove_unless_open().map_err(|transfers| RemoveError::OpenTransfers { transfers })?;
        self.forget(&account).await;
        Ok(())
    }

    /// Removes an account whatever is open on it. Payments of ours that wait for their outcome are
    /// [abandoned](crate::PaymentError::Abandoned). What the journal has of it stays there: if an account of that name is
    /// added, its open transfers are open again, and expire.
    pub async fn remove_account_by_force(&self, name: &str) -> Result<(), OpenError> {
        let account = self.open_account(name).await?;
        account.set_standing(Standing::Removed);
        self.forget(&account).await;
        Ok(())
    }

    /// What happened since the host was started, and how it stands. Takes the lock of each open account in turn.
    pub fn metrics(&self) -> HostMetrics {
        self.hosting.metrics()
    }

    /// Tells the metrics to whoever does not have the host itself.
    pub fn meter(&self) -> HostMeter {
        HostMeter { hosting: Arc::downgrade(&self.hosting) }
    }

    fn set_standing(&self, name: &str, standing: Standing) {
        // The account's lock is not taken under the host's.
        let account = self.hosting.lock().directory.set_standing(name, standing);
        if let Some(account) = account {
            account.set_standing(standing);
        }
    }

    async fn forget(&self, account: &Account) {
        // Before another can be opened under the name, so that the journal has one owner of it at a time.
        account.stop().await;
        let past = account.metrics().past();
        self.hosting.lock().directory.remove(account, &past);
        tracing::info!(account = account.name(), "an account was removed");
    }
}

/// Why an account was not removed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RemoveError {
    /// Something is still to come of its transfers: wait until they are decided and the peer has acknowledged it, or
    /// remove it [by force](Host::remove_account_by_force).
    OpenTransfers {
        /// How many are open.
        transfers: usize,
    },
    /// Whether something is open cannot be known.
    Open(OpenError),
}

impl fmt::Display for RemoveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenTransfers { transfers: 1 } => f.write_str("the account has an open transfer"),
            Self::OpenTransfers { transfers } => write!(f, "the account has {transfers} open transfers"),
            Self::Open(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RemoveError {}
