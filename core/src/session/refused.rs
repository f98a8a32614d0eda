//! What an equal was refused over one of two connections must not be made over the other, from which it may be read later: the
//! payer, which has asked again, went by the refusal. Of a host's dialers [only one connection is
//! read](Session::give_up_left_by); two equals may both have dialed, and for a while both connections live.
//!
//! There are two for no longer than it takes to [elect](super::election) one and to close the other, and then all of this is
//! forgotten.

use super::error_name::ErrorName;
use super::machine::Session;
use super::output::ConnectionId;
use crate::ledger::Authority;
use crate::{Timestamp, TransferId};

impl Session {
    /// Answers a request about a transfer that was refused over another connection. Returns whether it is such a one.
    pub(super) fn is_refused_again(&mut self, connection: ConnectionId, request_id: u32, id: TransferId, now: Timestamp) -> bool {
        let is_again = self.refused.get(&id).is_some_and(|there| *there != connection);
        if is_again {
            self.refuse(connection, request_id, ErrorName::NotAccepted, "this was refused over another connection", now);
        }
        is_again
    }

    /// A request to make a transfer was answered.
    pub(super) fn remember_if_refused(&mut self, connection: ConnectionId, id: TransferId) {
        let may_come_again = self.config.authority == Authority::Shared && self.connections.len() > 1;
        if may_come_again && !self.trustline.knows(&id) && self.refused.len() < self.config.limits.in_flight_requests {
            self.refused.insert(id, connection);
        }
    }

    /// A connection is gone.
    pub(super) fn forget_refused(&mut self) {
        if self.connections.len() < 2 {
            self.refused.clear();
        }
    }
}
