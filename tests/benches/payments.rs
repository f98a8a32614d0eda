//! Payments a second over real sockets: both ends in one process, full sessions, nothing left out.
//!
//! ```text
//! cargo bench -p trustline-tests --bench payments -- --payments 1000000 --window 256
//! ```
//!
//! prints one line of JSON. `cpu_us_per_payment` is the user and system time of the whole process, so of both ends.
//! `--journal memory,sqlite` pays with and without files in turn, so that both have the same machine, and prints a last
//! line with how they compare. `--subscriber` does the same without and with a subscriber of the logs.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use futures_channel::oneshot;
use rustix::time::{ClockId, clock_gettime};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload;
use trustline_smol::core::ledger::Transfer;
use trustline_smol::core::session::{Event, LedgerInfo, subprotocol};
use trustline_smol::core::wire::{Prepare, ProtocolData};
use trustline_smol::core::{Fulfillment, TransferId};
use trustline_smol::{Account, Client, Commands, Decision, Handler, Host, Journal, Memory, Payment, Sqlite};

#[derive(Parser)]
struct Args {
    /// Payments in all.
    #[arg(long, default_value_t = 500_000)]
    payments: u32,
    /// Payments in flight on each connection.
    #[arg(long, default_value_t = 256)]
    window: u32,
    /// Customers, each with an account and a connection of its own.
    #[arg(long, default_value_t = 1)]
    connections: u32,
    #[arg(long, value_enum, default_value_t = RuntimeName::Smol)]
    runtime: RuntimeName,
    /// Where both ends keep their ledgers: the host in one file, all customers in another. Several are compared.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "memory")]
    journal: Vec<JournalName>,
    /// Compare no subscriber of the logs with one that formats all that we log, which is nothing finer than `DEBUG`.
    #[arg(long)]
    subscriber: bool,
    /// Where the files are made; they are removed at the end. It should be on a real disk.
    #[arg(long, default_value = env!("CARGO_TARGET_TMPDIR"))]
    directory: PathBuf,
    /// Cargo gives this to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum RuntimeName {
    Smol,
}

#[derive(Clone, Copy, ValueEnum)]
enum JournalName {
    Memory,
    Sqlite,
}

/// How often each of several journals has its turn.
const TURNS: usize = 3;

/// As long as the ILP packet of a letter.
const ILP_PACKET: [u8; 65] = [7; 65];
const AMOUNT: u64 = 10;

fn main() {
    let mut args = Args::parse();
    args.directory.push(format!("payments-{}", std::process::id()));
    std::fs::create_dir_all(&args.directory).expect("the directory can be made");
    match args.journal[..] {
        [journal] if args.subscriber => compare_subscribers(&args, journal),
        [journal] => drop(smol::block_on(run(&args, journal))),
        _ => compare(&args),
    }
    std::fs::remove_dir_all(&args.directory).expect("the files are ours");
}

/// The best turn of each counts: what else the machine does only ever makes it slower.
fn compare(args: &Args) {
    let mut best = vec![Turn { rate: 0.0, cpu_us: f64::MAX }; args.journal.len()];
    for _ in 0..TURNS {
        for (best, journal) in best.iter_mut().zip(&args.journal) {
            let turn = smol::block_on(run(args, *journal));
            *best = Turn { rate: best.rate.max(turn.rate), cpu_us: best.cpu_us.min(turn.cpu_us) };
        }
    }
    for (turn, journal) in best.iter().zip(&args.journal) {
        let line = serde_json::json!({
            "journal": journal.to_possible_value().map(|value| value.get_name().to_owned()),
            "best_payments_per_second": round(turn.rate, 0),
            "of_the_first": round(turn.rate / best[0].rate, 3),
            "best_cpu_us_per_payment": round(turn.cpu_us, 3),
            "times_the_first": round(turn.cpu_us / best[0].cpu_us, 2),
        });
        println!("{line}");
    }
}

