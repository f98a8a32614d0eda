//! Who a connection belongs to, and how it proves that.

use alloc::string::String;
use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::wire::ProtocolData;

/// The secret of an account. It is never printed, is compared in constant time and is wiped when dropped.
#[derive(Clone, Default)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// The secret itself, to be sent or hashed; never to be logged.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the two are equal, in a time that tells nothing but their lengths.
    pub fn matches(&self, other: &str) -> bool {
        self.0.as_bytes().ct_eq(other.as_bytes()).into()
    }
}

impl From<String> for Token {
    fn from(token: String) -> Self {
        Self(Zeroizing::new(token))
    }
}

impl From<&str> for Token {
    fn from(token: &str) -> Self {
        Self::from(String::from(token))
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.matches(&other.0)
    }
}

impl Eq for Token {}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// What a client shows in its first frame (RFC 0023, *Authentication*).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// May be empty.
    pub username: String,
    /// May be empty.
    pub token: Token,
    /// Further entries of the `auth` request, beside the username and the token.
    pub protocol_data: ProtocolData,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_never_printed() {
        let credentials = Credentials { token: Token::from("s3cr3t"), ..Credentials::default() };
        assert_eq!(alloc::format!("{:?}", credentials.token), "Token(..)");
        assert!(!alloc::format!("{credentials:?}").contains("s3cr3t"));
    }

    #[test]
    fn nor_is_it_in_the_authentication_that_a_session_sends() {
        use crate::session::{ConnectionId, Session, SessionConfig};

        let credentials = Credentials { token: Token::from("s3cr3t"), ..Credentials::default() };
        let request = crate::session::subprotocol::auth_request(&credentials);
        assert!(!alloc::format!("{request:?}").contains("s3cr3t"));
        let config = SessionConfig { credentials, ..SessionConfig::new(crate::ledger::Authority::Theirs) };
        let mut session = Session::new(config);
        session.handle_connected(ConnectionId(1), crate::Timestamp::from_millis(0));
        assert!(!alloc::format!("{session:?}").contains("s3cr3t"));
    }

    #[test]
    fn tokens_match_whole_or_not_at_all() {
        let token = Token::from("s3cr3t");
        assert!(token.matches("s3cr3t"));
        assert_eq!(token, Token::from("s3cr3t"));
        assert_ne!(token, Token::from("s3cr3"));
        assert!(!token.matches("s3cr3"));
        assert!(!token.matches(""));
        assert!(Token::default().matches(""));
    }
}
