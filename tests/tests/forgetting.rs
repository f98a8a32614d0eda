//! What is due to be forgotten still counts for the very decision that rests on it.

use std::time::Duration;

use trustline_core::ledger::{Authority, Trustline, TrustlineConfig};
use trustline_tests::{START, conditional, fulfillment, millis, transfer_id, with};

/// A lapsed transfer was forgotten by the same effect that posted it, before it was posted.
#[test]
fn a_lapsed_transfer_that_the_host_fulfills_at_the_last_moment_is_paid() {
    let margin = Duration::from_secs(20);
    let mut trustline = Trustline::new(with(TrustlineConfig::new(Authority::Theirs), |config| config.memory_margin = margin));
    let expiry = START.saturating_add(millis(1));
    trustline.prepare(conditional(1, 10, expiry), START).unwrap();
    let forgotten = expiry.saturating_add(margin);
    trustline.expire(transfer_id(1), expiry).unwrap();

    let fulfilled = trustline.receive_fulfill(transfer_id(1), fulfillment(1), bytes::Bytes::new(), forgotten).unwrap();
    assert!(fulfilled.is_some(), "it is still remembered, for nothing has happened since");
    assert_eq!(trustline.balance(), -10);
}