/// The best turn of each counts, as in [`compare`].
fn compare_subscribers(args: &Args, journal: JournalName) {
    let (level, switch) = reload::Layer::new(LevelFilter::OFF);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::sink);
    // Without records of `log`, of which libraries below write some for every frame, at `TRACE`.
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(lines).with(level)).expect("it is the first");
    let mut best = [f64::MAX; 2];
    for _ in 0..TURNS {
        for (best, level) in best.iter_mut().zip([LevelFilter::OFF, LevelFilter::DEBUG]) {
            switch.reload(level).expect("the subscriber is there");
            *best = best.min(smol::block_on(run(args, journal)).cpu_us);
        }
    }
    let [without, with] = best;
    let line = serde_json::json!({
        "best_cpu_us_without_subscriber": round(without, 3),
        "best_cpu_us_with_subscriber": round(with, 3),
        "times_the_first": round(with / without, 3),
    });
    println!("{line}");
}

/// What a turn came to.
#[derive(Clone, Copy)]
struct Turn {
    /// Payments a second.
    rate: f64,
    /// Processor time of each, in microseconds.
    cpu_us: f64,
}

async fn run(args: &Args, kept: JournalName) -> Turn {
    let info = LedgerInfo::new("example.bench.", "XRP", 9);
    let host = (0..args.connections).fold(Host::builder(info), |host, n| host.account(&n.to_string(), "token"));
    let host = host.journal(journal(args, kept, "host")).handler(|_| Payee).listen(([127, 0, 0, 1], 0).into()).await.expect("a free port");

    let share = args.payments / args.connections;
    let customers = journal(args, kept, "customers");
    let mut clients = Vec::new();
    let mut done = Vec::new();
    let latencies = Arc::new(Mutex::new(Vec::with_capacity(args.payments as usize)));
    for n in 0..args.connections {
        let (payer, finished) = Payer::new(n, share, args.window, latencies.clone());
        let url = format!("btp+ws://{n}:token@{}/", host.address());
        clients.push(
            Client::builder(&url).journal(customers.clone(), &n.to_string()).handler(payer).connect().await.expect("the host is there"),
        );
        done.push(finished);
    }

    let (cpu, started) = (cpu_time(), Instant::now());
    for client in &clients {
        // The answer makes the first payments, and each that is fulfilled makes the next.
        client.command(|commands| commands.message(subprotocol::balance_request())).expect("it is connected");
    }
    for finished in done {
        finished.await.expect("every payment is fulfilled");
    }
    let (elapsed, cpu) = (started.elapsed(), cpu_time().saturating_sub(cpu));

    let paid = u64::from(share) * u64::from(args.connections);
    let owed: i128 = host.accounts().iter().map(Account::balance).sum();
    assert_eq!(owed, i128::from(paid * AMOUNT), "the host was paid in full");
    let spent: i128 = clients.iter().map(|client| client.balance()).sum();
    assert_eq!(spent, -owed, "and the customers paid it");
    let mut latencies = latencies.lock().expect("all clients are done");
    report(args, kept, paid, elapsed, cpu, &mut latencies)
}

fn report(args: &Args, kept: JournalName, paid: u64, elapsed: Duration, cpu: Duration, latencies: &mut [u32]) -> Turn {
    latencies.sort_unstable();
    let quantile = |per_mille: usize| f64::from(latencies[(latencies.len() - 1) * per_mille / 1000]) / 1000.0;
    let per_payment = |time: Duration| time.as_secs_f64() * 1e6 / u32::try_from(paid).map_or(f64::MAX, f64::from);
    let line = serde_json::json!({
        "runtime": args.runtime.to_possible_value().map(|value| value.get_name().to_owned()),
        "journal": kept.to_possible_value().map(|value| value.get_name().to_owned()),
        "window": args.window,
        "connections": args.connections,
        "payments": paid,
        "seconds": round(elapsed.as_secs_f64(), 3),
        "payments_per_second": round(1e6 / per_payment(elapsed), 0),
        "cpu_us_per_payment": round(per_payment(cpu), 3),
        "p50_us": round(quantile(500), 1),
        "p99_us": round(quantile(990), 1),
        "rss_bytes": rss_bytes(),
    });
    println!("{line}");
    Turn { rate: 1e6 / per_payment(elapsed), cpu_us: per_payment(cpu) }
}

