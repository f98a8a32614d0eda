//! Shop and customer as processes that keep their ledgers in files, killed at any moment or cut off at any byte: nothing
//! is lost, and nothing is paid twice.
//!
//! `CRASH_SEED=…` chooses when and where, as far as a test can that runs beside others.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use trustline_smol::Smol;
use trustline_tests::contract::rig::Proxy;
use trustline_tests::programs::{Finished, Ledgers, Program, Shop, free_ports, letter_shop};

/// After so many bytes, more or less, payments pass.
const HANDSHAKE: usize = 2000;

#[test]
fn six_kills_lose_nothing() {
    Crashes::begin("few").survive(6);
}

/// As `.ci/run` does it.
#[test]
#[ignore = "takes a minute or two"]
fn sixty_kills_lose_nothing() {
    Crashes::begin("many").survive(60);
}

#[test]
fn cuts_at_any_byte_lose_nothing() {
    survive_cuts("cut", 4000, 3);
}

/// As `.ci/run` does it.
#[test]
#[ignore = "takes half a minute"]
fn many_cuts_at_any_byte_lose_nothing() {
    survive_cuts("cuts", 30_000, 15);
}

#[test]
fn an_audit_says_what_differs() {
    let ledgers = Ledgers::new("audit");
    let ports = free_ports();
    let missing = ledgers.audit();
    missing.assert_failure(&["There is no ledger"]);

    let shop = ledgers.open_shop(ports);
    let bought = shop.customer(&["--letters", "20", "--window", "5", "--ledger", ledgers.customer()]).finish();
    bought.assert_success();
    shop.close();
    let audit = ledgers.audit();
    audit.assert_success();
    assert!(audit.lines.last().is_some_and(|line| line.contains("mirror each other")), "{audit:?}");

    // A shop that sold a letter more than this customer bought.
    let shop = ledgers.open_shop(ports);
    let other = shop.customer(&["--letters", "1"]).finish();
    other.assert_success();
    let summary = shop.close();
    assert_eq!(summary["balance"], "210", "it goes on from the file: {summary}");
    ledgers.audit().assert_failure(&["has paid 200", "was paid 210", "only"]);
}

#[test]
fn a_ledger_has_one_owner() {
    let ledgers = Ledgers::new("owner");
    let shop = ledgers.open_shop([0, 0]);
    let second = ["shop", "--btp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--ledger", ledgers.shop()];
    Program::start(Command::new(letter_shop()).args(second)).finish().assert_failure(&["in use by process"]);
    let audit = ["audit", "--ledger", ledgers.shop()];
    Program::start(Command::new(letter_shop()).args(audit)).finish().assert_failure(&["in use by process"]);
    shop.kill();
    Program::start(Command::new(letter_shop()).args(audit)).finish().assert_success();
}

