//! What is counted is what happened.

use std::sync::Arc;

use futures_lite::future::yield_now;
use trustline_core::Limits;
use trustline_core::ledger::{Bounds, Effect, Snapshot, Trustline};
use trustline_core::session::{Refusals, Violations};
use trustline_core::wire::ProtocolData;
use trustline_runtime::{
    Account, AccountMetrics, Appended, Client, Committed, Histogram, Host, Journal, JournalError, PaymentCounts, Traffic,
};

use crate::contract::rig::{ANYWHERE, Adapter, Clerk, Peer, alice, alice_at, alices, expires, letter, masked, open_shop, shop};
use crate::{custom, ledger_info, transfer_id, with};

/// Nothing is on its way between the two any more.
async fn until_quiet(ours: &Account, theirs: &Account) {
    loop {
        let counts = [ours.metrics(), theirs.metrics()];
        let [one, other] = &counts;
        let is_quiet = one.in_flight + other.in_flight + one.open_transfers + other.open_transfers == 0;
        if is_quiet && one.sent.frames == other.received.frames && one.received.frames == other.sent.frames {
            return;
        }
        yield_now().await;
    }
}

/// As it stands, without what came before.
fn flow(metrics: &AccountMetrics) -> [Traffic; 2] {
    [metrics.received, metrics.sent]
}

pub async fn every_frame_and_every_end_of_a_payment_is_counted<H: Adapter, C: Adapter>() {
    let host = open_shop::<H>().await;
    let client = Client::<C>::builder(&alice_at(host.address())).handler(Clerk::Sells).connect().await.unwrap();
    let account = alices(&host);
    until_quiet(&client, &account).await;
    let begun = client.metrics();
    assert_eq!(begun.sent.frames, 2, "the authentication, and the question what ledger it is");
    assert_eq!((begun.connections, begun.disconnections), (1, 0));

    for n in 1..=3 {
        client.pay(letter(n, 10)).await.unwrap();
    }
    // Two of them under a condition that the clerk cannot fulfill.
    for n in 4..=5 {
        let wrong = trustline_runtime::Payment::new(10, crate::fulfillment(99).condition()).with_id(transfer_id(n));
        client.pay(wrong).await.unwrap_err();
    }
    account.pay(letter(6, 4)).await.unwrap();
    client.transfer(transfer_id(7), 5, &ProtocolData::new()).await.unwrap();
    client.request(custom("\"anyone?\"")).await.unwrap();
    until_quiet(&client, &account).await;

    let (ours, theirs) = (client.metrics(), account.metrics());
    assert_eq!(ours.outgoing, counts(3, 2, 0, 0, 1));
    assert_eq!(theirs.incoming, ours.outgoing);
    assert_eq!(theirs.outgoing, counts(1, 0, 0, 0, 0));
    assert_eq!(ours.incoming, theirs.outgoing);
    // Prepare, its Response, Fulfill or Reject, its Response: two frames each way. What is unconditional, and a question: one.
    assert_eq!(ours.sent.frames - begun.sent.frames, 6 * 2 + 2);
    assert_eq!(ours.received.frames - begun.received.frames, 6 * 2 + 2);
    let [received, sent] = flow(&theirs);
    assert_eq!(flow(&ours), [sent, received], "also the bytes");
    assert!(ours.sent.bytes > 8 * ours.sent.frames);
    assert_eq!((ours.refusals, theirs.refusals), (Refusals::default(), Refusals::default()));
    let waiting = |metrics: &AccountMetrics| [metrics.waiting_outputs, metrics.waiting_frames, metrics.waiting_bytes];
    assert_eq!((waiting(&ours), waiting(&theirs)), ([0; 3], [0; 3]));
    client.close().await;
    host.close().await;
}

fn counts(fulfilled: u64, rejected: u64, expired: u64, refused: u64, transferred: u64) -> PaymentCounts {
    let mut counts = PaymentCounts::default();
    (counts.fulfilled, counts.rejected, counts.expired) = (fulfilled, rejected, expired);
    (counts.refused, counts.transferred) = (refused, transferred);
    counts
}

pub async fn what_is_refused_and_what_is_wrong_is_counted_by_its_reason<H: Adapter, C: Adapter>() {
    let limits = with(Limits::default(), |limits| limits.connections = 2);
    let bounds = Bounds { minimum: 0, maximum: 15 };
    let host = shop::<H>().bounds(bounds).limits(limits).listen(ANYWHERE).await.unwrap();
    let client = alice::<C>(&host).await;
    let account = alices(&host);
    client.pay(letter(1, 10)).await.unwrap();
    for n in 2..=4 {
        client.pay(letter(n, 10)).await.unwrap_err();
    }
    client.request(trustline_core::wire::Entry::text("weather", "tomorrow?").into()).await.unwrap_err();
    until_quiet(&client, &account).await;
    assert_eq!(client.metrics().outgoing, counts(1, 0, 0, 3, 0));
    assert_eq!(account.metrics().incoming, counts(1, 0, 0, 0, 0), "what never came to be is no payment");
    assert_eq!(
        account.metrics().refusals,
        with(Refusals::default(), |refusals| {
            refusals.insufficient_balance = 3;
            refusals.other = 1;
        })
    );

    // Another of her connections says what makes no sense, until it says what ends it.
    let mut rough = Peer::<H>::alice(host.address()).await;
    rough.sends_bytes(&masked(0x81, b"hello")).await;
    rough.sends_bytes(&masked(0x82, b"\xff\xff")).await;
    rough.answer(77, ProtocolData::new()).await;
    rough.sends_bytes(&masked(0x82, &many_entries())).await;
    rough.end().await;
    drop(rough);
    let mut rougher = Peer::<H>::alice(host.address()).await;
    // A reserved opcode.
    rougher.sends_bytes(&masked(0x83, b"")).await;
    rougher.end().await;
    drop(rougher);
    while account.metrics().disconnections < 2 || host.metrics().endings.violation < 2 {
        yield_now().await;
    }
    let metrics = account.metrics();
    assert_eq!(
        metrics.violations,
        with(Violations::default(), |violations| {
            violations.unreadable = 2;
            violations.unsolicited = 1;
        })
    );
    assert_eq!((metrics.limits_exceeded, metrics.websocket_violations), (1, 1));
    assert_eq!((metrics.connections, metrics.disconnections), (1, 2));

    let second = alice::<C>(&host).await;
    Client::<C>::connect(&alice_at(host.address())).await.unwrap_err();
    Client::<C>::connect(&format!("btp+ws://alice:wrong@{}/", host.address())).await.unwrap_err();
    let admissions = host.metrics().admissions;
    assert_eq!((admissions.admitted, admissions.too_many_connections, admissions.wrong_tokens), (4, 1, 1));
    second.close().await;
    client.close().await;
    host.close().await;
}