fn round(value: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    (value * scale).round() / scale
}

/// A new one.
fn journal(args: &Args, kept: JournalName, name: &str) -> Arc<dyn Journal> {
    match kept {
        JournalName::Memory => Arc::new(Memory),
        JournalName::Sqlite => {
            let file = args.directory.join(format!("{name}-{:08x}", fastrand::u32(..)));
            Arc::new(Sqlite::open(file).expect("a new file can be made there"))
        }
    }
}

/// The host: shows the preimage at once.
struct Payee;

impl Handler for Payee {
    fn decide(&mut self, transfer: &Transfer, _protocol_data: &ProtocolData) -> Decision {
        Decision::Fulfill(fulfillment(transfer.id))
    }

    fn handle(&mut self, _event: Event, _commands: &mut Commands<'_>) {}
}

/// A customer: every payment that is fulfilled is followed by the next, until all are made.
struct Payer {
    customer: u32,
    share: u32,
    window: u32,
    /// When each payment was made, by its number.
    made: Vec<Instant>,
    /// How long each took, in nanoseconds.
    took: Vec<u32>,
    latencies: Arc<Mutex<Vec<u32>>>,
    finished: Option<oneshot::Sender<()>>,
}

impl Payer {
    fn new(customer: u32, share: u32, window: u32, latencies: Arc<Mutex<Vec<u32>>>) -> (Self, oneshot::Receiver<()>) {
        let (finished, receiver) = oneshot::channel();
        let (made, took) = (Vec::with_capacity(share as usize), Vec::with_capacity(share as usize));
        (Self { customer, share, window, made, took, latencies, finished: Some(finished) }, receiver)
    }

    fn pay(&mut self, commands: &mut Commands<'_>) {
        let number = u32::try_from(self.made.len()).unwrap_or(u32::MAX);
        if number < self.share {
            commands.prepare(payment(self.customer, number)).expect("nothing limits it");
            self.made.push(Instant::now());
        }
    }
}

impl Handler for Payer {
    fn handle(&mut self, event: Event, commands: &mut Commands<'_>) {
        match event {
            Event::OutgoingFulfilled { transfer, fulfillment: shown, .. } => {
                assert_eq!(shown, fulfillment(transfer.id));
                let made = self.made[number_of(transfer.id) as usize];
                self.took.push(u32::try_from(made.elapsed().as_nanos()).unwrap_or(u32::MAX));
                self.pay(commands);
                if self.took.len() == self.share as usize {
                    self.latencies.lock().expect("nobody panicked").append(&mut self.took);
                    let _ = self.finished.take().map(|finished| finished.send(()));
                }
            }
            Event::Answered { .. } => (0..self.window).for_each(|_| self.pay(commands)),
            _ => {}
        }
    }
}

fn payment(customer: u32, number: u32) -> Prepare {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&customer.to_be_bytes());
    id[12..].copy_from_slice(&number.to_be_bytes());
    let id = TransferId::from(id);
    Payment::new(AMOUNT, fulfillment(id).condition()).with_id(id).with_ilp(ILP_PACKET.to_vec()).into_prepare()
}

fn number_of(id: TransferId) -> u32 {
    let [.., a, b, c, d] = *id.as_bytes();
    u32::from_be_bytes([a, b, c, d])
}

/// Both sides can tell it from the transfer's id.
fn fulfillment(id: TransferId) -> Fulfillment {
    let mut bytes = [7; 32];
    bytes[..16].copy_from_slice(id.as_bytes());
    Fulfillment::from(bytes)
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

fn rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kib * 1024)
}