/// Prints its seed, and where to look when the test fails.
fn random(ledgers: &Ledgers) -> Rng {
    let seed = std::env::var("CRASH_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().expect("CRASH_SEED is a number"));
    println!("CRASH_SEED={seed}, ledgers in {}", ledgers.directory().display());
    Rng::with_seed(seed)
}

/// A customer pays through a line that is cut again and again, at any byte. The letters come over another one, so that
/// each payment must bring its letter.
fn survive_cuts(name: &str, letters: u64, least: usize) {
    let ledgers = Ledgers::new(name);
    let mut random = random(&ledgers);
    let shop = ledgers.open_shop([0, 0]);
    let proxy = smol::block_on(Proxy::<Smol>::before(shop.btp));
    let mut command = Command::new(letter_shop());
    command.args(["customer", "--json", "--url", &format!("btp+ws://:@{}/", proxy.address), "--http", &shop.http_url()]);
    command.args(["--every", "1", "--letters", &letters.to_string(), "--ledger", ledgers.customer()]);
    let mut customer = Program::start(&mut command);
    let mut wait_for = |bytes| {
        while customer.is_running() && proxy.passed() < bytes {
            thread::sleep(Duration::from_millis(1));
        }
        customer.is_running()
    };
    let (start, mut cuts, mut seen, mut in_handshake) = (Instant::now(), 0, 0, false);
    while wait_for(seen) {
        // Sometimes in the next handshake. A client takes its time where a connection is lost before it paid, so that it is
        // left in peace for a second after that.
        if cuts == 0 || in_handshake || random.u8(..6) > 0 {
            wait_for(seen + HANDSHAKE);
            thread::sleep(Duration::from_millis(if in_handshake { 1100 } else { random.u64(550..1000) }));
            in_handshake = false;
        } else {
            in_handshake = true;
        }
        let bytes = random.usize(1..4000);
        seen = proxy.passed() + bytes;
        proxy.cut_after(bytes);
        cuts += 1;
    }
    let finished = customer.finish();
    assert_eq!((finished.code, &*finished.errors), (Some(0), ""), "after {cuts} cuts");
    let json = finished.json();
    assert_eq!((&json["letters"], &json["fulfilled"], &json["rejected"]), (&letters.into(), &letters.into(), &0.into()), "{json}");
    shop.assert_closes_with(letters, letters * 10);
    ledgers.audit().assert_success();
    println!("{cuts} cuts, {letters} letters, {:?}", start.elapsed());
    assert!(cuts >= least, "only {cuts} cuts");
}

/// A shop, its customer, and somebody who kills.
struct Crashes {
    ledgers: Ledgers,
    ports: [u16; 2],
    random: Rng,
    shop: Option<Shop>,
    kills: usize,
    /// Letters that customers have read.
    letters: u64,
}

impl Crashes {
    fn begin(name: &str) -> Self {
        let (ledgers, ports) = (Ledgers::new(name), free_ports());
        let random = random(&ledgers);
        let shop = Some(ledgers.open_shop(ports));
        Self { ledgers, ports, random, shop, kills: 0, letters: 0 }
    }

    fn survive(mut self, kills: usize) {
        let start = Instant::now();
        while self.kills < kills {
            let window = ["1", "16", "256"][self.random.usize(..3)];
            let customer = self.customer(&["--letters", "1000000", "--window", window]);
            self.wait();
            match self.random.u8(..4) {
                0 => {
                    self.kill_customer(customer);
                    self.ledgers.assert_customers_adds_up();
                }
                1 => {
                    self.kill_shop();
                    self.kill_customer(customer);
                    self.ledgers.assert_shops_adds_up();
                    self.open_shop();
                }
                // The customer finds the shop again, and is killed or ends when it has learned what became of its payments.
                2 => {
                    self.kill_shop();
                    self.open_shop();
                    self.wait();
                    self.kill_customer(customer);
                }
                _ => {
                    self.kill_shop();
                    self.open_shop();
                    let ended = customer.finish();
                    // It was buying, or it had not even arrived.
                    assert_eq!(ended.code, Some(1), "{ended:?}");
                    self.count(&ended);
                }
            }
        }
        let shop = self.shop.take().expect("it is open");
        let (_, letters) = self.ledgers.assert_settled(shop, self.letters);
        println!("{} kills, {letters} letters, {:?}", self.kills, start.elapsed());
        assert!(letters > 1, "something must have been sold");
    }

    fn wait(&mut self) {
        thread::sleep(Duration::from_millis(self.random.u64(..800)));
    }

    fn customer(&self, options: &[&str]) -> Program {
        let shop = self.shop.as_ref().expect("it is open");
        shop.customer(&[&["--ledger", self.ledgers.customer()], options].concat())
    }

    fn open_shop(&mut self) {
        self.shop = Some(self.ledgers.open_shop(self.ports));
    }

    fn kill_shop(&mut self) {
        self.shop.take().expect("it is open").kill();
        self.kills += 1;
    }

    fn kill_customer(&mut self, customer: Program) {
        let killed = customer.kill();
        // It may have ended by itself before.
        if killed.code.is_none() {
            self.kills += 1;
        }
        self.count(&killed);
    }

    fn count(&mut self, customer: &Finished) {
        assert!(!customer.errors.contains("panicked"), "{customer:?}");
        assert!(!customer.errors.contains("balance is"), "a dispute: {customer:?}");
        self.letters += customer.letters();
    }
}
