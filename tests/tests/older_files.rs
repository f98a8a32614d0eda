//! Shop and customer as processes, one of which finds an older copy in the place of its ledger file.

use std::process::Command;

use trustline_tests::programs::{Backup, Finished, Ledgers, Program, Shop, free_ports, letter_shop};

/// Buys letters, and keeps the ledger in `file`.
fn buys(shop: &Shop, letters: u32, file: &str) -> Finished {
    shop.customer(&["--letters", &letters.to_string(), "--window", "5", "--ledger", file]).finish()
}

#[test]
fn a_customer_with_an_older_file_says_so_and_stops() {
    let ledgers = Ledgers::new("older-customer");
    let other = ledgers.directory().join("other.db");
    let other = other.to_str().expect("its name is text");
    let shop = ledgers.open_shop(free_ports());
    buys(&shop, 20, ledgers.customer()).assert_success();
    buys(&shop, 3, other).assert_success();
    let older = Backup::of(ledgers.customer());
    buys(&shop, 20, ledgers.customer()).assert_success();
    let newest = Backup::of(ledgers.customer());
    older.put_back();
    for _ in 0..2 {
        buys(&shop, 1, ledgers.customer())
            .assert_failure(&["Our ledger is older than what the peer has seen of it", "put the newest file back"]);
    }
    // Who shares the account goes on, and so does the shop.
    buys(&shop, 3, other).assert_success();
    newest.put_back();
    buys(&shop, 1, ledgers.customer()).assert_success();
    let shop = shop.end();
    assert_eq!(shop.code, Some(0));
    assert_eq!(shop.errors.lines().count(), 2, "{shop:?}");
    assert!(shop.errors.lines().all(|line| line.starts_with("The peer's ledger is older than what we have seen of it")), "{shop:?}");
    assert_eq!(shop.json()["balance"], "470");
    let audit = ["audit", "--ledger", ledgers.shop()];
    Program::start(Command::new(letter_shop()).args(audit)).finish().assert_success();
}

#[test]
fn the_customers_of_a_shop_with_an_older_file_say_so_and_stop() {
    let (ledgers, ports) = (Ledgers::new("older-shop"), free_ports());
    let shop = ledgers.open_shop(ports);
    buys(&shop, 20, ledgers.customer()).assert_success();
    shop.close();
    let older = Backup::of(ledgers.shop());
    let shop = ledgers.open_shop(ports);
    buys(&shop, 20, ledgers.customer()).assert_success();
    shop.close();
    let newest = Backup::of(ledgers.shop());
    older.put_back();
    let shop = ledgers.open_shop(ports);
    // Whoever keeps no ledger sees nothing of it, and takes it further than it was.
    shop.customer(&["--letters", "100"]).finish().assert_success();
    for _ in 0..2 {
        buys(&shop, 1, ledgers.customer()).assert_failure(&["The peer's ledger is older than what we have seen of it"]);
    }
    let ended = shop.end();
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.errors.lines().count(), 2, "{ended:?}");
    assert!(ended.errors.starts_with("Our ledger is older than what the peer has seen of it"), "{ended:?}");
    newest.put_back();
    let shop = ledgers.open_shop(ports);
    buys(&shop, 1, ledgers.customer()).assert_success();
    shop.close();
    ledgers.audit().assert_success();
}
