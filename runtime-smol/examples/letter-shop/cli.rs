//! The command line.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};
use trustline_smol::BtpUrl;

use crate::address::check_prefix;
use crate::http_client::ShopUrl;
use crate::readers::DEFAULT_MAX_READERS;

/// Sells letters over a BTP trustline: one payment, one letter.
///
/// Without a command, shop and customer run in one process over real loopback sockets: first a letter a second, then a hundred, then as many as
/// the machine can; the last line is the verdict.
#[derive(Debug, Parser)]
#[command(name = "letter-shop", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) demo: DemoArgs,
}

impl Cli {
    /// What the trustline runs on.
    pub(crate) fn runtime(&self) -> RuntimeName {
        match &self.command {
            None => self.demo.runtime,
            Some(Command::Shop(args)) => args.runtime,
            Some(Command::Customer(args)) => args.runtime,
            // It only reads files.
            Some(Command::Audit(_)) => RuntimeName::Smol,
        }
    }
}

/// The runtimes that there are adapters for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RuntimeName {
    Smol,
    AsyncStd,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sell letters until interrupted.
    Shop(ShopArgs),
    /// Buy letters and print them as they come.
    Customer(CustomerArgs),
    /// Check whether ledgers add up: each in itself and, given both sides of a trustline, the one against the other.
    Audit(AuditArgs),
}

/// Both sides at once.
#[derive(Clone, Debug, Args)]
pub(crate) struct DemoArgs {
    /// How long to run, in seconds.
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = value_parser!(u64).range(1..=86_400))]
    pub(crate) seconds: u64,

    /// Payments under way at a time when it runs flat out.
    #[arg(long, default_value_t = 256, value_name = "W", value_parser = value_parser!(u16).range(1..=10_000))]
    pub(crate) window: u16,

    /// What the trustline runs on. HTTP is smol's in any case.
    #[arg(long, default_value = "smol", value_name = "RUNTIME")]
    pub(crate) runtime: RuntimeName,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ShopArgs {
    /// Where to listen for BTP.
    #[arg(long, default_value = "127.0.0.1:9000", value_name = "HOST:PORT", value_parser = listen_address)]
    pub(crate) btp: SocketAddr,

    /// Where to listen for HTTP.
    #[arg(long, default_value = "127.0.0.1:8000", value_name = "HOST:PORT", value_parser = listen_address)]
    pub(crate) http: SocketAddr,

    /// The token that customers authenticate with: the password in their BTP URL. Empty lets everybody in who has none.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) token: String,

    /// How much the customers may owe the shop at most, in the ledger's smallest unit.
    #[arg(long, default_value_t = 1_000_000_000, value_name = "AMOUNT")]
    pub(crate) max_balance: u64,

    /// The price of a letter, in the ledger's smallest unit.
    #[arg(long, default_value_t = 10, value_name = "AMOUNT", value_parser = value_parser!(u64).range(1..))]
    pub(crate) price: u64,

    /// The ILP address prefix of the trustline; the shop's account is `server` behind it.
    #[arg(long, default_value = "example.letter-shop.mytrustline.", value_name = "PREFIX", value_parser = prefix)]
    pub(crate) prefix: String,

    /// How many readers may be connected at once.
    #[arg(long, default_value_t = DEFAULT_MAX_READERS, value_name = "N")]
    pub(crate) max_readers: usize,

    /// Keep the trustline in this SQLite file, so that nothing is lost when the shop ends in whatever way. Without it, the ledger is in memory.
    #[arg(long, value_name = "FILE")]
    pub(crate) ledger: Option<PathBuf>,

    /// Say where it listens, and at the end what was sold, as one JSON object each.
    #[arg(long)]
    pub(crate) json: bool,

    /// What the trustline runs on. HTTP is smol's in any case.
    #[arg(long, default_value = "smol", value_name = "RUNTIME")]
    pub(crate) runtime: RuntimeName,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct CustomerArgs {
    /// The shop's trustline: btp+ws://[username]:[token]@host[:port][/path].
    #[arg(long, default_value = "btp+ws://:@localhost:9000/", value_name = "URL", value_parser = btp_url)]
    pub(crate) url: String,

    /// The shop's HTTP address.
    #[arg(long, default_value = "http://localhost:8000/", value_name = "URL")]
    pub(crate) http: ShopUrl,

    /// How many letters to buy.
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = value_parser!(u64).range(1..))]
    pub(crate) letters: u64,

    /// Payments under way at a time: each letter that is paid starts the next payment.
    #[arg(long, default_value_t = 1, value_name = "W", value_parser = value_parser!(u16).range(1..=10_000), conflicts_with = "every")]
    pub(crate) window: u16,

    /// Pay for a letter every so many milliseconds, whether or not the last one has come.
    #[arg(long, value_name = "MS", value_parser = value_parser!(u64).range(1..=86_400_000))]
    pub(crate) every: Option<u64>,

    /// Keep the trustline in this SQLite file, and settle what an earlier run left open before buying more. Without it, the ledger is in memory.
    #[arg(long, value_name = "FILE")]
    pub(crate) ledger: Option<PathBuf>,

    /// Wait for a shop that is not there yet, and connect when it is. Without it, the customer says so and ends.
    #[arg(long)]
    pub(crate) wait: bool,

    /// Nobody else pays from this account, so that its balance at the shop must be that of our ledger. A letter-shop that keeps a ledger is compared without it; this is for other shops.
    #[arg(long, requires = "ledger")]
    pub(crate) exclusive_account: bool,

    /// Print a summary as one JSON object on the last line.
    #[arg(long)]
    pub(crate) json: bool,

    /// What the trustline runs on. HTTP is smol's in any case.
    #[arg(long, default_value = "smol", value_name = "RUNTIME")]
    pub(crate) runtime: RuntimeName,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct AuditArgs {
    /// A ledger file that nobody has open. Given twice, for the two sides of a trustline, they must mirror each other.
    #[arg(long = "ledger", required = true, value_name = "FILE")]
    pub(crate) ledgers: Vec<PathBuf>,
}