/// A Message with more entries than one may have.
fn many_entries() -> Vec<u8> {
    let entries: ProtocolData = (0..65).map(|n| trustline_core::wire::Entry::octets(format!("e{n}"), vec![])).collect();
    trustline_core::wire::Packet { request_id: 1, body: trustline_core::wire::Body::Message(entries) }.encode().unwrap().into()
}

/// Answers each batch from a thread of its own, and no sooner than it says.
struct Sluggish;

const SLUGGISH: std::time::Duration = std::time::Duration::from_millis(20);

impl Journal for Sluggish {
    fn load(&self, _account: &str) -> Result<Option<Snapshot>, JournalError> {
        Ok(None)
    }

    fn append(&self, _account: &str, _effects: Vec<Effect>, _state: &Trustline, waiting: Arc<dyn Committed>) -> Appended {
        std::thread::spawn(move || {
            std::thread::sleep(SLUGGISH);
            waiting.committed(Ok(()));
        });
        Appended::Pending
    }
}

fn summary(histogram: &Histogram) -> (u64, u64) {
    (histogram.count(), histogram.sum())
}

pub async fn commits_are_counted_with_their_sizes_and_times<H: Adapter, C: Adapter>() {
    let host = Host::<H>::builder(ledger_info()).account("alice", "s3cr3t").handler(|_| Clerk::Sells).journal(Arc::new(Sluggish));
    let host = host.listen(ANYWHERE).await.unwrap();
    let client = alice::<C>(&host).await;
    let account = alices(&host);
    client.pay(letter(1, 10)).await.unwrap();
    while account.metrics().commit_micros.count() < 2 {
        yield_now().await;
    }
    let metrics = account.metrics();
    // Prepared and fulfilled in one, acknowledged in another.
    assert_eq!(summary(&metrics.commit_effects), (2, 3));
    let (commits, micros) = summary(&metrics.commit_micros);
    assert_eq!(commits, 2);
    assert!(u128::from(micros) >= 2 * SLUGGISH.as_micros(), "{micros}");
    let longer_than = |bound: u64| metrics.commit_micros.buckets().find(|(at, _)| *at == bound).map(|(_, below)| commits - below);
    assert_eq!(longer_than(16_384), Some(2), "each took longer than 16 ms");
    client.close().await;
    host.close().await;
}

pub async fn a_host_sums_up_also_what_is_gone<H: Adapter, C: Adapter>() {
    let host =
        shop::<H>().account("bob", "").account("carol", "").handler(|name| if name == "carol" { Clerk::Thinks } else { Clerk::Sells });
    let host = host.listen(ANYWHERE).await.unwrap();
    let connect = async |name: &str| Client::<C>::connect(&format!("btp+ws://{name}@{}/", host.address())).await.unwrap();
    let (alice, bob, carol) = (connect("alice:s3cr3t").await, connect("bob:").await, connect("carol:").await);
    alice.pay(letter(1, 10)).await.unwrap();
    bob.pay(letter(1, 10)).await.unwrap();
    expires(&carol, 1).await;
    for (client, name) in [(&alice, "alice"), (&bob, "bob"), (&carol, "carol")] {
        until_quiet(client, &host.account(name).unwrap()).await;
    }
    let metrics = host.metrics();
    assert_eq!((metrics.open_accounts, metrics.connections, metrics.strangers), (3, 3, 0));
    assert_eq!((metrics.accepted, metrics.admissions.admitted, metrics.turned_away), (3, 3, 0));
    assert_eq!(metrics.accounts.connections, 3);
    assert_eq!(metrics.accounts.incoming, counts(2, 0, 1, 0, 0));

    host.remove_account("bob").await.unwrap();
    bob.close().await;
    while host.metrics().connections > 2 {
        yield_now().await;
    }
    let after = host.metrics();
    assert_eq!((after.open_accounts, after.accounts.connections), (2, 2));
    assert_eq!(after.accounts.incoming, metrics.accounts.incoming);
    assert_eq!(after.accounts.received, metrics.accounts.received);
    assert_eq!(after.endings.given_up + after.endings.closed, 1);
    alice.close().await;
    carol.close().await;
    host.close().await;
}
