//! An application that fails harms nobody but itself.

use trustline_core::session::MessageFailure;
use trustline_runtime::{Client, ConnectError, Host, PaymentError, RequestError};

use crate::contract::rig::{ANYWHERE, Adapter, Clerk, Watched, alice_at, expires, impatient, letter};
use crate::{custom, ledger_info};

pub async fn a_handler_that_panics_takes_nobody_with_it<H: Adapter, C: Adapter>() {
    let runtime = Watched::<H>::default();
    let host = Host::builder_on(runtime.clone(), ledger_info()).account("alice", "s3cr3t").account("bob", "");
    let host = host.handler(|account| if account == "alice" { Clerk::Panics } else { Clerk::Sells });
    let host = host.listen(ANYWHERE).await.unwrap();
    let builder = Client::<C>::builder(&alice_at(host.address())).limits(impatient()).handler(Clerk::Panics);
    let alice = builder.connect().await.unwrap();
    let bob = Client::<C>::connect(&format!("btp+ws://bob:@{}/", host.address())).await.unwrap();

    let asked = alice.request(custom("{}")).await;
    assert_eq!(asked, Err(RequestError::Unanswered(MessageFailure::Timeout)));
    // Undecided, so that it expires; the handler panics when it is told.
    let expired = expires(&alice, 1).await;
    assert!(matches!(expired, PaymentError::Rejected { .. }), "{expired:?}");
    // Both are as well as before, and so is the clock of them all.
    assert_eq!(alice.peer_balance().await.unwrap(), 0);
    bob.pay(letter(1, 10)).await.unwrap();
    let expired = expires(&alice, 100).await;
    assert!(matches!(expired, PaymentError::Rejected { .. }), "{expired:?}");
    alice.close().await;
    bob.close().await;
    host.close().await;
    runtime.until_tasks(0).await;
}

pub async fn an_authentication_that_panics_lets_nobody_in<H: Adapter, C: Adapter>() {
    let runtime = Watched::<H>::default();
    let host = Host::builder_on(runtime.clone(), ledger_info()).account("alice", "s3cr3t");
    let host = host.authenticate(|_| panic!("it was told to")).listen(ANYWHERE).await.unwrap();
    let refused = Client::<C>::connect(&format!("btp+ws://bob:@{}/", host.address())).await;
    assert!(matches!(refused, Err(ConnectError::Refused(_))), "{refused:?}");
    let alice = Client::<C>::connect(&alice_at(host.address())).await.unwrap();
    alice.close().await;
    host.close().await;
    runtime.until_tasks(0).await;
}
