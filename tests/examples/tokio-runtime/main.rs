//! Trustlines in an application that stands on tokio: it pays, and is paid.
//!
//! ```text
//! cargo run -p trustline-tests --example tokio-runtime
//! ```
//!
//! `runtime.rs` is all that tokio needs, and the recipe for any other runtime.

mod runtime;

use std::error::Error;

use trustline_runtime::core::Fulfillment;
use trustline_runtime::core::session::{Event, LedgerInfo};
use trustline_runtime::{Events, Payment};

use crate::runtime::Tokio;

// An application that names them once has the same types that an adapter crate would give it.
type Client = trustline_runtime::Client<Tokio>;
type Host = trustline_runtime::Host<Tokio>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let info = LedgerInfo::new("example.tokio.", "XRP", 9);
    let builder = Host::builder(info).account("alice", "s3cr3t");
    let (host, events) = builder.listen_with_events(([127, 0, 0, 1], 0).into()).await?;
    // Events are a stream like any other, and handles can be used from any task.
    let selling = tokio::spawn(sell(events));

    let client = Client::connect(&format!("btp+ws://alice:s3cr3t@{}/", host.address())).await?;
    let (mut outcomes, payments) = (tokio::task::JoinSet::new(), 100);
    for n in 0..payments {
        outcomes.spawn(client.pay(Payment::new(10, secret(n).condition()).with_ilp(vec![n])));
    }
    while let Some(outcome) = outcomes.join_next().await {
        outcome??;
    }
    assert_eq!(client.peer_balance().await?, -1000);
    println!("paid {payments} times 10; the balance is {}", client.balance());

    client.close().await;
    host.close().await;
    println!("was paid {} times", selling.await?);
    Ok(())
}

/// Takes whatever is paid, and counts it.
async fn sell(mut events: Events) -> u32 {
    let mut sold = 0;
    while let Some((account, event)) = events.next().await {
        match event {
            Event::IncomingPrepared { transfer, protocol_data } => {
                let n = protocol_data.get("ilp").and_then(|entry| entry.data.first()).map_or(0, |n| *n);
                // It may have expired since.
                let _ = account.fulfill(transfer.id, secret(n));
            }
            Event::IncomingFulfilled { .. } => sold += 1,
            _ => {}
        }
    }
    sold
}

/// What the two have agreed upon.
fn secret(n: u8) -> Fulfillment {
    Fulfillment::from([n; 32])
}
