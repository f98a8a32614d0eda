//! What becomes of accounts while their host runs.

use std::sync::{Arc, Condvar, Mutex};

use trustline_core::TransferRate;
use trustline_core::ledger::{Bounds, Effect, Snapshot, Trustline};
use trustline_core::session::{ErrorName, Event, PrepareFailure, Stopped, error_message};
use trustline_runtime::{
    Appended, Client, Committed, ConnectError, Host, Journal, JournalError, OpenError, PaymentError, RemoveError, Runtime,
};

use crate::contract::rig::{
    ANYWHERE, Adapter, Clerk, alice, alice_at, alices, assert_mirrored, letter, open_shop, shop, until, until_connected, until_disconnected,
};
use crate::{fulfillment, ledger_info, transfer_id};

/// What the host says to who may not come in.
async fn refusal<C: Adapter>(host: &Host<impl Runtime>, credentials: &str) -> String {
    let refused = Client::<C>::connect(&format!("btp+ws://{credentials}@{}/", host.address())).await;
    let Err(ConnectError::Refused(error)) = refused else { panic!("expected a refusal, got {refused:?}") };
    error_message(&error)
}

pub async fn an_account_is_added_while_the_host_runs<H: Adapter, C: Adapter>() {
    let host = Host::<H>::builder(ledger_info()).handler(|_| Clerk::Sells).listen(ANYWHERE).await.unwrap();
    assert_eq!(refusal::<C>(&host, "alice:s3cr3t").await, "invalid username or token");
    host.add_account("alice", "s3cr3t");
    let client = alice::<C>(&host).await;
    client.pay(letter(1, 10)).await.unwrap();
    // Another token, for who comes from now on.
    host.add_account("alice", "n3w");
    assert_eq!(refusal::<C>(&host, "alice:s3cr3t").await, "invalid username or token");
    let newcomer = Client::<C>::connect(&format!("btp+ws://alice:n3w@{}/", host.address())).await.unwrap();
    assert_eq!(newcomer.peer_balance().await.unwrap(), -10);
    client.pay(letter(2, 10)).await.unwrap();
    client.close().await;
    newcomer.close().await;
    host.close().await;
}

pub async fn a_suspended_account_is_left_alone_and_keeps_its_ledger<H: Adapter, C: Adapter>() {
    let (host, mut events) = shop::<H>().account("bob", "").listen_with_events(ANYWHERE).await.unwrap();
    let (client, mut news) = Client::<C>::builder(&alice_at(host.address())).connect_with_events().await.unwrap();
    let bob = Client::<C>::connect(&format!("btp+ws://bob:@{}/", host.address())).await.unwrap();
    until_connected(&mut news).await;
    let open = client.pay(letter(1, 10));
    until(&mut events, |_, event| matches!(event, Event::IncomingPrepared { .. }).then_some(())).await;

    host.suspend_account("alice");
    until_disconnected(&mut news).await;
    assert_eq!(refusal::<C>(&host, "alice:s3cr3t").await, "the account is suspended");
    assert_eq!(alices(&host).sums().incoming_pending, 10);
    assert!(bob.is_connected() && !alices(&host).is_connected());
    assert_eq!(bob.peer_balance().await.unwrap(), 0);
    // What was open can be decided; she hears of it when she is back.
    alices(&host).fulfill(transfer_id(1), fulfillment(1)).unwrap();
    assert_eq!(alices(&host).balance(), 10);

    host.resume_account("alice");
    assert_eq!(open.await.unwrap().fulfillment, fulfillment(1));
    assert_mirrored(&client, &alices(&host)).await;
    client.close().await;
    bob.close().await;
    host.close().await;
}

