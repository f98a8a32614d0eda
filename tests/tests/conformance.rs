//! The conformance kit (tests/conformance): our hosts pass all of it, and what the JavaScript peers do not pass is known.
//!
//! The latter needs node: `cargo test --release -p trustline-tests --test conformance -- --ignored`.

use std::net::SocketAddr;

use trustline_tests::conformance::{self, Known, Outcome, Payee, Report, Skip, Subject, Unchecked};
use trustline_tests::programs::{Program, Reader, Shop, alone, free_ports, node};

use crate::our_host::our_host;

#[path = "../examples/conformance/our_host.rs"]
mod our_host;

fn check(url: &str, payee: Payee) -> Report {
    let report = conformance::run(&Subject { url: url.parse().unwrap(), payee: Some(payee) }, "").unwrap();
    println!("{report}");
    report
}

/// Nothing failed, and nothing was skipped but for these reasons.
#[track_caller]
fn assert_all_passed(report: &Report, may_skip: impl Fn(&Skip) -> bool) {
    for verdict in &report.verdicts {
        let is_fine = match &verdict.outcome {
            Outcome::Passed => true,
            Outcome::Failed { .. } => false,
            Outcome::Skipped(reason) => may_skip(reason),
        };
        assert!(is_fine, "{verdict:?}");
    }
    assert!(report.counts()[0] > 150, "{report}");
}

#[test]
fn our_host_passes_all_of_it() {
    let host = smol::block_on(our_host()).unwrap();
    let url = format!("btp+ws://alice:s3cr3t@{}/", host.address());
    assert_all_passed(&check(&url, Payee::Scripted), |reason| *reason == Skip::BeyondBounds);
}

#[test]
fn a_run_that_checks_nothing_says_why() {
    let host = smol::block_on(our_host()).unwrap();
    let [nobody] = free_ports();
    let run = |url: String, only| conformance::run(&Subject { url: url.parse().unwrap(), payee: None }, only).unwrap_err();
    let address = host.address();
    assert_eq!(run(format!("btp+ws://alice:s3cr3t@{address}/"), "prepaer"), Unchecked::NoCase("prepaer".to_owned()));
    assert_eq!(run(format!("btp+wss://alice:s3cr3t@{address}/"), ""), Unchecked::Encrypted);
    assert!(matches!(run(format!("btp+ws://alice:wrong@{address}/"), ""), Unchecked::NotLetIn(_)));
    assert!(matches!(run(format!("btp+ws://alice:s3cr3t@127.0.0.1:{nobody}/"), ""), Unchecked::Unreachable(_)));
}

/// A letter shop is a peer, too, as it is.
#[test]
fn our_letter_shop_passes_what_can_be_asked_of_it() {
    let shop = Shop::open_with("s3cr3t", &[]);
    let reader = shop.reader();
    let report = check(&shop.btp_url(), reader.payee());
    assert_all_passed(&report, |reason| matches!(reason, Skip::BeyondBounds | Skip::Needs(_)));
    assert!(shop.close()["letters"].as_u64().unwrap() > 5);
}

/// Just those defects that the kit tells of are known, and nothing was skipped but for these reasons.
#[track_caller]
fn assert_known(report: &Report, may_skip: impl Fn(&Skip) -> bool) {
    for verdict in &report.verdicts {
        assert!(!matches!(&verdict.outcome, Outcome::Skipped(reason) if !may_skip(reason)), "{verdict:?}");
    }
    let known = Known::parse(include_str!("../conformance/known/js.json")).unwrap();
    assert_eq!(known.differences(report), Vec::<String>::new());
    assert!(report.counts()[1] > 40 && report.has_failed(), "{report}");
}

#[test]
#[ignore = "needs node: run with -- --ignored"]
fn what_the_javascript_plugin_does_not_pass_is_known() {
    let _alone = alone();
    let [port] = free_ports().map(|port| port.to_string());
    let mut host = Program::start(&mut node("payee.js", &["--btp-port", &port, "--token", "s3cr3t"]));
    host.event("listening");
    let report = check(&format!("btp+ws://:s3cr3t@127.0.0.1:{port}/"), Payee::Scripted);
    assert_known(&report, |reason| *reason == Skip::BeyondBounds);
}

#[test]
#[ignore = "needs node: run with -- --ignored"]
fn what_the_javascript_letter_shop_does_not_pass_is_known() {
    let _alone = alone();
    let [btp, http] = free_ports();
    let arguments = ["--btp-port", &btp.to_string(), "--http-port", &http.to_string(), "--token", "s3cr3t", "--max-balance", "1000000"];
    let mut shop = Program::start(&mut node("shop.js", &arguments));
    shop.event("listening");
    let reader = Reader::open(SocketAddr::from(([127, 0, 0, 1], http)));
    let report = check(&format!("btp+ws://:s3cr3t@127.0.0.1:{btp}/"), reader.payee());
    assert_known(&report, |reason| matches!(reason, Skip::BeyondBounds | Skip::Needs(_)));
}
