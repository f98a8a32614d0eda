//! PROTOCOL.md section 2: several connections of one account.

use futures_util::future::join_all;
use trustline_core::Limits;
use trustline_core::session::error_message;
use trustline_runtime::{Client, ConnectError};

use crate::contract::rig::{ANYWHERE, Adapter, alice, alice_at, alices, letter, open_shop, shop};
use crate::{custom, fulfillment, with};

pub async fn customers_of_one_account_get_their_own_answers<H: Adapter, C: Adapter>() {
    let host = open_shop::<H>().await;
    let customers = [alice::<C>(&host).await, alice::<C>(&host).await, alice::<C>(&host).await];
    assert_eq!((host.connections(), host.accounts().len()), (3, 1));
    // Each pays under ids that no other has: a Fulfill that went astray would leave a payment open.
    let payments = (0..300_u32).map(|n| customers[n as usize % 3].pay(letter(n, 1)));
    for (paid, n) in join_all(payments).await.into_iter().zip(0..) {
        assert_eq!(paid.unwrap().fulfillment, fulfillment(n));
    }
    let questions = (0..30_usize).map(|n| customers[n % 3].request(custom(&n.to_string())));
    for (answer, n) in join_all(questions).await.into_iter().zip(0..) {
        assert_eq!(answer.unwrap(), custom(&n.to_string()));
    }
    assert_eq!(customers.each_ref().map(|customer| customer.balance()), [-100; 3]);
    assert_eq!(alices(&host).balance(), 300);
    let [first, others @ ..] = customers;
    first.close().await;
    for (other, n) in others.into_iter().zip(1000..) {
        other.pay(letter(n, 1)).await.unwrap();
        other.close().await;
    }
    host.close().await;
}

pub async fn an_account_has_only_so_many_connections<H: Adapter, C: Adapter>() {
    let limits = with(Limits::default(), |limits| limits.connections = 2);
    let host = shop::<H>().limits(limits).listen(ANYWHERE).await.unwrap();
    let (first, second) = (alice::<C>(&host).await, alice::<C>(&host).await);
    let third = Client::<C>::connect(&alice_at(host.address())).await;
    let Err(ConnectError::Refused(error)) = third else { panic!("expected a refusal, got {third:?}") };
    assert_eq!(error_message(&error), "the account has too many connections");
    second.pay(letter(1, 1)).await.unwrap();
    first.close().await;
    let third = alice::<C>(&host).await;
    third.pay(letter(2, 1)).await.unwrap();
    second.close().await;
    third.close().await;
    host.close().await;
}