impl CustomerArgs {
    /// How the payments follow one another.
    pub(crate) fn pace(&self) -> Pace {
        self.every.map_or(Pace::Window(self.window), |every| Pace::Every(Duration::from_millis(every)))
    }

    /// What is kept of the trustline.
    pub(crate) fn ledger(&self) -> Option<Ledger<'_>> {
        self.ledger.as_deref().map(|file| Ledger { file, exclusive_account: self.exclusive_account })
    }
}

/// What a customer keeps of its trustline.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ledger<'a> {
    pub(crate) file: &'a Path,
    /// Nobody else moves money on the account. On the tutorial's account without a token everybody does.
    pub(crate) exclusive_account: bool,
}

/// How payments follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// So many at a time.
    Window(u16),
    /// One every so often.
    Every(Duration),
}

fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let example = "write an address and a port, like 127.0.0.1:9000";
    let mut found = text.to_socket_addrs().map_err(|error| format!("{error}; {example}"))?;
    found.next().ok_or_else(|| format!("that name has no address; {example}"))
}

fn prefix(text: &str) -> Result<String, String> {
    check_prefix(text).map_err(|error| format!("{error}, like example.letter-shop.mytrustline."))?;
    // The accounts below it have to be addresses too: `server.<client id>.<number>`.
    if text.len() > 900 {
        return Err("a prefix of more than 900 characters leaves no room for the accounts below it".to_owned());
    }
    Ok(text.to_owned())
}

