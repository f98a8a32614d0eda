//! The shop: a BTP host, an HTTP server, and the counter between them.

use std::fmt;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_signal::{Signal, Signals};
use serde_json::json;
use smol::future::FutureExt as _;
use smol::stream::StreamExt as _;
use trustline_runtime::{Account, Host, Journal, JournalError, Memory, Runtime, Sqlite};
use trustline_smol::core::Limits;
use trustline_smol::core::ledger::Bounds;
use trustline_smol::core::session::LedgerInfo;

use crate::cli::ShopArgs;
use crate::counter::{Counter, Tally, Terms};
use crate::http::{HttpServer, Offer};
use crate::readers::Readers;
use crate::text;

/// All customers of the tutorial's shop share the account of the user without a name.
const CUSTOMERS: &str = "";

/// How long a closing shop waits for readers to take the letters they paid for.
const PATIENCE: Duration = Duration::from_secs(2);

/// A shop that is open.
pub(crate) struct Shop<R: Runtime> {
    pub(crate) host: Host<R>,
    pub(crate) http: HttpServer,
    terms: Arc<Terms>,
    journal: Arc<dyn Journal>,
}

impl<R: Runtime + Default> Shop<R> {
    /// Opens on both ports.
    pub(crate) async fn open(args: &ShopArgs) -> Result<Self, OpenError> {
        let journal: Arc<dyn Journal> = match &args.ledger {
            Some(file) => Arc::new(Sqlite::open(file).map_err(OpenError::Ledger)?),
            None => Arc::new(Memory),
        };
        let info = LedgerInfo::new(&args.prefix, "XRP", 9);
        let account = format!("{}server", args.prefix);
        let readers = Readers::new(args.max_readers);
        let offer = Offer { price: args.price, account: account.clone() };
        let terms = Arc::new(Terms { account, price: args.price, readers: readers.clone(), tally: Tally::default() });
        // They share an account, and each of them has a connection of its own.
        let mut limits = Limits::default();
        limits.connections = args.max_readers;
        let host = Host::builder(info)
            .account(CUSTOMERS, &*args.token)
            .bounds(Bounds { minimum: 0, maximum: args.max_balance.into() })
            .limits(limits)
            .journal(journal.clone())
            .handler({
                let terms = terms.clone();
                move |_| Counter::new(terms.clone())
            })
            .listen(args.btp)
            .await
            .map_err(|error| OpenError::Listen { what: "BTP", address: args.btp.to_string(), error })?;
        let http = HttpServer::bind(args.http, offer, readers, Some(host.meter())).await.map_err(|error| OpenError::Listen {
            what: "HTTP",
            address: args.http.to_string(),
            error,
        })?;
        Ok(Self { host, http, terms, journal })
    }

    /// The trustline that all customers share; `None` before the first has come.
    pub(crate) fn account(&self) -> Option<Account> {
        self.host.account(CUSTOMERS)
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.terms.tally
    }

    /// Closes: first the trustline, so that nothing more is paid; then the answers end behind the letters that were
    /// paid. What remains is how it all went.
    pub(crate) async fn close(self) -> Books {
        let account = self.account();
        self.host.close().await;
        // Where the journal has failed, what it has is what counts.
        let stored = || Some(self.journal.load(CUSTOMERS).ok()?.map_or(0, |state| state.sums.balance()));
        let account = account.filter(|account| account.failure().is_none());
        let balance = account.map_or_else(stored, |account| Some(account.balance()));
        self.http.close(PATIENCE).await;
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let Tally { letters, rejected, undelivered } = &self.terms.tally;
        Books { letters: read(letters), rejected: read(rejected), undelivered: read(undelivered), balance }
    }
}

/// What a shop that has closed leaves behind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Books {
    letters: u64,
    rejected: u64,
    undelivered: u64,
    /// `None` if the journal cannot be read.
    balance: Option<i128>,
}

/// Why a shop could not open.
#[derive(Debug)]
pub(crate) enum OpenError {
    Ledger(JournalError),
    Listen { what: &'static str, address: String, error: io::Error },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ledger(error) => error.fmt(f),
            Self::Listen { what, address, error } => write!(f, "the shop cannot listen for {what} on {address}: {error}"),
        }
    }
}

impl std::error::Error for OpenError {}

/// `letter-shop shop`: sells until it is interrupted, or its ledger cannot be written any more.
pub(crate) async fn run<R: Runtime + Default>(args: &ShopArgs) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let shop = Shop::<R>::open(args).await?;
    let (btp, http) = (shop.host.address(), shop.http.local_addr());
    if args.json {
        let listening = json!({"event": "listening", "pid": std::process::id(), "btp": btp.to_string(), "http": http.to_string()});
        text::say(&listening.to_string());
    } else {
        let token = if args.token.is_empty() { "" } else { "TOKEN" };
        text::say(&format!("Letters are sold for {} each at http://{http}/, over the trustline at {btp}.", args.price));
        text::say(&format!("To buy some: letter-shop customer --url btp+ws://:{token}@{btp}/ --http http://{http}/"));
    }
    let failure = async {
        interrupted().await;
        None
    };
    let failure = failure.or(async { Some(shop.host.failed().await) }).await;
    let Books { letters, rejected, undelivered, balance } = shop.close().await;
    if args.json {
        let summary = json!({
            "event": "summary",
            "letters": letters,
            "rejected": rejected,
            "undelivered": undelivered,
            "balance": balance.map(|balance| balance.to_string()),
        });
        text::say(&summary.to_string());
    } else {
        let (letters, rejected) = (text::counted(letters, "letter"), text::counted(rejected, "payment"));
        let owed = balance.map_or_else(|| "an amount that cannot be read from the ledger".to_owned(), text::grouped);
        text::say(&format!("Sold {letters}, rejected {rejected}; the customers owe {owed}."));
    }
    failure.map_or(Ok(ExitCode::SUCCESS), |failure| Err(failure.into()))
}

/// Waits for SIGINT or SIGTERM; for ever, if they cannot be caught.
async fn interrupted() {
    match Signals::new([Signal::Int, Signal::Term]) {
        Ok(mut signals) => drop(signals.next().await),
        Err(_) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use smol::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use smol::net::TcpStream;
    use trustline_smol::{Client, Smol};

    use super::*;
    use crate::cli::{Cli, Command};

    async fn metrics(shop: &Shop<Smol>) -> String {
        let mut stream = TcpStream::connect(shop.http.local_addr()).await.unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: shop\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[test]
    fn what_the_host_counts_can_be_scraped() {
        let Cli { command: Some(Command::Shop(args)), .. } = Cli::parse_from("shop shop --btp 127.0.0.1:0 --http 127.0.0.1:0".split(' '))
        else {
            unreachable!("it is a shop");
        };
        smol::block_on(async {
            let shop = Shop::open(&args).await.unwrap();
            let before = metrics(&shop).await;
            assert!(before.starts_with("HTTP/1.1 200 OK\r\n"), "{before}");
            assert!(before.to_ascii_lowercase().contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{before}");
            assert!(before.contains("\ntrustline_connections 0\n"), "{before}");
            let client = Client::connect(&format!("btp+ws://:@{}/", shop.host.address())).await.unwrap();
            let after = metrics(&shop).await;
            assert!(after.contains("\ntrustline_connections 1\n"), "{after}");
            assert!(after.contains("\ntrustline_admissions_total{result=\"admitted\"} 1\n"), "{after}");
            client.close().await;
            shop.close().await;
        });
    }
}
