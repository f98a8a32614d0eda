//! Both sides in one process, over real loopback sockets: a ladder of speeds, and a verdict.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use smol::Timer;
use smol::future::FutureExt as _;
use trustline_runtime::Runtime;
use trustline_smol::core::ledger::Sums;

use crate::cli::{DemoArgs, Pace, ShopArgs};
use crate::customer::{Customer, Goal};
use crate::live::{LiveLine, Status};
use crate::purse::BuyError;
use crate::readers::DEFAULT_MAX_READERS;
use crate::shop::Shop;
use crate::text;

/// How many of the last letters the live line shows.
const TAIL: usize = 8;

/// How often the live line is offered something new.
const TICK: Duration = Duration::from_millis(50);

const TOKEN: &str = "demo";

/// A rung of the ladder.
struct Rung {
    name: &'static str,
    pace: Pace,
    /// Its part of the whole time, in tenths.
    tenths: u32,
}

/// `letter-shop`: exit 0 only if there are as many letters as payments, and both ledgers say the same.
pub(crate) async fn run<R: Runtime + Default>(args: &DemoArgs) -> Result<ExitCode, Box<dyn Error>> {
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let shop = Shop::<R>::open(&ShopArgs {
        btp: any_port,
        http: any_port,
        token: TOKEN.to_owned(),
        max_balance: u64::MAX,
        price: 10,
        prefix: "example.letter-shop.mytrustline.".to_owned(),
        max_readers: DEFAULT_MAX_READERS,
        ledger: None,
        json: false,
        runtime: args.runtime,
    })
    .await?;
    let (btp, http) = (shop.host.address(), shop.http.local_addr());
    let tail = Arc::<Mutex<String>>::default();
    let customer = Customer::<R>::arrive(
        &format!("btp+ws://:{TOKEN}@{btp}/"),
        &format!("http://{http}/").parse()?,
        None,
        false,
        keep_tail(tail.clone()),
    )
    .await?;

    let mut line = LiveLine::stdout();
    line.say(&format!("A customer pays a shop over BTP on {btp}, and reads a letter for each payment over HTTP on {http}."));
    let bought = climb(args, &customer, &tail, &mut line).await;
    if let Err(error) = &bought {
        line.say(&text::sentence(error));
    }
    let books = Books::compare(&customer, &shop).await;
    customer.client.close().await;
    shop.close().await;
    line.say(&books.verdict());
    Ok(if bought.is_ok() && books.are_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn climb<R: Runtime + Default>(
    args: &DemoArgs,
    customer: &Customer<R>,
    tail: &Mutex<String>,
    line: &mut LiveLine,
) -> Result<(), BuyError> {
    let rungs = [
        Rung { name: "1 letter/s", pace: Pace::Every(Duration::from_secs(1)), tenths: 3 },
        Rung { name: "100 letters/s", pace: Pace::Every(Duration::from_millis(10)), tenths: 3 },
        Rung { name: "flat out", pace: Pace::Window(args.window), tenths: 4 },
    ];
    for rung in rungs {
        climb_one(&rung, Duration::from_secs(args.seconds) * rung.tenths / 10, customer, tail, line).await?;
    }
    Ok(())
}

async fn climb_one<R: Runtime + Default>(
    rung: &Rung,
    time: Duration,
    customer: &Customer<R>,
    tail: &Mutex<String>,
    line: &mut LiveLine,
) -> Result<(), BuyError> {
    let Customer { client, purse, .. } = customer;
    purse.clear_latencies();
    let (start, before) = (Instant::now(), purse.letters());
    let show = async {
        loop {
            let (p50, p99) = purse.latencies();
            let status = Status {
                tail: tail.lock().unwrap_or_else(PoisonError::into_inner).clone(),
                letters: purse.letters(),
                balance: client.balance(),
                in_flight: purse.in_flight(),
                p50,
                p99,
            };
            line.update(Instant::now(), &status);
            Timer::after(TICK).await;
        }
    };
    customer.buy(Goal::Until(start + time), rung.pace).or(show).await?;
    let (letters, time) = (purse.letters() - before, start.elapsed());
    let (p50, p99) = purse.latencies();
    line.say(&format!(
        "{:>14}: {:>10} in {:>7}, {:>8} a second, p50 {}, p99 {}",
        rung.name,
        text::grouped(letters),
        text::duration(time),
        text::grouped(text::per_second(letters, time)),
        text::duration(p50),
        text::duration(p99),
    ));
    Ok(())
}

/// What both sides have written down.
struct Books {
    paid: u64,
    letters: u64,
    undelivered: u64,
    customer: Sums,
    shop: Sums,
    /// The customer's balance, as the shop tells it over the trustline.
    told: Option<i128>,
}

impl Books {
    async fn compare<R: Runtime + Default>(customer: &Customer<R>, shop: &Shop<R>) -> Self {
        let told = customer.client.peer_balance().await.ok();
        Self {
            paid: customer.purse.counts().fulfilled,
            letters: customer.purse.letters(),
            undelivered: shop.tally().undelivered.load(Ordering::Relaxed),
            customer: customer.client.sums(),
            shop: shop.account().map(|account| account.sums()).unwrap_or_default(),
            told,
        }
    }

    /// One letter for each payment, and each ledger is the mirror of the other.
    fn are_good(&self) -> bool {
        let Sums { incoming_posted, incoming_pending, outgoing_posted, outgoing_pending } = self.customer;
        let mirrored = Sums {
            incoming_posted: outgoing_posted,
            incoming_pending: outgoing_pending,
            outgoing_posted: incoming_posted,
            outgoing_pending: incoming_pending,
        };
        self.paid > 0
            && self.letters == self.paid
            && self.undelivered == 0
            && mirrored == self.shop
            && self.told == Some(self.customer.balance())
    }

    fn verdict(&self) -> String {
        let (paid, letters) = (text::counted(self.paid, "payment"), text::counted(self.letters, "letter"));
        let [customer, shop] = [&self.customer, &self.shop].map(|sums| text::grouped(sums.balance()));
        if self.are_good() {
            format!("Good: {paid}, {letters}. The customer's balance is {customer}, the shop's is {shop}: the ledgers mirror each other.")
        } else {
            format!("BAD: {paid}, {letters}. The customer's balance is {customer}, the shop's is {shop}.")
        }
    }
}

/// Keeps the last letters.
fn keep_tail(tail: Arc<Mutex<String>>) -> impl FnMut(&[u8]) {
    move |letters| {
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        // Letters are ASCII: the HTTP client lets nothing else through.
        tail.extend(letters[letters.len().saturating_sub(TAIL)..].iter().map(|&letter| char::from(letter)));
        let surplus = tail.len().saturating_sub(TAIL);
        tail.drain(..surplus);
    }
}
