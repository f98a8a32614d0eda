//! PROTOCOL.md section 3: what can be asked, each row of it.

use trustline_core::ledger::Authority;
use trustline_core::session::{LedgerInfo, MessageFailure, SessionConfig, subprotocol};
use trustline_core::wire::{Body, ContentType, Entry, ProtocolData};
use trustline_tests::{Pair, Solo, custom, ledger_info, no_data, seconds, with};

fn ask(name: &'static str, data: &[u8]) -> Body {
    Solo::message(Entry::octets(name, data.to_vec()))
}

/// The one entry of an answer: its type, and its content as text.
fn entry(answer: &ProtocolData, name: &str) -> (ContentType, String) {
    let [entry] = answer.iter().as_slice() else { panic!("{answer:?}") };
    assert_eq!(entry.name, *name);
    (entry.content_type, String::from_utf8(entry.data.to_vec()).unwrap())
}

#[test]
fn info_2_tells_what_ledger_this_is() {
    let mut shop = Solo::shop();
    let answer = shop.accepts(ask("info", &[2]));
    let (content_type, json) = entry(&answer, "info");
    assert_eq!(content_type, ContentType::Json, "the JavaScript client misreads any other type");
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    let expected = serde_json::json!({
        "prefix": "example.letter-shop.mytrustline.", "currencyScale": 9, "currencyCode": "XRP", "connectors": []
    });
    assert_eq!(value, expected);
    assert_eq!(subprotocol::read_info(&answer), Some(ledger_info()));
}

#[test]
fn info_0_tells_the_address_of_who_answers() {
    let mut shop = Solo::shop();
    let answer = shop.accepts(ask("info", &[0]));
    assert_eq!(entry(&answer, "info"), (ContentType::Text, "example.letter-shop.mytrustline.server".into()));
    let mut customer = Solo::customer();
    let answer = customer.accepts(ask("info", &[0]));
    assert_eq!(entry(&answer, "info"), (ContentType::Text, "example.letter-shop.mytrustline.client".into()));
}

#[test]
fn an_info_request_of_another_kind_is_refused() {
    let mut shop = Solo::shop();
    for question in [&[][..], &[1], &[3], &[255]] {
        assert_eq!(shop.refuses(ask("info", question)), "NotAcceptedError", "{question:?}");
    }
    assert_eq!(shop.accepts(ask("info", &[2, 0])).len(), 1, "what stands behind it is not looked at");
}

#[test]
fn the_two_sides_of_a_hosted_trustline_have_the_addresses_that_javascript_expects() {
    let pair = Pair::connected();
    let (server, client) = ("example.letter-shop.mytrustline.server".to_string(), "example.letter-shop.mytrustline.client".to_string());
    assert_eq!((pair.shop.session.account(), pair.shop.session.peer_account()), (Some(server.clone()), Some(client.clone())));
    assert_eq!((pair.customer.session.account(), pair.customer.session.peer_account()), (Some(client), Some(server)));
}

#[test]
fn a_client_knows_nothing_until_the_host_has_told() {
    let mut customer = Solo::dialing(Authority::Theirs);
    customer.is_answered(Solo::response());
    assert_eq!((customer.side.session.account(), customer.side.session.info()), (None, None));
    assert_eq!(customer.refuses(ask("info", &[0])), "NotAcceptedError");
    assert_eq!(customer.refuses(ask("info", &[2])), "NotAcceptedError");
    let info = LedgerInfo::new("example.other.", "EUR", 2);
    customer.is_answered(Body::Response(Entry::json("info", &serde_json::to_string(&info).unwrap()).into()));
    assert_eq!(customer.side.session.account().as_deref(), Some("example.other.client"));
    assert_eq!(customer.side.session.info(), Some(&info));
    assert_eq!(subprotocol::read_info(&customer.accepts(ask("info", &[2]))), Some(info));
}

