//! Golden frames are read, and frames that are none are ignored.

use std::time::Duration;

use serde_json::json;
use trustline_core::wire::Packet;

use super::Subject;
use super::cases::{self, Golden, Need, Refused, Step};
use super::connection::{Named, describe};
use super::report::{Outcome, Skip, Verdict};
use super::stop::Stop;
use super::transcript::{PATIENCE, answer_to, can, digits, is_among, join, play, probe};
use super::writer;

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
            [writer::ERROR, ..] if can(subject, Need::Pays) => is_no_answer(subject, &case.hex),
            _ => is_ignored(subject, &case.hex),
        };
        let name = format!("refused/{}", case.name);
        Verdict { name, rule: case.rule, why: case.why, level: case.level, outcome: Outcome::of(result) }
    };
    let is_meant = |case: &Refused| format!("refused/{}", case.name).starts_with(only);
    cases::refused().into_iter().filter(is_meant).map(verdict).collect()
}

fn is_ignored(subject: &Subject, hex: &str) -> Result<(), Stop> {
    let mut connection = join(subject, &Named::default())?;
    connection.send(digits(hex))?;
    probe(&mut connection)?;
    probe(&mut connection)?;
    if connection.closes(SECOND_THOUGHTS)? {
        return Err(Stop::failed("an open connection", "that it is closed"));
    }
    if connection.left().is_empty() { Ok(()) } else { Err(Stop::failed("no answer", connection.seen())) }
}

/// An Error that answers nothing is ignored, readable or not. So this one comes where the peer waits for an answer to its
/// Prepare: it must wait on, and take the Response that follows.
fn is_no_answer(subject: &Subject, hex: &str) -> Result<(), Stop> {
    let steps = json!([
        { "join": "a" },
        { "send": { "request": "ask", "packet": { "ask_to_pay": { "transfer": "t", "expires_in": 10_000 } } } },
        { "answer": { "request": "ask", "is": ["Response"] } },
        { "offer": { "transfer": "t", "answered": false } },
        { "reply": { "transfer": "t", "with": { "frame": hex } } },
        { "alive": "a" },
        { "reply": { "transfer": "t", "with": "response" } },
        { "send": { "request": "fulfill", "packet": { "fulfill": { "transfer": "t", "preimage": "right" } } } },
        { "answer": { "request": "fulfill", "is": ["Response"] } },
    ]);
    play(subject, &serde_json::from_value::<Vec<Step>>(steps).expect("they follow the schema"))
}

fn is_answered(subject: &Subject, request_id: u32, hex: &str, allowed: &[String]) -> Result<(), Stop> {
    let mut connection = join(subject, &Named::default())?;
    connection.send(digits(hex))?;
    match answer_to(&mut connection, request_id, PATIENCE)? {
        Some(answer) if is_among(&answer, allowed) => probe(&mut connection),
        Some(answer) => Err(Stop::failed(allowed.join(" or "), describe(&Packet { request_id, body: answer }))),
        None => Err(Stop::failed("an answer", connection.seen())),
    }
}
