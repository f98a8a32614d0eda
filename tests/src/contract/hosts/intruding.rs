//! One account can neither answer, nor see, nor change what is another's, whatever it sends.

use std::time::Duration;

use futures_lite::future::yield_now;
use trustline_core::Limits;
use trustline_core::session::{ErrorName, Event, subprotocol};
use trustline_core::wire::{Body, Entry, Fulfill, Packet, ProtocolData, Reject};
use trustline_runtime::{Account, AccountMetrics};

use crate::contract::rig::{ANYWHERE, Adapter, Peer, alices, letter, shop, until};
use crate::{custom, fulfillment, transfer_id, with};

fn prepare(n: u32, amount: u64) -> Body {
    Body::Prepare(letter(n, amount).expires_in(Duration::from_secs(60)).into_prepare())
}

fn fulfill(n: u32) -> Body {
    Body::Fulfill(Fulfill { transfer_id: transfer_id(n), fulfillment: fulfillment(n), protocol_data: ProtocolData::new() })
}

fn reject(n: u32) -> Body {
    Body::Reject(Reject { transfer_id: transfer_id(n), protocol_data: ProtocolData::new() })
}

fn refusal(answer: &Packet) -> ErrorName {
    let Body::Error(error) = &answer.body else { panic!("expected a refusal, got {answer:?}") };
    ErrorName::of(error).unwrap()
}

async fn balance<R: Adapter>(peer: &mut Peer<R>) -> i64 {
    let Body::Response(answer) = peer.asks(Body::Message(subprotocol::balance_request())).await.body else { panic!("no balance") };
    subprotocol::read_balance(&answer).expect("it is a balance")
}

/// All that could show that somebody had a hand in it.
fn everything(account: &Account) -> (trustline_core::ledger::Snapshot, AccountMetrics) {
    (account.command(|commands| commands.trustline().snapshot()), account.metrics())
}

