//! PROTOCOL.md section 2: who is let in.

use trustline_core::session::{ErrorName, error_message};
use trustline_core::wire::Entry;
use trustline_runtime::{Admitted, Client, ConnectError, Host};

use crate::contract::rig::{ANYWHERE, Adapter, Clerk, alice, alice_at, alices, letter, open_shop, shop};
use crate::ledger_info;

pub async fn the_right_token_opens_the_account<H: Adapter, C: Adapter>() {
    let host = open_shop::<H>().await;
    let client = alice::<C>(&host).await;
    assert!(client.is_connected());
    assert!(alices(&host).is_connected());
    assert_eq!(client.info(), Some(ledger_info()));
    assert_eq!(client.address().unwrap(), "example.letter-shop.mytrustline.client");
    assert_eq!(alices(&host).address().unwrap(), "example.letter-shop.mytrustline.server");
    client.close().await;
    host.close().await;
}

pub async fn a_wrong_token_is_refused_with_a_reason<H: Adapter, C: Adapter>() {
    let host = open_shop::<H>().await;
    assert_refused::<C>(&host, "alice:wrong").await;
    assert!(host.account("alice").is_none());
    host.close().await;
}

pub async fn an_unknown_user_is_refused<H: Adapter, C: Adapter>() {
    let host = open_shop::<H>().await;
    assert_refused::<C>(&host, "mallory:s3cr3t").await;
    host.close().await;
}

async fn assert_refused<C: Adapter>(host: &Host<impl Adapter>, credentials: &str) {
    let refused = Client::<C>::connect(&format!("btp+ws://{credentials}@{}/", host.address())).await;
    let Err(ConnectError::Refused(error)) = refused else { panic!("expected a refusal, got {refused:?}") };
    assert_eq!(ErrorName::of(&error), Some(ErrorName::NotAccepted));
    assert_eq!(error_message(&error), "invalid username or token");
}

pub async fn an_application_may_decide_who_comes_in_by_what_else_they_show<H: Adapter, C: Adapter>() {
    let host = Host::<H>::builder(ledger_info()).authenticate(|credentials| {
        let voucher = credentials.protocol_data.get("voucher")?;
        (&voucher.data[..] == b"gold").then(|| Admitted::to(format!("guest of {}", credentials.username)))
    });
    let host = host.listen(ANYWHERE).await.unwrap();
    let url = format!("btp+ws://bob:@{}/", host.address());

    let refused = Client::<C>::connect(&url).await;
    assert!(matches!(refused, Err(ConnectError::Refused(_))), "{refused:?}");
    let voucher = Entry::text("voucher", "gold");
    let client = Client::<C>::builder(&url).authentication_entry(voucher).connect().await.unwrap();
    assert!(host.account("guest of bob").unwrap().is_connected());
    client.close().await;
    host.close().await;
}

pub async fn a_username_and_a_token_may_hold_any_characters<H: Adapter, C: Adapter>() {
    let host = Host::<H>::builder(ledger_info()).account("älice@home", "p:/?#%").listen(ANYWHERE).await.unwrap();
    let url = format!("btp+ws://%C3%A4lice%40home:p%3A%2F%3F%23%25@{}/a/path?and=query", host.address());
    let client = Client::<C>::connect(&url).await.unwrap();
    assert!(host.account("älice@home").unwrap().is_connected());
    client.close().await;
    host.close().await;
}

pub async fn a_host_may_have_many_accounts_that_see_nothing_of_each_other<H: Adapter, C: Adapter>() {
    let host = shop::<H>().account("bob", "").handler(|_| Clerk::Sells).listen(ANYWHERE).await.unwrap();
    let alice = Client::<C>::connect(&alice_at(host.address())).await.unwrap();
    let bob = Client::<C>::connect(&format!("btp+ws://bob:@{}/", host.address())).await.unwrap();
    // Ids are an account's own: the same one means nothing elsewhere.
    alice.pay(letter(1, 10)).await.unwrap();
    bob.pay(letter(1, 3)).await.unwrap();
    assert_eq!((alice.balance(), bob.balance()), (-10, -3));
    assert_eq!((alice.peer_balance().await.unwrap(), bob.peer_balance().await.unwrap()), (-10, -3));
    assert_eq!(host.accounts().iter().map(trustline_runtime::Account::balance).sum::<i128>(), 13);
    alice.close().await;
    bob.close().await;
    host.close().await;
}
