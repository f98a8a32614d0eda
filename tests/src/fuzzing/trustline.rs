//! Anything that may be done to a ledger.

use trustline_core::LedgerId;
use trustline_core::ledger::{Authority, Bounds, Position};
use trustline_core::testing::{Operation, Request, small_config};

use super::opcodes::Opcodes;
use crate::watched::Watched;
use crate::with;

/// Whatever is done to a trustline, in whatever order: its verdicts, its sums and what it remembers are those of the
/// [naive ledger](crate::model); there is an effect if and only if something changed; and the effects alone, or a snapshot
/// and those after it, give the same trustline.
pub fn trustline(input: &[u8]) {
    let mut opcodes = Opcodes::new(input);
    let Some(mut watched) = begin(&mut opcodes) else { return };
    while let Some(step) = step(&mut opcodes) {
        match step {
            Step::Operation(operation) => watched.perform(&operation),
            Step::Restart => watched.restart(),
        }
    }
}

enum Step {
    Operation(Operation),
    Restart,
}

fn begin(opcodes: &mut Opcodes) -> Option<Watched> {
    let authority = opcodes.one(&[Authority::Ours, Authority::Theirs, Authority::Shared])?;
    let bounds = bounds(opcodes)?;
    Some(Watched::new(with(small_config(authority), |config| config.bounds = bounds)))
}

fn step(opcodes: &mut Opcodes) -> Option<Step> {
    Some(Step::Operation(match opcodes.below(20)? {
        0 => Operation::Prepare { n: opcodes.transfer()?, amount: opcodes.amount()?, expires_in: expires_in(opcodes)? },
        1 => Operation::Transfer { n: opcodes.transfer()?, amount: opcodes.amount()? },
        2 => with_its_own(opcodes, |n, with| Operation::Fulfill { n, with })?,
        3 => Operation::Fulfill { n: opcodes.transfer()?, with: opcodes.transfer()? },
        4 => Operation::Reject { n: opcodes.transfer()? },
        5 => Operation::Expire { n: opcodes.transfer()? },
        6 => Operation::SetBounds { bounds: bounds(opcodes)? },
        7 => Operation::ReceivePrepare { n: opcodes.transfer()?, amount: opcodes.amount()?, expires_in: expires_in(opcodes)? },
        8 => Operation::ReceiveTransfer { n: Some(opcodes.transfer()?), amount: opcodes.amount()? },
        9 => with_its_own(opcodes, |n, with| Operation::ReceiveFulfill { n, with })?,
        10 => Operation::ReceiveFulfill { n: opcodes.transfer()?, with: opcodes.transfer()? },
        11 => Operation::ReceiveReject { n: opcodes.transfer()? },
        12 => answered(opcodes, true)?,
        13 => answered(opcodes, false)?,
        14 => Operation::Open { id: ledger_id(opcodes.below(4)?) },
        15 => {
            let [ledger, opening] = [opcodes.below(4)?, opcodes.below(4)?].map(ledger_id);
            Operation::SeePeer { position: Position { ledger, opening, sequence: opcodes.below(4)?.into() } }
        }
        16 => Operation::SeeUnnamed,
        17 => Operation::Wait { millis: opcodes.one(&[0, 1, 999, 1_000, 5_000, 20_000])? },
        18 => Operation::ReceiveTransfer { n: None, amount: opcodes.amount()? },
        _ => return Some(Step::Restart),
    }))
}

fn with_its_own(opcodes: &mut Opcodes, operation: impl FnOnce(u32, u32) -> Operation) -> Option<Operation> {
    opcodes.transfer().map(|n| operation(n, n))
}

fn answered(opcodes: &mut Opcodes, accepted: bool) -> Option<Operation> {
    let to = opcodes.one(&[Request::Prepare, Request::Transfer, Request::Fulfill, Request::Reject])?;
    Some(Operation::Answered { n: opcodes.transfer()?, to, accepted })
}

fn ledger_id(name: u8) -> LedgerId {
    LedgerId::from([name; 16])
}

/// From the past to beyond the furthest expiry.
fn expires_in(opcodes: &mut Opcodes) -> Option<i64> {
    opcodes.one(&[-1, 0, 1, 1_000, 5_000, 10_000, 10_001])
}

fn bounds(opcodes: &mut Opcodes) -> Option<Bounds> {
    let (below, above) = (opcodes.amount()?, opcodes.amount()?);
    let bound = |amount| if amount == u64::MAX { i128::MAX } else { i128::from(amount) };
    Some(Bounds { minimum: if below == u64::MAX { i128::MIN } else { -bound(below) }, maximum: bound(above) })
}
