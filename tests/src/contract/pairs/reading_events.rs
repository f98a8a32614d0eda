//! Events as a stream.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use futures_util::FutureExt;
use futures_util::future::{join, join_all};
use trustline_core::Limits;
use trustline_core::session::Event;
use trustline_runtime::{Account, Client, Commands, Events, Handler};

use crate::contract::rig::{
    ANYWHERE, Adapter, PING, PONG, Peer, alice, alice_at, alices, assert_mirrored, attentive, letter, shop, until, until_connected,
};
use crate::{custom, no_data, number, transfer_id, with};

pub async fn events_come_in_order<H: Adapter, C: Adapter>() {
    let (host, mut events) = shop::<H>().listen_with_events(ANYWHERE).await.unwrap();
    let client = alice::<C>(&host).await;
    let payments: Vec<_> = (1..=100).map(|n| client.pay(letter(n, 1))).collect();
    // All are waited for before any is read.
    assert_eq!(client.peer_balance().await.unwrap(), 0);
    assert!(matches!(events.next().await, Some((_, Event::Connected { .. }))));
    for n in 1..=100 {
        let (account, event) = events.next().await.unwrap();
        let Event::IncomingPrepared { transfer, .. } = event else { panic!("expected payment {n}, got {event:?}") };
        assert_eq!(number(transfer.id), n);
        account.fulfill(transfer.id, crate::fulfillment(n)).unwrap();
        // Said at once, where the ledger is ours; behind what came before.
    }
    for n in 1..=100 {
        let (_, event) = events.next().await.unwrap();
        let Event::IncomingFulfilled { transfer } = event else { panic!("expected payment {n}, got {event:?}") };
        assert_eq!(number(transfer.id), n);
    }
    assert!(join_all(payments).await.iter().all(Result::is_ok));
    client.close().await;
    assert!(matches!(events.next().await, Some((_, Event::Disconnected { .. }))));
    host.close().await;
    assert!(events.next().await.is_none());
}

pub async fn a_host_tells_whose_events_they_are<H: Adapter, C: Adapter>() {
    let (host, mut events) = shop::<H>().account("bob", "").listen_with_events(ANYWHERE).await.unwrap();
    let alice = alice::<C>(&host).await;
    let bob = Client::<C>::connect(&format!("btp+ws://bob:@{}/", host.address())).await.unwrap();
    let asked = join_all([&*alice, &*bob, &*alice].map(|client| client.request(custom("{}"))));
    let answers = async {
        for _ in 0..3 {
            let (account, token) = until(&mut events, |account, event| match event {
                Event::Request { token, .. } => Some((account.clone(), token)),
                _ => None,
            })
            .await;
            account.respond(token, custom(&format!("\"{}\"", account.name()))).unwrap();
        }
    };
    let (answers, ()) = join(asked, answers).await;
    assert_eq!(
        answers.into_iter().map(Result::unwrap).collect::<Vec<_>>(),
        ["alice", "bob", "alice"].map(|name| custom(&format!("\"{name}\"")))
    );
    alice.close().await;
    bob.close().await;
    host.close().await;
}

pub async fn a_slow_reader_slows_only_its_own_account<H: Adapter, C: Adapter>() {
    let (host, mut events) = shop::<H>().account("bob", "").listen_with_events(ANYWHERE).await.unwrap();
    let alice = alice::<C>(&host).await;
    let bob = Client::<C>::connect(&format!("btp+ws://bob:@{}/", host.address())).await.unwrap();
    // Far more than the queue holds, and than one read brings.
    let mut flood = join_all((0..5000).map(|n| alice.request(custom(&format!("\"{n:0>200}\"")))));
    let account = Account::clone(&alice);
    let mut behind = std::pin::pin!(account.peer_balance());
    assert!((&mut flood).now_or_never().is_none());
    for _ in 0..20 {
        assert_eq!(bob.peer_balance().await.unwrap(), 0);
        assert!((&mut behind).now_or_never().is_none(), "alice is not read from while her events wait");
    }
    let (answers, balance) = join(join(flood, behind), answer_requests(&mut events, 5000)).await.0;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(balance.unwrap(), 0);
    alice.close().await;
    bob.close().await;
    host.close().await;
}

