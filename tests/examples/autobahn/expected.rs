//! What the suite should find, and why it is not all passed.

use serde::Deserialize;

/// The expected results: what is not named is run and passes.
#[derive(Debug, Deserialize)]
pub(crate) struct Expected {
    /// How many cases are run.
    pub(crate) cases: usize,
    /// Cases that are left out.
    pub(crate) not_run: Vec<NotRun>,
    /// Cases that are run and do not pass.
    not_passed: Vec<NotPassed>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct NotRun {
    pub(crate) cases: Vec<String>,
    pub(crate) reason: String,
}

#[derive(Debug, Deserialize)]
struct NotPassed {
    /// As `6.2`, all that begin so, or as `5.3..8`.
    cases: Vec<String>,
    behavior: String,
    close: String,
    reason: String,
}

/// What the suite says of one case.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Seen {
    /// Of the messages: `OK`, `NON-STRICT`, `FAILED`, `INFORMATIONAL` or `UNIMPLEMENTED`.
    pub(crate) behavior: String,
    /// Of the closing handshake.
    #[serde(rename = "behaviorClose")]
    pub(crate) close: String,
}

impl Expected {
    pub(crate) fn load() -> serde_json::Result<Self> {
        serde_json::from_str(include_str!("expected.json"))
    }

    /// Prints what was found, and returns whether it is what was expected.
    pub(crate) fn compare(&self, role: &str, results: &[(String, Seen)]) -> bool {
        let passed = Seen { behavior: "OK".into(), close: "OK".into() };
        let mut counts = vec![0; self.not_passed.len()];
        let mut differences = Vec::new();
        for (case, seen) in results {
            let excuse = self.not_passed.iter().position(|excuse| excuse.cases.iter().any(|cases| is_among(case, cases)));
            let expected = excuse.map_or(passed.clone(), |at| {
                counts[at] += 1;
                let NotPassed { behavior, close, .. } = &self.not_passed[at];
                Seen { behavior: behavior.clone(), close: close.clone() }
            });
            if *seen != expected {
                differences.push(format!(
                    "{case} is {} (close: {}), not {} (close: {})",
                    seen.behavior, seen.close, expected.behavior, expected.close
                ));
            }
        }
        if results.len() != self.cases {
            differences.push(format!("{} cases were run, not {}", results.len(), self.cases));
        }
        let excused: usize = counts.iter().sum();
        println!("\nas a {role}: {} cases run, {} expected to pass", results.len(), results.len() - excused);
        for (excuse, count) in self.not_passed.iter().zip(counts) {
            println!("  {count:3} {}: {}. {}", excuse.behavior, excuse.cases.join(", "), excuse.reason);
            if count == 0 {
                differences.push(format!("no case is among {}", excuse.cases.join(", ")));
            }
        }
        for difference in &differences {
            println!("  DIFFERENCE: {difference}");
        }
        differences.is_empty()
    }
}

/// Whether `5.3.1` is among `5.3`, or `5.2..5`.
fn is_among(case: &str, cases: &str) -> bool {
    let numbers = |text: &str| text.split('.').map(|number| number.parse::<u32>().ok()).collect::<Vec<_>>();
    let Some((first, last)) = cases.split_once("..") else { return numbers(case).starts_with(&numbers(cases)) };
    let first = numbers(first);
    let (at, case) = (first.len() - 1, numbers(case));
    case.len() > at && case[..at] == first[..at] && (first[at]..=last.parse().ok()).contains(&case[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_among_those_that_begin_so_or_among_a_range() {
        for (case, cases) in
            [("5.3.1", "5.3"), ("5.3", "5.3"), ("12.1.1", "12"), ("5.3", "5.3..8"), ("5.8", "5.3..8"), ("6.11.4", "6.11.1..4")]
        {
            assert!(is_among(case, cases), "{case} is among {cases}");
        }
        for (case, cases) in [
            ("5.30", "5.3"),
            ("5", "5.3"),
            ("6.3", "5.3"),
            ("5.2", "5.3..8"),
            ("5.9", "5.3..8"),
            ("6.5", "5.3..8"),
            ("6.10.2", "6.11.1..4"),
            ("6", "6.1..4"),
        ] {
            assert!(!is_among(case, cases), "{case} is not among {cases}");
        }
    }
}
