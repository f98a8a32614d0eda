//! The hash lock of a transfer: a condition, and the fulfillment that opens it.

use core::fmt;

use sha2::{Digest, Sha256};

/// The SHA-256 hash that a transfer is prepared against: 32 bytes (RFC 0023, *executionCondition*).
///
/// ```
/// use trustline_core::Fulfillment;
///
/// let fulfillment = Fulfillment::from([7; 32]);
/// let condition = fulfillment.condition();
/// assert!(fulfillment.fulfills(&condition));
/// assert!(!Fulfillment::from([8; 32]).fulfills(&condition));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Condition([u8; 32]);

/// The preimage of a [`Condition`]: 32 bytes. Who shows it before the transfer expires is paid.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fulfillment([u8; 32]);

impl Fulfillment {
    /// The condition that this fulfillment opens: its SHA-256 hash.
    pub fn condition(&self) -> Condition {
        Condition(Sha256::digest(self.0).into())
    }

    /// Whether this fulfillment opens `condition`.
    pub fn fulfills(&self, condition: &Condition) -> bool {
        self.condition() == *condition
    }
}

macro_rules! thirty_two_bytes {
    ($type:ident) => {
        impl $type {
            /// The 32 bytes as they stand on the wire.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl From<[u8; 32]> for $type {
            fn from(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($type), "({})"), self)
            }
        }
    };
}

thirty_two_bytes!(Condition);
thirty_two_bytes!(Fulfillment);