#[test]
fn a_host_that_does_not_tell_its_ledger_can_be_paid_and_is_asked_again_next_time() {
    let not_json = Body::Response(Entry::json("info", "{").into());
    let answers = [(not_json, "Unreadable"), (Solo::response(), "Unreadable"), (Body::Response(custom("{}")), "Unreadable")];
    for (answer, failure) in answers {
        let mut customer = Solo::dialing(Authority::Theirs);
        customer.is_answered(Solo::response());
        customer.is_answered(answer);
        assert_eq!(customer.side.events(), ["connected", &format!("no info: {failure}")]);
        customer.side.pays(1, 10);
    }
    let mut customer = Solo::dialing(Authority::Theirs);
    customer.is_answered(Solo::response());
    let now = customer.side.now;
    customer.side.clock(now.saturating_add(seconds(5)));
    assert_eq!(customer.side.events(), ["connected", "no info: Timeout"]);
    assert!(customer.side.session.is_connected(), "that is no reason to leave");
    customer.is_left();
    customer.connection.0 += 1;
    customer.side.connected(customer.connection);
    assert_eq!(customer.is_answered(Solo::response()), ["Message: info"]);
}

#[test]
fn equals_are_configured_and_ask_for_nothing() {
    let mut pair = Pair::equals();
    pair.connect();
    pair.drive();
    assert_eq!(pair.talk(), ["customer: Message: auth, auth_username alice, auth_token", "shop: Response"]);
    assert_eq!(pair.shop.session.account().as_deref(), Some("example.shop"));
    assert_eq!(pair.customer.session.account().as_deref(), Some("example.customer"));
    let mut equal = Solo::equal();
    assert_eq!(entry(&equal.accepts(ask("info", &[0])), "info").1, "example.customer");
    // Without a configured address there is none to tell.
    let mut nameless = Solo::new(with(SessionConfig::new(Authority::Shared), |config| config.info = Some(ledger_info())));
    nameless.is_joined();
    assert_eq!(nameless.refuses(ask("info", &[0])), "NotAcceptedError");
}

#[test]
fn what_the_asker_owes_counts_positive() {
    let mut shop = Solo::shop();
    let balance = |shop: &mut Solo| subprotocol::read_balance(&shop.accepts(ask("balance", &[0]))).unwrap();
    assert_eq!(balance(&mut shop), 0);
    shop.accepts(Solo::prepare(1, 20));
    assert_eq!(balance(&mut shop), 0, "what is only prepared does not count");
    shop.side.fulfills(1);
    shop.is_answered(Solo::response());
    assert_eq!(balance(&mut shop), 20);
    shop.side.pays(2, 50);
    shop.is_answered(Solo::response());
    shop.accepts(Solo::fulfill(2));
    assert_eq!(balance(&mut shop), -30);
    let answer = shop.accepts(ask("balance", &[0]));
    let [entry] = answer.iter().as_slice() else { panic!("{answer:?}") };
    assert_eq!((u8::from(entry.content_type), &entry.data[..]), (0, &(-30_i64).to_be_bytes()[..]), "8-byte two's complement");
}

#[test]
fn the_asker_negates_the_balance_to_get_its_own() {
    let mut pair = Pair::connected();
    pair.customer.pays(1, 10);
    pair.drive();
    pair.shop.fulfills(1);
    pair.drive();
    pair.forget_talk();
    pair.customer.asks(subprotocol::balance_request());
    pair.drive();
    assert_eq!(pair.talk(), ["customer: Message: balance", "shop: Response: balance"]);
    let mut shop = Solo::new(pair.shop.config().clone());
    shop.side = pair.shop;
    shop.is_joined_again();
    let theirs = subprotocol::read_balance(&shop.accepts(ask("balance", &[0]))).unwrap();
    assert_eq!(-i128::from(theirs), pair.customer.balance());
}

#[test]
fn a_balance_beyond_64_bits_is_refused_and_not_cut() {
    let mut shop = Solo::shop_with(|config| config.bounds = trustline_core::ledger::Bounds::UNBOUNDED);
    for n in 1..=2 {
        shop.accepts(Solo::transfer(n, i64::MAX.unsigned_abs()));
    }
    assert_eq!(shop.side.balance(), 2 * i128::from(i64::MAX));
    assert_eq!(shop.refuses(ask("balance", &[0])), "NotAcceptedError");
}

#[test]
fn the_limit_is_a_json_string() {
    let mut shop = Solo::shop();
    let answer = shop.accepts(ask("limit", &[0]));
    assert_eq!(entry(&answer, "limit"), (ContentType::Json, "\"1000000\"".into()));
    assert_eq!(subprotocol::read_limit(&answer), Some(1_000_000));
    shop.side.sets_bounds(-5, 7);
    assert_eq!(subprotocol::read_limit(&shop.accepts(ask("limit", &[0]))), Some(7));
    let mut unlimited = Solo::customer();
    let answer = unlimited.accepts(ask("limit", &[0]));
    assert_eq!(entry(&answer, "limit"), (ContentType::Json, "\"Infinity\"".into()));
    assert_eq!(subprotocol::read_limit(&answer), Some(i128::MAX));
}

