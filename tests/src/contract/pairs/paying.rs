//! PROTOCOL.md section 4: how payments end.

use futures_util::future::{join, join_all};
use trustline_core::Fulfillment;
use trustline_core::ledger::{Bounds, PrepareError};
use trustline_core::session::{Event, PrepareFailure};
use trustline_core::wire::{Entry, ProtocolData};
use trustline_runtime::{Client, Payment, PaymentError};

use crate::contract::rig::{ANYWHERE, Adapter, Clerk, alice, alice_at, alices, assert_mirrored, expires, letter, open_shop, shop, until};
use crate::{fulfillment, no_funds, number, transfer_id};

pub async fn a_payment_is_fulfilled_on_both_books<H: Adapter, C: Adapter>() {
    let host = open_shop::<H>().await;
    let client = alice::<C>(&host).await;
    let paid = client.pay(letter(1, 10)).await.unwrap();
    assert_eq!((paid.fulfillment, paid.protocol_data), (fulfillment(1), ProtocolData::new()));
    assert_eq!((client.balance(), alices(&host).balance()), (-10, 10));
    assert_eq!(client.peer_balance().await.unwrap(), -10);
    assert_mirrored(&client, &alices(&host)).await;
    client.close().await;
    host.close().await;
}

pub async fn a_payment_is_rejected_with_the_payees_reason<H: Adapter, C: Adapter>() {
    let host = shop::<H>().handler(|_| Clerk::Declines).listen(ANYWHERE).await.unwrap();
    let client = alice::<C>(&host).await;
    let rejected = client.pay(letter(1, 10)).await;
    let Err(PaymentError::Rejected { reason: Some(reason), .. }) = rejected else { panic!("{rejected:?}") };
    assert_eq!(*reason, no_funds());
    assert_mirrored(&client, &alices(&host)).await;
    assert_eq!(client.balance(), 0);
    client.close().await;
    host.close().await;
}

pub async fn a_payment_under_an_unknown_condition_is_rejected<H: Adapter, C: Adapter>() {
    let host = open_shop::<H>().await;
    let client = alice::<C>(&host).await;
    let rejected = client.pay(Payment::new(10, Fulfillment::from([66; 32]).condition())).await;
    let Err(PaymentError::Rejected { reason: Some(reason), .. }) = rejected else { panic!("{rejected:?}") };
    assert_eq!(reason.code.as_str(), "F05");
    client.close().await;
    host.close().await;
}

pub async fn a_payment_that_nobody_takes_expires<H: Adapter, C: Adapter>() {
    let host = shop::<H>().handler(|_| Clerk::Thinks).listen(ANYWHERE).await.unwrap();
    let client = alice::<C>(&host).await;
    // The host of the ledger says so.
    let expired = expires(&client, 1).await;
    let PaymentError::Rejected { reason: Some(reason), .. } = expired else { panic!("{expired:?}") };
    assert_eq!((reason.code.as_str(), &*reason.name), ("R00", "Transfer Timed Out"));
    assert_eq!(client.peer_balance().await.unwrap(), 0);
    assert_mirrored(&client, &alices(&host)).await;
    client.close().await;
    host.close().await;
}

pub async fn a_payment_of_the_host_expires_by_its_own_clock<H: Adapter, C: Adapter>() {
    let host = open_shop::<H>().await;
    let client = alice::<C>(&host).await;
    assert_eq!(expires(&alices(&host), 1).await, PaymentError::Expired);
    // Its Reject is on the way before anything that is asked behind it is answered.
    assert_eq!(client.peer_balance().await.unwrap(), 0);
    assert_mirrored(&client, &alices(&host)).await;
    client.close().await;
    host.close().await;
}

pub async fn a_payment_beyond_the_hosts_limit_is_refused<H: Adapter, C: Adapter>() {
    let host = shop::<H>().bounds(Bounds { minimum: 0, maximum: 25 }).listen(ANYWHERE).await.unwrap();
    let client = alice::<C>(&host).await;
    client.pay(letter(1, 20)).await.unwrap();
    let refused = client.pay(letter(2, 10)).await.unwrap_err();
    assert!(matches!(refused, PaymentError::Refused(_)), "{refused:?}");
    assert!(refused.is_limit_reached());
    // What still fits is taken.
    client.pay(letter(3, 5)).await.unwrap();
    assert_eq!((client.balance(), alices(&host).balance()), (-25, 25));
    client.close().await;
    host.close().await;
}

