//! DESIGN.md, "nothing behind an Effect may leave the process before that effect is durable".

use std::pin::pin;
use std::sync::{Arc, Mutex, Weak};

use futures_channel::mpsc;
use futures_util::{FutureExt, StreamExt};
use trustline_core::ledger::{Effect, Snapshot, Trustline};
use trustline_core::session::{Event, PrepareFailure, Stopped, error_message};
use trustline_runtime::{Appended, Client, Committed, ConnectError, Journal, JournalError, PaymentError, Watcher};

use crate::contract::rig::{
    ANYWHERE, Adapter, Watched, alice, alice_at, alices, assert_mirrored, letter, open_shop, shop, until, until_connected,
    until_disconnected,
};
use crate::{fulfillment, transfer_id};

/// Keeps nothing, and says so when it is told to.
struct Slow {
    batches: Mutex<mpsc::UnboundedSender<Arc<dyn Committed>>>,
}

impl Journal for Slow {
    fn load(&self, _account: &str) -> Result<Option<Snapshot>, JournalError> {
        Ok(None)
    }

    fn append(&self, _account: &str, _effects: Vec<Effect>, _state: &Trustline, waiting: Arc<dyn Committed>) -> Appended {
        self.batches.lock().unwrap().unbounded_send(waiting).unwrap();
        Appended::Pending
    }
}

/// Fails for alice.
struct Full;

impl Journal for Full {
    fn load(&self, _account: &str) -> Result<Option<Snapshot>, JournalError> {
        Ok(None)
    }

    fn append(&self, account: &str, _effects: Vec<Effect>, _state: &Trustline, _waiting: Arc<dyn Committed>) -> Appended {
        Appended::Done(if account == "alice" { Err(disk_full()) } else { Ok(()) })
    }
}

/// Keeps nothing, and fails when it is told to.
#[derive(Default)]
struct Store {
    watchers: Mutex<Vec<Weak<dyn Watcher>>>,
}

impl Store {
    fn fails(&self) {
        for watcher in self.watchers.lock().unwrap().drain(..) {
            watcher.upgrade().unwrap().failed(disk_full());
        }
    }
}

impl Journal for Store {
    fn load(&self, _account: &str) -> Result<Option<Snapshot>, JournalError> {
        Ok(None)
    }

    fn append(&self, _account: &str, _effects: Vec<Effect>, _state: &Trustline, _waiting: Arc<dyn Committed>) -> Appended {
        Appended::Done(Ok(()))
    }

    fn watch(&self, watcher: Weak<dyn Watcher>) {
        self.watchers.lock().unwrap().push(watcher);
    }
}

fn disk_full() -> JournalError {
    JournalError::Other("the disk is full".to_owned())
}

pub async fn what_rests_on_an_effect_waits_for_the_journal<H: Adapter, C: Adapter>() {
    let (sender, mut batches) = mpsc::unbounded();
    let journal = Arc::new(Slow { batches: Mutex::new(sender) });
    let host = shop::<H>().account("bob", "").journal(journal).listen(ANYWHERE).await.unwrap();
    let client = alice::<C>(&host).await;
    let bob = Client::<C>::connect(&format!("btp+ws://bob:@{}/", host.address())).await.unwrap();

    let mut first = pin!(client.pay(letter(1, 10)));
    let batch = batches.next().await.unwrap();
    let second = client.pay(letter(2, 10));
    // Bob, who is elsewhere in the journal, is answered; alice is not, and her next batch waits for this one.
    assert_eq!(bob.peer_balance().await.unwrap(), 0);
    assert!((&mut first).now_or_never().is_none());
    assert!(batches.next().now_or_never().is_none());
    batch.committed(Ok(()));
    assert_eq!(first.await.unwrap().fulfillment, fulfillment(1));
    H::default().spawn(async move {
        while let Some(batch) = batches.next().await {
            batch.committed(Ok(()));
        }
    });
    second.await.unwrap();
    assert_mirrored(&client, &alices(&host)).await;
    client.close().await;
    bob.close().await;
    host.close().await;
}

