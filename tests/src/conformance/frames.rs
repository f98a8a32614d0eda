//! Golden frames are read, and frames that are none are ignored.

use std::time::Duration;

use trustline_core::wire::{Body, Packet};

use super::Subject;
use super::cases::{self, Golden, Refused};
use super::connection::describe;
use super::report::{Outcome, Skip, Verdict};
use super::stop::Stop;
use super::transcript::{PATIENCE, answer_to, digits, is_among, join, probe};

/// How long a peer may take to answer what it should ignore, behind the answers to what it was asked after that.
const SECOND_THOUGHTS: Duration = Duration::from_millis(30);

/// Each golden request is answered under its id, in whatever way; a golden answer, which answers nothing, is ignored.
pub(super) fn golden(subject: &Subject, only: &str) -> Vec<Verdict> {
    let verdict = |case: Golden| {
        let result = match case.kind {
            _ if case.beyond_bounds => Err(Stop::Skipped(Skip::BeyondBounds)),
            1 | 2 => is_ignored(subject, &case.hex),
            _ => is_answered(subject, case.request_id, &case.hex, &["Response".to_owned(), "Error".to_owned()]),
        };
        let name = format!("frames/{}", case.name);
        Verdict { name, rule: case.rule, why: case.why, level: case.level, outcome: Outcome::of(result) }
    };
    let is_meant = |case: &Golden| format!("frames/{}", case.name).starts_with(only);
    cases::golden().into_iter().filter(is_meant).map(verdict).collect()
}

/// Each frame that cannot be read is ignored, and the connection stays; what can be read and is wrong is refused.
pub(super) fn refused(subject: &Subject, only: &str) -> Vec<Verdict> {
    let verdict = |case: Refused| {
        let frame = digits(&case.hex);
        let result = match frame[..] {
            [_, a, b, c, d, ..] if !case.answer.is_empty() => {
                is_answered(subject, u32::from_be_bytes([a, b, c, d]), &case.hex, &case.answer)
            }
            _ => is_ignored(subject, &case.hex),
        };
        let name = format!("refused/{}", case.name);
        Verdict { name, rule: case.rule, why: case.why, level: case.level, outcome: Outcome::of(result) }
    };
    let is_meant = |case: &Refused| format!("refused/{}", case.name).starts_with(only);
    cases::refused().into_iter().filter(is_meant).map(verdict).collect()
}

fn is_ignored(subject: &Subject, hex: &str) -> Result<(), Stop> {
    let mut connection = join(subject)?;
    connection.send(digits(hex))?;
    probe(&mut connection)?;
    probe(&mut connection)?;
    if connection.closes(SECOND_THOUGHTS)? {
        return Err(Stop::failed("an open connection", "that it is closed"));
    }
    match connection.left().iter().find(|packet| matches!(packet.body, Body::Response(_) | Body::Error(_))) {
        Some(answer) => Err(Stop::failed("no answer", describe(answer))),
        // A Reject of another case's transfer may have come.
        None => Ok(()),
    }
}

fn is_answered(subject: &Subject, request_id: u32, hex: &str, allowed: &[String]) -> Result<(), Stop> {
    let mut connection = join(subject)?;
    connection.send(digits(hex))?;
    match answer_to(&mut connection, request_id, PATIENCE)? {
        Some(answer) if is_among(&answer, allowed) => probe(&mut connection),
        Some(answer) => Err(Stop::failed(allowed.join(" or "), describe(&Packet { request_id, body: answer }))),
        None => Err(Stop::failed("an answer", connection.seen())),
    }
}
