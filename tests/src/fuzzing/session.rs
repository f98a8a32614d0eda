//! A session, and a peer that says anything.

use trustline_core::ledger::{Authority, Bounds};
use trustline_core::session::ErrorName;
use trustline_core::wire::{Body, Entry, ProtocolData, Transfer};
use trustline_core::{Timestamp, WireLimits};

use super::opcodes::Opcodes;
use crate::foreign_peer::{Happening, OurSide};
use crate::names::{START, ledger_info, no_data, payment};
use crate::solo::Solo;

/// Small enough to be met.
const BOUNDS: Bounds = Bounds { minimum: -50, maximum: 50 };

/// Whatever a peer says, over however many connections, and whatever our own application and its process do meanwhile:
/// nothing panics, each request has one answer over the connection that brought it, an answer counts where it was asked
/// for, a connection is given up once, what comes late or twice and a refused command change nothing, the bounds and limits
/// hold, and the effects alone give the live trustline after each step.
pub fn session(input: &[u8]) {
    let mut opcodes = Opcodes::new(input);
    let Some(mut ours) = begin(&mut opcodes) else { return };
    while let Some(happening) = happening(&mut opcodes) {
        ours.meets(&happening);
        ours.obeys_every_law();
    }
}

fn begin(opcodes: &mut Opcodes) -> Option<OurSide> {
    let authority = opcodes.one(&[Authority::Ours, Authority::Theirs, Authority::Shared])?;
    Some(OurSide::new(authority, BOUNDS, opcodes.one(&[None, Some(1)])?))
}

fn happening(opcodes: &mut Opcodes) -> Option<Happening> {
    Some(match opcodes.below(28)? {
        0 => Happening::Joins,
        1 => Happening::WeDial,
        2 => Happening::Knocks(opcodes.bytes()?.into()),
        3 => Happening::Leaves { which: opcodes.byte()?.into() },
        4 => Happening::SaysFrame(opcodes.bytes()?.into()),
        5 => Happening::SaysText,
        6 | 7 => Happening::Says(request(opcodes)?),
        8 | 9 => Happening::Answers { which: opcodes.byte()?.into(), answer: answer(opcodes)?, elsewhere: false },
        10 => Happening::Answers { which: opcodes.byte()?.into(), answer: answer(opcodes)?, elsewhere: true },
        11 => Happening::AnswersNothing { request_id: opcodes.one(&[0, 1, 2, 1 << 20, u32::MAX])?, answer: answer(opcodes)? },
        12 => Happening::WePay {
            n: opcodes.transfer()?,
            amount: opcodes.amount()?,
            expires_in: opcodes.one(&[0, 1_000, 30_000, 90_000_000])?,
        },
        13 => Happening::WeTransfer { n: opcodes.transfer()?, amount: opcodes.amount()? },
        14 => opcodes.transfer().map(|n| Happening::WeFulfill { n, with: n })?,
        15 => Happening::WeFulfill { n: opcodes.transfer()?, with: opcodes.transfer()? },
        16 => Happening::WeReject { n: opcodes.transfer()? },
        17 => Happening::WeAsk,
        18 => Happening::WeAnswer,
        19 => Happening::WeClose,
        20 => Happening::WeRestart,
        21 => Happening::WeDie { effects: opcodes.below(3)?.into(), frames: opcodes.below(3)?.into() },
        22..24 => Happening::Clock { millis: opcodes.one(&[1, 1_000, 5_000, 15_000, 65_000, 7_200_000, 100_000_000])? },
        24 => Happening::Clock { millis: -i64::from(opcodes.byte()?) },
        25 => Happening::Clock { millis: opcodes.byte()?.into() },
        26 => Happening::WeRefuse,
        _ => Happening::WeDisconnect,
    })
}