pub async fn an_account_can_be_suspended_before_anybody_came<H: Adapter, C: Adapter>() {
    let host = open_shop::<H>().await;
    host.suspend_account("alice");
    assert_eq!(refusal::<C>(&host, "alice:s3cr3t").await, "the account is suspended");
    // It may be looked at, and that does not open it to anybody.
    assert_eq!(host.open_account("alice").await.unwrap().balance(), 0);
    assert_eq!(refusal::<C>(&host, "alice:s3cr3t").await, "the account is suspended");
    host.resume_account("alice");
    let client = alice::<C>(&host).await;
    client.pay(letter(1, 10)).await.unwrap();
    client.close().await;
    host.close().await;
}

pub async fn an_account_is_removed_when_nothing_is_open<H: Adapter, C: Adapter>() {
    let host = open_shop::<H>().await;
    let (client, mut news) = Client::<C>::builder(&alice_at(host.address())).connect_with_events().await.unwrap();
    until_connected(&mut news).await;
    client.pay(letter(1, 10)).await.unwrap();
    let account = alices(&host);
    while account.metrics().open_transfers > 0 {
        // Until the answer to the Fulfill is there.
        futures_lite::future::yield_now().await;
    }
    host.remove_account("alice").await.unwrap();
    until_disconnected(&mut news).await;
    assert_eq!(refusal::<C>(&host, "alice:s3cr3t").await, "invalid username or token");
    assert!(host.account("alice").is_none());
    // A handle that somebody kept does nothing.
    let late = account.pay(letter(2, 10)).await;
    assert_eq!(late, Err(PaymentError::NotSent(PrepareFailure::Stopped(Stopped::Removed))));
    assert_eq!(host.metrics().accounts.incoming.fulfilled, 1, "what was counted stays counted");
    client.close().await;
    // The journal of this host keeps nothing: who is added under the name begins anew.
    host.add_account("alice", "s3cr3t");
    let client = alice::<C>(&host).await;
    assert_eq!(client.peer_balance().await.unwrap(), 0);
    client.close().await;
    host.close().await;
}

pub async fn an_account_with_open_transfers_is_removed_by_force_only<H: Adapter, C: Adapter>() {
    let (host, mut events) = shop::<H>().listen_with_events(ANYWHERE).await.unwrap();
    let client = alice::<C>(&host).await;
    let open = client.pay(letter(1, 10));
    until(&mut events, |_, event| matches!(event, Event::IncomingPrepared { .. }).then_some(())).await;
    let ours = alices(&host).pay(letter(2, 10));
    assert_eq!(host.remove_account("alice").await, Err(RemoveError::OpenTransfers { transfers: 2 }));
    assert!(alices(&host).is_connected(), "nothing was done");
    host.remove_account_by_force("alice").await.unwrap();
    assert_eq!(ours.await, Err(PaymentError::Abandoned));
    assert!(host.account("alice").is_none());
    client.close().await;
    assert_eq!(open.await, Err(PaymentError::Abandoned));
    host.close().await;
}

pub async fn what_an_account_may_do_changes_while_the_host_runs<H: Adapter, C: Adapter>() {
    let host = open_shop::<H>().await;
    let account = host.open_account("alice").await.unwrap();
    account.set_bounds(Bounds { minimum: 0, maximum: 25 });
    let client = alice::<C>(&host).await;
    assert_eq!(client.peer_limit().await.unwrap(), -25);
    client.pay(letter(1, 20)).await.unwrap();
    let beyond = client.pay(letter(2, 20)).await.unwrap_err();
    assert!(beyond.is_limit_reached(), "{beyond:?}");
    account.set_bounds(Bounds { minimum: 0, maximum: 1_000 });
    client.pay(letter(3, 20)).await.unwrap();

    account.set_transfer_limits(100, Some(TransferRate { per_second: 0, burst: 2 }));
    client.pay(letter(4, 1)).await.unwrap();
    client.pay(letter(5, 1)).await.unwrap();
    let too_fast = client.pay(letter(6, 1)).await.unwrap_err();
    let PaymentError::Refused(error) = &too_fast else { panic!("expected a refusal, got {too_fast:?}") };
    assert_eq!(
        (ErrorName::of(error), &error_message(error)[..]),
        (Some(ErrorName::Unreachable), "new transfers come too fast; try again later")
    );
    assert_eq!(account.metrics().refusals.too_fast, 1);
    account.set_transfer_limits(100, None);
    client.pay(letter(7, 1)).await.unwrap();
    assert_eq!(client.balance(), -43);
    client.close().await;
    host.close().await;
}

