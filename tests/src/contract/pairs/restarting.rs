//! Both ledgers are in files, and the host goes away and comes back with what its file says.

use futures_util::FutureExt;
use futures_util::future::join;
use trustline_runtime::Client;

use crate::contract::rig::{
    ANYWHERE, Adapter, Proxy, alice_at, alices, assert_mirrored, ledger, letter, shop, until_connected, until_disconnected,
};
use crate::{Scratch, fulfillment};

pub async fn a_host_that_restarts_from_its_file_is_asked_again_what_was_in_doubt<H: Adapter, C: Adapter>() {
    let files = Scratch::new("restarting");
    let [hosts, customers] = ["host.db", "customer.db"].map(|name| files.file(name));
    let mut host = shop::<H>().journal(ledger::<H>(&hosts).await).listen(ANYWHERE).await.unwrap();
    let address = host.address();
    let proxy = Proxy::<C>::before(address).await;
    let builder = || Client::<C>::builder(&alice_at(proxy.address));
    let (client, mut events) = builder().journal(ledger::<C>(&customers).await, "shop").connect_with_events().await.unwrap();
    until_connected(&mut events).await;

    // It takes some 170 bytes until a payment is known to be paid.
    let cuts = [1, 50, 100, 110, 150];
    for (n, bytes) in (1..).zip(cuts) {
        proxy.breaks_after(bytes);
        let mut paid = Box::pin(client.pay(letter(n, 10)));
        until_disconnected(&mut events).await;
        host.close().await;
        assert!((&mut paid).now_or_never().is_none(), "cut after {bytes} bytes");
        host = shop::<H>().journal(ledger::<H>(&hosts).await).listen(address).await.unwrap();
        proxy.is_mended();
        assert_eq!(paid.await.unwrap().fulfillment, fulfillment(n));
        assert_eq!(client.peer_balance().await.unwrap(), client.balance());
        assert_mirrored(&client, &alices(&host)).await;
    }
    assert_eq!(client.balance(), -50);

    // The customer restarts too, before the host is there.
    proxy.breaks_after(1);
    let abandoned = client.pay(letter(100, 10));
    until_disconnected(&mut events).await;
    join(client.close(), host.close()).await;
    abandoned.await.unwrap_err();
    let (client, mut events) = builder().journal(ledger::<C>(&customers).await, "shop").start_with_events().unwrap();
    let host = shop::<H>().journal(ledger::<H>(&hosts).await).listen(address).await.unwrap();
    proxy.is_mended();
    until_connected(&mut events).await;
    assert_eq!(client.pay(letter(101, 10)).await.unwrap().fulfillment, fulfillment(101));
    assert_mirrored(&client, &alices(&host)).await;
    assert_eq!(client.peer_balance().await.unwrap(), client.balance());
    client.close().await;
    host.close().await;
}
