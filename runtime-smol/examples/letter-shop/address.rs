//! ILP addresses: segments of `[A-Za-z0-9_~-]` joined by dots, at most 1023 characters.

use std::fmt;

/// The longest ILP address, in characters.
pub(crate) const MAX_ADDRESS: usize = 1023;

/// What is wrong with an ILP address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressError {
    /// Longer than [`MAX_ADDRESS`].
    TooLong,
    /// Nothing stands before the first dot, behind the last, or between two.
    EmptySegment,
    /// A character that no segment may hold.
    Character(char),
    /// A prefix, which has to end with a dot, does not.
    NoFinalDot,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "an ILP address has at most {MAX_ADDRESS} characters"),
            Self::EmptySegment => f.write_str("an ILP address has something before, behind and between its dots"),
            Self::Character(c) => write!(f, "{c:?} cannot stand in an ILP address: letters, digits, '_', '~' and '-' can"),
            Self::NoFinalDot => f.write_str("an ILP address prefix ends with a dot"),
        }
    }
}

impl std::error::Error for AddressError {}

/// Whether `address` is an ILP address.
pub(crate) fn check_address(address: &str) -> Result<(), AddressError> {
    if address.len() > MAX_ADDRESS {
        return Err(AddressError::TooLong);
    }
    if let Some(c) = address.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '~' | '-' | '.'))) {
        return Err(AddressError::Character(c));
    }
    if address.split('.').any(str::is_empty) { Err(AddressError::EmptySegment) } else { Ok(()) }
}

/// Whether `prefix` is an ILP address with a dot behind it.
pub(crate) fn check_prefix(prefix: &str) -> Result<(), AddressError> {
    check_address(prefix.strip_suffix('.').ok_or(AddressError::NoFinalDot)?)
}

/// The segment of `destination` right behind `account`: to the shop, its reader's client id.
///
/// `None` if `destination` is not below `account`.
pub(crate) fn segment_below<'a>(account: &str, destination: &'a str) -> Option<&'a str> {
    let below = destination.strip_prefix(account)?.strip_prefix('.')?;
    below.split('.').next().filter(|segment| !segment.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_segments_joined_by_dots() {
        assert_eq!(check_address("example.letter-shop.mytrustline.server"), Ok(()));
        assert_eq!(check_address("a_~-9"), Ok(()));
        for empty in ["", ".", "a.", ".a", "a..b"] {
            assert_eq!(check_address(empty), Err(AddressError::EmptySegment), "{empty:?}");
        }
        assert_eq!(check_address("a b"), Err(AddressError::Character(' ')));
        assert_eq!(check_address("ä"), Err(AddressError::Character('ä')));
        assert_eq!(check_address(&"a".repeat(1023)), Ok(()));
        assert_eq!(check_address(&"a".repeat(1024)), Err(AddressError::TooLong));
    }

    #[test]
    fn a_prefix_ends_with_a_dot() {
        assert_eq!(check_prefix("example.letter-shop.mytrustline."), Ok(()));
        assert_eq!(check_prefix("example"), Err(AddressError::NoFinalDot));
        assert_eq!(check_prefix("."), Err(AddressError::EmptySegment));
        assert_eq!(check_prefix("a.."), Err(AddressError::EmptySegment));
    }

    #[test]
    fn the_client_is_the_segment_below_the_shop() {
        assert_eq!(segment_below("shop.server", "shop.server.abc.7"), Some("abc"));
        assert_eq!(segment_below("shop.server", "shop.server.abc"), Some("abc"));
        for other in ["shop.server", "shop.server.", "shop.server..7", "shop.serverabc.7", "shop.client.abc", ""] {
            assert_eq!(segment_below("shop.server", other), None, "{other:?}");
        }
    }
}
