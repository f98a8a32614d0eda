//! Checks a host that speaks BTP 1.0 against the cases of `tests/conformance`.
//!
//! ```text
//! cargo run --release -p trustline-tests --example conformance -- btp+ws://alice:s3cr3t@localhost:9000/ --payee scripted
//! ```
//!
//! Without a URL it checks a host of ours, which it starts. What the host under test must do for `--payee` is in the README there.

mod our_host;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use serde_json::json;
use trustline_runtime::BtpUrl;
use trustline_tests::conformance::{self, Known, Payee, Report, Subject};

use crate::our_host::our_host;

/// Checks a host that speaks BTP 1.0.
#[derive(Parser)]
struct Options {
    /// The account to use: btp+ws://[username]:[token]@host[:port][/path]. Without it, a host of ours is checked.
    url: Option<BtpUrl>,
    /// How its application deals with payments: `scripted`, or what a letter shop's header Pay says.
    #[arg(long, value_parser = Payee::parse, requires = "url")]
    payee: Option<Payee>,
    /// Run the cases only whose name begins so.
    #[arg(long, default_value = "", hide_default_value = true)]
    case: String,
    /// The defects that an implementation is known to have: more and fewer are a failure.
    #[arg(long, value_name = "FILE")]
    known: Option<PathBuf>,
    /// Print one JSON object instead of the table.
    #[arg(long)]
    json: bool,
}

/// The exit code if nothing was checked; it is that of wrong options, too.
const UNCHECKED: u8 = 2;

fn main() -> ExitCode {
    match run(Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("nothing was checked: {error}");
            ExitCode::from(UNCHECKED)
        }
    }
}

/// Whether the host passes.
fn run(Options { url, payee, case, known, json }: Options) -> Result<bool, Box<dyn Error>> {
    let known = known.as_deref().map(read).transpose()?;
    let report = smol::block_on(async {
        if let Some(url) = url {
            return check(url, payee, case.clone()).await;
        }
        let host = our_host().await?;
        check(format!("btp+ws://alice:s3cr3t@{}/", host.address()).parse()?, Some(Payee::Scripted), case.clone()).await
    })?;
    println!("{}", shown(&report, known.as_ref(), json));
    let Some(mut known) = known else { return Ok(!report.has_failed()) };
    known.failures.retain(|name, _| name.starts_with(&case));
    let differences = known.differences(&report);
    for difference in &differences {
        eprintln!("not as {} is known: {difference}", known.implementation);
    }
    Ok(differences.is_empty())
}

/// The report, and what is known beyond it.
fn shown(report: &Report, known: Option<&Known>, json: bool) -> String {
    let beyond = known.map(|known| &known.beyond_the_runner[..]).unwrap_or_default();
    if json {
        let mut object = report.to_json();
        object["beyond_the_runner"] = json!(beyond);
        object.to_string()
    } else {
        let line = |defect| format!("\nknown, and beyond the runner: {defect}");
        format!("{report}{}", beyond.iter().map(line).collect::<String>())
    }
}

async fn check(url: BtpUrl, payee: Option<Payee>, case: String) -> Result<Report, Box<dyn Error>> {
    Ok(smol::unblock(move || conformance::run(&Subject { url, payee }, &case)).await?)
}

fn read(path: &Path) -> Result<Known, String> {
    let named = |error: &dyn Error| format!("{}: {error}", path.display());
    let json = std::fs::read_to_string(path).map_err(|error| named(&error))?;
    Known::parse(&json).map_err(|error| named(&error))
}
