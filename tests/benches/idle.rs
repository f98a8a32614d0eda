//! What an idle connection costs a host, and what ten thousand of them cost the one that is busy.
//!
//! ```text
//! cargo bench -p trustline-tests --bench idle -- --connections 10000
//! cargo bench -p trustline-tests --bench idle -- --connections 10000 --tls
//! ```
//!
//! prints one line of JSON. Each connection has an account of its own, is authenticated, and was busy once: it asked a burst
//! of questions and read the answers. It is a pipe in memory, of which the other end then does nothing. `heap_bytes` is
//! what the host keeps for each, the pipe not counted; `open_us` the time of the process for all that comes before, both
//! ends counted. The busy one pays over a pipe too.
//!
//! What a burst has left is given back with the next ping, which is why they are as frequent here as they are.

use std::alloc::System;
use std::future::ready;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use futures_rustls::TlsConnector;
use futures_rustls::pki_types::pem::PemObject;
use futures_rustls::pki_types::{CertificateDer, ServerName};
use futures_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};
use futures_util::{StreamExt, stream};
use smol::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use trustline_core::WireLimits;
use trustline_core::session::{Credentials, subprotocol};
use trustline_core::wire::{Body, Packet};
use trustline_runtime::websocket::{Incoming, WebSocket, WebSocketLimits};
use trustline_smol::{Accepted, Admitted, Client, ConnectionLimits, Host, HostTls};
use trustline_tests::contract::rig::{Authority, Clerk, Pipe, letter};
use trustline_tests::ledger_info;
use trustline_tests::with;

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[derive(Parser)]
struct Args {
    /// How many are idle.
    #[arg(long, default_value_t = 10_000)]
    connections: usize,
    /// Through TLS.
    #[arg(long)]
    tls: bool,
    /// Questions that each one asks at once before it is idle.
    #[arg(long, default_value_t = 100)]
    burst: u32,
    /// Payments of the one that is busy, alone and then among the others.
    #[arg(long, default_value_t = 20_000)]
    payments: u32,
    /// Cargo gives this to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

/// More than a burst here.
const PIPE_BYTES: usize = 8 * 1024;

/// Payments in flight.
const WINDOW: usize = 64;

/// More than this for an idle connection would be a mistake: 7 KB were measured.
const MOST_HEAP_BYTES: usize = 10 * 1024;

/// And this with TLS, where 15 KB were.
const MOST_HEAP_BYTES_WITH_TLS: usize = 20 * 1024;

const PING_INTERVAL: Duration = Duration::from_secs(2);

fn main() {
    smol::block_on(run(&Args::parse()));
}

async fn run(args: &Args) {
    let authority = Authority::new();
    let files = authority.certifies("shop.example");
    let tls = args.tls.then(|| HostTls::new(&files.chain, &files.key).expect("they were just written"));
    let dialing = args.tls.then(|| connector(&authority));
    let host = Arc::new(host());

    let busy = {
        let host = host.clone();
        let builder = Client::builder("btp+ws://busy:@shop.invalid/").connector(move || {
            let (near, far) = Pipe::pair(64 * 1024);
            host.accept(Accepted::stream(far));
            ready(Ok(near))
        });
        builder.connect().await.expect("it is let in")
    };
    let alone = pays(&busy, 0..args.payments).await;

    // The pipes are there before anything is counted.
    let pipes: Vec<_> = (0..args.connections).map(|_| Pipe::pair(PIPE_BYTES)).collect();
    let before = heap_bytes();
    let started = Instant::now();
    let opened = stream::iter(pipes.into_iter().enumerate()).map(|(n, (mut near, far))| {
        let accepted = match &tls {
            Some(tls) => Accepted::tls_stream(far, tls.clone()),
            None => Accepted::stream(far),
        };
        host.accept(accepted);
        let (dialing, burst) = (dialing.clone(), args.burst);
        async move {
            let Some(dialing) = dialing else {
                uses(&mut near, n, burst).await;
                return near;
            };
            let name = ServerName::try_from("shop.example").expect("it is a name");
            let mut near = dialing.connect(name, near).await.expect("the certificate is good");
            uses(&mut near, n, burst).await;
            near.into_inner().0
        }
    });
    let idle: Vec<Pipe> = opened.buffer_unordered(100).collect().await;
    let open_us = micros(started.elapsed()) / idle.len().max(1) as u128;
    smol::Timer::after(2 * PING_INTERVAL).await;
    let heap_bytes = heap_bytes().saturating_sub(before) / idle.len().max(1);
    assert_eq!(host.connections(), args.connections + 1);
    let most = if args.tls { MOST_HEAP_BYTES_WITH_TLS } else { MOST_HEAP_BYTES };
    assert!(heap_bytes < most, "{heap_bytes} bytes for an idle connection");

    let among = pays(&busy, args.payments..2 * args.payments).await;
    assert_eq!(host.connections(), args.connections + 1, "nobody was dropped");
    println!(
        r#"{{"connections":{},"tls":{},"heap_bytes":{heap_bytes},"open_us":{open_us},"payments_per_second_alone":{alone},"payments_per_second_among_them":{among}}}"#,
        args.connections, args.tls
    );
    drop(idle);
    busy.close().await;
    Arc::into_inner(host).map(Host::close).expect("the client is gone").await;
}

fn host() -> Host {
    // The idle ones never answer, and it is not their dying that is measured.
    let limits = with(ConnectionLimits::default(), |limits| {
        limits.ping_interval = PING_INTERVAL;
        limits.unanswered_pings = u32::MAX;
    });
    let host = Host::builder(ledger_info()).handler(|_| Clerk::Sells).connection_limits(limits);
    host.authenticate(|applicant| Some(Admitted::to(&applicant.username))).start()
}

fn connector(authority: &Authority) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority.root()).expect("it was just written")).expect("it is a root");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
    Arc::new(config.expect("ring has them").with_root_certificates(roots).with_no_client_auth()).into()
}

