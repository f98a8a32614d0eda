//! The real JavaScript peers of 2017 buy from our shop, and our customer buys from theirs (tests/interop).
//!
//! They need node: `cargo test --release -p trustline-tests --test js_interop -- --ignored`.

use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use trustline_tests::programs::{Backup, Ledgers, Program, Shop, alone, free_ports, letter_shop, node as kit};

const WINDOWS: [&str; 3] = ["1", "10", "100"];

fn node(script: &str, arguments: &[&str]) -> Program {
    Program::start(&mut kit(script, arguments))
}

/// The JavaScript customer at our shop.
fn their_customer(shop: &Shop, letters: &str, window: &str) -> Program {
    node("customer.js", &["--url", &shop.btp_url(), "--http", &shop.http_url(), "--letters", letters, "--window", window])
}

/// The tutorial's shop, on the JavaScript plugin.
struct TheirShop {
    program: Program,
    url: String,
    http: String,
}

impl TheirShop {
    fn open(max_balance: &str) -> Self {
        let [btp, http] = free_ports().map(|port| port.to_string());
        let arguments =
            ["--btp-port", &btp, "--http-port", &http, "--token", "s3cr3t", "--max-balance", max_balance, "--events", "summary"];
        let mut program = node("shop.js", &arguments);
        program.event("listening");
        Self { program, url: format!("btp+ws://:s3cr3t@127.0.0.1:{btp}/"), http: format!("http://127.0.0.1:{http}/") }
    }

    /// Our customer there.
    fn our_customer(&self, url: &str, options: &[&str]) -> Program {
        Program::start(Command::new(letter_shop()).args(["customer", "--json", "--url", url, "--http", &self.http]).args(options))
    }

    /// Ends it, and returns what it says then.
    fn close(mut self) -> Value {
        self.program.terminate();
        self.program.event("summary")
    }
}

#[track_caller]
fn assert_bought(json: &Value, letters: u64) {
    assert_eq!((&json["letters"], &json["fulfilled"]), (&letters.into(), &letters.into()), "{json}");
}

#[test]
#[ignore = "needs node: run with -- --ignored"]
fn their_customer_buys_from_our_shop() {
    let _alone = alone();
    let shop = Shop::open_with("s3cr3t", &[]);
    for window in WINDOWS {
        let finished = their_customer(&shop, "2000", window).finish();
        finished.assert_success();
        let json = finished.json();
        assert_bought(&json, 2000);
        println!("JavaScript customer, window {window}: 2000 letters in {} s", json["seconds"]);
    }
    shop.assert_closes_with(6000, 60_000);
}

#[test]
#[ignore = "needs node: run with -- --ignored"]
fn our_customer_buys_from_their_shop() {
    let _alone = alone();
    let shop = TheirShop::open("1000000000");
    for window in WINDOWS {
        let finished = shop.our_customer(&shop.url, &["--letters", "2000", "--window", window]).finish();
        finished.assert_success();
        let json = finished.json();
        assert_bought(&json, 2000);
        println!("JavaScript shop, window {window}: 2000 letters in {} s", json["seconds"]);
    }
    // It counts errors, too: those of the connections of ours that have ended, to which it sends all the same.
    let summary = shop.close();
    assert_eq!((&summary["balance"], &summary["letters"]), (&"60000".into(), &6000.into()), "{summary}");
}

#[test]
#[ignore = "needs node: run with -- --ignored"]
fn our_customer_says_what_is_wrong_at_their_shop() {
    let _alone = alone();
    let shop = TheirShop::open("55");
    let wrong = shop.our_customer(&shop.url.replace("s3cr3t", "wr0ng"), &["--letters", "1"]).finish();
    wrong.assert_failure(&["did not let us in", "NotAcceptedError"]);
    let [port] = free_ports();
    let closed = shop.our_customer(&format!("btp+ws://:s3cr3t@127.0.0.1:{port}/"), &["--letters", "1"]).finish();
    closed.assert_failure(&["No trustline answers", "refused"]);
    for (letters, parts) in [(5, ["limit", "reached"]), (0, ["limit", "reached"])] {
        let limited = shop.our_customer(&shop.url, &["--letters", "20"]).finish();
        limited.assert_failure(&parts);
        assert_bought(&limited.json(), letters);
    }
    let summary = shop.close();
    assert_eq!((&summary["balance"], &summary["letters"]), (&"50".into(), &5.into()), "{summary}");
}

