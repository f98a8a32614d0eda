//! What is done to a trustline, and what comes of it.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use proptest::collection::{SizeRange, vec};
use proptest::prelude::*;
use proptest::sample::select;

use super::numbers::{amount, bounds, incoming_number, number, number_and_with, octets, outgoing_number};
use super::times::{expires_in, pause, timestamp};
use super::wire::{fulfillment, prepare, transfer_id};
use crate::LedgerId;
use crate::ledger::{Authority, Bounds, Direction, Effect, Fact, Party, Position, Transfer, TrustlineConfig};
use crate::testing::{Operation, Request, small_config};

/// Whose word counts.
pub fn authority() -> impl Strategy<Value = Authority> + Clone {
    select(&[Authority::Ours, Authority::Theirs, Authority::Shared][..])
}

/// [`small_config`] of any authority, with any [`bounds`](super::bounds).
pub fn config() -> impl Strategy<Value = TrustlineConfig> + Clone {
    (authority(), bounds()).prop_map(|(authority, bounds)| TrustlineConfig { bounds, ..small_config(authority) })
}

/// Any conditional transfer, as its payer might describe it; what is in `protocol_data` can be decoded.
pub fn transfer() -> impl Strategy<Value = Transfer> {
    prepare().prop_map(|prepare| Transfer {
        id: prepare.transfer_id,
        amount: prepare.amount,
        condition: prepare.condition,
        expires_at: prepare.expires_at,
        protocol_data: prepare.protocol_data.encode().unwrap_or_default(),
    })
}

/// Any [`Operation`]. Transfers are few, so that most things are said of one that there is, and many twice; those that we pay and
/// those that the peer pays have mostly other numbers; most fulfillments are the right ones; expiries and pauses are such that many
/// an operation comes at the very moment of an expiry, or next to it.
pub fn operation() -> impl Strategy<Value = Operation> + Clone {
    prop_oneof![
        3 => pause().prop_map(|millis| Operation::Wait { millis }),
        4 => (outgoing_number(), amount(), expires_in()).prop_map(|(n, amount, expires_in)| Operation::Prepare { n, amount, expires_in }),
        4 => (incoming_number(), amount(), expires_in()).prop_map(|(n, amount, expires_in)| Operation::ReceivePrepare { n, amount, expires_in }),
        4 => number_and_with(incoming_number()).prop_map(|(n, with)| Operation::Fulfill { n, with }),
        4 => number_and_with(outgoing_number()).prop_map(|(n, with)| Operation::ReceiveFulfill { n, with }),
        1 => incoming_number().prop_map(|n| Operation::Reject { n }),
        1 => prop_oneof![outgoing_number(), incoming_number()].prop_map(|n| Operation::ReceiveReject { n }),
        2 => number().prop_map(|n| Operation::Expire { n }),
        6 => answered(),
        1 => (outgoing_number(), amount()).prop_map(|(n, amount)| Operation::Transfer { n, amount }),
        1 => (prop::option::weighted(0.75, incoming_number()), amount()).prop_map(|(n, amount)| Operation::ReceiveTransfer { n, amount }),
        1 => bounds().prop_map(|bounds| Operation::SetBounds { bounds }),
        2 => lineage(),
    ]
}

fn answered() -> impl Strategy<Value = Operation> + Clone {
    let of_ours = (outgoing_number(), select(&[Request::Prepare, Request::Transfer][..]));
    let of_theirs = (incoming_number(), select(&[Request::Fulfill, Request::Reject][..]));
    (prop_oneof![1 => of_ours, 3 => of_theirs], any::<bool>()).prop_map(|((n, to), accepted)| Operation::Answered { n, to, accepted })
}

/// What moves no money.
fn lineage() -> impl Strategy<Value = Operation> + Clone {
    let position = (ledger_id(), ledger_id(), 0..4_u64).prop_map(|(ledger, opening, sequence)| Position { ledger, opening, sequence });
    prop_oneof![
        3 => ledger_id().prop_map(|id| Operation::Open { id }),
        3 => position.prop_map(|position| Operation::SeePeer { position }),
        1 => Just(Operation::SeeUnnamed),
    ]
}

/// Some operations, one after the other. They shrink to fewer, and to simpler kinds.
pub fn operations(count: impl Into<SizeRange>) -> impl Strategy<Value = Vec<Operation>> + Clone {
    vec(operation(), count)
}

/// Any effect by itself, which no trustline need ever have had: for what writes them down and reads them. For effects that belong
/// together, let a [`Bank`](crate::testing::Bank) perform [`operations`].
pub fn effect() -> impl Strategy<Value = Effect> {
    let sequence = prop_oneof![1..20_u64, Just(u64::MAX), any::<u64>()];
    (sequence, timestamp(), fact()).prop_map(|(sequence, at, fact)| Effect { sequence, at, fact })
}

/// Any fact by itself.
pub fn fact() -> impl Strategy<Value = Fact> {
    let direction = || select(&[Direction::Incoming, Direction::Outgoing][..]);
    let party = select(&[Party::Us, Party::Peer][..]);
    let fulfilled = || (transfer_id(), fulfillment(), octets(1_024));
    let any_bounds = (any::<i128>(), any::<i128>()).prop_map(|(minimum, maximum)| Bounds { minimum, maximum });
    prop_oneof![
        Just(Fact::UnnamedPeerSeen),
        transfer_id().prop_map(|id| Fact::Refused { id }),
        transfer_id().prop_map(|id| Fact::Expired { id }),
        transfer_id().prop_map(|id| Fact::Acknowledged { id }),
        any::<[u8; 16]>().prop_map(|id| Fact::Opened { id: id.into() }),
        (any::<[u8; 16]>(), any::<[u8; 16]>(), any::<u64>()).prop_map(|(ledger, opening, sequence)| {
            let (ledger, opening) = (ledger.into(), opening.into());
            Fact::PeerSeen { position: Position { ledger, opening, sequence } }
        }),
        prop_oneof![bounds(), any_bounds].prop_map(|bounds| Fact::BoundsChanged { bounds }),
        (transfer_id(), party, octets(1_024)).prop_map(|(id, by, protocol_data)| Fact::Rejected { id, by, protocol_data }),
        fulfilled().prop_map(|(id, fulfillment, protocol_data)| Fact::Fulfilling { id, fulfillment, protocol_data }),
        fulfilled().prop_map(|(id, fulfillment, protocol_data)| Fact::Fulfilled { id, fulfillment, protocol_data }),
        (transfer_id(), amount(), octets(1_024)).prop_map(|(id, amount, protocol_data)| Fact::Transferring { id, amount, protocol_data }),
        transferred(direction()),
        (direction(), transfer().prop_map(Arc::new)).prop_map(|(direction, transfer)| Fact::Prepared { direction, transfer }),
    ]
}

fn transferred(direction: impl Strategy<Value = Direction>) -> impl Strategy<Value = Fact> {
    (direction, prop::option::of(transfer_id()), amount(), octets(1_024))
        .prop_map(|(direction, id, amount, protocol_data)| Fact::Transferred { direction, id, amount, protocol_data })
}

/// One of four, so that ledgers are opened again and peers come back.
fn ledger_id() -> impl Strategy<Value = LedgerId> + Clone {
    (0..4_u8).prop_map(|name| LedgerId::from([name; 16]))
}
