//! The conformance kit: what a peer that speaks BTP 1.0 must do, as data, and a runner that checks a host over a `btp+ws://` URL.
//!
//! The cases and their schema are in `tests/conformance`. The runner speaks WebSocket frames and writes its packets by itself.
//! Of the core it uses the reader of what the peer sends, the writer to see that this has the one form that each reader
//! takes, the names of errors, and the type of a time.

mod cases;
mod connection;
mod frames;
mod known;
mod payee;
mod report;
mod responder;
mod stop;
mod transcript;
mod unchecked;
mod writer;

pub use cases::{Level, Need};
pub use known::Known;
pub use payee::{Payee, Psk, Purchase};
pub use report::{Outcome, Report, Skip, Verdict};
pub use responder::Responder;
pub use unchecked::Unchecked;

use trustline_runtime::BtpUrl;

/// The peer under test: a host, and what is known of the application behind it.
#[derive(Debug)]
pub struct Subject {
    /// Where it is, and the credentials of the account to use.
    pub url: BtpUrl,
    /// How its application deals with payments. `None`: cases that need to know it are skipped.
    pub payee: Option<Payee>,
}

/// Runs all cases whose name begins with `only`, one after the other.
///
/// # Errors
///
/// If there are no such cases, or the host does not let the runner in: then nothing is known of it.
pub fn run(subject: &Subject, only: &str) -> Result<Report, Unchecked> {
    unchecked::let_in(subject)?;
    let mut verdicts = frames::golden(subject, only);
    verdicts.extend(frames::refused(subject, only));
    let transcripts = cases::transcripts();
    verdicts.extend(transcripts.iter().filter(|case| case.name.starts_with(only)).map(|case| transcript::run(subject, case)));
    if verdicts.is_empty() { Err(Unchecked::NoCase(only.to_owned())) } else { Ok(Report { verdicts }) }
}
