//! PROTOCOL.md section 2: over which of an account's connections something goes.

use std::time::Duration;

use trustline_core::session::{Event, subprotocol};
use trustline_core::wire::{Body, ProtocolData};
use trustline_runtime::{Account, Events};

use crate::contract::rig::{ANYWHERE, Adapter, Peer, alices, letter, shop, until, until_disconnected};
use crate::{custom, fulfillment, transfer_id};

fn prepare() -> Body {
    Body::Prepare(letter(1, 10).expires_in(Duration::from_secs(60)).into_prepare())
}

async fn offered(events: &mut Events) -> Account {
    until(events, |account, event| matches!(event, Event::IncomingPrepared { .. }).then(|| account.clone())).await
}

async fn takes_the_fulfill<R: Adapter>(peer: &mut Peer<R>) {
    let packet = peer.packet().await;
    let Body::Fulfill(fulfill) = &packet.body else { panic!("expected a Fulfill, got {packet:?}") };
    assert_eq!((fulfill.transfer_id, fulfill.fulfillment), (transfer_id(1), fulfillment(1)));
    peer.answer(packet.request_id, ProtocolData::new()).await;
}

/// Nothing else stands before the answer to a question.
async fn was_told_nothing<R: Adapter>(peer: &mut Peer<R>) {
    assert!(matches!(peer.asks(Body::Message(subprotocol::balance_request())).await.body, Body::Response(_)));
}

pub async fn a_fulfill_goes_back_where_the_prepare_came_from<H: Adapter>() {
    let (host, mut events) = shop::<H>().listen_with_events(ANYWHERE).await.unwrap();
    let (mut payer, mut newer) = (Peer::<H>::alice(host.address()).await, Peer::<H>::alice(host.address()).await);
    assert_eq!(payer.asks(prepare()).await.body, Body::Response(ProtocolData::new()));
    offered(&mut events).await.fulfill(transfer_id(1), fulfillment(1)).unwrap();
    takes_the_fulfill(&mut payer).await;
    was_told_nothing(&mut newer).await;
    payer.closes().await;
    newer.closes().await;
    host.close().await;
}

pub async fn a_fulfill_goes_to_the_newest_connection_when_the_first_is_gone<H: Adapter>() {
    let (host, mut events) = shop::<H>().listen_with_events(ANYWHERE).await.unwrap();
    let (mut payer, mut second) = (Peer::<H>::alice(host.address()).await, Peer::<H>::alice(host.address()).await);
    payer.asks(prepare()).await;
    let account = offered(&mut events).await;
    drop(payer);
    until_disconnected(&mut events).await;
    let mut newest = Peer::<H>::alice(host.address()).await;
    account.fulfill(transfer_id(1), fulfillment(1)).unwrap();
    takes_the_fulfill(&mut newest).await;
    was_told_nothing(&mut second).await;
    second.closes().await;
    newest.closes().await;
    host.close().await;
}

pub async fn an_answer_counts_only_from_who_was_asked<H: Adapter>() {
    let (host, _events) = shop::<H>().account("mallory", "").listen_with_events(ANYWHERE).await.unwrap();
    let mut older = Peer::<H>::alice(host.address()).await;
    let mut asked = Peer::<H>::alice(host.address()).await;
    let mut mallory = Peer::<H>::dial(host.address()).await;
    mallory.authenticates("mallory", "").await;
    let answer = alices(&host).request(custom("\"who?\""));
    let question = asked.packet().await;
    assert_eq!(question.body, Body::Message(custom("\"who?\"")));
    for other in [&mut older, &mut mallory] {
        other.answer(question.request_id, custom("\"me\"")).await;
        was_told_nothing(other).await;
    }
    asked.answer(question.request_id, custom("\"I\"")).await;
    assert_eq!(answer.await.unwrap(), custom("\"I\""));
    for peer in [older, asked, mallory] {
        peer.closes().await;
    }
    host.close().await;
}
