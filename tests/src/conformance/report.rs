//! What a run has shown, for people and for machines.

use std::fmt;

use serde_json::{Value, json};

use super::cases::{Level, Need};
use super::stop::Stop;

/// All cases of a run, in order.
#[derive(Debug)]
pub struct Report {
    /// One each.
    pub verdicts: Vec<Verdict>,
}

/// One case, and how it went.
#[derive(Debug)]
pub struct Verdict {
    /// The case. Those of frames begin with `frames/` or `refused/`.
    pub name: String,
    /// Where the rule is that it checks.
    pub rule: String,
    /// The rule in a few words.
    pub why: String,
    /// Whether a peer may do otherwise.
    pub level: Level,
    /// How it went.
    pub outcome: Outcome,
}

/// How a case went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it must.
    Passed,
    /// The peer did something else.
    Failed {
        /// What it should have done.
        expected: String,
        /// What it did.
        seen: String,
    },
    /// It could not be checked, for this reason.
    Skipped(Skip),
}

/// Why a case could not be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Skip {
    /// It is beyond what each peer must take.
    BeyondBounds,
    /// The application behind the peer cannot do this.
    Needs(Need),
    /// The limit of the account, or its balance, leaves no room for it.
    NoRoom(String),
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BeyondBounds => f.write_str("a peer may have bounds below it"),
            Self::Needs(need) => write!(f, "needs a peer that {}", format!("{need:?}").to_lowercase()),
            Self::NoRoom(why) => f.write_str(why),
        }
    }
}

impl Outcome {
    pub(super) fn of(result: Result<(), Stop>) -> Self {
        match result {
            Ok(()) => Self::Passed,
            Err(Stop::Failed { expected, seen }) => Self::Failed { expected, seen },
            Err(Stop::Skipped(reason)) => Self::Skipped(reason),
        }
    }
}

impl Report {
    /// Whether a case failed that a peer must pass.
    pub fn has_failed(&self) -> bool {
        self.verdicts.iter().any(|verdict| verdict.level == Level::Must && matches!(verdict.outcome, Outcome::Failed { .. }))
    }

    /// How many passed, failed, and were skipped.
    pub fn counts(&self) -> [usize; 3] {
        let count = |is_it: fn(&Outcome) -> bool| self.verdicts.iter().filter(|verdict| is_it(&verdict.outcome)).count();
        [
            count(|outcome| *outcome == Outcome::Passed),
            count(|outcome| matches!(outcome, Outcome::Failed { .. })),
            count(|outcome| matches!(outcome, Outcome::Skipped(_))),
        ]
    }

    /// The same, for machines.
    pub fn to_json(&self) -> Value {
        let verdict = |verdict: &Verdict| {
            let mut json = json!({ "name": verdict.name, "rule": verdict.rule, "why": verdict.why, "must": verdict.level == Level::Must });
            match &verdict.outcome {
                Outcome::Passed => json["verdict"] = "pass".into(),
                Outcome::Failed { expected, seen } => {
                    json["verdict"] = "FAIL".into();
                    json["expected"] = expected.as_str().into();
                    json["seen"] = seen.as_str().into();
                }
                Outcome::Skipped(reason) => {
                    json["verdict"] = "skip".into();
                    json["reason"] = reason.to_string().into();
                }
            }
            json
        };
        let [passed, failed, skipped] = self.counts();
        let cases: Vec<Value> = self.verdicts.iter().map(verdict).collect();
        json!({ "passed": passed, "failed": failed, "skipped": skipped, "cases": cases })
    }
}

impl fmt::Display for Report {
    /// A table. Of the single frames, those that passed are only counted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_frame = |verdict: &Verdict| verdict.name.contains('/');
        let width = self.verdicts.iter().map(|verdict| verdict.name.len()).max().unwrap_or_default();
        for verdict in &self.verdicts {
            let Verdict { name, rule, why, level, outcome } = verdict;
            let optional = if *level == Level::Should { " (should)" } else { "" };
            match outcome {
                Outcome::Passed if is_frame(verdict) => {}
                Outcome::Passed => writeln!(f, "{name:width$}  pass  {why} [{rule}]{optional}")?,
                Outcome::Failed { expected, seen } => {
                    writeln!(f, "{name:width$}  FAIL  {why} [{rule}]{optional}\n{:width$}        expected {expected}; seen: {seen}", "")?;
                }
                Outcome::Skipped(reason) => writeln!(f, "{name:width$}  skip  {reason} [{rule}]{optional}")?,
            }
        }
        let frames = self.verdicts.iter().filter(|verdict| is_frame(verdict) && verdict.outcome == Outcome::Passed).count();
        let [passed, failed, skipped] = self.counts();
        write!(f, "{passed} passed ({frames} of them single frames), {failed} failed, {skipped} skipped")
    }
}