/// Loads alice when it is told to, and others at once.
#[derive(Default)]
struct SlowToLoad {
    may_load: Mutex<bool>,
    changed: Condvar,
}

impl SlowToLoad {
    fn loads_alice(&self) {
        *self.may_load.lock().unwrap() = true;
        self.changed.notify_all();
    }
}

impl Journal for SlowToLoad {
    fn load(&self, account: &str) -> Result<Option<Snapshot>, JournalError> {
        if account == "alice" {
            drop(self.changed.wait_while(self.may_load.lock().unwrap(), |may_load| !*may_load).unwrap());
        }
        Ok(None)
    }

    fn append(&self, _account: &str, _effects: Vec<Effect>, _state: &Trustline, _waiting: Arc<dyn Committed>) -> Appended {
        Appended::Done(Ok(()))
    }
}

pub async fn an_account_that_is_slow_to_load_holds_up_no_other<H: Adapter, C: Adapter>() {
    let journal = Arc::new(SlowToLoad::default());
    let host = shop::<H>().account("bob", "").journal(journal.clone()).listen(ANYWHERE).await.unwrap();
    let address = host.address();
    let (sender, alices_client) = futures_channel::oneshot::channel();
    C::default().spawn(async move {
        let _ = sender.send(Client::<C>::connect(&alice_at(address)).await);
    });
    while host.metrics().strangers == 0 {
        futures_lite::future::yield_now().await;
    }
    let bob = Client::<C>::connect(&format!("btp+ws://bob:@{address}/")).await.unwrap();
    bob.pay(letter(1, 10)).await.unwrap();
    assert!(host.account("alice").is_none(), "still at it");
    assert_eq!((host.accounts().len(), host.metrics().accounts.incoming.fulfilled), (1, 1));
    journal.loads_alice();
    let client = alices_client.await.unwrap().unwrap();
    client.pay(letter(1, 10)).await.unwrap();
    client.close().await;
    bob.close().await;
    host.close().await;
}

/// Cannot load anything at first.
#[derive(Default)]
struct Unreadable {
    is_read: Mutex<bool>,
}

impl Journal for Unreadable {
    fn load(&self, _account: &str) -> Result<Option<Snapshot>, JournalError> {
        let was_read = std::mem::replace(&mut *self.is_read.lock().unwrap(), true);
        if was_read { Ok(None) } else { Err(JournalError::Other("the disk is away".to_owned())) }
    }

    fn append(&self, _account: &str, _effects: Vec<Effect>, _state: &Trustline, _waiting: Arc<dyn Committed>) -> Appended {
        Appended::Done(Ok(()))
    }
}

pub async fn an_account_that_cannot_be_loaded_is_tried_again<H: Adapter, C: Adapter>() {
    let host = shop::<H>().journal(Arc::new(Unreadable::default())).listen(ANYWHERE).await.unwrap();
    assert_eq!(refusal::<C>(&host, "alice:s3cr3t").await, "the ledger of this account cannot be opened");
    let client = alice::<C>(&host).await;
    client.pay(letter(1, 10)).await.unwrap();
    client.close().await;
    host.close().await;

    let host = shop::<H>().journal(Arc::new(Unreadable::default())).listen(ANYWHERE).await.unwrap();
    let away = JournalError::Other("the disk is away".to_owned());
    assert_eq!(host.open_account("alice").await.unwrap_err(), OpenError::Journal(away));
    assert!(host.open_account("alice").await.is_ok());
    host.close().await;
}
