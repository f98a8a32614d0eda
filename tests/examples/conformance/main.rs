//! Checks a host that speaks BTP 1.0 against the cases of `tests/conformance`.
//!
//! ```text
//! cargo run --release -p trustline-tests --example conformance -- btp+ws://alice:s3cr3t@localhost:9000/ --payee scripted
//! ```
//!
//! Without a URL it checks a host of ours, which it starts. What the host under test must do for `--payee` is in the README there.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use trustline_core::ledger::Bounds;
use trustline_core::session::LedgerInfo;
use trustline_smol::Host;
use trustline_tests::conformance::{self, Known, Payee, Report, Responder, Subject};

/// Checks a host that speaks BTP 1.0.
#[derive(Parser)]
struct Options {
    /// The account to use: btp+ws://[username]:[token]@host[:port][/path]. Without it, a host of ours is checked.
    url: Option<String>,
    /// How its application deals with payments: `scripted`, or what a letter shop's header Pay says.
    #[arg(long, value_parser = Payee::parse)]
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

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let Options { url, payee, case, known, json } = Options::parse();
    let known = known.map(std::fs::read_to_string).transpose()?.map(|json| Known::parse(&json)).transpose()?;
    let report = smol::block_on(async {
        if let Some(url) = url {
            return check(&url, payee, &case).await;
        }
        let host = our_host().await?;
        check(&format!("btp+ws://alice:s3cr3t@{}/", host.address()), Some(Payee::Scripted), &case).await
    })?;
    if json {
        println!("{}", report.to_json());
    } else {
        println!("{report}");
    }
    let is_fine = match known {
        None => !report.has_failed(),
        Some(mut known) => {
            known.failures.retain(|name, _| name.starts_with(&case));
            let differences = known.differences(&report);
            for difference in &differences {
                eprintln!("not as {} is known: {difference}", known.implementation);
            }
            differences.is_empty()
        }
    };
    Ok(if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn check(url: &str, payee: Option<Payee>, case: &str) -> Result<Report, Box<dyn Error>> {
    let (subject, case) = (Subject { url: url.parse()?, payee }, case.to_owned());
    Ok(smol::unblock(move || conformance::run(&subject, &case)).await)
}

/// A host of ours, with the application of the kit's contract.
async fn our_host() -> std::io::Result<Host> {
    let info = LedgerInfo::new("example.host.", "XRP", 9);
    let bounds = Bounds { minimum: -1_000_000, maximum: 1_000_000 };
    let builder = Host::builder(info).account("alice", "s3cr3t").bounds(bounds).handler(|_| Responder);
    builder.listen(([127, 0, 0, 1], 0).into()).await
}
