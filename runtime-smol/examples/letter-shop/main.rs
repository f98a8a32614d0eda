//! A letter shop and its customer: one payment over a BTP trustline, one letter over HTTP.
//!
//! ```text
//!   customer.rs, purse.rs ── BTP: Prepare ──► counter.rs ── shop.rs
//!           ▲             ◄─ BTP: Fulfill ──      │ letters.rs           demo.rs: both at once
//!           └── http_client.rs ◄─── HTTP ─── http.rs, readers.rs         audit.rs: the ledgers of both, later
//! ```

mod address;
mod audit;
mod cli;
mod counter;
mod customer;
mod demo;
mod http;
mod http_client;
mod latency;
mod letters;
mod live;
mod psk;
mod purse;
mod readers;
mod shop;
mod text;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser as _;
use trustline_async_std::AsyncStd;
use trustline_runtime::Runtime;
use trustline_smol::Smol;

use crate::cli::{Cli, Command, RuntimeName};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.runtime() {
        RuntimeName::Smol => smol::block_on(run::<Smol>(&cli)),
        RuntimeName::AsyncStd => smol::block_on(run::<AsyncStd>(&cli)),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{}", text::sentence(&error));
            ExitCode::FAILURE
        }
    }
}

async fn run<R: Runtime + Default>(cli: &Cli) -> Result<ExitCode, Box<dyn Error>> {
    match &cli.command {
        None => demo::run::<R>(&cli.demo).await,
        Some(Command::Shop(args)) => shop::run::<R>(args).await,
        Some(Command::Customer(args)) => customer::run::<R>(args).await,
        Some(Command::Audit(args)) => audit::run(args),
    }
}
