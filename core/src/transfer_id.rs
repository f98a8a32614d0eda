//! The name of a transfer.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::str::FromStr;

/// A transfer's 16 byte id, chosen by the payer; written as a UUID (RFC 0023, *transferId*).
///
/// ```
/// use trustline_core::TransferId;
///
/// let id: TransferId = "00112233-4455-6677-8899-aabbccddeeff".parse()?;
/// assert_eq!(id.as_bytes()[15], 0xff);
/// assert_eq!(id.to_string(), "00112233-4455-6677-8899-aabbccddeeff");
/// # Ok::<(), trustline_core::TransferIdError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TransferId([u8; 16]);

impl TransferId {
    /// The 16 bytes as they stand on the wire.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl Hash for TransferId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // One word for the hasher instead of a slice and its length: maps by id are the ledger's hot path.
        state.write_u128(u128::from_ne_bytes(self.0));
    }
}

impl From<[u8; 16]> for TransferId {
    fn from(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for TransferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::uuid::write(&self.0, f)
    }
}

impl fmt::Debug for TransferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TransferId({self})")
    }
}

impl FromStr for TransferId {
    type Err = TransferIdError;

    /// Reads a UUID: 32 hexadecimal digits, with or without the four hyphens.
    fn from_str(text: &str) -> Result<Self, TransferIdError> {
        let mut bytes = [0; 16];
        let mut digits = 0;
        for (i, c) in text.chars().enumerate() {
            if c == '-' && text.len() == 36 && matches!(i, 8 | 13 | 18 | 23) {
                continue;
            }
            let digit = c.to_digit(16).ok_or(TransferIdError)?;
            let byte = bytes.get_mut(digits / 2).ok_or(TransferIdError)?;
            *byte = *byte << 4 | u8::try_from(digit).map_err(|_| TransferIdError)?;
            digits += 1;
        }
        if digits == 32 { Ok(Self(bytes)) } else { Err(TransferIdError) }
    }
}

/// The text is not a UUID: 32 hexadecimal digits, with or without the four hyphens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferIdError;

impl fmt::Display for TransferIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a transfer id is a UUID: 32 hexadecimal digits, with or without the four hyphens")
    }
}

impl core::error::Error for TransferIdError {}
