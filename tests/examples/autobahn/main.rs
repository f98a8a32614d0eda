//! The Autobahn testsuite for WebSockets against ours, as a server and as a client.
//!
//! ```text
//! cargo run --release -p trustline-tests --example autobahn -- check --wstest $(tests/examples/autobahn/install)
//! ```
//!
//! It runs both ways at once, in about a minute, and compares the results with `expected.json`, which has a reason for each
//! case that is not passed. The suite needs Python 2.7, which `install` gets where it is missing.

mod echo;
mod expected;
mod suite;

use std::error::Error;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use clap::Parser;

use crate::expected::Expected;
use crate::suite::Suite;

/// Our WebSocket, for the Autobahn testsuite.
#[derive(Parser)]
enum Mode {
    /// Answers whoever dials, until it is ended.
    Serve {
        /// Where to listen.
        address: SocketAddr,
    },
    /// Runs all cases of a suite that listens (wstest -m fuzzingserver).
    Dial {
        /// Where it listens.
        address: SocketAddr,
    },
    /// Runs the suite both ways, and compares the results with the expected ones.
    Check {
        /// The program of the suite.
        #[arg(long, default_value = "wstest")]
        wstest: PathBuf,
        /// The folder for the suite's reports.
        #[arg(long, default_value = "target/autobahn/reports")]
        reports: PathBuf,
    },
}

fn main() -> ExitCode {
    run().unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::FAILURE
    })
}

fn run() -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    match Mode::parse() {
        Mode::Serve { address } => echo::serve(&TcpListener::bind(address)?)?,
        Mode::Dial { address } => suite::dial_all(address)?,
        Mode::Check { wstest, reports } => {
            let expected = Expected::load()?;
            let suite = Suite::new(&wstest, &reports, &expected)?;
            let (server, client) = thread::scope(|threads| {
                let server = threads.spawn(|| suite.tests_a_server());
                let client = suite.tests_a_client();
                (server.join().expect("it does not panic"), client)
            });
            for not_run in &expected.not_run {
                println!("not run: {}. {}", not_run.cases.join(", "), not_run.reason);
            }
            let as_expected = [("server", server?), ("client", client?)].map(|(role, results)| expected.compare(role, &results));
            if as_expected != [true, true] {
                return Ok(ExitCode::FAILURE);
            }
            println!("\nall as expected; the suite's own reports are in {}", reports.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}
