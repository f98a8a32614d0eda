//! Runs the simulator: so many seeds, or for so long, or one seed with all that happens in it.
//!
//! ```text
//! cargo run --release -p trustline-tests --example simulate -- --seconds 60
//! cargo run --release -p trustline-tests --example simulate -- --seed 4711
//! ```

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use trustline_tests::simulator::{self, Counts};

#[derive(Parser)]
struct Args {
    /// One seed, with its trace.
    #[arg(long)]
    seed: Option<u64>,
    /// The first of many seeds; at random, if it is not given.
    #[arg(long)]
    from: Option<u64>,
    /// So many seeds.
    #[arg(long, default_value_t = u64::MAX)]
    seeds: u64,
    /// For so long.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(seed) = args.seed {
        return match simulator::trace(seed) {
            Ok((lines, counts)) => {
                println!("{}\n{counts:#?}", lines.join("\n"));
                ExitCode::SUCCESS
            }
            Err(failure) => {
                println!("{failure}");
                ExitCode::FAILURE
            }
        };
    }
    let first = args.from.unwrap_or_else(|| fastrand::u64(..u64::MAX / 2));
    let (start, patience) = (Instant::now(), Duration::from_secs(args.seconds));
    let (mut counts, mut seeds) = (Counts::default(), 0);
    while seeds < args.seeds && start.elapsed() < patience {
        match simulator::run(first + seeds) {
            Ok(more) => counts += more,
            Err(failure) => {
                println!("{failure}");
                println!("it was seed number {}", seeds + 1);
                return ExitCode::FAILURE;
            }
        }
        seeds += 1;
    }
    let seconds = start.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "it is for people")]
    let per_second = |count: u64| count as f64 / seconds;
    println!("{seeds} seeds from {first} on, {:.0} a second, {:.0} steps a second", per_second(seeds), per_second(counts.steps));
    println!("{counts:#?}");
    ExitCode::SUCCESS
}
