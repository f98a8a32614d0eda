//! PROTOCOL.md section 4: expiry, the order of what is sent, its size and its errors. The rest of that section is in
//! payments.rs.

use trustline_core::session::{ErrorName, Event, error_message};
use trustline_core::wire::{Body, Entry, ErrorCode, ErrorPacket, IlpPacket, IlpPayment, Packet, Prepare};
use trustline_core::{Timestamp, WireLimits};
use trustline_tests::{Pair, START, Side, Solo, fulfillment, millis, payment, reason, seconds};

/// When the payments of [`Solo::prepare`] expire.
const EXPIRY: Timestamp = Timestamp::from_millis(START.as_millis() + 30_000);

#[test]
fn the_host_rolls_back_what_expires_and_says_so() {
    let mut pair = Pair::connected();
    pair.customer.pays(1, 10);
    pair.advance(millis(29_999));
    assert_eq!(pair.shop.pending(), (10, 0), "until the last moment");
    pair.advance(millis(1));
    let talk = ["customer: Prepare 1: 10", "shop: Response", "shop: Reject 1: R00 Transfer Timed Out", "customer: Response"];
    assert_eq!(pair.talk(), talk);
    assert_eq!(pair.shop.events(), ["in 1 prepared: 10", "in 1 expired"]);
    assert_eq!(pair.customer.events(), ["out 1 prepared", "out 1 rejected: R00 Transfer Timed Out"]);
    pair.assert_mirrored();
}

#[test]
fn the_host_says_too_that_its_own_payment_expired() {
    let mut pair = Pair::connected();
    pair.shop.pays(1, 10);
    // So that the customer does not decline at the same moment.
    pair.customer_ahead = -1000;
    pair.advance(seconds(30));
    assert_eq!(pair.shop.events(), ["out 1 prepared", "out 1 expired"]);
    assert_eq!(pair.customer.events(), ["in 1 prepared: 10", "in 1 rejected by Peer"]);
    pair.assert_mirrored();
}

#[test]
fn a_client_that_keeps_no_timer_is_told_at_once_with_a_real_time() {
    let mut shop = Solo::shop();
    shop.accepts(Solo::prepare(1, 10));
    shop.side.clock(EXPIRY);
    let rejects = shop.asked();
    let [reject] = &rejects[..] else { panic!("{rejects:?}") };
    // A JavaScript client keeps the money on hold if any of this is missing.
    let error = reason(reject);
    assert_eq!((error.code.as_str(), &*error.name), ("R00", "Transfer Timed Out"));
    assert_eq!(error.triggered_at, EXPIRY);
    assert_eq!(error.triggered_by, "example.letter-shop.mytrustline.server");

    // The same however often it is sent.
    shop.is_left();
    shop.side.clock(EXPIRY.saturating_add(seconds(3)));
    shop.is_joined_again();
    assert_eq!(shop.asked(), rejects);
}

#[test]
fn the_hosts_late_fulfill_is_in_time_if_the_host_says_so() {
    let mut customer = Solo::customer();
    customer.side.pays(1, 10);
    customer.is_answered(Solo::response());
    customer.side.clock(EXPIRY.saturating_add(seconds(5)));
    assert_eq!(customer.talk(), [""; 0], "the host's ledger decides, and the client waits for its word");
    assert_eq!(customer.hears(Solo::fulfill(1)), ["Response"]);
    assert_eq!(customer.side.balance(), -10);
}

#[test]
fn a_host_that_is_silent_about_an_expiry_is_asked_for_its_balance() {
    let mut customer = Solo::customer();
    customer.side.pays(1, 10);
    customer.is_answered(Solo::response());
    customer.side.clock(EXPIRY.saturating_add(millis(9_999)));
    assert_eq!(customer.side.pending(), (0, 10));
    customer.side.clock(EXPIRY.saturating_add(seconds(10)));
    assert_eq!(customer.talk(), ["Message: balance, sums"]);
    customer.is_answered(Body::Response(Entry::octets("balance", vec![0; 8]).into()));
    assert_eq!(customer.side.events(), ["out 1 prepared", "out 1 expired"]);
    assert_eq!(customer.side.pending(), (0, 0));
    // Should the host speak after all, it is believed.
    assert_eq!(customer.hears(Solo::fulfill(1)), ["Response"]);
    assert_eq!(customer.side.balance(), -10);
}

#[test]
fn what_is_unknown_for_good_is_disputed_and_not_adjusted() {
    let mut customer = Solo::customer();
    customer.side.pays(1, 10);
    customer.is_answered(Solo::response());
    customer.side.clock(EXPIRY.saturating_add(seconds(10)));
    // The host has been paid, but the fulfillment that says so did not come.
    customer.is_answered(Body::Response(Entry::octets("balance", 10_i64.to_be_bytes().to_vec()).into()));
    assert_eq!(customer.side.events(), ["out 1 prepared", "dispute: balance 0 here, -10 there, 1 undecided"]);
    assert_eq!((customer.side.balance(), customer.side.pending()), (0, (0, 10)));
}