pub async fn a_payment_beyond_our_own_limit_is_not_sent<H: Adapter, C: Adapter>() {
    let host = open_shop::<H>().await;
    let builder = Client::<C>::builder(&alice_at(host.address())).bounds(Bounds { minimum: -5, maximum: 0 });
    let client = builder.connect().await.unwrap();
    let refused = client.pay(letter(1, 10)).await.unwrap_err();
    assert_eq!(refused, PaymentError::NotSent(PrepareFailure::Ledger(PrepareError::InsufficientBalance)));
    assert!(refused.is_limit_reached());
    client.close().await;
    host.close().await;
}

pub async fn a_payment_under_a_used_id_leaves_the_first_alone<H: Adapter, C: Adapter>() {
    let (host, mut events) = shop::<H>().listen_with_events(ANYWHERE).await.unwrap();
    let client = alice::<C>(&host).await;
    let first = client.pay(letter(1, 10));
    let second = client.pay(letter(1, 10)).await;
    assert!(matches!(second, Err(PaymentError::NotSent(_))), "{second:?}");
    until(&mut events, |_, event| matches!(event, Event::IncomingPrepared { .. }).then_some(())).await;
    alices(&host).fulfill(transfer_id(1), fulfillment(1)).unwrap();
    assert_eq!(first.await.unwrap().fulfillment, fulfillment(1));
    client.close().await;
    host.close().await;
}

pub async fn a_payment_goes_on_when_nobody_waits_for_it<H: Adapter, C: Adapter>() {
    let (host, _host_events) = shop::<H>().listen_with_events(ANYWHERE).await.unwrap();
    let (client, mut events) = Client::<C>::builder(&alice_at(host.address())).connect_with_events().await.unwrap();
    drop(client.pay(letter(1, 10)));
    until(&mut events, |_, event| matches!(event, Event::OutgoingPrepared { .. }).then_some(())).await;
    alices(&host).fulfill(transfer_id(1), fulfillment(1)).unwrap();
    // Who does not wait for its outcome is told of it as of everything else.
    let paid = until(&mut events, |_, event| match event {
        Event::OutgoingFulfilled { transfer, .. } => Some(transfer.id),
        _ => None,
    });
    assert_eq!(paid.await, transfer_id(1));
    assert_eq!(client.balance(), -10);
    client.close().await;
    host.close().await;
}

pub async fn a_thousand_payments_at_once_are_all_fulfilled<H: Adapter, C: Adapter>() {
    let host = open_shop::<H>().await;
    let client = alice::<C>(&host).await;
    let payments = join_all((1..=1000).map(|n| client.pay(letter(n, u64::from(n))))).await;
    for (paid, n) in payments.into_iter().zip(1..) {
        assert_eq!(paid.unwrap().fulfillment, fulfillment(n));
    }
    assert_eq!(client.balance(), -500_500);
    assert_eq!(client.peer_balance().await.unwrap(), -500_500);
    assert_eq!(client.in_flight(), 0);
    assert_mirrored(&client, &alices(&host)).await;
    client.close().await;
    host.close().await;
}

pub async fn the_host_pays_its_client<H: Adapter, C: Adapter>() {
    let host = open_shop::<H>().await;
    let client = Client::<C>::builder(&alice_at(host.address())).handler(Clerk::Sells).connect().await.unwrap();
    let account = alices(&host);
    assert_eq!(account.pay(letter(1, 10)).await.unwrap().fulfillment, fulfillment(1));
    assert_eq!(account.balance(), -10);
    // The client has its money with the host's answer.
    assert_eq!(client.peer_balance().await.unwrap(), 10);
    assert_eq!(client.balance(), 10);
    assert_mirrored(&client, &account).await;
    client.close().await;
    host.close().await;
}

pub async fn both_pay_each_other_at_once<H: Adapter, C: Adapter>() {
    let host = open_shop::<H>().await;
    let client = Client::<C>::builder(&alice_at(host.address())).handler(Clerk::Sells).connect().await.unwrap();
    let account = alices(&host);
    let there = (1..=200).map(|n| client.pay(letter(n, 3)));
    let back = (1001..=1200).map(|n| account.pay(letter(n, 2)));
    let (there, back) = join(join_all(there), join_all(back)).await;
    assert!(there.iter().chain(&back).all(Result::is_ok));
    assert_eq!(client.peer_balance().await.unwrap(), -200);
    assert_eq!(client.balance(), -200);
    assert_mirrored(&client, &account).await;
    client.close().await;
    host.close().await;
}

