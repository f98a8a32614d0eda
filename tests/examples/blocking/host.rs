//! Somebody else's host.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;

use trustline_core::ledger::Transfer;
use trustline_core::session::{Event, LedgerInfo};
use trustline_core::wire::ProtocolData;
use trustline_smol::{Commands, Decision, Handler, Host};

use crate::secret;

/// Listens on a port of its own for as long as the process lives.
pub(crate) fn start() -> io::Result<SocketAddr> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        smol::block_on(async {
            let builder = Host::builder(LedgerInfo::new("example.host.", "XRP", 9)).account("alice", "s3cr3t").account("bob", "s3cr3t");
            let host = builder.handler(|_| Payee).listen(([127, 0, 0, 1], 0).into()).await;
            let _ = tell.send(host.as_ref().map(Host::address).map_err(io::Error::kind));
            if host.is_ok() {
                smol::future::pending::<()>().await;
            }
        });
    });
    Ok(told.recv().map_err(io::Error::other)??)
}

struct Payee;

impl Handler for Payee {
    fn decide(&mut self, _transfer: &Transfer, protocol_data: &ProtocolData) -> Decision {
        match protocol_data.get("ilp").and_then(|entry| entry.data.first()) {
            Some(n) => Decision::Fulfill(secret(*n)),
            None => Decision::Later,
        }
    }

    fn handle(&mut self, _event: Event, _commands: &mut Commands<'_>) {}
}
