//! The tutorial's pre-shared key: how shop and customer arrive at the same fulfillment without asking each other.
//!
//! ```text
//! fulfillment = HMAC-SHA256(key = HMAC-SHA256(key = shared secret, "ilp_psk_condition"), ILP packet)
//! ```

use std::fmt;
use std::str::FromStr;

use base64::alphabet;
use base64::engine::{DecodePaddingMode, Engine as _, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::address::{AddressError, check_address};

/// The first word of the `Pay` header.
const METHOD: &str = "interledger-psk";

/// What the shared secret is turned into the key of the fulfillments with.
const CONDITION_LABEL: &[u8] = b"ilp_psk_condition";

/// Writes base64url without padding; reads it with or without (see [`decode`] for the other alphabet).
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The random bytes that a shop tells one reader: 32 of ours, any number but none of another shop's. Who knows them can compute every
/// fulfillment of that reader's letters.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SharedSecret(Box<[u8]>);

impl SharedSecret {
    /// A new secret from the operating system's randomness.
    pub(crate) fn generate() -> Result<Self, getrandom::Error> {
        random::<32>().map(|bytes| Self(bytes.into()))
    }
}

/// Base64url without padding, as the `Pay` header carries it: this *shows the secret*. `Debug` does not.
impl fmt::Display for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64.encode(&self.0))
    }
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSecret(..)")
    }
}

impl FromStr for SharedSecret {
    type Err = PayHeaderError;

    /// Reads base64 of either alphabet, with or without padding: JavaScript's `Buffer` is no stricter.
    fn from_str(text: &str) -> Result<Self, PayHeaderError> {
        let bytes = decode(text).filter(|bytes| !bytes.is_empty()).ok_or(PayHeaderError::Secret)?;
        Ok(Self(bytes.into()))
    }
}

/// A shared secret made ready: both HMAC keys are hashed in once, so that one packet costs a copy of the state and three SHA-256 blocks or so.
#[derive(Clone)]
pub(crate) struct Psk {
    keyed: Hmac<Sha256>,
}

impl Psk {
    /// Makes `secret` ready.
    pub(crate) fn new(secret: &SharedSecret) -> Self {
        let key = hmac(&secret.0).chain_update(CONDITION_LABEL).finalize().into_bytes();
        Self { keyed: hmac(&key) }
    }

    /// The fulfillment of a transfer that carries `ilp_packet`.
    pub(crate) fn fulfillment(&self, ilp_packet: &[u8]) -> [u8; 32] {
        self.keyed.clone().chain_update(ilp_packet).finalize().into_bytes().into()
    }
}

impl fmt::Debug for Psk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Psk(..)")
    }
}

/// The name that a shop gives one reader: base64url of 8 random bytes. It stands in the addresses that the reader pays to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ClientId(String);

impl ClientId {
    /// A new name from the operating system's randomness.
    pub(crate) fn generate() -> Result<Self, getrandom::Error> {
        random::<8>().map(|bytes| Self(BASE64.encode(bytes)))
    }
}

/// So that a map of clients can be asked for a segment of an address.
impl std::borrow::Borrow<str> for ClientId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The `Pay` header: what a letter costs, where to pay, and the secret to make conditions with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PayHeader {
    /// The price of one letter, in the ledger's smallest unit.
    pub(crate) amount: u64,
    /// `<shop's account>.<client id>`; payment n goes to `<account>.<n>`.
    pub(crate) account: String,
    /// Shared by the shop and this reader alone.
    pub(crate) secret: SharedSecret,
}

/// The header's value. It *shows the secret*: that is its purpose.
impl fmt::Display for PayHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{METHOD} {} {} {}", self.amount, self.account, self.secret)
    }
}

impl FromStr for PayHeader {
    type Err = PayHeaderError;

    fn from_str(text: &str) -> Result<Self, PayHeaderError> {
        let mut words = text.split_ascii_whitespace();
        match words.next() {
            Some(METHOD) => {}
            other => return Err(PayHeaderError::Method(other.unwrap_or_default().to_owned())),
        }
        let (Some(amount), Some(account), Some(secret), None) = (words.next(), words.next(), words.next(), words.next()) else {
            return Err(PayHeaderError::Words(text.split_ascii_whitespace().count()));
        };
        let amount = amount.parse().map_err(|_| PayHeaderError::Amount(amount.to_owned()))?;
        check_address(account).map_err(PayHeaderError::Account)?;
        Ok(Self { amount, account: account.to_owned(), secret: secret.parse()? })
    }
}

/// What is wrong with a `Pay` header. No variant quotes the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PayHeaderError {
    /// The first word, here quoted, is not `interledger-psk`.
    Method(String),
    /// It has this many words, not four.
    Words(usize),
    /// The amount, here quoted, is not a number from 0 to 2^64 - 1.
    Amount(String),
    /// The account is not an ILP address.
    Account(AddressError),
    /// The shared secret is not base64.
    Secret,
}

