//! Runs the simulator: so many seeds, or for so long; or one seed, or one input of fuzzing, with all that happens in it.
//!
//! ```text
//! cargo run --release -p trustline-tests --example simulate -- --seconds 60
//! cargo run --release -p trustline-tests --example simulate -- --seed 4711
//! cargo run --release -p trustline-tests --example simulate -- --input fuzz/corpus/consistency/...
//! ```

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use trustline_tests::simulator::{self, Counts};

#[derive(Parser)]
struct Args {
    /// One seed, with its trace.
    #[arg(long)]
    seed: Option<u64>,
    /// One input of the fuzz target `consistency`, with its trace.
    #[arg(long)]
    input: Option<PathBuf>,
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
    let traced = match (args.seed, args.input) {
        (Some(seed), _) => Some(simulator::trace(seed)),
        (None, Some(path)) => {
            let input = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            Some(simulator::trace_driven(&input))
        }
        (None, None) => None,
    };
    if let Some(traced) = traced {
        return match traced {
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
