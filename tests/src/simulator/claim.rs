//! What a frame or an event rests on: effects that must be decided before it in the queue of outputs, and durable before
//! it leaves the process.

use trustline_core::ledger::Direction;
use trustline_core::session::Event;
use trustline_core::wire::Body;
use trustline_core::{Fulfillment, TransferId};

use super::books::{Books, Entry, Fate};

/// A sentence about one transfer in the books of whoever says it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    id: TransferId,
    of: Option<Direction>,
    is: Is,
}

#[derive(Clone, Copy, Debug)]
enum Is {
    /// It was begun.
    Known,
    /// This was shown for it, whatever the peer made of that.
    Shown(Fulfillment),
    Paid(Option<Fulfillment>),
    /// Also if the host has the last word.
    Back,
    NotHeld,
}

impl Claim {
    /// What our own request says.
    pub(super) fn of_request(body: &Body) -> Option<Self> {
        Some(match body {
            Body::Prepare(prepare) => Self { id: prepare.transfer_id, of: Some(Direction::Outgoing), is: Is::Known },
            Body::Fulfill(fulfill) => Self { id: fulfill.transfer_id, of: Some(Direction::Incoming), is: Is::Shown(fulfill.fulfillment) },
            Body::Reject(reject) => Self { id: reject.transfer_id, of: None, is: Is::Back },
            Body::Transfer(transfer) => Self { id: transfer_id(transfer)?, of: Some(Direction::Outgoing), is: Is::Known },
            Body::Message(_) | Body::Response(_) | Body::Error(_) => return None,
        })
    }

    /// What a Response to the peer's request says.
    pub(super) fn of_response(to: &Body) -> Option<Self> {
        Some(match to {
            Body::Prepare(prepare) => Self { id: prepare.transfer_id, of: Some(Direction::Incoming), is: Is::Known },
            Body::Fulfill(fulfill) => {
                Self { id: fulfill.transfer_id, of: Some(Direction::Outgoing), is: Is::Paid(Some(fulfill.fulfillment)) }
            }
            Body::Reject(reject) => Self { id: reject.transfer_id, of: None, is: Is::NotHeld },
            Body::Transfer(transfer) => Self { id: transfer_id(transfer)?, of: Some(Direction::Incoming), is: Is::Paid(None) },
            Body::Message(_) | Body::Response(_) | Body::Error(_) => return None,
        })
    }

    /// What the application is told.
    pub(super) fn of_event(event: &Event) -> Option<Self> {
        let claim = |id, of, is| Some(Self { id, of: Some(of), is });
        match event {
            Event::OutgoingPrepared { id } => claim(*id, Direction::Outgoing, Is::Known),
            Event::IncomingPrepared { transfer, .. } => claim(transfer.id, Direction::Incoming, Is::Known),
            Event::OutgoingFulfilled { transfer, fulfillment, .. } => claim(transfer.id, Direction::Outgoing, Is::Paid(Some(*fulfillment))),
            Event::IncomingFulfilled { transfer } => claim(transfer.id, Direction::Incoming, Is::Paid(None)),
            Event::OutgoingTransferred { id, .. } => claim(*id, Direction::Outgoing, Is::Paid(None)),
            Event::IncomingTransferred { id, .. } => claim((*id)?, Direction::Incoming, Is::Paid(None)),
            Event::OutgoingRejected { transfer, .. } => claim(transfer.id, Direction::Outgoing, Is::Back),
            // The host may have paid it all the same, by the time that it is told.
            Event::OutgoingExpired { transfer } => claim(transfer.id, Direction::Outgoing, Is::NotHeld),
            Event::OutgoingRefused { id, .. } => claim(*id, Direction::Outgoing, Is::Back),
            Event::IncomingRejected { transfer, .. } | Event::IncomingExpired { transfer } | Event::IncomingRefused { transfer, .. } => {
                claim(transfer.id, Direction::Incoming, Is::Back)
            }
            _ => None,
        }
    }

    /// Panics if it is not true by these books.
    pub(super) fn check(&self, books: &Books, which: &str) {
        let entry = books.entry(&self.id);
        assert!(entry.is_some_and(|entry| self.is_true_of(entry)), "what is said rests on no {which} effect: {self:?}, but {entry:?}");
    }

    fn is_true_of(&self, entry: &Entry) -> bool {
        if self.of.is_some_and(|direction| direction != entry.direction) {
            return false;
        }
        match self.is {
            Is::Known => true,
            Is::Shown(fulfillment) => entry.shown == Some(fulfillment),
            Is::Paid(by) => entry.fate == Fate::Paid && (by.is_none() || by == entry.shown),
            Is::Back => matches!(entry.fate, Fate::Back | Fate::Lapsed),
            Is::NotHeld => entry.fate != Fate::Held,
        }
    }
}

fn transfer_id(transfer: &trustline_core::wire::Transfer) -> Option<TransferId> {
    let entry = transfer.protocol_data.get("transfer_id")?;
    Some(TransferId::from(<[u8; 16]>::try_from(&entry.data[..]).ok()?))
}
