//! Two equals, alice and bob, pay each other, both ways at once and over one connection, although each dials the other.
//!
//! ```text
//! cargo run --release --example peers                              # both in one process
//! cargo run --release --example peers -- alice --listen 127.0.0.1:7001 --dial 127.0.0.1:7002 &
//! cargo run --release --example peers -- bob   --listen 127.0.0.1:7002 --dial 127.0.0.1:7001
//! ```
//!
//! Each gives its verdict at the end, and exits with 0 only if its books say what the other's do.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use sha2::{Digest, Sha256};
use smol::channel::{Receiver, Sender};
use trustline_smol::core::ledger::{Sums, Transfer};
use trustline_smol::core::session::{Event, LedgerInfo, PrepareFailure};
use trustline_smol::core::wire::{Entry, ProtocolData};
use trustline_smol::core::{Fulfillment, TransferId};
use trustline_smol::{Account, Commands, Decision, Handler, Payment, PaymentError, Peer};

/// Two equals pay each other, both ways at once.
#[derive(Clone, Debug, Parser)]
struct Args {
    /// Which of the two this process is; both, if it is not said.
    #[arg(requires_all = ["listen", "dial"])]
    who: Option<Name>,

    /// Where to listen, in a process of its own.
    #[arg(long, requires = "who")]
    listen: Option<SocketAddr>,

    /// Where the other one listens.
    #[arg(long, requires = "who")]
    dial: Option<SocketAddr>,

    /// Payments that each makes.
    #[arg(long, default_value_t = 20_000)]
    payments: u32,

    /// Of them, so many are under way at a time.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    window: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Name {
    Alice,
    Bob,
}

/// What each payment moves, in the smallest unit: bob will be owed something in the end.
const AMOUNTS: [u64; 2] = [10, 7];

/// Both know it, so that the one can make conditions that the other can fulfill. A secret has no place in a program.
const SECRET: &[u8] = b"peers";

/// What each shows the other.
const TOKEN: &str = "s3cr3t";

fn main() -> ExitCode {
    let args = Args::parse();
    match smol::block_on(run(&args)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}.");
            ExitCode::FAILURE
        }
    }
}

/// Whether the books agree.
async fn run(args: &Args) -> Result<bool, Box<dyn Error>> {
    if let (Some(name), Some(listen), Some(dial)) = (args.who, args.listen, args.dial) {
        return Ok(name.take_part(args, listen, dial).await?.is_good());
    }
    let [alices, bobs] = free_addresses()?;
    let both = smol::future::try_zip(Name::Alice.take_part(args, alices, bobs), Name::Bob.take_part(args, bobs, alices));
    let (alice, bob) = both.await?;
    let mirrors = alice.ours.incoming_posted == bob.ours.outgoing_posted && alice.ours.outgoing_posted == bob.ours.incoming_posted;
    println!("Their books {}.", if mirrors { "mirror each other" } else { "differ" });
    Ok(mirrors && alice.is_good() && bob.is_good())
}

/// Two that nobody listens on.
fn free_addresses() -> std::io::Result<[SocketAddr; 2]> {
    let listeners = [TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?, TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?];
    Ok([listeners[0].local_addr()?, listeners[1].local_addr()?])
}

impl Name {
    fn other(self) -> Self {
        match self {
            Self::Alice => Self::Bob,
            Self::Bob => Self::Alice,
        }
    }

