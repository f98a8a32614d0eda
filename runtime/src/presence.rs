//! Whether the peer is there, and who waits for that to change.

use std::future::Future;

use futures_channel::oneshot;

use crate::account::Account;

/// Who waits for the peer to come, and who waits for it to go.
#[derive(Default)]
pub(crate) struct Presence {
    arrivals: Vec<oneshot::Sender<()>>,
    departures: Vec<oneshot::Sender<()>>,
}

impl Presence {
    /// A connection came or went. Whoever is dropped with this, on the other hand, learns that nothing more will come.
    pub(crate) fn tell(&mut self, is_connected: bool) {
        let waiting = if is_connected { &mut self.arrivals } else { &mut self.departures };
        for waiter in waiting.drain(..) {
            let _ = waiter.send(());
        }
    }
}

impl Account {
    /// Waits for a connection to be authenticated, if none is. Returns false if that will never be, because the account
    /// was closed or removed, its journal failed, or its ledger and the peer's cannot both be right.
    pub async fn connected(&self) -> bool {
        self.waits(true).await
    }

    /// Waits until there is no connection left.
    pub(crate) async fn disconnected(&self) {
        self.waits(false).await;
    }

    fn waits(&self, for_connection: bool) -> impl Future<Output = bool> + Send + use<> {
        let (teller, change) = oneshot::channel();
        let mut state = self.shared.lock();
        let is_so = state.session.is_connected() == for_connection;
        let is_final = state.session.stopped().is_some() || state.has_failed() || (for_connection && state.session.is_closing());
        if !is_so && !is_final {
            let Presence { arrivals, departures } = &mut state.waiters.presence;
            let waiting = if for_connection { arrivals } else { departures };
            // Who waits no longer leaves nothing behind.
            waiting.retain(|waiter| !waiter.is_canceled());
            waiting.push(teller);
        }
        async move { is_so || change.await.is_ok() }
    }
}
