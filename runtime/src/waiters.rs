//! Futures of the application that wait for an event.

use std::collections::HashMap;

use futures_channel::oneshot;
use trustline_core::TransferId;
use trustline_core::session::{ConnectionId, Dispute, Event, MessageFailure, MessageId};
use trustline_core::wire::ProtocolData;

use crate::payment::{Fulfilled, PaymentError};
use crate::presence::Presence;

type Payment = oneshot::Sender<Result<Fulfilled, PaymentError>>;
type Answer = oneshot::Sender<Result<ProtocolData, MessageFailure>>;

/// Who awaits what. A future that was dropped is as good as none: its payment is not undone, and its event is the
/// handler's.
#[derive(Default)]
pub(crate) struct Waiters {
    payments: HashMap<TransferId, Payment>,
    transfers: HashMap<TransferId, oneshot::Sender<Result<(), PaymentError>>>,
    answers: HashMap<MessageId, Answer>,
    /// Who waits for one connection.
    connected: Option<(ConnectionId, oneshot::Sender<Connected>)>,
    pub(crate) presence: Presence,
}

/// How an attempt to connect ended.
#[derive(Debug)]
pub(crate) enum Connected {
    /// Authenticated, and told what ledger it is (or that the host does not say).
    Ready,
    Refused(Box<trustline_core::wire::ErrorPacket>),
    /// The two ledgers cannot both be right.
    Disputed(Dispute),
}

impl Waiters {
    pub(crate) fn payment(&mut self, id: TransferId) -> oneshot::Receiver<Result<Fulfilled, PaymentError>> {
        let (sender, receiver) = oneshot::channel();
        self.payments.insert(id, sender);
        receiver
    }

    pub(crate) fn transfer(&mut self, id: TransferId) -> oneshot::Receiver<Result<(), PaymentError>> {
        let (sender, receiver) = oneshot::channel();
        self.transfers.insert(id, sender);
        receiver
    }

    pub(crate) fn answer(&mut self, id: MessageId) -> oneshot::Receiver<Result<ProtocolData, MessageFailure>> {
        let (sender, receiver) = oneshot::channel();
        self.answers.insert(id, sender);
        receiver
    }

    pub(crate) fn connected(&mut self, connection: ConnectionId) -> oneshot::Receiver<Connected> {
        let (sender, receiver) = oneshot::channel();
        self.connected = Some((connection, sender));
        receiver
    }

    /// Gives the event to the future that waits for it; else returns it.
    pub(crate) fn resolve(&mut self, event: Event) -> Option<Event> {
        match &event {
            Event::OutgoingFulfilled { transfer, .. }
            | Event::OutgoingRejected { transfer, .. }
            | Event::OutgoingExpired { transfer, .. } => {
                let Some(payment) = self.take_payment(&transfer.id) else { return Some(event) };
                let _ = payment.send(outcome(event));
                None
            }
            Event::OutgoingRefused { id, .. } => {
                let id = *id;
                if let Some(payment) = self.take_payment(&id) {
                    let _ = payment.send(outcome(event));
                } else if let Some(transfer) = awaited(self.transfers.remove(&id)) {
                    let _ = transfer.send(outcome(event).map(|_| ()));
                } else {
                    return Some(event);
                }
                None
            }
            Event::OutgoingTransferred { id, .. } => {
                let Some(transfer) = awaited(self.transfers.remove(id)) else { return Some(event) };
                let _ = transfer.send(Ok(()));
                None
            }
            Event::Answered { message, .. } => {
                let Some(answer) = awaited(self.answers.remove(message)) else { return Some(event) };
                if let Event::Answered { result, .. } = event {
                    let _ = answer.send(result);
                }
                None
            }
            Event::Info(_) | Event::NoInfo(_) => {
                // It came over the only connection: an equal does not ask.
                self.tell_connected(None, Connected::Ready);
                Some(event)
            }
            Event::AuthenticationRefused { connection, error } => {
                self.tell_connected(Some(*connection), Connected::Refused(error.clone()));
                Some(event)
            }
            _ => Some(event),
        }
    }

    /// `None` speaks of whichever connection is waited for.
    pub(crate) fn tell_connected(&mut self, connection: Option<ConnectionId>, connected: Connected) {
        let awaited = self.connected.take_if(|(awaited, _)| connection.is_none_or(|connection| connection == *awaited));
        if let Some((_, waiter)) = awaited {
            let _ = waiter.send(connected);
        }
    }

    /// Nothing will be resolved any more: the futures see that nobody will.
    pub(crate) fn give_up(&mut self) {
        *self = Self::default();
    }

    fn take_payment(&mut self, id: &TransferId) -> Option<Payment> {
        // Handlers that pay by events have no futures: spare them the look-up.
        if self.payments.is_empty() { None } else { awaited(self.payments.remove(id)) }
    }
}

fn awaited<T>(waiter: Option<oneshot::Sender<T>>) -> Option<oneshot::Sender<T>> {
    waiter.filter(|waiter| !waiter.is_canceled())
}

fn outcome(event: Event) -> Result<Fulfilled, PaymentError> {
    match event {
        Event::OutgoingFulfilled { fulfillment, protocol_data, .. } => Ok(Fulfilled { fulfillment, protocol_data }),
        Event::OutgoingRejected { protocol_data, .. } => Err(PaymentError::rejected(protocol_data)),
        Event::OutgoingRefused { error, .. } => Err(PaymentError::Refused(error)),
        _ => Err(PaymentError::Expired),
    }
}
