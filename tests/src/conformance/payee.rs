//! What the application behind the peer does with payments, as far as the runner needs to know.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::cases::{Fate, Need};
use super::writer::ilp_payment;

/// The application behind the peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payee {
    /// It does what each payment says: the contract is in `tests/conformance/README.md`.
    Scripted,
    /// A letter shop, which fulfills what is paid to a reader of its own.
    Psk(Psk),
}

/// What a letter shop has told a reader (PROTOCOL 8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Psk {
    /// The price of a letter.
    pub price: u64,
    /// Where it is paid to.
    pub account: String,
    /// What its fulfillments are made of.
    secret: Vec<u8>,
}

/// A payment as the payee expects it.
#[derive(Debug)]
pub struct Purchase {
    /// The ILP packet that it pays for.
    pub ilp: Vec<u8>,
    /// The preimage of its condition.
    pub preimage: [u8; 32],
}

impl Payee {
    /// Reads `scripted`, or the letter shop's header `Pay`: `interledger-psk <price> <account> <secret>`.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text == "scripted" { Ok(Self::Scripted) } else { Psk::parse(text).map(Self::Psk) }
    }

    pub(super) fn can(&self, need: Need) -> bool {
        *self == Self::Scripted || matches!(need, Need::Fulfills | Need::Rejects)
    }

    pub(super) fn price(&self) -> u64 {
        match self {
            Self::Scripted => 10,
            Self::Psk(psk) => psk.price,
        }
    }

    pub(super) fn purchase(&self, amount: u64, fate: Fate) -> Purchase {
        match self {
            Self::Scripted => {
                let preimage = random();
                let account = format!("example.conformance.{}", word(fate));
                Purchase { ilp: ilp_payment(amount, &account, &preimage), preimage }
            }
            // A reader that there is not is sold nothing.
            Self::Psk(psk) if fate != Fate::Fulfill => {
                let gone = Psk { account: format!("{}-gone", psk.account), ..psk.clone() };
                gone.purchase(fastrand::u64(..), amount)
            }
            Self::Psk(psk) => psk.purchase(fastrand::u64(..), amount),
        }
    }
}

impl Psk {
    /// Reads the header `Pay`: `interledger-psk <price> <account> <secret>`.
    pub fn parse(header: &str) -> Result<Self, &'static str> {
        let ["interledger-psk", price, account, secret] = *header.split_ascii_whitespace().collect::<Vec<_>>() else {
            return Err("a payee is `scripted`, or what a letter shop's header Pay says: interledger-psk <price> <account> <secret>");
        };
        Ok(Self {
            price: price.parse().map_err(|_| "the price is no number")?,
            account: account.to_owned(),
            secret: URL_SAFE_NO_PAD.decode(secret).map_err(|_| "the secret is not base64url")?,
        })
    }

    /// Payment number `n`.
    pub fn purchase(&self, n: u64, amount: u64) -> Purchase {
        let ilp = ilp_payment(amount, &format!("{}.{n}", self.account), b"");
        let preimage = keyed(&keyed(&self.secret, b"ilp_psk_condition"), &ilp);
        Purchase { ilp, preimage }
    }
}

/// The last segment of the account that is paid.
fn word(fate: Fate) -> &'static str {
    match fate {
        Fate::Fulfill => "fulfill",
        Fate::Reject | Fate::Anybody => "reject",
        Fate::Hold => "hold",
    }
}

pub(super) fn random<const N: usize>() -> [u8; N] {
    std::array::from_fn(|_| fastrand::u8(..))
}

/// What a preimage hashes to.
pub(super) fn condition(preimage: &[u8; 32]) -> [u8; 32] {
    Sha256::digest(preimage).into()
}

fn keyed(key: &[u8], data: &[u8]) -> [u8; 32] {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.chain_update(data).finalize().into_bytes().into()
}
