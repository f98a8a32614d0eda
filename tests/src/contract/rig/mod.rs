//! What the cases are made of: shops, customers, peers that speak frame by frame, and lines that can be cut.

mod authority;
mod clerk;
mod kept;
mod peer;
mod pipe;
mod placed;
mod proxy;
mod watched;

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use trustline_core::Limits;
use trustline_core::session::Event;
use trustline_runtime::{
    Account, Client, ConnectionLimits, Events, Host, HostBuilder, JournalError, Payment, PaymentError, Runtime, Sqlite,
};

pub use authority::{Authority, Certified, day};
pub use clerk::Clerk;
pub use kept::Kept;
pub use peer::{PING, PONG, Peer, Port, masked};
pub use pipe::Pipe;
pub use placed::Placed;
pub use proxy::Proxy;
pub use watched::Watched;

use crate::{fulfillment, ledger_info, transfer_id, with};

/// A runtime as an application uses it: there is one, and it need not be given.
pub trait Adapter: Runtime + Default {}

impl<R: Runtime + Default> Adapter for R {}

/// Loopback, any free port.
pub const ANYWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A case that hangs has failed.
pub async fn finishes<R: Adapter>(case: impl Future<Output = ()>) {
    let hangs = R::default().sleep(Duration::from_secs(30));
    match select(std::pin::pin!(case), hangs).await {
        Either::Left(_) => {}
        Either::Right(_) => panic!("this hangs"),
    }
}

/// Where alice has an account, with the token `s3cr3t`. It sells.
pub fn shop<H: Adapter>() -> HostBuilder<H> {
    Host::builder(ledger_info()).account("alice", "s3cr3t").handler(|_| Clerk::Sells)
}

/// A [`shop`] on a port of its own.
pub async fn open_shop<H: Adapter>() -> Host<H> {
    shop().listen(ANYWHERE).await.unwrap()
}

/// What alice dials to reach a host, or a proxy before it.
pub fn alice_at(address: SocketAddr) -> String {
    format!("btp+ws://alice:s3cr3t@{address}/")
}

/// Alice, connected to a shop.
pub async fn alice<C: Adapter>(host: &Host<impl Runtime>) -> Client<C> {
    Client::connect(&alice_at(host.address())).await.unwrap()
}

/// Alice's account, as the shop keeps it.
pub fn alices(host: &Host<impl Runtime>) -> Account {
    host.account("alice").expect("she was connected")
}

/// Payment number `n`, which a [`Clerk`] knows how to fulfill.
pub fn letter(n: u32, amount: u64) -> Payment {
    Payment::new(amount, fulfillment(n).condition()).with_id(transfer_id(n)).with_ilp(n.to_be_bytes().to_vec())
}

/// A ledger file, as soon as whoever had it has let go of it.
pub async fn ledger<R: Adapter>(file: &Path) -> Arc<Sqlite> {
    loop {
        match Sqlite::open(file) {
            Ok(journal) => return Arc::new(journal),
            Err(JournalError::InUse { .. }) => drop(R::default().sleep(Duration::from_millis(5)).await),
            Err(error) => panic!("{error}"),
        }
    }
}

/// How a payment ends that nobody takes. Its number is `n`, or one of the next if the machine is so busy that the first
/// was late before it arrived.
pub async fn expires(account: &Account, n: u32) -> PaymentError {
    let mut patience = Duration::from_millis(50);
    for n in n.. {
        let expired = account.pay(letter(n, 10).expires_in(patience)).await.unwrap_err();
        if !matches!(expired, PaymentError::Refused(_)) {
            return expired;
        }
        patience *= 2;
    }
    unreachable!("patience has no end");
}

/// The first event that `pick` takes, of whichever account.
pub async fn until<T>(events: &mut Events, mut pick: impl FnMut(&Account, Event) -> Option<T>) -> T {
    loop {
        let (account, event) = events.next().await.expect("there are more events to come");
        if let Some(picked) = pick(&account, event) {
            return picked;
        }
    }
}

/// Waits for a connection to be authenticated.
pub async fn until_connected(events: &mut Events) {
    until(events, |_, event| matches!(event, Event::Connected { .. }).then_some(())).await;
}

/// Waits for a connection to be lost.
pub async fn until_disconnected(events: &mut Events) {
    until(events, |_, event| matches!(event, Event::Disconnected { .. }).then_some(())).await;
}

/// The two ledgers say the same, and nothing waits.
pub async fn assert_mirrored(ours: &Account, theirs: &Account) {
    assert_eq!(ours.balance(), -theirs.balance(), "the two ledgers differ");
    let (ours, theirs) = (ours.sums(), theirs.sums());
    assert_eq!(ours.incoming_posted, theirs.outgoing_posted);
    assert_eq!(ours.outgoing_posted, theirs.incoming_posted);
    let pending = [ours.incoming_pending, ours.outgoing_pending, theirs.incoming_pending, theirs.outgoing_pending];
    assert_eq!(pending, [0; 4], "something is still pending");
}

/// A timeout for answers that a case can wait for, and that a busy machine can keep.
pub fn impatient() -> Limits {
    with(Limits::default(), |limits| limits.request_timeout = Duration::from_secs(1))
}

/// A timeout that a case can wait for, where nobody authenticates in time anyway.
pub fn impatient_with_strangers() -> Limits {
    with(Limits::default(), |limits| limits.authentication_timeout = Duration::from_millis(600))
}

/// Pings that a case can wait for. Who answers none is soon dead.
pub fn attentive() -> ConnectionLimits {
    with(ConnectionLimits::default(), |limits| limits.ping_interval = Duration::from_millis(50))
}

/// Pings that a case can wait for, of which some may go without an answer. More than these are sent in
/// a [`LIFETIME`].
pub fn lenient() -> ConnectionLimits {
    with(ConnectionLimits::default(), |limits| {
        limits.ping_interval = Duration::from_millis(50);
        limits.unanswered_pings = 10;
    })
}

/// Pings in the life of who answers them.
pub const LIFETIME: usize = 15;
