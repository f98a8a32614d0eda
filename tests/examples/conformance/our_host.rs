//! A host of ours, with the application of the kit's contract.

use std::io;

use trustline_core::ledger::Bounds;
use trustline_core::session::LedgerInfo;
use trustline_smol::Host;
use trustline_tests::conformance::Responder;

/// Its account is alice's, with the token s3cr3t.
pub(crate) async fn our_host() -> io::Result<Host> {
    let info = LedgerInfo::new("example.host.", "XRP", 9);
    let bounds = Bounds { minimum: -1_000_000, maximum: 1_000_000 };
    let builder = Host::builder(info).account("alice", "s3cr3t").bounds(bounds).handler(|_| Responder);
    builder.listen(([127, 0, 0, 1], 0).into()).await
}