#[test]
fn a_payee_declines_what_expires_on_its_own_clock_too() {
    let mut customer = Solo::customer();
    customer.accepts(Solo::prepare(1, 10));
    customer.side.clock(EXPIRY.saturating_add(seconds(10)));
    assert_eq!(customer.talk(), ["Reject 1: R00 Transfer Timed Out"], "after the host had time to say it");
    assert_eq!(customer.side.events(), ["in 1 prepared: 10", "in 1 expired"]);
}

#[test]
fn many_expiries_come_in_their_order() {
    let mut shop = Solo::shop();
    for n in [3, 1, 2] {
        shop.accepts(Body::Prepare(payment(n, 10, START.saturating_add(seconds(n.into())))));
    }
    shop.side.clock(START.saturating_add(seconds(2)));
    assert_eq!(shop.talk(), ["Reject 1: R00 Transfer Timed Out", "Reject 2: R00 Transfer Timed Out"]);
    assert_eq!(shop.side.deadline().map(|deadline| deadline.at), Some(START.saturating_add(seconds(3))));
}

#[test]
fn a_prepare_is_answered_before_its_fulfill_is_sent() {
    // Without that Response, the `sendTransfer` of a JavaScript client fails after 5 s.
    let mut shop = Solo::shop();
    shop.side.receives(shop.connection, 7, Solo::prepare(1, 10));
    shop.side.fulfills(1);
    assert_eq!(shop.talk(), ["Response", "Fulfill 1"]);
}

#[test]
fn one_payment_of_the_tutorial_takes_228_bytes() {
    let account = "example.letter-shop.mytrustline.server.S_IbGdbubsg.0".into();
    let ilp = IlpPacket::Payment(IlpPayment { amount: 10, account, data: bytes::Bytes::new() }).encode().unwrap();
    let prepare = Prepare { protocol_data: Entry::octets("ilp", ilp).into(), ..payment(1, 10, EXPIRY) };

    let mut pair = Pair::connected();
    let mut sizes = Vec::new();
    let mut pass = |from: &mut Side, to: &mut Side| {
        for (connection, frame) in from.take_frames() {
            sizes.push(frame.len());
            to.frame(connection, &frame);
        }
    };
    pair.customer.prepares(prepare);
    pass(&mut pair.customer, &mut pair.shop);
    pass(&mut pair.shop, &mut pair.customer);
    pair.shop.fulfills(1);
    pass(&mut pair.shop, &mut pair.customer);
    pass(&mut pair.customer, &mut pair.shop);
    assert_eq!(sizes, [156, 8, 56, 8]);
    pair.assert_mirrored();
}

#[test]
fn an_expiry_is_always_written_with_three_digits_of_fraction() {
    // A JavaScript reader needs all three.
    for (at, text) in [(EXPIRY, "20171106120030.000Z"), (EXPIRY.saturating_add(millis(100)), "20171106120030.100Z")] {
        let mut customer = Solo::customer();
        customer.side.prepares(payment(1, 10, at));
        let [(_, frame)] = &customer.side.take_frames()[..] else { panic!("one frame") };
        assert!(frame.windows(19).any(|window| window == text.as_bytes()), "{text}");
    }
}

// Errors

