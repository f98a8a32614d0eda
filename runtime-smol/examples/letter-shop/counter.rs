//! The counter, where money is exchanged for letters.
//!
//! ```text
//!   Prepare ── decide: reader known? price paid? condition right? room for a letter? ── no ──► Reject, with the reason
//!                 └─ yes: room reserved, Fulfill ── posted ──► letter delivered into the room
//!                                                 └ not posted ─► room given back
//! ```

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use serde_json::json;
use trustline_smol::core::ledger::Transfer;
use trustline_smol::core::session::{Dispute, ErrorName, Event};
use trustline_smol::core::wire::{ErrorCode, IlpError, IlpPacket, ProtocolData};
use trustline_smol::core::{Fulfillment, Timestamp, TransferId};
use trustline_smol::{Commands, Decision, Handler};

use crate::address::segment_below;
use crate::letters::{NoRoom, Reservation};
use crate::readers::Readers;
use crate::text;

/// What is sold, and to whom.
#[derive(Debug)]
pub(crate) struct Terms {
    /// The shop's own ILP account. Reader and payment are appended to it.
    pub(crate) account: String,
    /// The price of one letter, in the ledger's smallest unit.
    pub(crate) price: u64,
    pub(crate) readers: Arc<Readers>,
    pub(crate) tally: Tally,
}

/// What has happened so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Letters delivered.
    pub(crate) letters: AtomicU64,
    /// Payments rejected.
    pub(crate) rejected: AtomicU64,
    /// Letters that were paid, and whose reader went in the instant between.
    pub(crate) undelivered: AtomicU64,
}

/// Handles the payments of one trustline.
pub(crate) struct Counter {
    terms: Arc<Terms>,
    /// Room for the letters of transfers that are fulfilled and not yet posted.
    promised: HashMap<TransferId, Reservation>,
}

impl Counter {
    pub(crate) fn new(terms: Arc<Terms>) -> Self {
        Self { terms, promised: HashMap::new() }
    }
}

impl Handler for Counter {
    /// A shop that was restarted is asked again about what it had not decided before. The readers of then are gone, and
    /// their secrets with them, so that it rejects that.
    fn decide(&mut self, transfer: &Transfer, protocol_data: &ProtocolData) -> Decision {
        match self.terms.consider(transfer, protocol_data) {
            Ok((fulfillment, room)) => {
                self.promised.insert(transfer.id, room);
                Decision::Fulfill(fulfillment)
            }
            Err(refusal) => {
                self.terms.tally.rejected.fetch_add(1, Ordering::Relaxed);
                Decision::Reject(self.terms.error(&refusal))
            }
        }
    }

    fn handle(&mut self, event: Event, commands: &mut Commands<'_>) {
        match event {
            Event::IncomingFulfilled { transfer } => {
                // After a restart there is no promise, and no reader either: its connection ended with the process.
                let room = self.promised.remove(&transfer.id);
                let delivered = room.is_some_and(|room| room.deliver(fastrand::u8(b'A'..=b'Z')).is_ok());
                let tally = &self.terms.tally;
                let count = if delivered { &tally.letters } else { &tally.undelivered };
                count.fetch_add(1, Ordering::Relaxed);
            }
            Event::IncomingRejected { transfer, .. } | Event::IncomingExpired { transfer } | Event::IncomingRefused { transfer, .. } => {
                self.promised.remove(&transfer.id);
            }
            // The ledger did not take the fulfillment, so that there is nothing to wait for.
            Event::IncomingPrepared { transfer, .. } => {
                self.promised.remove(&transfer.id);
                let late = self.terms.error(&Refusal::new(*b"R00", "Transfer Timed Out", "It came too late to be fulfilled."));
                let _ = commands.reject(transfer.id, &late);
            }
            // The shop has nothing to say but letters.
            Event::Request { token, .. } => {
                commands.refuse_request(token, ErrorName::NotAccepted, "this shop sells letters only");
            }
            // Whoever keeps the shop has to put the right file back, or to talk to somebody. (That a process knows nothing of
            // what another has paid is usual where they share an account.)
            Event::Dispute(dispute @ (Dispute::Rewound { .. } | Dispute::Sums { .. })) => eprintln!("{}", text::sentence(&dispute)),
            _ => {}
        }
    }
}

/// Why a payment is rejected, as its ILP error says it.
struct Refusal {
    code: ErrorCode,
    name: &'static str,
    message: String,
}

impl Refusal {
    fn new(code: [u8; 3], name: &'static str, message: impl Into<String>) -> Self {
        let code = ErrorCode::new(code).expect("the codes here are ASCII");
        Self { code, name, message: message.into() }
    }

    fn wrong_condition(message: &str) -> Self {
        Self::new(*b"F05", "Wrong Condition", message)
    }
}

impl Terms {
    /// The fulfillment, and the room for the letter that it pays.
    fn consider(&self, transfer: &Transfer, protocol_data: &ProtocolData) -> Result<(Fulfillment, Reservation), Refusal> {
        let packet = protocol_data.get("ilp").map(|entry| &entry.data[..]).unwrap_or_default();
        let Ok(IlpPacket::Payment(payment)) = IlpPacket::decode(packet) else {
            return Err(Refusal::new(*b"F01", "Invalid Packet", "The ilp entry holds no ILP payment."));
        };
        if transfer.amount < self.price {
            let message = format!("Please send at least {}.", self.price);
            return Err(Refusal::new(*b"F04", "Insufficient Destination Amount", message));
        }
        let reader = segment_below(&self.account, &payment.account)
            .and_then(|id| self.readers.get(id))
            .ok_or_else(|| Refusal::wrong_condition("No reader of that name is connected."))?;
        let fulfillment = Fulfillment::from(reader.psk.fulfillment(packet));
        if !fulfillment.fulfills(&transfer.condition) {
            return Err(Refusal::wrong_condition("The condition was not made with this packet and the shared secret."));
        }
        let room = reader.letters.try_reserve().map_err(|no_room| match no_room {
            NoRoom::Gone => Refusal::wrong_condition("The reader has gone."),
            NoRoom::Full => Refusal::new(*b"T99", "Application Error", "The reader does not read its letters."),
        })?;
        Ok((fulfillment, room))
    }

    fn error(&self, refusal: &Refusal) -> IlpError {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_millis();
        IlpError {
            code: refusal.code,
            name: refusal.name.into(),
            triggered_by: self.account.clone(),
            forwarded_by: Vec::new(),
            triggered_at: Timestamp::from_millis(i64::try_from(now).unwrap_or(i64::MAX)),
            // JavaScript peers read it as JSON.
            data: json!({ "message": &refusal.message }).to_string().into(),
        }
    }
}
