//! Which error tells which refusal (PROTOCOL.md section 4).

use super::desk::{Desk, OPENING, config};
use super::peer::{fulfill, prepare, prepare_until, reject, transfer};
use crate::Timestamp;
use crate::ledger::Authority::Ours;
use crate::ledger::{Bounds, Refusal};
use crate::session::{ErrorName, error_message};
use crate::wire::{Body, Prepare};

const NOW: Timestamp = Timestamp::from_millis(OPENING);

#[test]
fn each_name_has_the_code_and_the_text_of_the_rfc() {
    for (name, code, text) in [
        (ErrorName::Unreachable, "T00", "UnreachableError"),
        (ErrorName::NotAccepted, "F00", "NotAcceptedError"),
        (ErrorName::InvalidFields, "F01", "InvalidFieldsError"),
        (ErrorName::TransferNotFound, "F03", "TransferNotFoundError"),
        (ErrorName::InvalidFulfillment, "F04", "InvalidFulfillmentError"),
        (ErrorName::DuplicateId, "F05", "DuplicateIdError"),
        (ErrorName::AlreadyRolledBack, "F06", "AlreadyRolledBackError"),
        (ErrorName::AlreadyFulfilled, "F07", "AlreadyFulfilledError"),
        (ErrorName::InsufficientBalance, "F08", "InsufficientBalanceError"),
    ] {
        let error = name.error("why", NOW);
        assert_eq!((error.code.as_str(), &*error.name), (code, text));
        assert_eq!((name.code().as_str(), name.as_str()), (code, text));
        assert_eq!(ErrorName::of(&error), Some(name));
        assert_eq!(error_message(&error), "why");
    }
}

#[test]
fn each_refusal_has_its_name() {
    for (refusal, name) in [
        (Refusal::TransferNotFound, ErrorName::TransferNotFound),
        (Refusal::DuplicateId, ErrorName::DuplicateId),
        (Refusal::NotThePayee, ErrorName::NotAccepted),
        (Refusal::AlreadyFulfilled, ErrorName::AlreadyFulfilled),
        (Refusal::AlreadyRolledBack, ErrorName::AlreadyRolledBack),
        (Refusal::InvalidFulfillment, ErrorName::InvalidFulfillment),
        (Refusal::TooFast, ErrorName::Unreachable),
        (Refusal::ZeroAmount, ErrorName::InvalidFields),
        (Refusal::Expired { expires_at: NOW, now: NOW }, ErrorName::NotAccepted),
        (Refusal::ExpiryTooFar { furthest: NOW }, ErrorName::NotAccepted),
        (Refusal::TooManyOpen, ErrorName::Unreachable),
        (Refusal::InsufficientBalance, ErrorName::InsufficientBalance),
    ] {
        assert_eq!(ErrorName::from(&refusal), name, "{refusal:?}");
    }
}

/// The peer hears the name of the refusal, and in its data the sentence.
#[test]
fn the_peer_is_told() {
    let mut poor = config(Ours);
    poor.bounds = Bounds { minimum: 0, maximum: 10 };
    let mut desk = Desk::connected_with(poor);
    desk.asks(Body::Prepare(prepare(1)));
    for (body, code, why) in [
        (fulfill(9), "F03", "no transfer with this id is known"),
        (reject(9), "F03", "no transfer with this id is known"),
        (transfer(1), "F05", "this transfer id was used with other contents"),
        (fulfill(1), "F00", "only the payee may fulfill or reject a transfer"),
        (Body::Prepare(Prepare { amount: 0, ..prepare(2) }), "F01", "the amount must not be zero"),
        (
            Body::Prepare(prepare_until(2, -1)),
            "F00",
            "the transfer expired at 2017-07-14T02:39:59.999Z; it is 2017-07-14T02:40:00.000Z here",
        ),
        (Body::Prepare(prepare_until(2, 86_400_001)), "F00", "the expiry must not be later than 2017-07-15T02:40:00.000Z"),
        (Body::Prepare(prepare(2)), "F08", "the balance limit would be exceeded"),
    ] {
        assert_eq!(desk.asks(body.clone()), ["frame Error"], "{body:?}");
        let Body::Error(error) = &desk.sent("Error").body else { unreachable!() };
        assert_eq!((error.code.as_str(), error_message(error).as_str()), (code, why));
        assert_eq!(error.triggered_at, desk.now, "never the epoch, which a JavaScript peer does not take");
    }
}
