//! PROTOCOL.md section 3: requests, both ways.

use futures_util::future::join_all;
use trustline_core::ledger::Bounds;
use trustline_core::session::{ErrorName, Event, MessageFailure, RequestToken, error_message};
use trustline_core::wire::{Entry, ProtocolData};
use trustline_runtime::{Account, Client, RequestError};

use crate::contract::rig::{ANYWHERE, Adapter, Clerk, alice, alice_at, alices, impatient, letter, open_shop, shop, until, until_connected};
use crate::custom;

pub async fn requests_are_answered_both_ways<H: Adapter, C: Adapter>() {
    let host = open_shop::<H>().await;
    let client = Client::<C>::builder(&alice_at(host.address())).handler(Clerk::Sells).connect().await.unwrap();
    let packet = ProtocolData::from(Entry::octets("ilp", &b"a packet"[..]));
    for side in [&*client, &alices(&host)] {
        assert_eq!(side.request(packet.clone()).await.unwrap(), packet);
        assert_eq!(side.request(custom("{\"a\":1}")).await.unwrap(), custom("{\"a\":1}"));
    }
    client.close().await;
    host.close().await;
}

pub async fn many_answers_given_as_one_are_all_sent<H: Adapter, C: Adapter>() {
    let (host, mut events) = shop::<H>().listen_with_events(ANYWHERE).await.unwrap();
    let client = alice::<C>(&host).await;
    for _ in 0..300 {
        let questions = join_all((0..20).map(|n| client.request(custom(&n.to_string()))));
        let mut requests = Vec::new();
        while requests.len() < 20 {
            requests.push(until(&mut events, request).await);
        }
        // An answer is answered by nothing that would wake a connection which has missed some of them.
        alices(&host).command(|commands| {
            for (token, words) in requests {
                commands.respond(token, words).unwrap();
            }
        });
        assert!(questions.await.iter().all(Result::is_ok));
    }
    client.close().await;
    host.close().await;
}

fn request(_account: &Account, event: Event) -> Option<(RequestToken, ProtocolData)> {
    match event {
        Event::Request { token, protocol_data } => Some((token, protocol_data)),
        _ => None,
    }
}

pub async fn the_application_may_register_names_and_refuse<H: Adapter, C: Adapter>() {
    let host = shop::<H>().protocol("weather").listen(ANYWHERE).await.unwrap();
    let client = Client::<C>::builder(&alice_at(host.address())).protocol("weather").handler(Clerk::Sells).connect().await.unwrap();
    for side in [&*client, &alices(&host)] {
        let question = ProtocolData::from(Entry::text("weather", "tomorrow?"));
        assert_eq!(side.request(question.clone()).await.unwrap(), question);
        assert_refused(side, Entry::text("weather", "no"), "the clerk says no").await;
    }
    client.close().await;
    host.close().await;
}

pub async fn a_name_that_nobody_registered_is_refused<H: Adapter, C: Adapter>() {
    let host = open_shop::<H>().await;
    let client = Client::<C>::builder(&alice_at(host.address())).handler(Clerk::Sells).connect().await.unwrap();
    for side in [&*client, &alices(&host)] {
        let refused = side.request(Entry::text("weather", "tomorrow?").into()).await;
        let Err(RequestError::Unanswered(MessageFailure::Refused(error))) = refused else { panic!("{refused:?}") };
        assert_eq!(ErrorName::of(&error), Some(ErrorName::NotAccepted));
    }
    client.close().await;
    host.close().await;
}

async fn assert_refused(side: &Account, question: Entry, reason: &str) {
    let refused = side.request(question.into()).await;
    let Err(RequestError::Unanswered(MessageFailure::Refused(error))) = refused else { panic!("{refused:?}") };
    assert_eq!((ErrorName::of(&error), &error_message(&error)[..]), (Some(ErrorName::NotAccepted), reason));
}

pub async fn a_request_that_nobody_answers_times_out_and_the_connection_stays<H: Adapter, C: Adapter>() {
    let host = open_shop::<H>().await;
    let client = Client::<C>::builder(&alice_at(host.address())).limits(impatient()).connect().await.unwrap();
    let hushed = client.request(custom("hush")).await;
    assert_eq!(hushed, Err(RequestError::Unanswered(MessageFailure::Timeout)));
    assert!(client.is_connected());
    assert_eq!(host.connections(), 1);
    assert_eq!(client.request(custom("{}")).await.unwrap(), custom("{}"));
    client.close().await;
    host.close().await;
}

pub async fn requests_that_nobody_takes_are_refused<H: Adapter, C: Adapter>() {
    let (host, mut events) = shop::<H>().listen_with_events(ANYWHERE).await.unwrap();
    // A client that only pays.
    let client = alice::<C>(&host).await;
    until_connected(&mut events).await;
    let nobody = |answer| match answer {
        Err(RequestError::Unanswered(MessageFailure::Refused(error))) => assert_eq!(ErrorName::of(&error), Some(ErrorName::NotAccepted)),
        other => panic!("{other:?}"),
    };
    nobody(alices(&host).request(custom("{}")).await);
    // One waits in the queue, the next comes when it is gone.
    let waits = client.request(custom("{}"));
    client.peer_balance().await.unwrap();
    drop(events);
    nobody(waits.await);
    nobody(client.request(custom("{}")).await);
    client.close().await;
    host.close().await;
}

pub async fn info_balance_and_limit_are_answered<H: Adapter, C: Adapter>() {
    let host = shop::<H>().bounds(Bounds { minimum: -7, maximum: 1_000 }).listen(ANYWHERE).await.unwrap();
    let client = alice::<C>(&host).await;
    let account = alices(&host);
    client.pay(letter(1, 10)).await.unwrap();
    assert_eq!(client.info(), account.info());
    assert_eq!((client.peer_balance().await.unwrap(), client.peer_limit().await.unwrap()), (-10, -1_000));
    assert_eq!((account.peer_balance().await.unwrap(), account.peer_limit().await.unwrap()), (10, i128::MIN));
    account.set_bounds(Bounds { minimum: 0, maximum: 12 });
    assert_eq!(client.peer_limit().await.unwrap(), -12);
    client.close().await;
    host.close().await;
}