impl fmt::Display for PayHeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Method(other) => {
                write!(f, "the Pay header begins with {other:?}, not with {METHOD:?}: no other way to pay is known here")
            }
            Self::Words(count) => {
                write!(f, "the Pay header has {count} words, not the four of `{METHOD} <amount> <account> <shared secret>`")
            }
            Self::Amount(amount) => write!(f, "the amount in the Pay header, {amount:?}, is not a number below 2^64"),
            Self::Account(error) => write!(f, "the account in the Pay header is no ILP address: {error}"),
            Self::Secret => f.write_str("the shared secret in the Pay header is not base64"),
        }
    }
}

impl std::error::Error for PayHeaderError {}

/// HMAC-SHA256 with `key` hashed in.
fn hmac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

/// `N` bytes of the operating system's randomness.
fn random<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// Base64 of either alphabet, padded or not.
fn decode(text: &str) -> Option<Vec<u8>> {
    let url_safe: Vec<u8> = text
        .bytes()
        .map(|byte| match byte {
            b'+' => b'-',
            b'/' => b'_',
            other => other,
        })
        .collect();
    BASE64.decode(url_safe).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use sha2::Digest as _;

    use super::*;

    /// What the JavaScript peer computed (tests/vectors/psk.json).
    fn vectors() -> Vec<Value> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/psk.json");
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let vectors: Vec<Value> = serde_json::from_str(&text).expect("the vectors are JSON");
        assert!(!vectors.is_empty());
        vectors
    }

    fn field<'a>(vector: &'a Value, name: &str) -> &'a str {
        vector[name].as_str().unwrap_or_else(|| panic!("no {name} in {vector}"))
    }

    #[test]
    fn the_fulfillments_are_those_of_the_javascript_peer() {
        for vector in vectors() {
            let secret: SharedSecret = field(&vector, "sharedSecret").parse().unwrap();
            let packet = decode(field(&vector, "ilpPacketBase64url")).unwrap();
            let psk = Psk::new(&secret);
            for _ in 0..2 {
                let fulfillment = psk.fulfillment(&packet);
                assert_eq!(BASE64.encode(fulfillment), field(&vector, "fulfillmentBase64url"));
                assert_eq!(BASE64.encode(Sha256::digest(fulfillment)), field(&vector, "conditionBase64url"));
            }
        }
    }

    #[test]
    fn the_pay_headers_of_the_javascript_peer_are_read_and_written_back() {
        for vector in vectors() {
            let text = field(&vector, "payHeader");
            let header: PayHeader = text.parse().unwrap();
            assert_eq!(header.amount.to_string(), field(&vector, "amount"));
            assert!(field(&vector, "account").starts_with(&format!("{}.", header.account)));
            assert_eq!(header.secret.to_string(), field(&vector, "sharedSecret"));
            assert_eq!(header.to_string(), text);
        }
    }

    #[test]
    fn a_secret_is_read_in_every_way_that_base64_is_written() {
        let secret = SharedSecret([0xff; 32].into());
        let plain = secret.to_string();
        assert_eq!(plain, "__________________________________________8");
        for text in [plain.clone(), format!("{plain}="), plain.replace('_', "/"), format!("{}=", plain.replace('_', "/"))] {
            assert_eq!(text.parse().as_ref(), Ok(&secret), "{text}");
        }
    }

    #[test]
    fn a_wrong_header_is_refused_with_its_reason() {
        let secret = SharedSecret([7; 32].into()).to_string();
        let error = |text: &str| text.parse::<PayHeader>().unwrap_err();
        assert_eq!(error(""), PayHeaderError::Method(String::new()));
        assert_eq!(error(&format!("bitcoin 10 a.b {secret}")), PayHeaderError::Method("bitcoin".into()));
        assert_eq!(error("interledger-psk 10 a.b"), PayHeaderError::Words(3));
        assert_eq!(error(&format!("interledger-psk 10 a.b {secret} more")), PayHeaderError::Words(5));
        for amount in ["-1", "1.5", "18446744073709551616", "ten"] {
            assert_eq!(error(&format!("interledger-psk {amount} a.b {secret}")), PayHeaderError::Amount(amount.into()));
        }
        assert_eq!(error(&format!("interledger-psk 10 a..b {secret}")), PayHeaderError::Account(AddressError::EmptySegment));
        for secret in ["s!cret", "abcde", "="] {
            assert_eq!(error(&format!("interledger-psk 10 a.b {secret}")), PayHeaderError::Secret);
        }
    }

    #[test]
    fn secrets_and_names_are_random_and_the_secret_is_not_logged() {
        let (one, other) = (SharedSecret::generate().unwrap(), SharedSecret::generate().unwrap());
        assert_ne!(one, other);
        let header = PayHeader { amount: 10, account: "a.b".into(), secret: one.clone() };
        assert!(!format!("{header:?}").contains(&one.to_string()));

        let (one, other) = (ClientId::generate().unwrap(), ClientId::generate().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.to_string().len(), 11);
        assert_eq!(check_address(&one.to_string()), Ok(()));
    }
}
