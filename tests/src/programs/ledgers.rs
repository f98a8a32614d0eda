//! The files in which a shop and its customer keep their ledgers.

use std::path::{Path, PathBuf};
use std::process::Command;

use trustline_core::ledger::Sums;
use trustline_runtime::{Journal as _, Sqlite};

use super::built::letter_shop;
use super::program::{Finished, Program};
use super::shop::Shop;
use crate::Scratch;

/// What a letter costs.
const PRICE: u128 = 10;

/// Two files, each in a directory of its own.
#[derive(Debug)]
pub struct Ledgers {
    scratch: Scratch,
    shop: PathBuf,
    customer: PathBuf,
}

impl Ledgers {
    /// They are not there yet.
    pub fn new(name: &str) -> Self {
        let scratch = Scratch::new(name);
        let [shop, customer] = ["shop", "customer"].map(|side| {
            let directory = scratch.file(side);
            std::fs::create_dir(&directory).expect("the directory is new");
            directory.join("ledger.db")
        });
        Self { scratch, shop, customer }
    }

    /// Where both are.
    pub fn directory(&self) -> &Path {
        self.scratch.directory()
    }

    /// The shop's.
    pub fn shop(&self) -> &str {
        self.shop.to_str().expect("its name is text")
    }

    /// The customer's.
    pub fn customer(&self) -> &str {
        self.customer.to_str().expect("its name is text")
    }

    /// Opens a shop on its file.
    pub fn open_shop(&self, ports: [u16; 2]) -> Shop {
        self.open_shop_as(&mut Command::new(letter_shop()), ports)
    }

    /// Opens a shop on its file, by a command that runs our program.
    pub fn open_shop_as(&self, command: &mut Command, ports: [u16; 2]) -> Shop {
        Shop::open_as(command, ports, "", &["--ledger", self.shop()])
    }

    /// What the auditor says of both.
    pub fn audit(&self) -> Finished {
        audit(&[self.shop(), self.customer()])
    }

    /// What is in the shop's file adds up, whatever is still open.
    #[track_caller]
    pub fn assert_shops_adds_up(&self) {
        audit(&[self.shop()]).assert_success();
    }

    /// What is in the customer's file adds up, whatever is still open.
    #[track_caller]
    pub fn assert_customers_adds_up(&self) {
        // If it ended while it arrived, it may have none yet.
        if self.customer.exists() {
            audit(&[self.customer()]).assert_success();
        }
    }

    /// Lets both settle, over a last letter, and closes the shop: then their books agree. `letters` came before. Returns
    /// how many were paid, and how many came.
    #[track_caller]
    pub fn assert_settled(&self, shop: Shop, letters: u64) -> (u64, u64) {
        let last = shop.customer(&["--ledger", self.customer(), "--letters", "1"]).finish();
        last.assert_success();
        let letters = letters + last.letters();
        shop.close();
        self.audit().assert_success();
        let [shop, customer] = [&self.shop, &self.customer].map(|file| sums(file));
        assert_eq!(shop.incoming_posted, customer.outgoing_posted);
        let paid = u64::try_from(shop.incoming_posted / PRICE).expect("they were paid one by one");
        println!("{paid} letters were paid, and {letters} came");
        assert!(letters <= paid, "{letters} letters came, and {paid} were paid");
        (paid, letters)
    }
}

fn audit(files: &[&str]) -> Finished {
    let mut command = Command::new(letter_shop());
    command.arg("audit");
    for file in files {
        command.args(["--ledger", file]);
    }
    Program::start(&mut command).finish()
}

/// The sums of the only account.
fn sums(file: &Path) -> Sums {
    let journal = Sqlite::open(file).expect("its owner has ended");
    let accounts = journal.accounts().expect("it can be read");
    let [account] = &accounts[..] else { panic!("one account, not {accounts:?}") };
    journal.load(account).expect("it can be read").expect("it is there").sums
}