pub async fn a_connection_that_was_not_read_from_for_long_is_kept<H: Adapter, C: Adapter>() {
    let builder = shop::<H>().account("bob", "").connection_limits(attentive());
    let (host, mut events) = builder.listen_with_events(ANYWHERE).await.unwrap();
    let client = alice::<C>(&host).await;
    let flood = join_all((0..5000).map(|n| client.request(custom(&format!("\"{n:0>200}\"")))));
    // Meanwhile another is pinged more often than one who is silent would be.
    let mut bob = Peer::<H>::dial(host.address()).await;
    bob.authenticates("bob", "").await;
    for _ in 0..6 {
        bob.stream.read_exact(&mut [0; PING.len()]).await.unwrap();
        bob.stream.write_all(&PONG).await.unwrap();
    }
    let (answers, ()) = join(flood, answer_requests(&mut events, 5000)).await;
    assert!(answers.iter().all(Result::is_ok));
    bob.closes().await;
    client.close().await;
    host.close().await;
}

async fn answer_requests(events: &mut Events, requests: usize) {
    for _ in 0..requests {
        let (account, token, words) = until(events, |account, event| match event {
            Event::Request { token, protocol_data } => Some((account.clone(), token, protocol_data)),
            _ => None,
        })
        .await;
        account.respond(token, words).unwrap();
    }
}

/// Takes one event at a time.
struct Narrow {
    is_full: Arc<AtomicBool>,
}

impl Handler for Narrow {
    fn handle(&mut self, event: Event, _commands: &mut Commands<'_>) {
        if let Event::IncomingTransferred { .. } = event {
            self.is_full.store(true, Ordering::Release);
        }
    }

    fn is_ready(&self) -> bool {
        !self.is_full.load(Ordering::Acquire)
    }
}

pub async fn a_handler_that_is_full_each_time_misses_nothing<H: Adapter, C: Adapter>() {
    let is_full = Arc::new(AtomicBool::new(false));
    let handler = {
        let is_full = is_full.clone();
        move |_: &str| Narrow { is_full: is_full.clone() }
    };
    let host = shop::<H>().handler(handler).listen(ANYWHERE).await.unwrap();
    // A connection that overslept is not to be saved by the next.
    let limits = with(Limits::default(), |limits| limits.request_timeout = Duration::from_secs(60 * 60));
    let client = Client::<C>::builder(&alice_at(host.address())).limits(limits).connect().await.unwrap();
    // Makes room as soon as there is none: that is while the connection goes to sleep because of it.
    let account = alices(&host);
    let emptying = std::thread::spawn(move || {
        while Arc::strong_count(&is_full) > 2 {
            if is_full.swap(false, Ordering::AcqRel) {
                account.resume();
            }
        }
    });
    for n in 1..=4000 {
        client.transfer(transfer_id(n), 1, &no_data()).await.unwrap();
    }
    client.close().await;
    host.close().await;
    emptying.join().unwrap();
}

pub async fn events_that_nobody_wants_stop_nobody<H: Adapter, C: Adapter>() {
    let (host, mut events) = shop::<H>().listen_with_events(ANYWHERE).await.unwrap();
    let client = alice::<C>(&host).await;
    until_connected(&mut events).await;
    let transfers: Vec<_> = (1..=3000).map(|n| client.transfer(transfer_id(n), 1, &no_data())).collect();
    // Some are in the queue by now, perhaps.
    drop(events);
    assert!(join_all(transfers).await.iter().all(Result::is_ok));
    assert_mirrored(&client, &alices(&host)).await;
    client.close().await;
    host.close().await;
}