pub async fn the_host_refunds_what_it_was_paid<H: Adapter, C: Adapter>() {
    let (host, mut events) = shop::<H>().listen_with_events(ANYWHERE).await.unwrap();
    let client = Client::<C>::builder(&alice_at(host.address())).handler(Clerk::Sells).connect().await.unwrap();
    let letters = join_all((1..=3).map(|n| client.pay(letter(n, 10))));
    let shopping = async {
        for _ in 1..=3 {
            let (account, id) = until(&mut events, |account, event| match event {
                Event::IncomingPrepared { transfer, .. } => Some((account.clone(), transfer.id)),
                _ => None,
            })
            .await;
            account.fulfill(id, fulfillment(number(id))).unwrap();
        }
        let account = alices(&host);
        // Two letters are returned: one is refunded against a proof, the other on trust.
        account.pay(letter(1001, 10)).await.unwrap();
        account.transfer(transfer_id(1002), 10, &Entry::text("note", "letter 2").into()).await.unwrap();
        account
    };
    let (paid, account) = join(letters, shopping).await;
    assert!(paid.iter().all(Result::is_ok));
    assert_eq!(client.peer_balance().await.unwrap(), -10);
    assert_eq!((client.balance(), client.sums().incoming_posted), (-10, 20));
    assert_mirrored(&client, &account).await;
    client.close().await;
    host.close().await;
}

pub async fn the_limits_of_both_hold_in_both_directions<H: Adapter, C: Adapter>() {
    // The host lets the client pay 20 in advance, and gives it 5 on credit; the client takes no more than 3 of those.
    let host = shop::<H>().bounds(Bounds { minimum: -5, maximum: 20 }).listen(ANYWHERE).await.unwrap();
    let builder = Client::<C>::builder(&alice_at(host.address())).bounds(Bounds { minimum: -15, maximum: 3 });
    let client = builder.handler(Clerk::Sells).connect().await.unwrap();
    let account = alices(&host);
    let own_limit = PaymentError::NotSent(PrepareFailure::Ledger(PrepareError::InsufficientBalance));
    client.pay(letter(1, 15)).await.unwrap();
    assert_eq!(client.pay(letter(2, 1)).await, Err(own_limit.clone()));
    account.pay(letter(1001, 18)).await.unwrap();
    let refused = account.pay(letter(1002, 1)).await.unwrap_err();
    assert!(matches!(refused, PaymentError::Refused(_)) && refused.is_limit_reached(), "{refused:?}");
    assert_eq!((client.peer_limit().await.unwrap(), account.peer_limit().await.unwrap()), (-20, -3));
    // Each may move its own.
    client.set_bounds(Bounds { minimum: -30, maximum: 10 });
    account.pay(letter(1003, 2)).await.unwrap();
    assert_eq!(account.pay(letter(1004, 1)).await, Err(own_limit));
    client.pay(letter(3, 25)).await.unwrap();
    assert!(matches!(client.pay(letter(4, 1)).await, Err(PaymentError::Refused(_))));
    assert_eq!(client.peer_balance().await.unwrap(), -20);
    assert_mirrored(&client, &account).await;
    client.close().await;
    host.close().await;
}

pub async fn a_transfer_without_a_condition_is_paid_at_once<H: Adapter, C: Adapter>() {
    let (host, mut events) = shop::<H>().listen_with_events(ANYWHERE).await.unwrap();
    let client = alice::<C>(&host).await;
    let note = ProtocolData::from(Entry::text("note", "settled"));
    client.transfer(transfer_id(1), 10, &note).await.unwrap();
    let (amount, protocol_data) = until(&mut events, |_, event| match event {
        Event::IncomingTransferred { amount, protocol_data, .. } => Some((amount, protocol_data)),
        _ => None,
    })
    .await;
    assert_eq!((amount, protocol_data), (10, note));
    assert_mirrored(&client, &alices(&host)).await;
    client.close().await;
    host.close().await;
}
