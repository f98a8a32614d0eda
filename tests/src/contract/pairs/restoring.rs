//! DESIGN.md, "Stores": a trustline whose journal is from an older backup than what the peer has seen must notice and stop.

use std::sync::Arc;

use trustline_core::ledger::Party;
use trustline_core::session::{Dispute, Event, PrepareFailure, Stopped};
use trustline_runtime::{Client, ConnectError, PaymentError};

use crate::contract::rig::{
    ANYWHERE, Adapter, Kept, Watched, alice_at, alices, assert_mirrored, letter, shop, until, until_connected, until_disconnected,
};

pub async fn a_client_of_a_host_with_an_older_ledger_stops<H: Adapter, C: Adapter>() {
    let (runtime, hosts, clients) = (Watched::<C>::default(), Kept::default(), Kept::default());
    let host = shop::<H>().journal(Arc::new(hosts.clone())).listen(ANYWHERE).await.unwrap();
    let address = host.address();
    let builder = Client::builder_on(runtime.clone(), &alice_at(address)).journal(Arc::new(clients), "alice");
    let (client, mut events) = builder.connect_with_events().await.unwrap();
    until_connected(&mut events).await;
    let older = hosts.backup();
    client.pay(letter(1, 10)).await.unwrap();
    host.close().await;
    until_disconnected(&mut events).await;
    hosts.restore(older);
    let (host, mut host_events) = shop::<H>().journal(Arc::new(hosts)).listen_with_events(address).await.unwrap();

    let dispute = until(&mut events, |_, event| if let Event::Dispute(dispute) = event { Some(dispute) } else { None }).await;
    assert!(matches!(dispute, Dispute::Rewound { who: Party::Peer, .. } | Dispute::Sums { .. }), "{dispute:?}");
    until_disconnected(&mut events).await;
    assert_eq!((client.dispute(), client.failure()), (Some(dispute), None));
    assert_eq!(client.pay(letter(2, 10)).await, Err(PaymentError::NotSent(PrepareFailure::Stopped(Stopped::Dispute))));
    // It is not dialed again, and its application hears no more.
    runtime.until_tasks(0).await;
    assert!(events.next().await.is_none());
    client.close().await;
    // The host's application was told, and goes on.
    until(&mut host_events, |_, event| matches!(event, Event::Dispute(_)).then_some(())).await;
    assert_eq!(alices(&host).dispute(), None);
    host.close().await;
}

pub async fn a_client_with_an_older_ledger_cannot_connect<H: Adapter, C: Adapter>() {
    let (hosts, clients) = (Kept::default(), Kept::default());
    let host = shop::<H>().journal(Arc::new(hosts)).listen(ANYWHERE).await.unwrap();
    let connect = || Client::<C>::builder(&alice_at(host.address())).journal(Arc::new(clients.clone()), "alice").connect();
    let mut backups = Vec::new();
    for n in 1..=3 {
        let client = connect().await.unwrap();
        client.pay(letter(n, 10)).await.unwrap();
        client.close().await;
        backups.push(clients.backup());
    }
    let newest = backups.pop().unwrap();
    for older in backups {
        clients.restore(older);
        let error = connect().await.unwrap_err();
        assert!(matches!(error, ConnectError::Disputed(Dispute::Rewound { who: Party::Us, .. })), "{error:?}");
        assert!(error.to_string().starts_with("our ledger is older than what the peer has seen of it"), "{error}");
    }
    clients.restore(newest);
    let client = connect().await.unwrap();
    client.pay(letter(4, 10)).await.unwrap();
    assert_mirrored(&client, &alices(&host)).await;
    client.close().await;
    host.close().await;
}