/// Opens a WebSocket, shows a name, asks all questions, and reads all answers.
async fn uses(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), n: usize, burst: u32) {
    let mut websocket = WebSocket::client("shop.example", "/", WebSocketLimits::default()).expect("it is a host");
    let mut buffer = [0; 1024];
    let ask = |websocket: &mut WebSocket, request_id, question| {
        let packet = Packet { request_id, body: Body::Message(question) };
        websocket.send(packet.encode().expect("it is short")).expect("it is open");
    };
    loop {
        stream.write_all(websocket.outgoing()).await.expect("it is connected");
        stream.flush().await.expect("it is connected");
        websocket.advance(usize::MAX);
        match websocket.poll().expect("the host keeps the protocol") {
            Some(Incoming::Opened { .. }) => {
                let credentials = Credentials { username: n.to_string(), ..Credentials::default() };
                ask(&mut websocket, 0, subprotocol::auth_request(&credentials));
            }
            Some(Incoming::Frame(frame)) => {
                let answer = Packet::decode(&frame, &WireLimits::default()).expect("it is a packet");
                assert!(matches!(answer.body, Body::Response(_)), "{answer:?}");
                if answer.request_id == 0 {
                    (1..=burst).for_each(|request_id| ask(&mut websocket, request_id, subprotocol::balance_request()));
                }
                if answer.request_id == burst {
                    return;
                }
            }
            _ => {
                let bytes = stream.read(&mut buffer).await.expect("it is connected");
                assert_ne!(bytes, 0, "not let in");
                websocket.receive(&buffer[..bytes]);
            }
        }
    }
}

/// Payments a second.
async fn pays(client: &Client, numbers: std::ops::Range<u32>) -> u128 {
    let (count, started) = (numbers.len() as u128, Instant::now());
    let payments = stream::iter(numbers).map(|n| client.pay(letter(n, 1)));
    payments.buffer_unordered(WINDOW).for_each(|paid| async { drop(paid.expect("the clerk sells")) }).await;
    count * 1_000_000 / micros(started.elapsed()).max(1)
}

fn heap_bytes() -> usize {
    let stats = HEAP.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

fn micros(duration: Duration) -> u128 {
    duration.as_micros()
}