pub async fn a_host_whose_journal_fails_stops_that_account_and_no_other<H: Adapter, C: Adapter>() {
    let (host, mut events) = shop::<H>().account("bob", "").journal(Arc::new(Full)).listen_with_events(ANYWHERE).await.unwrap();
    let client = alice::<C>(&host).await;
    let bob = Client::<C>::connect(&format!("btp+ws://bob:@{}/", host.address())).await.unwrap();
    let payment = client.pay(letter(1, 10));
    // The application hears no more of alice than this.
    let (account, _) = until(&mut events, |account, event| match event {
        Event::Connected { .. } => None,
        event => Some((account.clone(), event)),
    })
    .await;
    assert_eq!((account.name(), account.failure()), ("alice", Some(disk_full())));
    assert!(!account.is_connected());
    assert_eq!(host.failed().await, disk_full());
    assert_turned_away::<C>(&alice_at(host.address())).await;

    let bobs_payment = bob.pay(letter(1, 10));
    until(&mut events, |_, event| matches!(event, Event::IncomingPrepared { .. }).then_some(())).await;
    host.account("bob").unwrap().fulfill(transfer_id(1), fulfillment(1)).unwrap();
    bobs_payment.await.unwrap();
    client.close().await;
    assert_eq!(payment.await, Err(PaymentError::Abandoned));
    bob.close().await;
    host.close().await;
}

/// Whoever has an effect to store, or none.
pub async fn a_host_whose_store_fails_stops_every_account_in_it<H: Adapter, C: Adapter>() {
    let journal = Arc::new(Store::default());
    let host = shop::<H>().account("bob", "").journal(journal.clone()).listen(ANYWHERE).await.unwrap();
    let bobs = format!("btp+ws://bob:@{}/", host.address());
    let alice = Client::<C>::builder(&alice_at(host.address())).connect_with_events().await.unwrap();
    let bob = Client::<C>::builder(&bobs).connect_with_events().await.unwrap();
    alice.0.pay(letter(1, 10)).await.unwrap();

    let mut failed = Box::pin(host.failed());
    assert!((&mut failed).now_or_never().is_none());
    journal.fails();
    assert_eq!(failed.await, disk_full());
    for (client, mut events) in [alice, bob] {
        until_disconnected(&mut events).await;
        client.close().await;
    }
    for account in host.accounts() {
        assert_eq!(account.failure(), Some(disk_full()), "{}", account.name());
    }
    for url in [alice_at(host.address()), bobs] {
        assert_turned_away::<C>(&url).await;
    }
    host.close().await;
}

async fn assert_turned_away<C: Adapter>(url: &str) {
    let refused = Client::<C>::connect(url).await;
    let Err(ConnectError::Refused(error)) = refused else { panic!("expected a refusal, got {refused:?}") };
    assert_eq!(error_message(&error), "the ledger of this account has stopped");
}

pub async fn a_client_whose_journal_fails_stops<H: Adapter, C: Adapter>() {
    let runtime = Watched::<C>::default();
    let host = open_shop::<H>().await;
    let builder = Client::builder_on(runtime.clone(), &alice_at(host.address())).journal(Arc::new(Full), "alice");
    let (client, mut events) = builder.connect_with_events().await.unwrap();
    until_connected(&mut events).await;
    assert_eq!(client.pay(letter(1, 10)).await, Err(PaymentError::Abandoned));
    until_disconnected(&mut events).await;
    assert_eq!((client.failure(), client.failed().await), (Some(disk_full()), disk_full()));
    // It is not dialed again.
    runtime.until_tasks(0).await;
    assert!(events.next().await.is_none());
    assert_eq!(client.pay(letter(2, 10)).await, Err(PaymentError::NotSent(PrepareFailure::Stopped(Stopped::Journal))));
    assert_eq!(alices(&host).balance(), 0, "nothing has left");
    client.close().await;
    host.close().await;
}
