//! What is known of an implementation's defects.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::report::{Outcome, Report, Skip};

/// The cases that an implementation is known to fail, each with its reason.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// Which one, with its version.
    pub implementation: String,
    /// By the name of the case.
    pub failures: BTreeMap<String, String>,
    /// What it is known to do wrong and no case can show.
    #[serde(default)]
    pub beyond_the_runner: Vec<String>,
}

impl Known {
    /// Reads a file of `tests/conformance/known`.
    pub fn parse(json: &str) -> serde_json::Result<Self> {
        serde_json::from_str(json)
    }

    /// Where the report differs: a case failed that is not known to, or one that is known to did not. What the application
    /// behind the peer cannot do is no difference.
    pub fn differences(&self, report: &Report) -> Vec<String> {
        let mut differences = Vec::new();
        for verdict in &report.verdicts {
            match (&verdict.outcome, self.failures.contains_key(&verdict.name)) {
                (Outcome::Failed { expected, seen }, false) => {
                    differences.push(format!("{} failed: expected {expected}; seen: {seen}", verdict.name));
                }
                (Outcome::Passed, true) => differences.push(format!("{} passed, and is known to fail", verdict.name)),
                (Outcome::Skipped(reason), true) if !matches!(reason, Skip::Needs(_)) => {
                    differences.push(format!("{} was skipped, and is known to fail: {reason}", verdict.name));
                }
                _ => {}
            }
        }
        let is_case = |name: &str| report.verdicts.iter().any(|verdict| verdict.name == name);
        differences.extend(self.failures.keys().filter(|name| !is_case(name)).map(|name| format!("there is no case {name}")));
        differences
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::Verdict;
    use super::super::{Level, Need, Report};
    use super::*;

    fn verdict(name: &str, outcome: Outcome) -> Verdict {
        Verdict { name: name.to_owned(), rule: String::new(), why: String::new(), level: Level::Should, outcome }
    }

    #[test]
    fn more_and_fewer_defects_than_known_are_differences() {
        let known = Known::parse(r#"{"implementation": "x", "failures": {"a": "why", "b": "why", "c": "why", "f": "why", "gone": "why"}}"#)
            .unwrap();
        let failed = || Outcome::Failed { expected: "this".to_owned(), seen: "that".to_owned() };
        let verdicts = vec![
            verdict("a", failed()),
            verdict("b", Outcome::Passed),
            verdict("c", Outcome::Skipped(Skip::BeyondBounds)),
            verdict("d", failed()),
            verdict("e", Outcome::Passed),
            verdict("f", Outcome::Skipped(Skip::Needs(Need::Pays))),
        ];
        assert_eq!(
            known.differences(&Report { verdicts }),
            [
                "b passed, and is known to fail",
                "c was skipped, and is known to fail: a peer may have bounds below it",
                "d failed: expected this; seen: that",
                "there is no case gone",
            ]
        );
    }
}
