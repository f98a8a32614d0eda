//! What the JavaScript shop and customer get wrong (PROTOCOL.md section 5), and ours must not: as processes, over
//! sockets.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use trustline_core::Timestamp;
use trustline_core::session::{ErrorName, error_message};
use trustline_core::wire::{Body, ErrorPacket, IlpError, IlpPacket, ProtocolData};
use trustline_tests::programs::{Finished, Program, Raw, Received, Shop, free_ports, letter_shop};

/// Longer than the shop waits for an authentication.
const SOON: Duration = Duration::from_secs(10);

/// A moment in which nothing must happen.
const MOMENT: Duration = Duration::from_millis(200);

/// Why a payment was rejected.
fn rejected(outcome: &Body) -> IlpError {
    let Body::Reject(reject) = outcome else { panic!("not rejected: {outcome:?}") };
    let entry = reject.protocol_data.get("ilp").expect("a Reject says why");
    match IlpPacket::decode(&entry.data) {
        Ok(IlpPacket::Error(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// Why a request was refused.
fn refused(answer: Body) -> ErrorPacket {
    match answer {
        Body::Error(error) => error,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_payment_that_is_sent_ten_times_buys_one_letter() {
    let shop = Shop::open();
    let (mut reader, mut payer) = (shop.reader(), shop.payer());
    let payment = reader.payment(0);
    assert!(matches!(payer.pay(&payment), Body::Fulfill(_)));
    for _ in 0..9 {
        let error = refused(payer.ask(Body::Prepare(payment.clone())));
        assert_eq!(ErrorName::of(&error), Some(ErrorName::AlreadyFulfilled));
    }
    assert_eq!(payer.receive(MOMENT), Received::Nothing);
    reader.assert_letters(1);
    assert_eq!(payer.balance(), 10);
    drop(payer);
    shop.assert_closes_with(1, 10);
}

#[test]
fn a_payment_over_the_limit_is_refused_however_often_it_is_sent() {
    let shop = Shop::open_with("", &["--max-balance", "25"]);
    let (mut reader, mut payer) = (shop.reader(), shop.payer());
    for n in 0..2 {
        assert!(matches!(payer.pay(&reader.payment(n)), Body::Fulfill(_)));
    }
    let payment = reader.payment(2);
    for _ in 0..2 {
        let error = refused(payer.ask(Body::Prepare(payment.clone())));
        assert_eq!(ErrorName::of(&error), Some(ErrorName::InsufficientBalance));
    }
    reader.assert_letters(2);
    assert_eq!(payer.balance(), 20);
    drop(payer);
    shop.assert_closes_with(2, 20);
}

#[test]
fn who_says_nothing_is_shown_out_after_two_seconds_whoever_else_authenticates() {
    let mut shop = Shop::open();
    let start = Instant::now();
    let mut silent = [Raw::dial(shop.btp), Raw::dial(shop.btp)];
    thread::sleep(Duration::from_secs(1));
    // In JavaScript this would let the silent ones stay.
    let mut late = Raw::dial(shop.btp);
    let mut payer = shop.payer();
    for raw in &mut silent {
        raw.wait_for_close(SOON);
        assert!((1900..4000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    }
    late.wait_for_close(SOON);
    assert!((2900..5000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    assert_eq!(payer.balance(), 0, "who has authenticated may stay");
    shop.assert_sells();
    drop(payer);
    shop.assert_closes_with(1, 10);
}

#[test]
fn a_first_frame_that_is_no_authentication_harms_nobody_else() {
    let mut shop = Shop::open();
    let reader = shop.reader();
    // Unreadable: nothing is answered, and the two seconds go on.
    for garbage in [&b""[..], b"\xff\xff\xff\xff\xff\xff\xff", b"GET / HTTP/1.1\r\n\r\n", b"\x06\x00\x00\x00\x01\x05\x04\xff\xff\xff\xff"] {
        let mut raw = Raw::dial(shop.btp);
        raw.send_bytes(garbage);
        raw.send_text("hello");
        assert_eq!(raw.receive(MOMENT), Received::Nothing);
        assert_eq!(raw.authenticate(""), Body::Response(ProtocolData::new()));
    }
    // Readable, and something else: an Error, and the door.
    let mut raw = Raw::dial(shop.btp);
    let error = refused(raw.ask(Body::Prepare(reader.payment(0))));
    assert_eq!(ErrorName::of(&error), Some(ErrorName::InvalidFields));
    raw.wait_for_close(SOON);
    let mut raw = Raw::dial(shop.btp);
    let error = refused(raw.authenticate("wrong"));
    assert_eq!(ErrorName::of(&error), Some(ErrorName::NotAccepted));
    raw.wait_for_close(SOON);
    // Too long to be read at all.
    let mut raw = shop.payer();
    raw.send_bytes(&vec![6; 200 * 1024]);
    raw.wait_for_close(SOON);
    shop.assert_sells();
    shop.assert_closes_with(1, 10);
}

#[test]
fn a_payment_that_buys_nothing_is_rejected_with_its_reason() {
    let mut shop = Shop::open();
    let (mut reader, mut payer) = (shop.reader(), shop.payer());
    let before = Timestamp::from_millis(reader.payment(0).expires_at.as_millis() - 60_000);

    let error = rejected(&payer.pay(&reader.payment_of(0, 9)));
    assert_eq!((error.code.as_str(), &*error.name), ("F04", "Insufficient Destination Amount"));
    assert_eq!(error.triggered_by, "example.letter-shop.mytrustline.server");
    assert!(error.triggered_at > before, "a JavaScript client needs a real time, not {}", error.triggered_at);

    let mut wrong = reader.payment(1);
    wrong.condition = reader.payment(2).condition;
    assert_eq!(rejected(&payer.pay(&wrong)).code, "F05");
    let mut nameless = reader.payment(3);
    nameless.protocol_data = ProtocolData::new();
    assert_eq!(rejected(&payer.pay(&nameless)).code, "F01");

    assert_eq!(payer.balance(), 0);
    assert!(matches!(payer.pay(&reader.payment(4)), Body::Fulfill(_)), "the connection is none the worse");
    reader.assert_letters(1);
    shop.assert_sells();
    drop(payer);
    shop.assert_closes_with(2, 20);
}

#[test]
fn an_expiry_far_away_is_refused_and_a_distant_one_is_kept() {
    let shop = Shop::open();
    let (mut reader, mut payer) = (shop.reader(), shop.payer());
    let mut payment = reader.payment(0);
    // More than a JavaScript timer can hold.
    payment.expires_at = payment.expires_at.saturating_add(Duration::from_secs(25 * 24 * 60 * 60));
    assert_eq!(ErrorName::of(&refused(payer.ask(Body::Prepare(payment)))), Some(ErrorName::NotAccepted));
    let mut payment = reader.payment(1);
    payment.expires_at = payment.expires_at.saturating_add(Duration::from_secs(23 * 60 * 60));
    assert!(matches!(payer.pay(&payment), Body::Fulfill(_)));
    reader.assert_letters(1);
    drop(payer);
    shop.assert_closes_with(1, 10);
}

#[test]
fn each_of_two_customers_is_told_of_its_own_payments_only() {
    let shop = Shop::open();
    let mut pairs: Vec<_> = (0..3).map(|_| (shop.reader(), shop.payer())).collect();
    for n in 0..20 {
        for (reader, payer) in &mut pairs {
            assert!(matches!(payer.pay(&reader.payment(n)), Body::Fulfill(_)));
        }
    }
    for (reader, payer) in &mut pairs {
        assert_eq!(payer.receive(MOMENT), Received::Nothing);
        reader.assert_letters(20);
        assert_eq!(payer.balance(), 600, "they share one account");
    }
    drop(pairs);
    shop.assert_closes_with(60, 600);
}

#[test]
fn a_fulfill_whose_answer_was_lost_is_sent_again_and_counts_once() {
    let shop = Shop::open();
    let (mut reader, mut payer) = (shop.reader(), shop.payer());
    let payment = reader.payment(0);
    payer.prepare(&payment);
    let fulfill = payer.outcome(payment.transfer_id);
    drop(payer);

    let mut again = shop.payer();
    let repeated = again.outcome(payment.transfer_id);
    assert_eq!(repeated.body, fulfill.body);
    again.answer(&repeated);
    assert_eq!(again.receive(MOMENT), Received::Nothing);
    assert_eq!(again.balance(), 10);
    reader.assert_letters(1);
    drop(again);
    shop.assert_closes_with(1, 10);
}

#[test]
fn no_money_is_taken_for_a_letter_that_nobody_is_there_to_read() {
    let mut shop = Shop::open();
    let (reader, mut payer) = (shop.reader(), shop.payer());
    let (first, second) = (reader.payment(0), reader.payment(1));
    assert!(matches!(payer.pay(&first), Body::Fulfill(_)));
    drop(reader);
    // Until the shop has noticed: a moment, or a few on a busy machine.
    thread::sleep(5 * MOMENT);
    let error = rejected(&payer.pay(&second));
    assert_eq!(error.code, "F05");
    assert_eq!(payer.balance(), 10);
    shop.assert_sells();
    drop(payer);
    shop.assert_closes_with(2, 20);
}

#[test]
fn a_shop_that_closes_answers_what_it_accepted() {
    let shop = Shop::open();
    let (mut reader, mut payer) = (shop.reader(), shop.payer());
    let payment = reader.payment(0);
    payer.prepare(&payment);
    let fulfill = payer.outcome(payment.transfer_id);
    let closing = thread::spawn(move || shop.assert_closes_with(1, 10));
    thread::sleep(MOMENT);
    payer.answer(&fulfill);
    reader.assert_letters(1);
    closing.join().unwrap();
}

/// Runs our customer at these addresses.
fn customer(url: &str, http: &str, options: &[&str]) -> Finished {
    let mut command = Command::new(letter_shop());
    Program::start(command.args(["customer", "--url", url, "--http", http]).args(options)).finish()
}

#[test]
fn our_customer_says_what_is_wrong_and_ends() {
    let shop = Shop::open_with("s3cr3t", &["--max-balance", "55"]);
    let (url, http) = (shop.btp_url(), shop.http_url());

    let wrong = url.replace("s3cr3t", "wr0ng");
    customer(&wrong, &http, &[]).assert_failure(&["did not let us in", "NotAcceptedError"]);
    let [port] = free_ports();
    let closed = format!("btp+ws://:s3cr3t@127.0.0.1:{port}/");
    customer(&closed, &http, &[]).assert_failure(&["No trustline", &format!("127.0.0.1 port {port}"), "refused"]);
    let closed = format!("http://127.0.0.1:{port}/");
    customer(&url, &closed, &[]).assert_failure(&["No shop answers", &format!("127.0.0.1 port {port}"), "refused"]);

    // The others that are under way are refused with it.
    let limited = customer(&url, &http, &["--letters", "20", "--window", "3", "--json"]);
    limited.assert_failure(&["limit", "reached"]);
    let json = limited.json();
    assert_eq!((&json["letters"], &json["fulfilled"]), (&5.into(), &5.into()), "{json}");
    shop.assert_closes_with(5, 50);
}

#[test]
fn our_customer_waits_if_it_is_told_to() {
    let [btp, http] = free_ports();
    let (url, address) = (format!("btp+ws://:s3cr3t@127.0.0.1:{btp}/"), format!("http://127.0.0.1:{http}/"));
    let mut command = Command::new(letter_shop());
    let patient = ["customer", "--json", "--wait", "--letters", "5", "--url", &url, "--http", &address];
    let waiting = Program::start(command.args(patient));
    // It knocks at a closed door first, and then at one that is open.
    thread::sleep(2 * MOMENT);
    let shop = Shop::open_on([btp, http], "s3cr3t", &[]);
    let finished = waiting.finish();
    assert_eq!((finished.code, finished.letters()), (Some(0), 5), "{finished:?}");
    assert!(finished.errors.starts_with("No shop answers") && finished.errors.ends_with("Waiting for it.\n"), "{finished:?}");

    let wrong = customer(&url.replace("s3cr3t", "wr0ng"), &address, &["--wait"]);
    wrong.assert_failure(&["did not let us in"]);
    shop.assert_closes_with(5, 50);
}

#[test]
fn our_customer_notices_that_the_shop_is_gone() {
    let shop = Shop::open();
    let customer = shop.customer(&["--letters", "1000", "--every", "20"]);
    thread::sleep(Duration::from_secs(1));
    shop.kill();
    let start = Instant::now();
    let finished = customer.finish();
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    finished.assert_failure(&["shop"]);
    let json = finished.json();
    assert!(json["letters"].as_u64().is_some_and(|letters| (1..1000).contains(&letters)), "{json}");
}

#[test]
fn our_customers_buy_at_once_over_the_account_that_they_share() {
    let shop = Shop::open();
    let customers: Vec<_> = ["1", "10", "100"].map(|window| shop.customer(&["--letters", "200", "--window", window])).into();
    for customer in customers {
        let finished = customer.finish();
        finished.assert_success();
        let json = finished.json();
        assert_eq!((&json["letters"], &json["fulfilled"], &json["rejected"]), (&200.into(), &200.into(), &0.into()), "{json}");
    }
    shop.assert_closes_with(600, 6000);
}

#[test]
fn two_programs_cannot_listen_on_one_port() {
    let shop = Shop::open();
    let mut command = Command::new(letter_shop());
    let second = Program::start(command.args(["shop", "--http", "127.0.0.1:0", "--btp", &shop.btp.to_string()])).finish();
    second.assert_failure(&["cannot listen for BTP", &shop.btp.to_string()]);
}

#[test]
fn an_error_is_explained_in_its_data() {
    let shop = Shop::open();
    let error = refused(Raw::dial(shop.btp).authenticate("wrong"));
    assert_eq!(error_message(&error), "invalid username or token");
}