fn request(opcodes: &mut Opcodes) -> Option<Body> {
    Some(match opcodes.below(8)? {
        0 | 1 => {
            let (n, amount, expires_in) = (opcodes.transfer()?, opcodes.amount()?, opcodes.one(&[-1, 1, 1_000, 30_000, 90_000_000])?);
            Body::Prepare(payment(n, amount, Timestamp::from_millis(START.as_millis() + expires_in)))
        }
        2 => opcodes.transfer().map(Solo::fulfill)?,
        3 => Solo::fulfill_with(opcodes.transfer()?, opcodes.transfer()?),
        4 => Solo::reject(opcodes.transfer()?),
        5 => Solo::transfer(opcodes.transfer()?, opcodes.amount()?),
        6 => Body::Transfer(Transfer { amount: opcodes.amount()?, protocol_data: data(opcodes)? }),
        _ => Body::Message(data(opcodes)?),
    })
}

fn answer(opcodes: &mut Opcodes) -> Option<Body> {
    const NAMES: [ErrorName; 6] = {
        use ErrorName::{AlreadyFulfilled, AlreadyRolledBack, DuplicateId, NotAccepted, TransferNotFound, Unreachable};
        [NotAccepted, TransferNotFound, AlreadyFulfilled, AlreadyRolledBack, DuplicateId, Unreachable]
    };
    Some(match opcodes.below(4)? {
        0 => Solo::response(),
        1 => Solo::error(opcodes.one(&NAMES)?),
        _ => Body::Response(data(opcodes)?),
    })
}

/// What a sub-protocol may say. Some is as it should be, so that it is looked into.
fn data(opcodes: &mut Opcodes) -> Option<ProtocolData> {
    const NAMES: [&str; 10] = ["auth", "info", "balance", "limit", "custom", "ilp", "trustline", "sums", "vouch", ""];
    Some(match opcodes.below(8)? {
        0 => no_data(),
        1 => ProtocolData::decode(opcodes.bytes()?, &WireLimits::default()).unwrap_or_default(),
        2 => Entry::octets("balance", balance(opcodes)?.to_be_bytes().to_vec()).into(),
        3 => {
            let sums = [(); 4].map(|()| sum(opcodes)).into_iter().collect::<Option<Vec<_>>>()?.concat();
            ProtocolData::from(Entry::octets("balance", balance(opcodes)?.to_be_bytes().to_vec())).with(Entry::octets("sums", sums))
        }
        4 => Entry::json("info", &serde_json::to_string(&ledger_info()).expect("it is JSON")).into(),
        5 => statement(opcodes)?.into(),
        6 => Entry::octets(opcodes.one(&NAMES)?, opcodes.bytes()?.to_vec()).into(),
        _ => Entry::text(opcodes.one(&NAMES)?, &String::from_utf8_lossy(opcodes.bytes()?)).into(),
    })
}

fn balance(opcodes: &mut Opcodes) -> Option<i64> {
    opcodes.byte().map(|byte| i64::from(byte.cast_signed()))
}

/// Small, or beyond all that there can be.
fn sum(opcodes: &mut Opcodes) -> Option<[u8; 16]> {
    let sum = match opcodes.byte()? {
        u8::MAX => u128::MAX,
        0xfe => i128::MAX.unsigned_abs(),
        small => small.into(),
    };
    Some(sum.to_be_bytes())
}

/// How far a ledger of the peer is, and ours as it saw it: numbers small enough to meet.
fn statement(opcodes: &mut Opcodes) -> Option<Entry> {
    let flags = opcodes.below(16)?;
    let mut bytes = vec![1, flags];
    let position = |bytes: &mut Vec<u8>, opcodes: &mut Opcodes| {
        for _ in ["ledger", "opening"] {
            let mut name = [opcodes.below(4)?; 16];
            name[12..].copy_from_slice(&u32::from(opcodes.below(4)?).to_be_bytes());
            bytes.extend(name);
        }
        bytes.extend(u64::from(opcodes.byte()?).to_be_bytes());
        Some(())
    };
    position(&mut bytes, opcodes)?;
    for _ in 0..4 {
        bytes.extend(sum(opcodes)?);
    }
    if flags & 4 != 0 {
        position(&mut bytes, opcodes)?;
    }
    if flags & 8 != 0 {
        bytes.extend(u64::from(opcodes.byte()?).to_be_bytes());
    }
    Some(Entry::octets("trustline", bytes))
}
