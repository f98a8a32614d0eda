//! Golden frames are read, and frames that are none are ignored.

use std::time::Duration;

use trustline_core::wire::{Body, Packet};

use super::Subject;
use super::cases::{self, Golden, Level, Refused};
use super::connection::describe;
use super::report::{Outcome, Skip, Verdict};
use super::stop::Stop;
use super::transcript::{PATIENCE, answer_to, digits, is_among, join, probe};

/// How long a peer may take to answer what it should ignore, behind the answers to what it was asked after that.
const SECOND_THOUGHTS: Duration = Duration::from_millis(30);

/// Each golden request is answered under its id, in whatever way; each golden answer, which answers nothing, is ignored.
pub(super) fn golden(subject: &Subject, only: &str) -> Vec<Verdict> {
    let named = cases::golden().into_iter().map(|case| Golden { name: format!("frames/{}", case.name), ..case });
    let verdict = |case: Golden| {
        let result = match case.kind {
            _ if case.beyond_bounds => Err(Stop::Skipped(Skip::BeyondBounds)),
            1 | 2 => is_ignored(subject, &case.hex),
            _ => is_answered(subject, &case.hex, &["Response".to_owned(), "Error".to_owned()]),
        };
        let why = "read, and answered if it is a request".to_owned();
        Verdict { name: case.name, rule: case.rule, why, level: Level::Must, outcome: Outcome::of(result) }
    };
    named.filter(|case| case.name.starts_with(only)).map(verdict).collect()
}

/// Each frame that cannot be read is ignored, and the connection stays; what can be read and is wrong is refused.
pub(super) fn refused(subject: &Subject, only: &str) -> Vec<Verdict> {
    let named = cases::refused().into_iter().map(|case| Refused { name: format!("refused/{}", case.name), ..case });
    let verdict = |case: Refused| {
        let result = if case.answer.is_empty() { is_ignored(subject, &case.hex) } else { is_answered(subject, &case.hex, &case.answer) };
        Verdict { name: case.name, rule: case.rule, why: case.reason, level: Level::Must, outcome: Outcome::of(result) }
    };
    named.filter(|case| case.name.starts_with(only)).map(verdict).collect()
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

fn is_answered(subject: &Subject, hex: &str, allowed: &[String]) -> Result<(), Stop> {
    let frame = digits(hex);
    let request_id = u32::from_be_bytes(frame[1..5].try_into().expect("four bytes"));
    let mut connection = join(subject)?;
    connection.send(frame)?;
    match answer_to(&mut connection, request_id, PATIENCE)? {
        Some(answer) if is_among(&answer, allowed) => probe(&mut connection),
        Some(answer) => Err(Stop::failed(allowed.join(" or "), describe(&Packet { request_id, body: answer }))),
        None => Err(Stop::failed("an answer", connection.seen())),
    }
}