#[test]
fn ilp_and_custom_requests_go_to_the_application_and_its_answer_back() {
    let mut pair = Pair::connected();
    pair.customer.asks(Entry::octets("ilp", vec![2, 0]).into());
    pair.customer.asks(custom("{\"hello\":1}"));
    pair.drive();
    assert_eq!(pair.shop.events(), ["request: ilp", "request: custom {\"hello\":1}"]);
    pair.shop.responds(Entry::octets("ilp", vec![3, 0]).into());
    pair.shop.responds(custom("{\"hello\":2}"));
    pair.drive();
    let talk = [
        "customer: Message: ilp",
        "customer: Message: custom {\"hello\":1}",
        "shop: Response: ilp",
        "shop: Response: custom {\"hello\":2}",
    ];
    assert_eq!(pair.talk(), talk);
    assert_eq!(pair.customer.events(), ["answered: ilp", "answered: custom {\"hello\":2}"]);
}

#[test]
fn the_application_may_refuse_a_request() {
    let mut pair = Pair::connected();
    pair.customer.asks(custom("{}"));
    pair.drive();
    pair.shop.events();
    pair.shop.refuses("not today");
    pair.drive();
    assert_eq!(pair.customer.events(), ["answered: F00 NotAcceptedError"]);
}

#[test]
fn a_registered_name_goes_to_the_application_and_any_other_is_refused() {
    let mut shop = Solo::shop_with(|config| config.protocols.extend(["vouch".into()]));
    assert_eq!(shop.hears(ask("vouch", b"x")), [""; 0], "the application has not answered");
    assert_eq!(shop.side.events(), ["request: vouch"]);
    for unknown in ["claim", "", "Info", "transfer_id", "auth_token"] {
        assert_eq!(shop.refuses(ask(unknown, b"x")), "NotAcceptedError", "{unknown}");
    }
    let mut deaf = Solo::shop_with(|config| config.protocols.clear());
    assert_eq!(deaf.refuses(ask("ilp", b"x")), "NotAcceptedError");
    deaf.accepts(ask("info", &[2]));
}

#[test]
fn the_first_entry_decides() {
    let mut shop = Solo::shop();
    let both = |first: Entry, second: Entry| Body::Message(ProtocolData::from(vec![first, second]));
    let (info, unknown) = (Entry::octets("info", vec![2]), Entry::octets("unknown", vec![]));
    assert_eq!(shop.accepts(both(info.clone(), unknown.clone())).primary().unwrap().name, "info");
    assert_eq!(shop.refuses(both(unknown, info.clone())), "NotAcceptedError");
    assert_eq!(shop.hears(both(Entry::octets("ilp", vec![2]), info)), [""; 0]);
    assert_eq!(shop.side.events(), ["request: ilp, info"], "the others are context");
}

#[test]
fn a_message_that_asks_nothing_is_refused() {
    let mut shop = Solo::shop();
    assert_eq!(shop.refuses(Body::Message(no_data())), "InvalidFieldsError");
}

#[test]
fn a_question_without_an_answer_ends_after_five_seconds() {
    let mut customer = Solo::customer();
    let message = customer.side.asks(custom("{}"));
    let now = customer.side.now;
    customer.side.clock(now.saturating_add(seconds(5)));
    let events = customer.side.take_events();
    assert_eq!(events, [trustline_core::session::Event::Answered { message, result: Err(MessageFailure::Timeout) }]);
    assert!(customer.side.session.is_connected());
    // The answer that comes then answers nothing.
    customer.is_answered(Body::Response(custom("{}")));
    assert_eq!(customer.side.session.violations().unsolicited, 1);
    assert_eq!(customer.side.events(), [""; 0]);
}

#[test]
fn a_question_ends_with_its_connection() {
    let mut pair = Pair::connected();
    pair.customer.asks(custom("{}"));
    pair.cut();
    assert_eq!(pair.customer.events(), ["answered: Disconnected", "disconnected"]);
    pair.connect();
    pair.drive();
    assert_eq!(pair.shop.events().last().map(String::as_str), Some("connected"), "it is not asked again");
}
