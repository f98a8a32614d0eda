//! Many at once.

use futures_util::StreamExt;
use futures_util::stream;
use trustline_runtime::{Admitted, Client, Host};

use crate::contract::rig::{ANYWHERE, Adapter, Clerk, letter};
use crate::ledger_info;

pub async fn a_thousand_connections_stand_by_while_one_pays<H: Adapter, C: Adapter>() {
    let host = Host::<H>::builder(ledger_info()).handler(|_| Clerk::Sells);
    let host = host.authenticate(|shown| Some(Admitted::to(&shown.username)));
    let host = host.listen(ANYWHERE).await.unwrap();
    let address = host.address();
    let connect = |n| async move { Client::<C>::connect(&format!("btp+ws://{n}:@{address}/")).await.unwrap() };
    let crowd: Vec<Client<C>> = stream::iter(0..1000).map(connect).buffered(50).collect().await;
    assert_eq!((host.connections(), host.accounts().len()), (1000, 1000));
    for n in 1..=100 {
        crowd[500].pay(letter(n, 1)).await.unwrap();
    }
    assert_eq!(crowd[500].balance(), -100);
    assert!(crowd.iter().all(|client| client.is_connected()));
    stream::iter(crowd).for_each_concurrent(None, Client::close).await;
    host.close().await;
}
