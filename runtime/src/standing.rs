//! Whether an account may be used at all.

use std::future::poll_fn;
use std::sync::Arc;

use trustline_core::session::{AuthenticationRequest, ConnectionId, DisconnectReason};
use trustline_core::wire::ProtocolData;

use crate::account::Account;
use crate::outbox::Outbox;

/// What the host has decided about an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Standing {
    #[default]
    Good,
    /// Nobody may join it. Its ledger goes on: what is open expires, and can be decided.
    Suspended,
    /// It is about to be, or is, no account of the host.
    Removed,
}

impl Standing {
    /// Why nobody may be there.
    fn reason(self) -> Option<DisconnectReason> {
        match self {
            Self::Good => None,
            Self::Suspended => Some(DisconnectReason::Suspended),
            Self::Removed => Some(DisconnectReason::Removed),
        }
    }

    /// What is said to who wants to join.
    pub(crate) fn refusal(self) -> Option<String> {
        self.reason().map(|reason| reason.to_string())
    }
}

/// Why an account could not be joined.
pub(crate) enum NotJoined {
    Closing,
    Failed,
    TooManyConnections,
    Standing(String),
}

impl Account {
    /// An authenticated connection joins. The frame of its request had `frame_bytes`.
    pub(crate) fn join(
        &self,
        outbox: &Arc<Outbox>,
        request: &AuthenticationRequest,
        frame_bytes: usize,
    ) -> Result<ConnectionId, NotJoined> {
        self.with(|state, now| {
            if state.session.is_closing() {
                return Err(NotJoined::Closing);
            }
            if let Some(refusal) = state.standing.refusal() {
                return Err(NotJoined::Standing(refusal));
            }
            if state.has_failed() || state.session.stopped().is_some() {
                return Err(NotJoined::Failed);
            }
            if !state.session.has_room_for(request) {
                return Err(NotJoined::TooManyConnections);
            }
            let id = state.open(outbox.clone());
            state.metrics.received.count(frame_bytes);
            state.session.handle_accepted(id, request, ProtocolData::new(), now);
            Ok(id)
        })
    }

    /// Of an account that nobody else has seen yet.
    pub(crate) fn begin_in(&self, standing: Standing) {
        self.shared.lock().standing = standing;
    }

    /// Where it is not good, all connections are dropped and none joins.
    pub(crate) fn set_standing(&self, standing: Standing) {
        self.with(|state, now| {
            state.standing = standing;
            if let Some(reason) = standing.reason() {
                state.session.disconnect_all(&reason, now);
            }
        });
    }

    /// Nobody joins it any more, unless something is open. `Err`: so many transfers are, and nothing is done.
    pub(crate) fn remove_unless_open(&self) -> Result<(), usize> {
        self.with(|state, now| match state.session.trustline().open_len() {
            0 => {
                state.standing = Standing::Removed;
                state.session.disconnect_all(&DisconnectReason::Removed, now);
                Ok(())
            }
            transfers => Err(transfers),
        })
    }

    /// Nothing happens on it from now on, and nobody waits for it. Ready when its journal has all that happened.
    pub(crate) async fn stop(&self) {
        self.with(|state, _| {
            state.session.remove();
            state.waiters.give_up();
        });
        poll_fn(|cx| self.shared.lock().poll_committed(cx)).await;
    }
}
