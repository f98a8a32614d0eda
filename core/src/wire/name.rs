//! The name of a sub-protocol.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::ops::Deref;

/// A sub-protocol's name (RFC 0023, `protocolName`). Cloning it never copies it, and the well-known ones are never
/// allocated.
///
/// Any text can be a `Name`; one that is not ASCII, or longer than 255 bytes, is refused when it is to be sent.
///
/// ```
/// use trustline_core::wire::Name;
///
/// assert_eq!(Name::from("ilp"), Name::ILP);
/// assert_eq!(Name::from("claim"), "claim");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name(Repr);

/// One name has one representation, so that comparing and hashing can be derived.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    /// Its place in `WELL_KNOWN`.
    WellKnown(u8),
    Other(Arc<str>),
}

macro_rules! well_known {
    ($($index:literal $constant:ident $text:literal $meaning:literal)*) => {
        impl Name {
            $(#[doc = concat!("`", $text, "`: ", $meaning)]
            pub const $constant: Self = Self(Repr::WellKnown($index));)*

            fn well_known(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$constant),)*
                    _ => None,
                }
            }
        }

        const WELL_KNOWN: [&str; [$($index),*].len()] = [$($text),*];
    };
}

well_known! {
    0 ILP "ilp" "an Interledger packet."
    1 AUTH "auth" "the sender wants to authenticate the connection."
    2 AUTH_USERNAME "auth_username" "the account to authenticate for."
    3 AUTH_TOKEN "auth_token" "the secret that proves it."
    4 INFO "info" "who the peer is, in which currency."
    5 BALANCE "balance" "what the asker owes."
    6 LIMIT "limit" "the maximum balance."
    7 CUSTOM "custom" "JSON for the application."
    8 TRANSFER_ID "transfer_id" "the id of a transfer."
}

impl Name {
    /// The longest name that is sent, in bytes. RFC 0023 sets no limit; a receiver of our kind takes 255 unless it is told
    /// to take more.
    pub(super) const LONGEST: usize = 65_535;
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            Repr::WellKnown(index) => WELL_KNOWN[usize::from(*index)],
            Repr::Other(text) => text,
        }
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self::well_known(text).unwrap_or_else(|| Self(Repr::Other(text.into())))
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        self
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_well_known_name_has_one_representation_and_its_own_text() {
        for (index, text) in (0..).zip(WELL_KNOWN) {
            let name = Name::from(text);
            assert!(name.0 == Repr::WellKnown(index), "{text}");
            assert_eq!(name, text);
        }
        assert_eq!(Name::from(String::from("auth_token")), Name::AUTH_TOKEN);
    }

    #[test]
    fn other_names_are_kept_as_they_are() {
        for text in ["", "ILP", "ilp2", "\u{e9}"] {
            assert_eq!(Name::from(text), text);
            assert_eq!(Name::from(text), Name::from(text));
            assert_eq!(Name::from(text).as_ref(), text);
            assert_ne!(Name::from(text), Name::ILP);
            assert_ne!(Name::from(text), "ilp");
        }
    }

    #[test]
    fn it_is_shown_as_text() {
        assert_eq!(alloc::format!("{:>5}|{:?}", Name::ILP, Name::from("a\"b")), r#"  ilp|"a\"b""#);
    }
}
