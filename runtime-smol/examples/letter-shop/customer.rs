//! The customer: pays for letters and reads them.

use std::error::Error;
use std::future::pending;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use smol::Timer;
use smol::future::FutureExt as _;
use smol::stream::StreamExt as _;
use trustline_runtime::{BtpUrl, Client, ConnectError, Runtime, Sqlite};

use crate::cli::{CustomerArgs, Ledger, Pace};
use crate::http_client::{self, HttpError, Letters, ShopUrl};
use crate::psk::PayHeader;
use crate::purse::{BuyError, Counts, Order, Purse};
use crate::text;

/// How long payments may go on without any of them ending: longer than they may be on their way.
const OUTCOME_PATIENCE: Duration = Duration::from_secs(45);

/// How long to wait for letters that are paid, and for outcomes when something has gone wrong.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often to look for a shop that is waited for.
const LOOK_OUT: Duration = Duration::from_millis(500);

/// Payments under way at most, when they are started by the clock.
const MAX_IN_FLIGHT: u64 = 10_000;

/// A customer in front of a shop: a trustline to pay over, and an HTTP answer to read from.
pub(crate) struct Customer<R: Runtime> {
    pub(crate) client: Client<R>,
    pub(crate) purse: Purse,
    /// Reads the letters until it is dropped.
    reading: smol::Task<()>,
}

/// When to stop buying.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// After so many payments.
    Letters(u64),
    /// At a moment.
    Until(Instant),
}

impl<R: Runtime + Default> Customer<R> {
    /// Asks for letters, and connects to the trustline, which is kept in a file if there is a `ledger`. A shop that is not
    /// there is an error, or is waited for. `sink` is handed the letters as they come.
    pub(crate) async fn arrive(
        url: &str,
        http: &ShopUrl,
        ledger: Option<Ledger<'_>>,
        wait: bool,
        sink: impl FnMut(&[u8]) + Send + 'static,
    ) -> Result<Self, Box<dyn Error>> {
        let (pay, letters) = if wait { wait_for_letters(http).await? } else { http_client::open(http).await? };
        let purse = Purse::new(pay);
        let mut builder = Client::builder(url).handler(purse.clone());
        if let Some(Ledger { file, exclusive_account }) = ledger {
            if exclusive_account {
                builder = builder.exclusive_account();
            }
            // Another address may be another shop: what is owed to this one must not be asked of it.
            let shop: BtpUrl = url.parse()?;
            let name = format!("{}@{}:{}", shop.username(), shop.host(), shop.port());
            builder = builder.journal(Arc::new(Sqlite::open(file)?), &name);
        }
        let client = if wait { builder.start()? } else { builder.connect().await.map_err(|error| not_connected(url, error))? };
        let reading = smol::spawn(read(letters, purse.clone(), sink));
        let customer = Self { client, purse, reading };
        if wait {
            customer.be_connected().await?;
        }
        Ok(customer)
    }

    /// Waits until there is a trustline to pay over.
    async fn be_connected(&self) -> Result<(), BuyError> {
        while !self.client.is_connected() {
            if let Some(error) = self.stopped() {
                return Err(error);
            }
            if let Some(error) = self.purse.take_failure() {
                return Err(error);
            }
            self.changed(Instant::now() + LOOK_OUT).await;
        }
        Ok(())
    }

    /// Waits until the payments that an earlier run left open have ended, and says how many there were. What they bought
    /// went to the reader of then.
    pub(crate) async fn settle(&self) -> Result<usize, BuyError> {
        let open = || self.client.command(|commands| commands.trustline().open_transfers().len());
        let earlier = open();
        let (mut left, mut since) = (earlier, Instant::now());
        while left > 0 {
            let patience = if self.purse.has_failed() { PATIENCE } else { OUTCOME_PATIENCE };
            if let Some(error) = self.stopped() {
                return Err(error);
            }
            if since.elapsed() >= patience {
                return Err(BuyError::NoOutcome(left as u64));
            }
            self.changed(since + patience).await;
            let still = open();
            if still != left {
                (left, since) = (still, Instant::now());
            }
        }
        Ok(earlier)
    }

    /// Buys until the goal is reached or something goes wrong, and waits for what was started.
    pub(crate) async fn buy(&self, goal: Goal, pace: Pace) -> Result<(), BuyError> {
        let (payments, until) = match goal {
            Goal::Letters(letters) => (letters, None),
            Goal::Until(end) => (u64::MAX, Some(end)),
        };
        match pace {
            Pace::Window(window) => self.order(Order { window: window.into(), payments, until }),
            Pace::Every(every) => self.order_by_the_clock(every, payments, until).await,
        }
        self.finish().await
    }

    /// Allows a payment more every so often, whether or not the last one has ended.
    async fn order_by_the_clock(&self, every: Duration, payments: u64, until: Option<Instant>) {
        let mut ticks = Timer::interval_at(Instant::now(), every);
        let mut allowed = self.purse.counts().started;
        while allowed < payments && !self.purse.has_failed() {
            // The end may come before the next tick.
            let ticked = async {
                ticks.next().await;
                true
            };
            let ended = async {
                match until {
                    Some(end) => drop(Timer::at(end).await),
                    None => pending().await,
                }
                false
            };
            if !ticked.or(ended).await {
                return;
            }
            allowed += 1;
            self.order(Order { window: MAX_IN_FLIGHT, payments: allowed, until });
        }
    }