    fn lowercase(self) -> &'static str {
        match self {
            Self::Alice => "alice",
            Self::Bob => "bob",
        }
    }

    /// An ILP address.
    fn address(self) -> String {
        format!("example.peers.{}", self.lowercase())
    }

    /// Pays, is paid, and compares.
    async fn take_part(self, args: &Args, listen: SocketAddr, dial: SocketAddr) -> Result<Verdict, Box<dyn Error>> {
        let (us, them) = (self.lowercase(), self.other().lowercase());
        let (till, told) = Till::new();
        let peer = Peer::builder(LedgerInfo::new("example.peers.", "XRP", 9), &self.address(), &self.other().address())
            .dial(&format!("btp+ws://{us}:{TOKEN}@{dial}/"))
            .listen(listen, them, TOKEN)
            .handler(till)
            .start()
            .await?;
        peer.connected().await;
        let start = Instant::now();
        let payers = (0..args.window).map(|first| smol::spawn(pay(Account::clone(&peer), self, first, args.clone())));
        for payer in payers.collect::<Vec<_>>() {
            payer.await?;
        }
        let seconds = start.elapsed().as_secs_f64();
        println!("{us} has paid {them} {} times, {:.0} times a second.", args.payments, f64::from(args.payments) / seconds);
        let theirs = compare(&peer, &told).await?;
        let verdict = Verdict { ours: peer.sums(), theirs };
        println!("{us}: {}", verdict.sentence());
        peer.close().await;
        Ok(verdict)
    }
}

/// Every so-manieth payment, one after the other.
async fn pay(account: Account, name: Name, first: u32, args: Args) -> Result<(), PaymentError> {
    for _ in (first..args.payments).step_by(args.window as usize) {
        let mut id = [0; 16];
        getrandom::fill(&mut id).expect("the system has random numbers");
        let id = TransferId::from(id);
        let payment = Payment::new(AMOUNTS[name as usize], fulfillment(id).condition()).with_id(id);
        // While the two decide which connection they keep, there may be none for a moment.
        while let Err(error) = account.pay(payment.clone()).await {
            match error {
                PaymentError::NotSent(PrepareFailure::NotConnected) if account.connected().await => {}
                error => return Err(error),
            }
        }
    }
    Ok(())
}

fn fulfillment(id: TransferId) -> Fulfillment {
    Fulfillment::from(<[u8; 32]>::from(Sha256::new().chain_update(SECRET).chain_update(id.as_bytes()).finalize()))
}

/// Tells the peer that we have paid all, and how much; waits until it tells the same. Returns that.
async fn compare(account: &Account, told: &Receiver<u128>) -> Result<u128, Box<dyn Error>> {
    account.request(Entry::json("custom", &account.sums().outgoing_posted.to_string()).into()).await?;
    Ok(told.recv().await?)
}

/// What the books say in the end.
struct Verdict {
    ours: Sums,
    /// What the other one says that it has paid.
    theirs: u128,
}

impl Verdict {
    fn is_good(&self) -> bool {
        self.ours.incoming_posted == self.theirs && self.ours.incoming_pending + self.ours.outgoing_pending == 0
    }

    fn sentence(&self) -> String {
        let Sums { incoming_posted, outgoing_posted, .. } = self.ours;
        let judged = if self.is_good() { "which is what the other one has paid" } else { "but the other one says otherwise" };
        format!("paid {outgoing_posted}, received {incoming_posted}, {judged}; the balance is {}.", self.ours.balance())
    }
}

/// Takes payments, and hears what the other one has paid in all.
struct Till {
    told: Sender<u128>,
}

impl Till {
    fn new() -> (Self, Receiver<u128>) {
        let (told, hear) = smol::channel::unbounded();
        (Self { told }, hear)
    }
}

impl Handler for Till {
    fn decide(&mut self, transfer: &Transfer, _protocol_data: &ProtocolData) -> Decision {
        let fulfillment = fulfillment(transfer.id);
        if fulfillment.fulfills(&transfer.condition) { Decision::Fulfill(fulfillment) } else { Decision::Later }
    }

    fn handle(&mut self, event: Event, commands: &mut Commands<'_>) {
        if let Event::Request { token, protocol_data } = event {
            let paid = protocol_data.primary().and_then(|entry| std::str::from_utf8(&entry.data).ok()?.parse().ok());
            let _ = commands.respond(token, ProtocolData::new());
            let _ = self.told.try_send(paid.unwrap_or_default());
        }
    }
}