#[test]
fn errors_have_the_codes_of_the_rfc_and_say_more_in_json() {
    let mut shop = Solo::shop();
    shop.side.sets_bounds(-10, 10);
    let error = shop.refusal(Solo::prepare(1, 11));
    assert_eq!((error.code.as_str(), &*error.name), ("F08", "InsufficientBalanceError"));
    assert_eq!(error.triggered_at, START);
    assert_eq!(&error.data[..], br#"{"message":"the balance limit would be exceeded"}"#);
    assert_eq!(error_message(&error), "the balance limit would be exceeded");

    let codes = [
        (ErrorName::Unreachable, "T00"),
        (ErrorName::NotAccepted, "F00"),
        (ErrorName::InvalidFields, "F01"),
        (ErrorName::TransferNotFound, "F03"),
        (ErrorName::InvalidFulfillment, "F04"),
        (ErrorName::DuplicateId, "F05"),
        (ErrorName::AlreadyRolledBack, "F06"),
        (ErrorName::AlreadyFulfilled, "F07"),
        (ErrorName::InsufficientBalance, "F08"),
    ];
    for (name, code) in codes {
        assert_eq!(name.code(), code, "{name:?}");
    }
}

#[test]
fn an_error_of_javascript_is_known_by_its_name_not_by_its_code() {
    // Its AlreadyFulfilledError has the code of our AlreadyRolledBackError.
    let f06 = ErrorCode::new(*b"F06").unwrap();
    let error = ErrorPacket { code: f06, ..ErrorName::AlreadyFulfilled.error("", START) };
    let mut customer = Solo::customer();
    customer.side.pays(1, 10);
    customer.is_answered(Body::Error(error));
    assert_eq!(customer.side.pending(), (0, 10), "the Fulfill is coming");
    assert_eq!(customer.side.events(), [""; 0]);
    customer.accepts(Solo::fulfill(1));
    assert_eq!(customer.side.balance(), -10);
}

#[test]
fn an_error_longer_than_we_send_is_read() {
    let data = vec![b'x'; 27 * 1024];
    let error = ErrorPacket { data: data.clone().into(), ..ErrorName::NotAccepted.error("", START) };
    let mut customer = Solo::customer();
    customer.side.pays(1, 10);
    let [(_, prepare)] = &customer.side.take_frames()[..] else { panic!("one frame") };
    let request_id = Packet::decode(prepare, &WireLimits::default()).unwrap().request_id;
    // We would not send it: its length is put together by hand.
    let short = Packet { request_id, body: Body::Error(ErrorPacket { data: b"y".as_slice().into(), ..error }) };
    let frame = short.encode().unwrap();
    let at = frame.windows(2).rposition(|bytes| bytes == [1, b'y']).unwrap();
    let mut content = frame[6..at].to_vec();
    content.extend([0x82, 0x6c, 0x00]);
    content.extend(&data);
    content.extend(&frame[at + 2..]);
    let mut long = frame[..5].to_vec();
    long.extend([0x82, u8::try_from(content.len() >> 8).unwrap(), u8::try_from(content.len() & 0xff).unwrap()]);
    long.extend(&content);
    customer.side.frame(customer.connection, &long);
    let events = customer.side.take_events();
    let [Event::OutgoingRefused { error, .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!(error.data, data);
}

#[test]
fn our_own_errors_are_cut_to_what_may_be_sent() {
    let mut shop = Solo::shop();
    shop.side.receives(shop.connection, 7, Body::Message(trustline_tests::custom("{}")));
    shop.side.events();
    shop.side.refuses(&"\u{1}".repeat(100_000));
    let frames = shop.side.take_frames();
    let Body::Error(error) = Packet::decode(&frames[0].1, &WireLimits::default()).unwrap().body else { panic!("{frames:?}") };
    assert!(error.data.len() <= 8192, "{}", error.data.len());
}

#[test]
fn a_temporary_error_to_a_decision_is_followed_by_a_second_attempt() {
    let mut shop = Solo::shop();
    shop.accepts(Solo::prepare(1, 10));
    shop.accepts(Solo::prepare(2, 10));
    shop.side.fulfills(1);
    shop.side.rejects(2);
    let decisions = shop.asked();
    shop.is_answered(Solo::error(ErrorName::Unreachable));
    shop.is_answered(Solo::error(ErrorName::Unreachable));
    shop.talk();
    shop.side.clock(START.saturating_add(millis(999)));
    assert_eq!(shop.talk(), [""; 0]);
    shop.side.clock(START.saturating_add(seconds(1)));
    assert_eq!(shop.asked(), decisions);
    shop.is_answered(Solo::response());
    shop.is_answered(Solo::response());
    assert_eq!(shop.side.snapshot().open, []);
}

#[test]
fn a_payment_that_the_peer_cannot_take_now_is_the_applications_to_repeat() {
    let mut customer = Solo::customer();
    customer.side.pays(1, 10);
    customer.is_answered(Solo::error(ErrorName::Unreachable));
    assert_eq!(customer.side.events(), ["out 1 refused: T00 UnreachableError"]);
    assert_eq!(customer.side.pending(), (0, 0));
}

#[test]
fn a_final_error_to_the_hosts_decision_is_not_asked_again() {
    let mut shop = Solo::shop();
    shop.accepts(Solo::prepare(1, 10));
    shop.side.fulfills(1);
    shop.is_answered(Solo::error(ErrorName::AlreadyRolledBack));
    assert_eq!(shop.side.events(), ["in 1 prepared: 10", "in 1 fulfilled", "dispute: fulfill 1 denied: F06 AlreadyRolledBackError"]);
    assert_eq!(shop.side.balance(), 10, "the host's word stands");
    shop.side.clock(EXPIRY.saturating_add(seconds(3600)));
    assert_eq!(shop.talk(), [""; 0]);
}

#[test]
fn a_client_rolls_back_what_the_host_refuses() {
    let mut customer = Solo::customer();
    customer.accepts(Solo::prepare(1, 10));
    customer.side.fulfills(1);
    assert_eq!(customer.side.pending(), (10, 0), "in doubt");
    customer.is_answered(Solo::error(ErrorName::AlreadyRolledBack));
    assert_eq!(customer.side.events(), ["in 1 prepared: 10", "in 1 refused: F06 AlreadyRolledBackError"]);
    assert_eq!((customer.side.balance(), customer.side.pending()), (0, (0, 0)));
}

#[test]
fn what_the_host_rejected_already_it_does_not_fulfill_later() {
    let mut customer = Solo::customer();
    customer.side.pays(1, 10);
    customer.is_answered(Solo::response());
    customer.accepts(Solo::reject(1));
    assert_eq!(customer.refuses(Solo::fulfill(1)), "AlreadyRolledBackError");
    assert!(fulfillment(1).fulfills(&payment(1, 10, EXPIRY).condition), "though the preimage is right");
}