    fn order(&self, order: Order) {
        self.client.command(|commands| self.purse.order(order, commands));
    }

    /// Waits until every payment has ended and every letter that is paid has come, as long as there is progress.
    async fn finish(&self) -> Result<(), BuyError> {
        let (mut seen, mut since) = (self.progress(), Instant::now());
        loop {
            let stopped = self.stopped();
            // No outcome comes any more then, but letters do.
            let has_ended = self.purse.is_done() || stopped.is_some();
            if let Some(error) = stopped
                && !self.purse.has_failed()
            {
                self.purse.fail(error);
            }
            if has_ended && self.purse.has_its_letters() {
                break;
            }
            if self.progress() != seen {
                (seen, since) = (self.progress(), Instant::now());
            }
            let in_flight = self.purse.in_flight();
            let (Counts { fulfilled: paid, .. }, letters) = seen;
            let letters_are_late = in_flight == 0 && letters < paid;
            let patience = if letters_are_late || self.purse.has_failed() { PATIENCE } else { OUTCOME_PATIENCE };
            if since.elapsed() >= patience {
                self.purse.fail(if letters_are_late { BuyError::Missing { paid, letters } } else { BuyError::NoOutcome(in_flight) });
                break;
            }
            self.changed(since + patience).await;
            if self.purse.stands_still() {
                self.client.command(|commands| self.purse.go_on(commands));
            }
        }
        self.purse.take_failure().map_or(Ok(()), Err)
    }

    /// Returns when something has happened, or at this moment.
    async fn changed(&self, look_again: Instant) {
        let time = async {
            Timer::at(look_again).await;
        };
        let failure = async {
            if self.client.failure().is_some() {
                // That is known already.
                pending::<()>().await;
            }
            self.client.failed().await;
        };
        self.purse.changed().or(time).or(failure).await;
    }

    /// Why nothing more will happen on the trustline.
    fn stopped(&self) -> Option<BuyError> {
        self.client.failure().map(BuyError::Ledger).or_else(|| self.client.dispute().map(BuyError::Dispute))
    }

    fn progress(&self) -> (Counts, u64) {
        (self.purse.counts(), self.purse.letters())
    }
}

/// Asks for letters until there is somebody to ask.
async fn wait_for_letters(http: &ShopUrl) -> Result<(PayHeader, Letters), HttpError> {
    let mut told = false;
    loop {
        match http_client::open(http).await {
            Err(error @ HttpError::Connect(..)) => {
                if !std::mem::replace(&mut told, true) {
                    eprintln!("{} Waiting for it.", text::sentence(&error));
                }
                Timer::after(LOOK_OUT).await;
            }
            other => return other,
        }
    }
}

/// Where nobody answers, the address is worth a look.
fn not_connected(url: &str, error: ConnectError) -> Box<dyn Error> {
    match (error, url.parse::<BtpUrl>()) {
        (ConnectError::Dial(error), Ok(url)) => format!("no trustline answers at {} port {}: {error}", url.host(), url.port()).into(),
        (error, _) => error.into(),
    }
}

async fn read(mut letters: Letters, purse: Purse, mut sink: impl FnMut(&[u8])) {
    loop {
        match letters.next().await {
            Some(Ok(letters)) => {
                sink(&letters);
                purse.receive(letters.len());
            }
            Some(Err(error)) => return purse.end_reading(BuyError::Http(error)),
            None => return purse.end_reading(BuyError::ShopClosed),
        }
    }
}

/// `letter-shop customer`: buys, prints, and says how it went.
pub(crate) async fn run<R: Runtime + Default>(args: &CustomerArgs) -> Result<ExitCode, Box<dyn Error>> {
    let print = |letters: &[u8]| {
        let mut out = io::stdout().lock();
        // A reader of our output that has gone does not spoil the purchase.
        let _ = out.write_all(letters).and_then(|()| out.flush());
    };
    let customer = Customer::<R>::arrive(&args.url, &args.http, args.ledger(), args.wait, print).await?;
    let start = Instant::now();
    let (settled, bought) = match customer.settle().await {
        Ok(settled) => (settled, customer.buy(Goal::Letters(args.letters), args.pace()).await),
        Err(error) => (0, Err(error)),
    };
    let time = start.elapsed();
    let Customer { client, purse, reading } = customer;
    client.close().await;
    // No letter is printed behind the summary, or into it.
    reading.cancel().await;
    let (letters, Counts { fulfilled, rejected, .. }) = (purse.letters(), purse.counts());

    if letters > 0 {
        text::say("");
    }
    if args.json {
        let seconds = time.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let rate = letters as f64 / seconds.max(f64::EPSILON);
        text::say(
            &json!({
                "letters": letters,
                "fulfilled": fulfilled,
                "rejected": rejected,
                "settled": settled,
                "seconds": seconds,
                "letters_per_second": rate,
            })
            .to_string(),
        );
    } else if io::stdout().is_terminal() {
        let rate = text::grouped(text::per_second(letters, time));
        text::say(&format!("{} in {}, {rate} a second.", text::counted(letters, "letter"), text::duration(time)));
    }
    bought?;
    Ok(ExitCode::SUCCESS)
}
