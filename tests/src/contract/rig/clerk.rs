//! What a payee does, decided inline.

use trustline_core::ledger::Transfer;
use trustline_core::session::{ErrorName, Event};
use trustline_core::wire::{ErrorCode, IlpError, ProtocolData};
use trustline_runtime::{Commands, Decision, Handler};

use crate::{START, fulfillment, no_funds, number};

/// Behind the counter.
#[derive(Clone, Copy, Debug)]
pub enum Clerk {
    /// Takes each payment whose condition it knows, and declines the others. Answers a request with its own words,
    /// unless these are `no`, which it refuses, or `hush`, which it does not answer.
    Sells,
    /// Declines each payment.
    Declines,
    /// Decides about no payment, and answers no request.
    Thinks,
    /// Panics whatever it is asked or told.
    Panics,
}

impl Handler for Clerk {
    fn decide(&mut self, transfer: &Transfer, _protocol_data: &ProtocolData) -> Decision {
        match self {
            Self::Sells => {
                let fulfillment = fulfillment(number(transfer.id));
                if fulfillment.fulfills(&transfer.condition) { Decision::Fulfill(fulfillment) } else { Decision::Reject(wrong_condition()) }
            }
            Self::Declines => Decision::Reject(no_funds()),
            Self::Thinks => Decision::Later,
            Self::Panics => panic!("the clerk was told to"),
        }
    }

    fn handle(&mut self, event: Event, commands: &mut Commands<'_>) {
        assert!(!matches!(self, Self::Panics), "the clerk was told to");
        let Event::Request { token, protocol_data } = event else { return };
        match self {
            Self::Sells | Self::Declines => match protocol_data.primary().map(|entry| &entry.data[..]) {
                Some(b"no") => commands.refuse_request(token, ErrorName::NotAccepted, "the clerk says no"),
                Some(b"hush") => {}
                _ => commands.respond(token, protocol_data).unwrap(),
            },
            Self::Thinks | Self::Panics => {}
        }
    }
}

/// As the letter shop says it.
fn wrong_condition() -> IlpError {
    IlpError {
        code: ErrorCode::new(*b"F05").unwrap(),
        name: "Wrong Condition".into(),
        triggered_by: "example.shop".into(),
        forwarded_by: Vec::new(),
        triggered_at: START,
        data: "no".into(),
    }
}
