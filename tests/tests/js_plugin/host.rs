//! What differs where the plugin hosts the ledger of our client: its books and its clock decide.

use std::time::Duration;

use serde_json::{Value, json};
use trustline_core::ledger::{NoFulfillment, Party};
use trustline_core::session::Event;
use trustline_core::wire::{IlpPacket, ProtocolData};
use trustline_smol::{Client, ConnectError, PaymentError};
use trustline_tests::programs::{Plugin, alone};
use trustline_tests::transfer_id;

use crate::scene::{CLIENT, HOST, Role, Scene, ledger_info, options, within};
use crate::words::{assert_about, id, payment_with_entries, preimage};

// connect, disconnect, isConnected, isAuthorized, getInfo, getAccount, getPeerAccount

#[test]
#[ignore = "needs node: run with -- --ignored"]
fn we_connect_and_they_disconnect() {
    let _alone = alone();
    let (mut plugin, url) = Plugin::host(&options());
    assert_eq!(plugin.call("isConnected", &json!([])), false);
    plugin.call("connect", &json!([]));
    plugin.emitted("connect");
    assert_eq!(plugin.call("isConnected", &json!([])), true);
    assert_eq!(plugin.call("isAuthorized", &json!(["s3cr3t"])), true);
    assert_eq!(plugin.call("isAuthorized", &json!(["wr0ng"])), false);
    let wrong = within(Client::connect(&url.replace("s3cr3t", "wr0ng"))).unwrap_err();
    assert!(matches!(wrong, ConnectError::Refused(_)), "{wrong:?}");

    let (client, mut events) = within(Client::builder(&url).connect_with_events()).unwrap();
    assert!(client.is_connected());
    assert_eq!(plugin.call("getInfo", &json!([])), serde_json::to_value(ledger_info()).unwrap());
    assert_eq!(client.info(), Some(ledger_info()));
    assert_eq!((plugin.call("getAccount", &json!([])), client.peer_address()), (json!(HOST), Some(HOST.into())));
    assert_eq!((plugin.call("getPeerAccount", &json!([])), client.address()), (json!(CLIENT), Some(CLIENT.into())));
    let (_, connected) = within(events.next()).unwrap();
    assert!(matches!(connected, Event::Connected { .. }), "{connected:?}");
    let (_, told) = within(events.next()).unwrap();
    assert_eq!(told, Event::Info(ledger_info()));

    let disconnected = plugin.begin("disconnect", &json!([]));
    let (_, gone) = within(events.next()).unwrap();
    assert!(matches!(gone, Event::Disconnected { .. }), "{gone:?}");
    assert!(!client.is_connected());
    within(client.close());
    assert_eq!(plugin.end(&disconnected), Ok(Value::Null));
    plugin.emitted("disconnect");
}

#[test]
#[ignore = "needs node: run with -- --ignored"]
fn we_disconnect_and_they_hear_nothing_of_it() {
    let _alone = alone();
    let (mut plugin, url) = Plugin::host(&options());
    plugin.call("connect", &json!([]));
    within(within(Client::connect(&url)).unwrap().close());
    // Their own connect and disconnect is all that these events are about.
    plugin.assert_not_emitted("disconnect");
    assert_eq!(plugin.call("isConnected", &json!([])), true);
}

// getBalance, getPeerBalance, getLimit

#[test]
#[ignore = "needs node: run with -- --ignored"]
fn balance_and_limit() {
    let _alone = alone();
    let mut scene = Scene::open(Role::Host);
    let paid = scene.us.pay(payment_with_entries(1));
    scene.plugin.emitted("incoming_prepare");
    scene.plugin.call("fulfillCondition", &json!([id(1), preimage(1)]));
    within(paid).unwrap();
    assert_eq!((scene.us.balance(), within(scene.us.peer_balance())), (-10, Ok(-10)));
    assert_eq!(within(scene.us.peer_limit()), Ok(-1000));

    assert_eq!(scene.plugin.call("getBalance", &json!([])), "10");
    assert_eq!(scene.plugin.call("getPeerBalance", &json!([])), "10");
    assert_eq!(scene.plugin.call("getLimit", &json!([])), "-Infinity", "we have no limit of our own");
    scene.close();
}

// incoming_cancel, outgoing_cancel

#[track_caller]
fn assert_timed_out(protocol_data: &ProtocolData) {
    let Ok(IlpPacket::Error(error)) = IlpPacket::decode(&protocol_data.primary().unwrap().data) else { panic!("{protocol_data:?}") };
    assert_eq!((&*error.code.to_string(), &*error.name), ("R00", "Transfer Timed Out"));
}

#[test]
#[ignore = "needs node: run with -- --ignored"]
fn our_transfer_expires() {
    let _alone = alone();
    let mut scene = Scene::open(Role::Host);
    let paid = scene.us.pay(payment_with_entries(1).expires_in(Duration::from_secs(2)));
    assert_about(&scene.plugin.emitted("incoming_cancel"), transfer_id(1));
    let Err(PaymentError::Rejected { protocol_data, .. }) = within(paid) else { panic!("the host does not say so") };
    assert_timed_out(&protocol_data);
    assert_eq!(scene.us.fulfillment(transfer_id(1)), Err(NoFulfillment::RolledBack));
    scene.close();
}

#[test]
#[ignore = "needs node: run with -- --ignored"]
fn their_transfer_expires() {
    let _alone = alone();
    let mut scene = Scene::open(Role::Host);
    scene.they_prepare(1, Duration::from_secs(2));
    assert_about(&scene.plugin.emitted("outgoing_cancel"), transfer_id(1));
    // Two clocks run out at the same moment: the host's word comes first, or it is no news any more.
    scene.event(|event| match event {
        Event::IncomingRejected { by: Party::Peer, protocol_data, .. } => {
            assert_timed_out(&protocol_data);
            Some(())
        }
        Event::IncomingExpired { .. } => Some(()),
        _ => None,
    });
    assert_eq!(scene.us.fulfillment(transfer_id(1)), Err(NoFulfillment::RolledBack));
    assert_eq!(scene.plugin.call("getBalance", &json!([])), "0");
    scene.close();
}
