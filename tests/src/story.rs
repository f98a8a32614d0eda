//! Events and frames in words, so that a scenario's expectations are short and its failures readable.

use trustline_core::session::{Dispute, ErrorName, Event, MessageFailure};
use trustline_core::wire::{Body, ErrorPacket, IlpPacket, Packet, ProtocolData};
use trustline_core::{TransferId, WireLimits};

use crate::names::number;

/// An event, as in `in 1 prepared: 10`: direction, transfer, what became of it.
pub fn describe_event(event: &Event) -> String {
    match event {
        Event::Connected { .. } => "connected".into(),
        Event::AuthenticationRefused { error, .. } => format!("authentication refused: {}", describe_error(error)),
        Event::Disconnected { .. } => "disconnected".into(),
        Event::Info(info) => format!("info {}", info.prefix),
        Event::OutgoingPrepared { id } => format!("out {} prepared", number(*id)),
        Event::OutgoingFulfilled { transfer, .. } => format!("out {} fulfilled", number(transfer.id)),
        Event::OutgoingRejected { transfer, protocol_data } => {
            format!("out {} rejected: {}", number(transfer.id), describe_reason(protocol_data))
        }
        Event::OutgoingExpired { transfer } => format!("out {} expired", number(transfer.id)),
        Event::OutgoingRefused { id, error } => format!("out {} refused: {}", number(*id), describe_error(error)),
        Event::OutgoingTransferred { id, amount } => format!("out {} transferred: {amount}", number(*id)),
        Event::IncomingPrepared { transfer, .. } => format!("in {} prepared: {}", number(transfer.id), transfer.amount),
        Event::IncomingFulfilled { transfer } => format!("in {} fulfilled", number(transfer.id)),
        Event::IncomingRejected { transfer, by, .. } => format!("in {} rejected by {by:?}", number(transfer.id)),
        Event::IncomingExpired { transfer } => format!("in {} expired", number(transfer.id)),
        Event::IncomingRefused { transfer, error } => format!("in {} refused: {}", number(transfer.id), describe_error(error)),
        Event::IncomingTransferred { id, amount, .. } => match id {
            Some(id) => format!("in {} transferred: {amount}", number(*id)),
            None => format!("in transferred: {amount}"),
        },
        Event::TransferAnswered { id, protocol_data } => format!("{} answered: {}", number(*id), describe_data(protocol_data)),
        Event::Request { protocol_data, .. } => format!("request: {}", describe_data(protocol_data)),
        Event::Answered { result, .. } => match result {
            Ok(protocol_data) => format!("answered: {}", describe_data(protocol_data)),
            Err(MessageFailure::Refused(error)) => format!("answered: {}", describe_error(error)),
            Err(failure) => format!("answered: {failure:?}"),
        },
        Event::Dispute(Dispute::FulfillDenied { id, error }) => {
            format!("dispute: fulfill {} denied: {}", number(*id), describe_error(error))
        }
        Event::Dispute(Dispute::Balance { ours, theirs, undecided }) => {
            format!("dispute: balance {ours} here, {theirs} there, {undecided} undecided")
        }
        Event::Dispute(Dispute::Rewound { who, seen, has }) => format!("dispute: {who:?} rewound from {seen} to {has}"),
        Event::Dispute(Dispute::Sums { ours, theirs }) => format!(
            "dispute: paid {} and got {} here, got {} and paid {} there",
            ours.outgoing_posted, ours.incoming_posted, theirs.incoming_posted, theirs.outgoing_posted
        ),
        Event::NoInfo(failure) => format!("no info: {failure:?}"),
        other => format!("{other:?}"),
    }
}

/// Which transfer comes to its end for the application, and how.
pub fn end(event: &Event) -> Option<(TransferId, &'static str)> {
    Some(match event {
        Event::OutgoingFulfilled { transfer, .. } | Event::IncomingFulfilled { transfer } => (transfer.id, "fulfilled"),
        Event::OutgoingRejected { transfer, .. } | Event::IncomingRejected { transfer, .. } => (transfer.id, "rejected"),
        Event::OutgoingExpired { transfer } | Event::IncomingExpired { transfer } => (transfer.id, "expired"),
        Event::IncomingRefused { transfer, .. } => (transfer.id, "refused"),
        Event::OutgoingRefused { id, .. } => (*id, "refused"),
        Event::OutgoingTransferred { id, .. } => (*id, "transferred"),
        Event::IncomingTransferred { id, .. } => ((*id)?, "transferred"),
        _ => return None,
    })
}

/// A frame, as in `Prepare 1: 10`; request ids, conditions and times are left out.
pub fn describe_frame(frame: &[u8]) -> String {
    match Packet::decode(frame, &WireLimits::NONE).map(|packet| packet.body) {
        Ok(Body::Response(data)) if data.is_empty() => "Response".into(),
        Ok(Body::Response(data)) => format!("Response: {}", describe_data(&data)),
        Ok(Body::Error(error)) => format!("Error: {}", describe_error(&error)),
        Ok(Body::Prepare(prepare)) => format!("Prepare {}: {}", number(prepare.transfer_id), prepare.amount),
        Ok(Body::Fulfill(fulfill)) => format!("Fulfill {}", number(fulfill.transfer_id)),
        Ok(Body::Reject(reject)) => format!("Reject {}: {}", number(reject.transfer_id), describe_reason(&reject.protocol_data)),
        Ok(Body::Message(data)) => format!("Message: {}", describe_data(&data)),
        Ok(Body::Transfer(transfer)) => format!("Transfer: {}", transfer.amount),
        Err(error) => format!("unreadable: {error}"),
    }
}

fn describe_error(error: &ErrorPacket) -> String {
    let known = ErrorName::of(error).map_or("", ErrorName::as_str);
    assert_eq!(known, error.name, "our errors have the names of the specification");
    format!("{} {}", error.code, error.name)
}

/// The ILP error in a Reject.
fn describe_reason(protocol_data: &ProtocolData) -> String {
    match protocol_data.get("ilp").map(|entry| IlpPacket::decode(&entry.data)) {
        Some(Ok(IlpPacket::Error(error))) => format!("{} {}", error.code, error.name),
        _ => "no reason".into(),
    }
}

/// The names of the entries, and the content of texts and JSON; a token stays secret here too.
fn describe_data(protocol_data: &ProtocolData) -> String {
    let entry = |entry: &trustline_core::wire::Entry| match (u8::from(entry.content_type), std::str::from_utf8(&entry.data)) {
        (1 | 2, Ok(text)) if &*entry.name != "auth_token" => format!("{} {text}", &*entry.name),
        _ => entry.name.to_string(),
    };
    protocol_data.iter().map(entry).collect::<Vec<_>>().join(", ")
}
