//! What differs where the plugin is a client of our host: it keeps no books and no time.

use std::time::Duration;

use serde_json::json;
use trustline_core::ledger::{FulfillError, NoFulfillment};
use trustline_core::session::{Event, FulfillFailure, MessageError, PrepareFailure};
use trustline_smol::{PaymentError, RequestError};
use trustline_tests::contract::rig::ANYWHERE;
use trustline_tests::programs::{Plugin, alone};
use trustline_tests::{fulfillment, transfer_id};

use crate::scene::{CLIENT, HOST, Role, Scene, ledger_info, our_host, url, within};
use crate::words::{assert_about, entries, id, payment_with_entries, preimage};

// connect, disconnect, isConnected, assertConnectionBeforeCalling, getInfo, getAccount, getPeerAccount

#[test]
#[ignore = "needs node: run with -- --ignored"]
fn they_connect_and_disconnect() {
    let _alone = alone();
    let (host, mut events) = within(our_host().listen_with_events(ANYWHERE)).unwrap();
    let mut plugin = Plugin::client(&url(&host));
    assert_eq!(plugin.call("isConnected", &json!([])), false);
    for method in ["getBalance", "getPeerBalance", "getLimit"] {
        let too_early = plugin.attempt(method, &json!([])).unwrap_err();
        assert_eq!(too_early.message, format!("Must be connected before {method} can be called."));
    }

    plugin.call("connect", &json!([]));
    plugin.emitted("connect");
    assert_eq!(plugin.call("isConnected", &json!([])), true);
    assert_eq!(plugin.call("getInfo", &json!([])), serde_json::to_value(ledger_info()).unwrap());
    assert_eq!(plugin.call("getAccount", &json!([])), CLIENT);
    assert_eq!(plugin.call("getPeerAccount", &json!([])), HOST);

    let (account, event) = within(events.next()).unwrap();
    assert!(matches!(event, Event::Connected { .. }), "{event:?}");
    assert!(account.is_connected());
    assert_eq!(account.info(), Some(ledger_info()));
    assert_eq!((account.address(), account.peer_address()), (Some(HOST.into()), Some(CLIENT.into())));

    plugin.call("disconnect", &json!([]));
    plugin.emitted("disconnect");
    assert_eq!(plugin.call("isConnected", &json!([])), false);
    let (_, event) = within(events.next()).unwrap();
    assert!(matches!(event, Event::Disconnected { .. }), "{event:?}");
    assert!(!account.is_connected());
    assert_eq!(within(account.pay(payment_with_entries(1))), Err(PaymentError::NotSent(PrepareFailure::NotConnected)));
    assert_eq!(within(account.request(entries("a packet", "us"))), Err(RequestError::NotSent(MessageError::NotConnected)));
    within(host.close());
}

// getBalance, getPeerBalance, getLimit

#[test]
#[ignore = "needs node: run with -- --ignored"]
fn balance_and_limit() {
    let _alone = alone();
    let mut scene = Scene::open(Role::Client);
    assert_eq!(scene.plugin.call("getBalance", &json!([])), "-0", "it turns the sign of whatever the host says");
    scene.they_prepare(1, Duration::from_secs(30));
    scene.us.fulfill(transfer_id(1), fulfillment(1)).unwrap();
    scene.plugin.emitted("outgoing_fulfill");
    assert_eq!(scene.plugin.call("getBalance", &json!([])), "-10");
    assert_eq!(scene.plugin.call("getPeerBalance", &json!([])), "-10");
    assert_eq!(scene.plugin.call("getLimit", &json!([])), "-1000");

    assert_eq!(scene.us.balance(), 10);
    assert_eq!(within(scene.us.peer_balance()), Ok(10), "it counts after all, and tells who asks");
    assert_eq!(within(scene.us.peer_limit()), Ok(i128::MIN), "it has no limit");
    scene.close();
}

// outgoing_cancel and incoming_cancel, which do not come

#[test]
#[ignore = "needs node: run with -- --ignored"]
fn their_transfer_expires() {
    let _alone = alone();
    let mut scene = Scene::open(Role::Client);
    scene.they_prepare(1, Duration::from_secs(2));
    let rejected = scene.plugin.emitted("outgoing_reject");
    assert_about(&rejected, transfer_id(1));
    assert_eq!((&rejected[1]["code"], &rejected[1]["name"]), (&json!("R00"), &json!("Transfer Timed Out")));
    scene.plugin.assert_not_emitted("outgoing_cancel");
    scene.event(|event| matches!(event, Event::IncomingExpired { .. }).then_some(()));
    scene.catches_up();
    assert_eq!(scene.us.fulfillment(transfer_id(1)), Err(NoFulfillment::RolledBack));
    assert_eq!(scene.us.fulfill(transfer_id(1), fulfillment(1)), Err(FulfillFailure::Ledger(FulfillError::NotFound)));
    scene.close();
}

#[test]
#[ignore = "needs node: run with -- --ignored"]
fn our_transfer_expires() {
    let _alone = alone();
    let mut scene = Scene::open(Role::Client);
    let paid = scene.us.pay(payment_with_entries(1).expires_in(Duration::from_secs(2)));
    scene.plugin.emitted("incoming_prepare");
    assert_eq!(within(paid), Err(PaymentError::Expired));
    assert_eq!(scene.us.fulfillment(transfer_id(1)), Err(NoFulfillment::RolledBack));
    // It answers our Reject with an Error, because only a payee may reject, and keeps the transfer as prepared for ever.
    scene.catches_up();
    assert_eq!(scene.us.in_flight(), 0);
    scene.plugin.assert_not_emitted("incoming_cancel");
    let late = scene.plugin.attempt("fulfillCondition", &json!([id(1), preimage(1)])).unwrap_err();
    assert_eq!(late.name, "AlreadyRolledBackError");
    scene.close();
}
