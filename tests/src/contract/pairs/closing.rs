//! What was accepted is answered, then everything ends, and nothing stays behind.

use std::sync::Arc;

use futures_util::future::join;
use trustline_core::session::{Event, RequestToken};
use trustline_runtime::{Account, Client, Events, Host, Journal, Memory, PaymentError};

use crate::contract::rig::{ANYWHERE, Adapter, Clerk, Watched, alice, alice_at, alices, letter, open_shop, shop, until, until_connected};
use crate::{custom, ledger_info};

pub async fn a_client_that_closes_waits_for_the_answer_to_what_it_asked<H: Adapter, C: Adapter>() {
    let (host, mut events) = shop::<H>().listen_with_events(ANYWHERE).await.unwrap();
    let client = alice::<C>(&host).await;
    let account = Account::clone(&client);
    let question = client.request(custom("{}"));
    let closing = join(question, client.close());
    let answering = async {
        let (asker, token) = next_request(&mut events).await;
        asker.respond(token, custom("{}")).unwrap();
    };
    let ((answer, ()), ()) = join(closing, answering).await;
    assert_eq!(answer.unwrap(), custom("{}"));
    // And nothing new is taken on.
    assert!(matches!(account.pay(letter(1, 1)).await, Err(PaymentError::NotSent(_))));
    host.close().await;
}

pub async fn a_host_that_closes_answers_what_it_accepted<H: Adapter, C: Adapter>() {
    let (host, mut events) = shop::<H>().listen_with_events(ANYWHERE).await.unwrap();
    let client = alice::<C>(&host).await;
    let question = client.request(custom("{}"));
    let (asker, token) = next_request(&mut events).await;
    let answering = async { asker.respond(token, custom("{}")).unwrap() };
    // In this order: the answer is given while the host closes.
    join(host.close(), answering).await;
    assert_eq!(question.await.unwrap(), custom("{}"));
    client.close().await;
}

async fn next_request(events: &mut Events) -> (Account, RequestToken) {
    until(events, |account, event| match event {
        Event::Request { token, .. } => Some((account.clone(), token)),
        _ => None,
    })
    .await
}

pub async fn closing_ends_the_events<H: Adapter, C: Adapter>() {
    let (host, mut host_events) = shop::<H>().listen_with_events(ANYWHERE).await.unwrap();
    let (client, mut client_events) = Client::<C>::builder(&alice_at(host.address())).connect_with_events().await.unwrap();
    client.close().await;
    assert!(matches!(last(&mut client_events).await, Event::Disconnected { .. }));
    host.close().await;
    assert!(matches!(last(&mut host_events).await, Event::Disconnected { .. }));
}

async fn last(events: &mut Events) -> Event {
    let (_, mut last) = events.next().await.expect("it was connected");
    while let Some((_, event)) = events.next().await {
        last = event;
    }
    last
}

pub async fn a_payment_that_outlives_its_client_is_told_so<H: Adapter, C: Adapter>() {
    let (host, mut events) = shop::<H>().listen_with_events(ANYWHERE).await.unwrap();
    let client = alice::<C>(&host).await;
    let account = Account::clone(&client);
    let (payment, payment_back) = (client.pay(letter(1, 10)), alices(&host).pay(letter(2, 10)));
    // Each is held by the other side.
    until(&mut events, |_, event| matches!(event, Event::IncomingPrepared { .. }).then_some(())).await;
    until(&mut events, |_, event| matches!(event, Event::OutgoingPrepared { .. }).then_some(())).await;
    client.close().await;
    assert_eq!(payment.await, Err(PaymentError::Abandoned));
    assert_eq!(account.balance(), 0);
    host.close().await;
    assert_eq!(payment_back.await, Err(PaymentError::Abandoned));
}

pub async fn handles_that_are_dropped_leave_no_task_behind<H: Adapter, C: Adapter>() {
    for with_events in [false, true] {
        let (host_runtime, client_runtime) = (Watched::<H>::default(), Watched::<C>::default());
        let journal: Arc<dyn Journal> = Arc::new(Memory);
        let builder = Host::builder_on(host_runtime.clone(), ledger_info()).account("alice", "s3cr3t").journal(journal.clone());
        let (host, host_events) = if with_events {
            let (host, events) = builder.listen_with_events(ANYWHERE).await.unwrap();
            (host, Some(events))
        } else {
            (builder.handler(|_| Clerk::Thinks).listen(ANYWHERE).await.unwrap(), None)
        };
        let idle = host_runtime.tasks();
        let builder = Client::builder_on(client_runtime.clone(), &alice_at(host.address())).journal(journal.clone(), "alice");
        let (client, client_events) = if with_events {
            let (client, mut events) = builder.connect_with_events().await.unwrap();
            until_connected(&mut events).await;
            (client, Some(events))
        } else {
            (builder.connect().await.unwrap(), None)
        };
        drop(client.pay(letter(1, 10)));
        assert_eq!(host.connections(), 1);

        drop((client, client_events));
        client_runtime.until_tasks(0).await;
        host_runtime.until_tasks(idle).await;
        assert_eq!(host.connections(), 0);
        drop((host, host_events));
        host_runtime.until_tasks(0).await;
        assert_eq!(Arc::strong_count(&journal), 1, "an account was leaked; with events: {with_events}");
    }
}

pub async fn the_port_is_free_when_the_host_is_closed<H: Adapter, C: Adapter>() {
    let host = open_shop::<H>().await;
    let address = host.address();
    host.close().await;
    for _ in 0..50 {
        let host = shop::<H>().listen(address).await.unwrap();
        let client = alice::<C>(&host).await;
        host.close().await;
        drop(client);
    }
}
