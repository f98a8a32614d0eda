//! The code of an error: three ASCII characters.

use core::fmt;

/// The three ASCII characters that classify an error, such as `F00` (RFC 0023, *code*; the same in ILP errors).
///
/// `F` errors are final, `T` errors may be retried, `R` errors (ILP only) are relative to the payer's amount and time.
///
/// ```
/// use trustline_core::wire::ErrorCode;
///
/// const NOT_ACCEPTED: ErrorCode = ErrorCode::new(*b"F00").unwrap();
/// assert_eq!(NOT_ACCEPTED, "F00");
/// assert_eq!(ErrorCode::new(*b"F0\xff"), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorCode([u8; 3]);

impl ErrorCode {
    /// The code of these three characters; `None` if they are not all ASCII.
    pub const fn new(characters: [u8; 3]) -> Option<Self> {
        if characters.is_ascii() { Some(Self(characters)) } else { None }
    }

    /// The three characters as they stand on the wire.
    pub const fn as_bytes(&self) -> &[u8; 3] {
        &self.0
    }

    /// The three characters.
    pub fn as_str(&self) -> &str {
        // They are ASCII by construction.
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl PartialEq<str> for ErrorCode {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl PartialEq<&str> for ErrorCode {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ErrorCode({:?})", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_equals_its_own_text_and_no_other() {
        let code = ErrorCode::new(*b"F00").unwrap();
        assert_eq!((code == *"F00", code == *"F01", code == "F00", code == "F001"), (true, false, true, false));
    }

    #[test]
    fn it_is_shown_as_text() {
        let code = ErrorCode::new(*b"F00").unwrap();
        assert_eq!(alloc::format!("{code:>4}|{code:?}"), r#" F00|ErrorCode("F00")"#);
    }
}
