//! `btp+ws://[username]:[token]@host[:port][/path]`, or `btp+wss` for TLS.

use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use trustline_core::session::Token;
use url::Url;

/// Where a peer listens, and what to show it. Its `Debug` form hides the token.
///
/// ```
/// use trustline_runtime::BtpUrl;
///
/// let url: BtpUrl = "btp+ws://alice:s3cr%3Dt@shop.example:9000/".parse()?;
/// assert_eq!((url.host(), url.port(), url.path()), ("shop.example", 9000, "/"));
/// assert_eq!((url.username(), url.token().expose()), ("alice", "s3cr=t"));
/// # Ok::<(), trustline_runtime::BtpUrlError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BtpUrl {
    encrypted: bool,
    host: String,
    port: u16,
    path: String,
    username: String,
    token: Token,
}

impl BtpUrl {
    /// Whether it is `btp+wss`: through TLS.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// A host name or an address, an IPv6 address without its brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// If the URL has none, 80, or 443 with TLS.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The path with the query; `/` if the URL has none.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Percent-decoded; may be empty.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// Percent-decoded; may be empty.
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// The HTTP `Host` header.
    pub(crate) fn host_header(&self) -> String {
        if self.host.contains(':') { format!("[{}]:{}", self.host, self.port) } else { format!("{}:{}", self.host, self.port) }
    }
}

impl FromStr for BtpUrl {
    type Err = BtpUrlError;

    fn from_str(text: &str) -> Result<Self, BtpUrlError> {
        let websocket = text.strip_prefix("btp+").ok_or(BtpUrlError::Scheme)?;
        let encrypted = websocket.starts_with("wss://");
        if !encrypted && !websocket.starts_with("ws://") {
            return Err(BtpUrlError::Scheme);
        }
        // Under a scheme that it knows, the parser gives hosts and ports their usual meaning.
        let url = Url::parse(websocket).map_err(BtpUrlError::Syntax)?;
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(String::from).map_err(|_| BtpUrlError::NotUtf8);
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let host = url.host_str().ok_or(BtpUrlError::Syntax(url::ParseError::EmptyHost))?;
        Ok(Self {
            encrypted,
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: url.port_or_known_default().unwrap_or(if encrypted { 443 } else { 80 }),
            path,
            username: decoded(url.username())?,
            token: Token::from(decoded(url.password().unwrap_or_default())?),
        })
    }
}

/// Why a text is no BTP URL.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BtpUrlError {
    /// It begins neither with `btp+ws://` nor with `btp+wss://`.
    Scheme,
    /// What follows is not a URL.
    Syntax(url::ParseError),
    /// The username or the token is not UTF-8 when percent-decoded.
    NotUtf8,
}

impl fmt::Display for BtpUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme => f.write_str("a BTP URL begins with btp+ws:// or btp+wss:// (btp+ws://username:token@host:port/)"),
            Self::Syntax(error) => write!(f, "not a BTP URL: {error}"),
            Self::NotUtf8 => f.write_str("the username and the token of a BTP URL must be UTF-8"),
        }
    }
}

impl std::error::Error for BtpUrlError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tutorials_url_has_empty_credentials() {
        let url: BtpUrl = "btp+ws://:@localhost:9000/".parse().unwrap();
        assert_eq!((url.host(), url.port(), url.username(), url.token().expose()), ("localhost", 9000, "", ""));
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let url: BtpUrl = "btp+ws://shop.example".parse().unwrap();
        assert_eq!((url.port(), url.path()), (80, "/"));
        let url: BtpUrl = "btp+wss://shop.example".parse().unwrap();
        assert_eq!((url.port(), url.is_encrypted()), (443, true));
        let url: BtpUrl = "btp+ws://[::1]:9/a?b=c".parse().unwrap();
        assert_eq!((url.host(), url.path(), &url.host_header()[..]), ("::1", "/a?b=c", "[::1]:9"));
    }

    #[test]
    fn other_urls_are_refused() {
        for scheme in ["ws", "wss", "btp", "btp+http", "btp+wss+ws"] {
            assert_eq!(format!("{scheme}://localhost:9000").parse::<BtpUrl>(), Err(BtpUrlError::Scheme));
        }
        assert!(matches!("btp+ws://:@:9000/".parse::<BtpUrl>(), Err(BtpUrlError::Syntax(_))));
        assert_eq!("btp+ws://%ff:@localhost".parse::<BtpUrl>(), Err(BtpUrlError::NotUtf8));
    }

    #[test]
    fn the_token_is_not_printed() {
        let url: BtpUrl = "btp+ws://alice:s3cr3t@localhost".parse().unwrap();
        assert!(!format!("{url:?}").contains("s3cr3t"));
    }
}
