//! Why a case does not pass.

use super::report::Skip;

/// Why a case went no further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The peer did something else.
    Failed { expected: String, seen: String },
    /// It cannot be checked with this peer.
    Skipped(Skip),
}

impl Stop {
    pub(super) fn failed(expected: impl Into<String>, seen: impl Into<String>) -> Self {
        Self::Failed { expected: expected.into(), seen: seen.into() }
    }
}