/// Mallory knows everything of alice's: the ids of her transfers and requests, her fulfillments, her token.
pub async fn one_account_reaches_nothing_of_another<H: Adapter>() {
    let (host, mut events) = shop::<H>().account("mallory", "").listen_with_events(ANYWHERE).await.unwrap();
    let mut alice = Peer::<H>::alice(host.address()).await;
    let mut mallory = Peer::<H>::dial(host.address()).await;
    assert_eq!(mallory.authenticates("mallory", "").await.body, Body::Response(ProtocolData::new()));

    // Alice pays the shop, the shop pays alice, and asks her something; nothing of it is decided yet.
    assert_eq!(alice.asks(prepare(1, 10)).await.body, Body::Response(ProtocolData::new()));
    let account = until(&mut events, |account, event| matches!(event, Event::IncomingPrepared { .. }).then(|| account.clone())).await;
    assert_eq!(account.name(), "alice");
    let paid = account.pay(letter(2, 3).expires_in(Duration::from_secs(60)));
    let offered = alice.packet().await;
    let answered = account.request(custom("\"who?\""));
    let question = alice.packet().await;
    let before = everything(&account);

    // Her transfers, by their ids and even their fulfillments.
    for attempt in [fulfill(2), reject(2), fulfill(1), reject(1)] {
        assert_eq!(refusal(&mallory.asks(attempt).await), ErrorName::TransferNotFound);
    }
    // Her requests: an answer to each id that there could be.
    for request_id in (0..300).chain([u32::MAX]) {
        mallory.answer(request_id, custom("\"me\"")).await;
        let error = ErrorName::AlreadyRolledBack.error("", crate::START);
        mallory.sends_packet(Packet { request_id, body: Body::Error(error) }).await;
    }
    // Her account, from within: with her right token, and with questions.
    assert_eq!(refusal(&mallory.authenticates("alice", "s3cr3t").await), ErrorName::NotAccepted);
    assert_eq!(balance(&mut mallory).await, 0);
    let info = mallory.asks(Body::Message(subprotocol::info_request())).await;
    assert!(matches!(info.body, Body::Response(_)));
    // Her account, from outside, with a wrong one.
    let mut again = Peer::<H>::dial(host.address()).await;
    assert_eq!(refusal(&again.authenticates("alice", "").await), ErrorName::NotAccepted);
    assert!(again.end().await.is_some());
    // Under her ids mallory has transfers of its own, as good as any.
    assert_eq!(mallory.asks(prepare(1, 7)).await.body, Body::Response(ProtocolData::new()));
    assert_eq!(mallory.asks(prepare(2, 8)).await.body, Body::Response(ProtocolData::new()));
    let mallorys = host.account("mallory").unwrap();
    mallorys.fulfill(transfer_id(1), fulfillment(1)).unwrap();
    let packet = mallory.packet().await;
    assert_eq!(packet.body, fulfill(1));
    mallory.answer(packet.request_id, ProtocolData::new()).await;
    // What the application is asked, it is asked by mallory, and so it answers mallory.
    let asked = mallory.sends(Body::Message(custom("\"what is alice's?\""))).await;
    let (token, asker) = until(&mut events, |account, event| match event {
        Event::Request { token, .. } => Some((token, account.clone())),
        _ => None,
    })
    .await;
    assert_eq!(asker.name(), "mallory");
    asker.respond(token, custom("\"nothing\"")).unwrap();
    let answer = mallory.packet().await;
    assert_eq!((answer.request_id, answer.body), (asked, Body::Response(custom("\"nothing\""))));

    assert_eq!(everything(&account), before, "nothing of it has touched alice");
    let metrics = mallorys.metrics();
    assert_eq!((metrics.violations.unsolicited, metrics.refusals.transfer_not_found), (2 * 301, 4));
    // And all goes on for her.
    alice.answer(question.request_id, custom("\"I\"")).await;
    assert_eq!(answered.await.unwrap(), custom("\"I\""));
    alice.answer(offered.request_id, ProtocolData::new()).await;
    assert_eq!(alice.asks(fulfill(2)).await.body, Body::Response(ProtocolData::new()));
    assert_eq!(paid.await.unwrap().fulfillment, fulfillment(2));
    account.fulfill(transfer_id(1), fulfillment(1)).unwrap();
    let packet = alice.packet().await;
    assert_eq!(packet.body, fulfill(1));
    alice.answer(packet.request_id, ProtocolData::new()).await;
    assert_eq!(balance(&mut alice).await, 10 - 3);
    assert_eq!((account.balance(), mallorys.balance()), (10 - 3, 7));
    drop(mallory);
    alice.closes().await;
    host.close().await;
}

/// What mallory fills up is its own: its transfers, its requests, the room for answers that it does not read.
pub async fn a_flood_on_one_account_is_not_felt_on_another<H: Adapter>() {
    let limits = with(Limits::default(), |limits| {
        limits.open_transfers = 20;
        limits.unanswered_requests = 20;
    });
    let (host, mut events) = shop::<H>().limits(limits).account("mallory", "").listen_with_events(ANYWHERE).await.unwrap();
    let mut alice = Peer::<H>::alice(host.address()).await;
    let mut mallory = Peer::<H>::dial(host.address()).await;
    mallory.authenticates("mallory", "").await;
    H::default().spawn(async move {
        for n in 0..500 {
            mallory.sends(prepare(n, 1)).await;
            mallory.sends(Body::Message(custom("\"flood\""))).await;
            mallory.sends(Body::Message(Entry::octets("rubbish", vec![7; 1000]).into())).await;
        }
        // It stays, and does not read.
        std::future::pending::<()>().await;
    });
    // The flood is on when it has filled up what it may.
    let mallorys = until(&mut events, |account, _| (account.name() == "mallory").then(|| account.clone())).await;
    while mallorys.metrics().refusals.too_many_open == 0 {
        yield_now().await;
    }
    for n in 0..20 {
        assert_eq!(alice.asks(prepare(n, 1)).await.body, Body::Response(ProtocolData::new()));
        alices(&host).fulfill(transfer_id(n), fulfillment(n)).unwrap();
        let packet = alice.packet().await;
        alice.answer(packet.request_id, ProtocolData::new()).await;
    }
    assert_eq!(balance(&mut alice).await, 20);
    assert_eq!(alices(&host).metrics().refusals, trustline_core::session::Refusals::default());
    assert_eq!(mallorys.sums().incoming_pending, 20);
    alice.closes().await;
    drop(host);
}
