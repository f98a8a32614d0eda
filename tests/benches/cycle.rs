//! What a payment costs the two sessions alone: no sockets, no WebSocket, no locks, no journal.
//!
//! ```text
//! cargo bench -p trustline-tests --bench cycle -- [--payments N] [--window W]
//! ```
//!
//! Compare with `--bench payments`, which has all of these: the difference is theirs.

use std::time::Instant;

use clap::Parser;
use trustline_core::ledger::Authority;
use trustline_core::session::{AuthenticationRequest, ConnectionId, Credentials, Event, LedgerInfo, Output, Session, SessionConfig};
use trustline_core::wire::{Entry, Prepare, ProtocolData};
use trustline_core::{Fulfillment, Timestamp, TransferId};
use trustline_tests::with;

#[derive(Parser)]
struct Args {
    /// Payments in all.
    #[arg(long, default_value_t = 500_000)]
    payments: u32,
    /// Payments in flight.
    #[arg(long, default_value_t = 256)]
    window: u32,
    /// Cargo gives this to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

const LINK: ConnectionId = ConnectionId(1);
const NOW: Timestamp = Timestamp::from_millis(1_500_000_000_000);
const EXPIRY: Timestamp = Timestamp::from_millis(1_500_000_030_000);

fn main() {
    let args = Args::parse();
    let mut host =
        Session::new(with(SessionConfig::new(Authority::Ours), |config| config.info = Some(LedgerInfo::new("example.", "XRP", 9))));
    let mut client = Session::new(SessionConfig::new(Authority::Theirs));
    client.handle_connected(LINK, NOW);
    while client.poll_output().is_some() {}
    // The first request of a connection is its authentication, whose id is therefore known.
    let request = AuthenticationRequest { request_id: 1, credentials: Credentials::default() };
    host.handle_accepted(LINK, &request, ProtocolData::new(), NOW);

    let started = Instant::now();
    let (mut sent, mut fulfilled, mut frames) = (0, 0, 0_u64);
    while fulfilled < args.payments {
        while sent - fulfilled < args.window && sent < args.payments {
            let made = client.prepare(payment(sent), NOW);
            if made.is_err() {
                // Not authenticated yet.
                break;
            }
            sent += 1;
        }
        frames += pump(&mut client, &mut host, |_, _| ());
        frames += pump(&mut host, &mut client, |host, event| {
            if let Event::IncomingPrepared { transfer, .. } = event {
                host.fulfill(transfer.id, fulfillment(transfer.id), &ProtocolData::new(), NOW).expect("it was just prepared");
            }
        });
        frames += pump(&mut client, &mut host, |_, event| fulfilled += u32::from(matches!(event, Event::OutgoingFulfilled { .. })));
    }
    let elapsed = started.elapsed();
    pump(&mut client, &mut host, |_, _| ());
    assert_eq!(host.balance(), 10 * i128::from(args.payments));
    assert_eq!(client.balance(), -host.balance());
    let nanoseconds = elapsed.as_secs_f64() * 1e9 / f64::from(args.payments);
    println!("{nanoseconds:.0} ns a payment, in {frames} frames for {} payments", args.payments);
}

/// Carries the frames of one to the other. Returns how many there were.
fn pump(from: &mut Session, to: &mut Session, mut on_event: impl FnMut(&mut Session, Event)) -> u64 {
    let mut frames = 0;
    while let Some(output) = from.poll_output() {
        match output {
            Output::Transmit { frame, .. } => {
                frames += 1;
                to.handle_frame(LINK, &frame, NOW);
            }
            Output::Event(event) => on_event(from, event),
            Output::Effect(_) | Output::Disconnect { .. } => {}
        }
    }
    frames
}

fn payment(number: u32) -> Prepare {
    let mut id = [0; 16];
    id[12..].copy_from_slice(&number.to_be_bytes());
    let transfer_id = TransferId::from(id);
    Prepare {
        transfer_id,
        amount: 10,
        condition: fulfillment(transfer_id).condition(),
        expires_at: EXPIRY,
        protocol_data: ProtocolData::from(vec![Entry::octets("ilp", vec![7; 65])]),
    }
}

fn fulfillment(id: TransferId) -> Fulfillment {
    let mut bytes = [7; 32];
    bytes[..16].copy_from_slice(id.as_bytes());
    Fulfillment::from(bytes)
}
