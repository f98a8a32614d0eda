//! PROTOCOL.md section 5, "connection lost": what a client of ours does about it.

use std::time::Duration;

use futures_util::future::{join, join_all};
use trustline_core::session::{Event, PrepareFailure};
use trustline_runtime::{Admitted, Client, Events, Host, PaymentError};

use crate::contract::rig::{
    ANYWHERE, Adapter, Clerk, Proxy, alice_at, alices, assert_mirrored, attentive, letter, open_shop, shop, until, until_connected,
    until_disconnected,
};
use crate::{fulfillment, ledger_info};

pub async fn a_cut_connection_comes_back_and_pays<H: Adapter, C: Adapter>() {
    let host = open_shop::<H>().await;
    let proxy = Proxy::<C>::before(host.address()).await;
    let (client, mut events) = Client::<C>::builder(&alice_at(proxy.address)).connect_with_events().await.unwrap();
    until_connected(&mut events).await;
    for n in 1..=2 {
        client.pay(letter(n, 10)).await.unwrap();
        proxy.cut();
        until_disconnected(&mut events).await;
        until_connected(&mut events).await;
    }
    client.pay(letter(3, 10)).await.unwrap();
    assert_eq!(client.peer_balance().await.unwrap(), -30);
    assert_mirrored(&client, &alices(&host)).await;
    client.close().await;
    host.close().await;
}

pub async fn wherever_the_line_is_cut_every_payment_ends_the_same_on_both_sides<H: Adapter, C: Adapter>() {
    let host = Host::<H>::builder(ledger_info()).handler(|_| Clerk::Sells);
    let host = host.authenticate(|shown| Some(Admitted::to(&shown.username)));
    let host = host.listen(ANYWHERE).await.unwrap();
    // Some 300 bytes pass for a payment, all frames of both sides counted.
    let there = (1..600).step_by(19).map(|bytes| two_payments_to_the_host::<C>(&host, bytes));
    let back = (1..300).step_by(11).map(|bytes| a_payment_to_the_client::<C>(&host, bytes));
    join(join_all(there), join_all(back)).await;
    host.close().await;
}

async fn two_payments_to_the_host<C: Adapter>(host: &Host<impl Adapter>, bytes: usize) {
    let (proxy, client, _events) = before::<C>(host, &format!("payer{bytes}")).await;
    proxy.cut_after(bytes);
    let first = client.pay(letter(1, 10));
    // It may be cut already.
    let second = loop {
        match client.pay(letter(2, 1)).await {
            Err(PaymentError::NotSent(PrepareFailure::NotConnected)) => drop(C::default().sleep(Duration::from_millis(1)).await),
            paid => break paid,
        }
    };
    let paid = (first.await, second);
    let paid = (paid.0.unwrap().fulfillment, paid.1.unwrap().fulfillment);
    assert_eq!(paid, (fulfillment(1), fulfillment(2)), "cut after {bytes} bytes");
    assert_mirrored(&client, &host.account(&format!("payer{bytes}")).unwrap()).await;
    assert_eq!(client.balance(), -11, "cut after {bytes} bytes");
    client.close().await;
}

async fn a_payment_to_the_client<C: Adapter>(host: &Host<impl Adapter>, bytes: usize) {
    let (proxy, client, mut events) = before::<C>(host, &format!("payee{bytes}")).await;
    let account = host.account(&format!("payee{bytes}")).unwrap();
    proxy.cut_after(bytes);
    let takes = async {
        let id = until(&mut events, |_, event| match event {
            Event::IncomingPrepared { transfer, .. } => Some(transfer.id),
            _ => None,
        });
        client.fulfill(id.await, fulfillment(1)).unwrap();
        until(&mut events, |_, event| matches!(event, Event::IncomingFulfilled { .. }).then_some(())).await;
    };
    let (paid, ()) = join(account.pay(letter(1, 10)), takes).await;
    assert_eq!(paid.unwrap().fulfillment, fulfillment(1), "cut after {bytes} bytes");
    assert_mirrored(&client, &account).await;
    assert_eq!(client.balance(), 10, "cut after {bytes} bytes");
    client.close().await;
}

/// A client that reaches the host through a proxy.
async fn before<C: Adapter>(host: &Host<impl Adapter>, username: &str) -> (Proxy<C>, Client<C>, Events) {
    let proxy = Proxy::<C>::before(host.address()).await;
    let url = format!("btp+ws://{username}:@{}/", proxy.address);
    let (client, events) = Client::<C>::builder(&url).connect_with_events().await.unwrap();
    (proxy, client, events)
}

pub async fn a_host_that_went_away_is_found_again_on_its_port<H: Adapter, C: Adapter>() {
    let host = open_shop::<H>().await;
    let address = host.address();
    let (client, mut events) = Client::<C>::builder(&alice_at(address)).connect_with_events().await.unwrap();
    until_connected(&mut events).await;
    host.close().await;
    until_disconnected(&mut events).await;
    assert!(!client.is_connected());
    let host = shop::<H>().listen(address).await.unwrap();
    until_connected(&mut events).await;
    client.pay(letter(1, 10)).await.unwrap();
    client.close().await;
    host.close().await;
}

pub async fn a_line_that_fell_silent_is_given_up_and_dialed_again<H: Adapter, C: Adapter>() {
    let (host, mut host_events) = shop::<H>().connection_limits(attentive()).listen_with_events(ANYWHERE).await.unwrap();
    let proxy = Proxy::<C>::before(host.address()).await;
    let builder = Client::<C>::builder(&alice_at(proxy.address)).connection_limits(attentive());
    let (client, mut events) = builder.connect_with_events().await.unwrap();
    until_connected(&mut events).await;
    until_connected(&mut host_events).await;
    proxy.falls_silent();
    until_disconnected(&mut events).await;
    until_disconnected(&mut host_events).await;
    proxy.speaks_again();
    until_connected(&mut events).await;
    until_connected(&mut host_events).await;
    assert_eq!(client.peer_balance().await.unwrap(), 0);
    client.close().await;
    host.close().await;
}
