//! Why nothing was checked: the fault is not the peer's, as far as can be known.

use std::fmt;

use super::Subject;
use super::connection::{Connection, Named};
use super::stop::Stop;
use super::transcript::authenticate;

/// Why nothing was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unchecked {
    /// The URL is `btp+wss`, and the runner has no TLS.
    Encrypted,
    /// Nobody speaks WebSocket there, for this reason.
    Unreachable(String),
    /// The host does not take the credentials of the URL: this is what it does.
    NotLetIn(String),
    /// No case has a name that begins so.
    NoCase(String),
}

impl fmt::Display for Unchecked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encrypted => f.write_str("the runner has no TLS: check the host at a btp+ws:// URL"),
            Self::Unreachable(error) => write!(f, "cannot connect: {error}; check the host and the port of the URL"),
            Self::NotLetIn(seen) => write!(f, "not let in: {seen}; check the username and the token of the URL"),
            Self::NoCase(only) => write!(f, "no case has a name that begins with {only:?}"),
        }
    }
}

impl std::error::Error for Unchecked {}

/// Authenticates once: without it each case would fail for the same reason.
pub(super) fn let_in(subject: &Subject) -> Result<(), Unchecked> {
    // The token would go out for everyone to read.
    if subject.url.is_encrypted() {
        return Err(Unchecked::Encrypted);
    }
    let seen = |stop| match stop {
        Stop::Failed { seen, .. } => seen,
        Stop::Skipped(reason) => reason.to_string(),
    };
    let mut connection = Connection::dial(&subject.url, &Named::default()).map_err(|stop| Unchecked::Unreachable(seen(stop)))?;
    authenticate(&mut connection, &subject.url).map_err(|stop| Unchecked::NotLetIn(seen(stop)))
}
