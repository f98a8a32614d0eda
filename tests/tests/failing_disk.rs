//! Shop and customer as processes whose disk fails under load: who is hit says what is wrong and ends, and when there is
//! room again both go on from their files. Nothing is lost, and nothing is paid twice.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use trustline_tests::programs::{Finished, Ledgers, free_ports, letter_shop, with_failing_syncs, with_small_files};

/// What a letter costs.
const PRICE: u64 = 10;

/// Payments under way when it happens.
const WINDOW: u64 = 64;

/// The log is written first, and is the first that is too long.
const SHORT_LOG: u64 = 500_000;
/// The log never gets there, because it is merged into the tables and begins anew. The tables do.
const SHORT_TABLES: u64 = 4_700_000;

/// What is wrong with a disk.
struct Trouble {
    /// Runs our program on it.
    command: Command,
    /// What is said when it comes to that.
    told: [&'static str; 3],
    /// What has to grow before it is good again.
    room: Option<Room>,
}

impl Trouble {
    fn file_size(bytes: u64) -> Self {
        Self { command: with_small_files(bytes), told: Self::WRITE_FAILED, room: None }
    }

    fn sync(ledgers: &Ledgers) -> Self {
        Self { command: with_failing_syncs(ledgers.directory(), 100), told: Self::WRITE_FAILED, room: None }
    }

    fn no_room(ledger: &str) -> Self {
        let told = ["no room", "Make room", "start again"];
        Self { command: Command::new(letter_shop()), told, room: Some(Room::around(ledger)) }
    }

    const WRITE_FAILED: [&'static str; 3] = ["cannot be written", "check its disk", "start again"];

    fn end(&self) {
        self.room.iter().for_each(Room::grow);
    }
}

/// It is the shop's.
fn shop_survives(ledgers: &Ledgers, mut trouble: Trouble) {
    let ports = free_ports();
    let shop = ledgers.open_shop_as(&mut trouble.command, ports);
    let customer = shop.customer(&["--ledger", ledgers.customer(), "--letters", "10000000", "--window", &WINDOW.to_string()]);
    let shop = shop.finish();
    shop.assert_failure(&trouble.told);
    shop.assert_failure(&[ledgers.shop()]);
    let customer = customer.finish();
    assert_eq!(customer.code, Some(1), "{}", customer.errors);
    trouble.end();
    ledgers.assert_shops_adds_up();
    ledgers.assert_customers_adds_up();
    let summary = shop.json();
    let sold = summary["letters"].as_u64().expect("a number");
    assert_eq!((&summary["undelivered"], &summary["balance"]), (&0.into(), &(sold * PRICE).to_string().into()), "{summary}");
    go_on(ledgers, ports, &customer);
}

/// It is the customer's.
fn customer_survives(ledgers: &Ledgers, mut trouble: Trouble) {
    let ports = free_ports();
    let mut shop = ledgers.open_shop(ports);
    let options = ["--ledger", ledgers.customer(), "--letters", "10000000", "--window", &WINDOW.to_string()];
    let customer = shop.customer_as(&mut trouble.command, &options).finish();
    customer.assert_failure(&trouble.told);
    customer.assert_failure(&[ledgers.customer()]);
    trouble.end();
    ledgers.assert_customers_adds_up();
    assert!(shop.is_open(), "it is none of the shop's affair");
    shop.close();
    go_on(ledgers, ports, &customer);
}

/// The disk is good again.
fn go_on(ledgers: &Ledgers, ports: [u16; 2], customer: &Finished) {
    assert!(customer.letters() > 0, "nothing was sold before it failed");
    let (paid, letters) = ledgers.assert_settled(ledgers.open_shop(ports), customer.letters());
    assert!(paid - letters <= WINDOW, "{letters} letters came, and {paid} were paid");
}

/// Mostly they wait: all at once is as good as one by one.
fn all_survive(whose: &str, survives: fn(&Ledgers, Trouble)) {
    let survives = |what: &str, trouble: fn(&Ledgers) -> Trouble| {
        let ledgers = Ledgers::new(&format!("{whose}-{what}"));
        survives(&ledgers, trouble(&ledgers));
    };
    thread::scope(|scope| {
        scope.spawn(|| survives("log", |_| Trouble::file_size(SHORT_LOG)));
        scope.spawn(|| survives("tables", |_| Trouble::file_size(SHORT_TABLES)));
        scope.spawn(|| survives("sync", Trouble::sync));
    });
}

#[test]
fn a_shop_whose_disk_fails_says_so_and_goes_on_when_it_is_good_again() {
    all_survive("shops", shop_survives);
}

#[test]
fn a_customer_whose_disk_fails_says_so_and_goes_on_when_it_is_good_again() {
    all_survive("customers", customer_survives);
}

/// Where this process may mount a file system that only its children see.
#[test]
fn disks_without_room() {
    let may_mount = Command::new("unshare").args(UNSHARE).args(["mount", "-t", "tmpfs", "room", "/mnt"]).output();
    if !may_mount.as_ref().is_ok_and(|output| output.status.success()) {
        println!("skipped: no small file system can be mounted here ({may_mount:?})");
        return;
    }
    let this = std::env::current_exe().expect("a test is a program");
    let inside = Command::new("unshare").args(UNSHARE).arg(this).args(["--ignored", "mounted::"]).status();
    assert!(inside.expect("it could be started before").success());
}

const UNSHARE: [&str; 3] = ["--mount", "--map-root-user", "--"];

/// Not tests by themselves: they run where [`disks_without_room`] has made it possible to mount.
mod mounted {
    use super::*;

    #[test]
    #[ignore = "started by disks_without_room"]
    fn a_shop_without_room() {
        let ledgers = Ledgers::new("shops-room");
        shop_survives(&ledgers, Trouble::no_room(ledgers.shop()));
    }

    #[test]
    #[ignore = "started by disks_without_room"]
    fn a_customer_without_room() {
        let ledgers = Ledgers::new("customers-room");
        customer_survives(&ledgers, Trouble::no_room(ledgers.customer()));
    }
}

/// A file system of one megabyte.
struct Room {
    directory: PathBuf,
}

impl Room {
    /// In the ledger's directory.
    fn around(ledger: &str) -> Self {
        let room = Self { directory: Path::new(ledger).parent().expect("it is in a directory").to_owned() };
        room.mount("size=1m");
        room
    }

    fn grow(&self) {
        self.mount("remount,size=64m");
    }

    fn mount(&self, options: &str) {
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "room"]).arg(&self.directory).status();
        assert!(mounted.expect("it could be started before").success());
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.directory).status();
    }
}
