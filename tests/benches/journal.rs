//! What a journal takes without a network around it: fills a new ledger with payments, closes it and opens it again.
//!
//! ```text
//! cargo bench -p trustline-tests --bench journal -- --payments 10000000 --batch 1024
//! ```
//!
//! The payments are those of a host: prepared and fulfilled in one batch, acknowledged in the next, three effects each. The
//! ledger's time runs at `--rate` payments a second, so that it forgets what is past, as a real one does: it remembers
//! those of the last hour and half a minute, which at the default rate are 3.6 million. Prints one line of JSON.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use clap::Parser;
use rustix::time::{ClockId, clock_gettime};
use trustline_smol::core::ledger::{Authority, Effect, Transfer, Trustline, TrustlineConfig};
use trustline_smol::core::{Fulfillment, Timestamp, TransferId};
use trustline_smol::{Appended, Committed, Journal, JournalError, Sqlite};

#[derive(Parser)]
struct Args {
    /// Payments in all.
    #[arg(long, default_value_t = 1_000_000)]
    payments: u64,
    /// Payments of an account in each batch.
    #[arg(long, default_value_t = 256)]
    batch: u64,
    /// Accounts that pay at the same time.
    #[arg(long, default_value_t = 1)]
    accounts: u64,
    /// Payments in a second of the ledgers' time, all accounts together.
    #[arg(long, default_value_t = 1000)]
    rate: u64,
    /// Keep all effects, not those of the last 25 hours.
    #[arg(long)]
    keep_all: bool,
    /// Where the file is made; it is removed at the end. It should be on a real disk.
    #[arg(long, default_value = env!("CARGO_TARGET_TMPDIR"))]
    directory: PathBuf,
    /// Cargo gives this to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let mut args = Args::parse();
    args.directory.push(format!("journal-{}", std::process::id()));
    std::fs::create_dir_all(&args.directory).expect("the directory can be made");
    let file = args.directory.join("ledger");
    run(&args, &file);
    std::fs::remove_dir_all(&args.directory).expect("the files are ours");
}

fn run(args: &Args, file: &Path) {
    let journal = open(args, file);
    let mut payees: Vec<Payee> = (0..args.accounts).map(Payee::new).collect();
    let waiting = Arc::new(Waiting::default());
    let (cpu, started) = (cpu_time(), Instant::now());
    let mut paid = 0;
    let mut batches: u64 = 0;
    while paid < args.payments {
        for payee in &mut payees {
            let now = Timestamp::from_millis(1_500_000_000_000 + i64::try_from(paid * 1000 / args.rate).unwrap_or(0));
            let effects = payee.take(args.batch, now);
            waiting.sent();
            match journal.append(&payee.name, effects, &payee.trustline, waiting.clone()) {
                Appended::Pending => {}
                Appended::Done(result) => waiting.clone().committed(result),
            }
            paid += args.batch;
            batches += 1;
        }
        waiting.wait();
    }
    let (elapsed, cpu) = (started.elapsed(), cpu_time().saturating_sub(cpu));
    let sequences: Vec<_> = payees.iter().map(|payee| payee.trustline.sequence()).collect();
    drop(payees);
    let closing = Instant::now();
    drop(journal);
    let closing = closing.elapsed();

    let resident = rss_bytes();
    let (cpu_before, started) = (cpu_time(), Instant::now());
    let journal = open(args, file);
    let opened = started.elapsed();
    let mut trustlines = Vec::new();
    for (n, sequence) in (0..).zip(sequences) {
        let snapshot = journal.load(&name(n)).expect("it can be read").expect("it is there");
        assert_eq!(snapshot.sequence, sequence, "everything that was committed is there");
        trustlines.push(Trustline::from_snapshot(TrustlineConfig::new(Authority::Ours), snapshot));
    }
    let (loaded, cpu_loaded) = (started.elapsed(), cpu_time().saturating_sub(cpu_before));

    let micros = |time: Duration, count: u64| round(time.as_secs_f64() * 1e6 / f64::from(u32::try_from(count).unwrap_or(u32::MAX)), 2);
    let line = serde_json::json!({
        "payments": paid,
        "batch": args.batch,
        "accounts": args.accounts,
        "seconds": round(elapsed.as_secs_f64(), 3),
        "payments_per_second": round(1e6 / micros(elapsed, paid), 0),
        "effects_per_second": round(3e6 / micros(elapsed, paid), 0),
        "cpu_us_per_payment": micros(cpu, paid),
        "us_per_batch": micros(elapsed, batches / args.accounts),
        "file_bytes": std::fs::metadata(file).ok().map(|file| file.len()),
        "close_seconds": round(closing.as_secs_f64(), 3),
        "remembered": trustlines.iter().map(Trustline::remembered_len).sum::<usize>(),
        "open_seconds": round(opened.as_secs_f64(), 4),
        "open_and_load_seconds": round(loaded.as_secs_f64(), 4),
        "open_and_load_cpu_seconds": round(cpu_loaded.as_secs_f64(), 4),
        "rss_bytes_before_and_after": [resident, rss_bytes()],
    });
    println!("{line}");
}

fn open(args: &Args, file: &Path) -> Sqlite {
    let builder = Sqlite::builder(file);
    let builder = if args.keep_all { builder.keep_all_effects() } else { builder };
    builder.open().expect("the file can be made there")
}

/// The host's side of one account.
struct Payee {
    name: String,
    trustline: Trustline,
    number: u64,
    /// Fulfilled, and to be acknowledged.
    owed: Vec<TransferId>,
}

impl Payee {
    fn new(number: u64) -> Self {
        Self { name: name(number), trustline: Trustline::new(TrustlineConfig::new(Authority::Ours)), number: 0, owed: Vec::new() }
    }

    fn take(&mut self, count: u64, now: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        for id in std::mem::take(&mut self.owed) {
            effects.extend(self.trustline.fulfill_accepted(id, now));
        }
        for _ in 0..count {
            // Spread like random ids are, and different each time.
            self.number += 1;
            let number = self.number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let id = TransferId::from((u128::from(number) << 64 | u128::from(self.number)).to_be_bytes());
            let fulfillment = Fulfillment::from([7; 32]);
            let transfer = Transfer {
                id,
                amount: 10,
                condition: fulfillment.condition(),
                expires_at: now.saturating_add(Duration::from_secs(30)),
                protocol_data: vec![7; 72].into(),
            };
            effects.extend(self.trustline.receive_prepare(transfer, now).expect("nothing is in its way"));
            effects.push(self.trustline.fulfill(id, fulfillment, Bytes::new(), now).expect("it was prepared"));
            self.owed.push(id);
        }
        effects
    }
}

fn name(number: u64) -> String {
    format!("customer {number}")
}

/// Waits for all batches that were sent.
#[derive(Default)]
struct Waiting {
    open: Mutex<u64>,
    changed: Condvar,
}

impl Waiting {
    fn sent(&self) {
        *self.open.lock().expect("nobody panicked") += 1;
    }

    fn wait(&self) {
        let open = self.open.lock().expect("nobody panicked");
        drop(self.changed.wait_while(open, |open| *open > 0).expect("nobody panicked"));
    }
}

impl Committed for Waiting {
    fn committed(self: Arc<Self>, result: Result<(), JournalError>) {
        result.expect("the disk works");
        *self.open.lock().expect("nobody panicked") -= 1;
        self.changed.notify_one();
    }
}

fn round(value: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    (value * scale).round() / scale
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