fn btp_url(text: &str) -> Result<String, String> {
    let example = "write btp+ws://:TOKEN@localhost:9000/";
    match text.split_once("://").map(|(scheme, _)| scheme) {
        Some("btp+wss") => return Err(format!("TLS is not spoken here; {example}")),
        Some("ws" | "wss" | "http" | "https") => return Err(format!("BTP has its own scheme, btp+ws; {example}")),
        _ => {}
    }
    text.parse::<BtpUrl>().map_err(|error| format!("{error}; {example}"))?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse(line: &str) -> Result<Cli, String> {
        Cli::try_parse_from(line.split_whitespace()).map_err(|error| error.to_string())
    }

    fn shop(line: &str) -> ShopArgs {
        match parse(line).unwrap().command {
            Some(Command::Shop(args)) => args,
            other => panic!("{other:?}"),
        }
    }

    fn customer(line: &str) -> CustomerArgs {
        match parse(line).unwrap().command {
            Some(Command::Customer(args)) => args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn clap_finds_no_contradiction() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_a_command_both_sides_run() {
        let cli = parse("letter-shop").unwrap();
        assert!(cli.command.is_none());
        assert_eq!((cli.demo.seconds, cli.demo.window), (10, 256));
        assert_eq!(parse("letter-shop --seconds 3").unwrap().demo.seconds, 3);
        assert!(parse("letter-shop --seconds 0").unwrap_err().contains("1..=86400"));
        assert!(parse("letter-shop --seconds 3 shop").is_err());
    }

    #[test]
    fn the_runtime_is_said_with_or_without_a_command() {
        assert_eq!(parse("letter-shop").unwrap().runtime(), RuntimeName::Smol);
        for command in ["", "shop ", "customer "] {
            let cli = parse(&format!("letter-shop {command}--runtime async-std")).unwrap();
            assert_eq!(cli.runtime(), RuntimeName::AsyncStd, "{command}");
        }
        assert!(parse("letter-shop --runtime tokio").unwrap_err().contains("[possible values: smol, async-std]"));
    }

    #[test]
    fn the_defaults_are_the_tutorials() {
        let args = shop("letter-shop shop");
        assert_eq!((args.btp.to_string(), args.http.to_string()), ("127.0.0.1:9000".into(), "127.0.0.1:8000".into()));
        assert_eq!((args.token.as_str(), args.prefix.as_str()), ("", "example.letter-shop.mytrustline."));
        assert_eq!((args.max_balance, args.price, args.max_readers, args.json), (1_000_000_000, 10, 10_000, false));
        assert_eq!(args.ledger, None);

        let args = customer("letter-shop customer");
        assert_eq!((args.url.as_str(), args.http.to_string().as_str()), ("btp+ws://:@localhost:9000/", "http://localhost:8000/"));
        assert_eq!((args.letters, args.pace(), args.wait, args.json), (100, Pace::Window(1), false, false));
    }

    #[test]
    fn all_options_are_read() {
        let args = shop(
            "letter-shop shop --btp [::1]:1 --http 0.0.0.0:0 --token t --max-balance 18446744073709551615 --price 7 --prefix test.x. --max-readers 2 --json",
        );
        assert_eq!((args.btp.to_string(), args.http.to_string()), ("[::1]:1".into(), "0.0.0.0:0".into()));
        assert_eq!((args.token.as_str(), args.prefix.as_str()), ("t", "test.x."));
        assert_eq!((args.max_balance, args.price, args.max_readers, args.json), (u64::MAX, 7, 2, true));

        let args = customer("letter-shop customer --url btp+ws://u:t@h/p --http http://h:1/ --letters 5 --window 100 --wait --json");
        assert_eq!((args.url.as_str(), args.letters, args.pace()), ("btp+ws://u:t@h/p", 5, Pace::Window(100)));
        assert!(args.wait && args.json);
        assert_eq!(customer("letter-shop customer --ledger c.db").ledger, Some("c.db".into()));
        assert_eq!(shop("letter-shop shop --ledger s.db").ledger, Some("s.db".into()));
        match parse("letter-shop audit --ledger s.db --ledger c.db").unwrap().command {
            Some(Command::Audit(args)) => assert_eq!(args.ledgers, [PathBuf::from("s.db"), "c.db".into()]),
            other => panic!("{other:?}"),
        }
        assert_eq!(customer("letter-shop customer --every 250").pace(), Pace::Every(Duration::from_millis(250)));
    }

    #[test]
    fn mistakes_are_explained() {
        for (line, explanation) in [
            ("shop --btp 9000", "write an address and a port, like 127.0.0.1:9000"),
            ("shop --btp :9000x", "write an address and a port, like 127.0.0.1:9000"),
            ("shop --price 0", "0 is not in 1.."),
            ("shop --prefix example", "ends with a dot"),
            ("shop --prefix exa/mple.", "'/' cannot stand in an ILP address"),
            ("customer --url ws://localhost:9000/", "BTP has its own scheme, btp+ws"),
            ("customer --url btp+wss://localhost:9000/", "TLS is not spoken here"),
            ("customer --url ftp://localhost:9000/", "begins with btp+ws://"),
            ("customer --url localhost:9000", "begins with btp+ws://"),
            ("customer --url btp+ws://:@:9000/", "empty host"),
            ("customer --http https://localhost/", "letters are read over http here"),
            ("customer --window 0", "1..=10000"),
            ("customer --every 0", "1..=86400000"),
            ("customer --letters 0", "0 is not in 1.."),
            ("customer --window 2 --every 5", "cannot be used with"),
            ("audit", "--ledger <FILE>"),
            ("sell", "unrecognized subcommand"),
        ] {
            let error = parse(&format!("letter-shop {line}")).unwrap_err();
            assert!(error.contains(explanation), "{line}: {error}");
        }
        let long = format!("letter-shop shop --prefix {}.", "a".repeat(900));
        assert!(parse(&long).unwrap_err().contains("leaves no room"));
    }
}