/// Their shop keeps no ledger that has a name, so that only its balance can tell.
#[test]
#[ignore = "needs node: run with -- --ignored"]
fn our_customer_with_an_older_file_is_found_out_by_their_balance() {
    let _alone = alone();
    let (shop, ledgers) = (TheirShop::open("1000000000"), Ledgers::new("older-js"));
    let buys =
        |options: &[&str]| shop.our_customer(&shop.url, &[&["--letters", "10", "--ledger", ledgers.customer()], options].concat()).finish();
    buys(&["--exclusive-account"]).assert_success();
    let older = Backup::of(ledgers.customer());
    buys(&["--exclusive-account"]).assert_success();
    let newest = Backup::of(ledgers.customer());
    older.put_back();
    buys(&["--exclusive-account"]).assert_failure(&["The balance is -100 by our ledger, but -200 by the peer's"]);
    newest.put_back();
    buys(&["--exclusive-account"]).assert_success();
    // Where others may have paid, it proves nothing.
    older.put_back();
    buys(&[]).assert_success();
    assert_eq!(shop.close()["balance"], "400");
}

#[test]
#[ignore = "needs node: run with -- --ignored"]
fn their_customers_end_and_our_shop_goes_on() {
    let _alone = alone();
    let shop = Shop::open_with("s3cr3t", &["--max-balance", "105"]);
    let stranger = node("customer.js", &["--url", &format!("btp+ws://:wr0ng@{}/", shop.btp), "--http", &shop.http_url(), "--letters", "1"]);
    let finished = stranger.finish();
    assert_eq!(finished.code, Some(1), "{finished:?}");

    let finished = node("haggler.js", &["--url", &shop.btp_url(), "--http", &shop.http_url()]).finish();
    finished.assert_success();
    let json = finished.json();
    assert_eq!(json["reason"]["code"], "F04", "{json}");
    assert_eq!(json["reason"]["additional_info"]["message"], "Please send at least 10.", "{json}");
    assert_eq!((&json["fulfilled"], &json["balance"]), (&true.into(), &"-10".into()), "what was rejected is not on hold: {json}");

    let finished = their_customer(&shop, "20", "5").finish();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.json()["error"].as_str().unwrap().contains("InsufficientBalanceError"), "{finished:?}");
    let summary = shop.close();
    assert_eq!((&summary["balance"], &summary["rejected"]), (&"100".into(), &1.into()), "{summary}");
}

#[test]
#[ignore = "needs node: run with -- --ignored"]
fn theirs_and_ours_share_the_account_of_the_empty_token() {
    let _alone = alone();
    let shop = Shop::open();
    let theirs = ["1", "10", "10"].map(|window| their_customer(&shop, "500", window));
    let ours = ["1", "10"].map(|window| shop.customer(&["--letters", "500", "--window", window]));
    for customer in theirs.into_iter().chain(ours) {
        let finished = customer.finish();
        finished.assert_success();
        assert_bought(&finished.json(), 500);
    }
    shop.assert_closes_with(2500, 25_000);
}

#[test]
#[ignore = "needs node: run with -- --ignored"]
fn one_of_theirs_is_killed_and_the_next_is_served() {
    let _alone = alone();
    let shop = Shop::open();
    let stays = their_customer(&shop, "1000", "1");
    for _ in 0..2 {
        let before = shop.payer().balance();
        let victim = their_customer(&shop, "1000000", "100");
        // More than the one that stays can have bought.
        while shop.payer().balance() < before + 15_000 {
            thread::sleep(Duration::from_millis(20));
        }
        victim.kill();
        let next = their_customer(&shop, "500", "10").finish();
        next.assert_success();
        assert_bought(&next.json(), 500);
    }
    let finished = stays.finish();
    finished.assert_success();
    assert_bought(&finished.json(), 1000);

    let summary = shop.close();
    let count = |name: &str| summary[name].as_u64().unwrap();
    let paid: u64 = summary["balance"].as_str().unwrap().parse().unwrap();
    assert!(count("letters") > 3000, "{summary}");
    assert_eq!(paid, 10 * (count("letters") + count("undelivered")), "{summary}");
}
