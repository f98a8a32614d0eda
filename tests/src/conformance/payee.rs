//! What the application behind the peer does with payments, as far as the runner needs to know.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::cases::{Fate, Need};
use super::writer::ilp_payment;

/// The application behind the peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payee {
    /// It does what each payment says: the contract is in `tests/conformance/README.md`.
    Scripted,
    /// A letter shop, which fulfills what is paid to a reader of its own.
    Psk {
        /// The price of a letter.
        price: u64,
        /// Where it is paid to.
        account: String,
        /// What its fulfillments are made of.
        secret: Vec<u8>,
    },
}

/// A payment as the payee expects it.
pub(super) struct Purchase {
    pub(super) ilp: Vec<u8>,
    pub(super) preimage: [u8; 32],
}

impl Payee {
    /// Reads `scripted`, or the letter shop's header `Pay`: `interledger-psk <price> <account> <secret>`.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        match *text.split_ascii_whitespace().collect::<Vec<_>>() {
            ["scripted"] => Ok(Self::Scripted),
            ["interledger-psk", price, account, secret] => Ok(Self::Psk {
                price: price.parse().map_err(|_| "the price is no number")?,
                account: account.to_owned(),
                secret: URL_SAFE_NO_PAD.decode(secret).map_err(|_| "the secret is not base64url")?,
            }),
            _ => Err("a payee is `scripted`, or what a letter shop's header Pay says"),
        }
    }

    pub(super) fn can(&self, need: Need) -> bool {
        *self == Self::Scripted || matches!(need, Need::Fulfills | Need::Rejects)
    }

    pub(super) fn price(&self) -> u64 {
        match self {
            Self::Scripted => 10,
            Self::Psk { price, .. } => *price,
        }
    }

    pub(super) fn purchase(&self, amount: u64, fate: Fate) -> Purchase {
        match self {
            Self::Scripted => {
                let preimage = random();
                let account = format!("example.conformance.{}", word(fate));
                Purchase { ilp: ilp_payment(amount, &account, &preimage), preimage }
            }
            Self::Psk { account, secret, .. } => {
                // A reader that there is not is sold nothing.
                let reader = if fate == Fate::Fulfill { "" } else { "-gone" };
                let ilp = ilp_payment(amount, &format!("{account}{reader}.{}", fastrand::u32(..)), b"");
                let preimage = keyed(&keyed(secret, b"ilp_psk_condition"), &ilp);
                Purchase { ilp, preimage }
            }
        }
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

fn keyed(key: &[u8], data: &[u8]) -> [u8; 32] {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.chain_update(data).finalize().into_bytes().into()
}
