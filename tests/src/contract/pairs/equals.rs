//! Two who both keep the ledger. Either dials, or both do: then one connection is kept.

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use trustline_core::ledger::{Bounds, Sums};
use trustline_core::session::{Event, PrepareFailure, error_message};
use trustline_runtime::{Account, Events, Journal, Memory, PaymentError, Peer, PeerBuilder, PeerError};

use crate::contract::rig::{
    ANYWHERE, Adapter, Clerk, Proxy, Watched, assert_mirrored, expires, impatient, letter, until, until_connected, until_disconnected,
};
use crate::{custom, fulfillment, ledger_info, no_data, transfer_id};

const ALICE: &str = "example.alice";
const BOB: &str = "example.bob";

/// What alice dials to reach bob, or a proxy before him.
fn alice_dials(address: SocketAddr) -> String {
    format!("btp+ws://alice:t0bob@{address}/")
}

/// What bob dials to reach alice.
fn bob_dials(address: SocketAddr) -> String {
    format!("btp+ws://bob:t0alice@{address}/")
}

/// The smaller of the two. She sells.
fn alice<R: Adapter>() -> PeerBuilder<R> {
    Peer::builder(ledger_info(), ALICE, BOB).handler(Clerk::Sells)
}

/// The other. He sells too.
fn bob<R: Adapter>() -> PeerBuilder<R> {
    Peer::builder(ledger_info(), BOB, ALICE).handler(Clerk::Sells)
}

/// Bob listens, and alice has dialed him.
async fn connected<A: Adapter, B: Adapter>() -> (Peer<A>, Peer<B>) {
    let bob = bob::<B>().listen(ANYWHERE, "alice", "t0bob").start().await.unwrap();
    let alice = alice::<A>().dial(&alice_dials(bob.local_address().unwrap())).start().await.unwrap();
    assert!(join(alice.connected(), bob.connected()).await == (true, true));
    (alice, bob)
}

/// Alice and bob, each of whom dials the other, and the lines over which they reach bob and alice. Nobody is reached yet.
struct Both<A: Adapter, B: Adapter> {
    alice: Peer<A>,
    bob: Peer<B>,
    to_bob: Proxy<A>,
    to_alice: Proxy<B>,
}

impl<A: Adapter, B: Adapter> Both<A, B> {
    async fn new(alice: PeerBuilder<A>, bob: PeerBuilder<B>) -> Self {
        let (to_bob, to_alice) = (Proxy::open().await, Proxy::open().await);
        let alice = alice.dial(&alice_dials(to_bob.address)).listen(ANYWHERE, "bob", "t0alice").start().await.unwrap();
        let bob = bob.dial(&bob_dials(to_alice.address)).listen(ANYWHERE, "alice", "t0bob").start().await.unwrap();
        Self { alice, bob, to_bob, to_alice }
    }

    /// Both have dialed, and both lines lead to whom they should, from the same moment on.
    async fn connect(&self) {
        join(self.to_bob.until_dialed(), self.to_alice.until_dialed()).await;
        self.to_bob.leads_to(self.bob.local_address().unwrap());
        self.to_alice.leads_to(self.alice.local_address().unwrap());
        assert_eq!(join(self.alice.connected(), self.bob.connected()).await, (true, true));
    }

    /// One connection is left, and the books agree. Returns alice's.
    async fn agree(&self) -> Sums {
        loop {
            until_one_is_left::<A>([&self.alice, &self.bob]).await;
            // It may have been cut, and not everyone has noticed.
            if let (Ok(_), Ok(_)) = join(self.alice.peer_balance(), self.bob.peer_balance()).await {
                break;
            }
        }
        balances_mirror(&self.alice, &self.bob).await;
        self.alice.sums()
    }

    async fn close(self) {
        join(self.alice.close(), self.bob.close()).await;
    }
}

/// Each side's question is answered over the one connection there is, so that what was in doubt before is decided.
async fn balances_mirror(alice: &Account, bob: &Account) {
    let (by_bob, by_alice) = join(alice.peer_balance(), bob.peer_balance()).await;
    assert_eq!((by_bob.unwrap(), by_alice.unwrap()), (alice.balance(), bob.balance()));
    assert_mirrored(alice, bob).await;
}

/// So many payments at once, each of one, as soon as there is a connection.
async fn pays_letters(account: &Account, numbers: Range<u32>) {
    join_all(numbers.map(|n| pays_when_connected(account, n))).await;
}

/// A connection may be gone again before anything was sent over it.
async fn pays_when_connected(account: &Account, n: u32) {
    loop {
        assert!(account.connected().await);
        match account.pay(letter(n, 1)).await {
            Ok(paid) => return assert_eq!(paid.fulfillment, fulfillment(n)),
            Err(PaymentError::NotSent(PrepareFailure::NotConnected)) => {}
            Err(error) => panic!("payment {n}: {error}"),
        }
    }
}

/// What is not kept is closed when whatever was asked over it is answered.
async fn until_one_is_left<R: Adapter>(accounts: [&Account; 2]) {
    let connections = |account: &Account| account.command(|commands| commands.connections().count());
    while accounts.map(connections) != [1, 1] {
        R::default().sleep(Duration::from_millis(10)).await;
    }
}

pub async fn either_pays_the_other_whoever_has_dialed<A: Adapter, B: Adapter>() {
    let (alice, bob) = connected::<A, B>().await;
    assert_eq!(alice.pay(letter(1, 10)).await.unwrap().fulfillment, fulfillment(1));
    assert_eq!(bob.pay(letter(2, 3)).await.unwrap().fulfillment, fulfillment(2));
    balances_mirror(&alice, &bob).await;
    assert_eq!((alice.balance(), bob.balance()), (-7, 7));
    join(alice.close(), bob.close()).await;
}

pub async fn equals_are_configured_and_know_each_other<A: Adapter, B: Adapter>() {
    let (alice, bob) = connected::<A, B>().await;
    assert_eq!((alice.info(), bob.info()), (Some(ledger_info()), Some(ledger_info())));
    assert_eq!((alice.address().as_deref(), alice.peer_address().as_deref()), (Some(ALICE), Some(BOB)));
    assert_eq!((bob.address().as_deref(), bob.peer_address().as_deref()), (Some(BOB), Some(ALICE)));
    assert_eq!((alice.local_address(), alice.name(), bob.name()), (None, BOB, ALICE));
    assert_eq!(alice.request(custom("{}")).await.unwrap(), custom("{}"));
    join(alice.close(), bob.close()).await;
}

pub async fn equals_pay_each_other_at_once<A: Adapter, B: Adapter>() {
    let (alice, bob) = connected::<A, B>().await;
    join(pays_letters(&alice, 1..301), pays_letters(&bob, 1001..1201)).await;
    alice.transfer(transfer_id(5000), 7, &no_data()).await.unwrap();
    balances_mirror(&alice, &bob).await;
    assert_eq!((alice.balance(), bob.balance()), (-107, 107));
    join(alice.close(), bob.close()).await;
}

pub async fn each_equal_has_limits_of_its_own<A: Adapter, B: Adapter>() {
    let bounds = |minimum, maximum| Bounds { minimum, maximum };
    let bob = bob::<B>().bounds(bounds(-20, 30)).listen(ANYWHERE, "alice", "t0bob").start().await.unwrap();
    let dialing = alice::<A>().bounds(bounds(-100, 10)).dial(&alice_dials(bob.local_address().unwrap()));
    let alice = dialing.start().await.unwrap();
    assert!(alice.connected().await);
    // What bob takes, and alice would pay.
    alice.pay(letter(1, 30)).await.unwrap();
    assert!(alice.pay(letter(2, 1)).await.unwrap_err().is_limit_reached());
    // What alice takes, and bob would pay.
    bob.pay(letter(3, 40)).await.unwrap();
    assert!(bob.pay(letter(4, 1)).await.unwrap_err().is_limit_reached());
    assert_eq!((alice.peer_limit().await.unwrap(), bob.peer_limit().await.unwrap()), (-30, -10));
    balances_mirror(&alice, &bob).await;
    assert_eq!(alice.balance(), 10);
    join(alice.close(), bob.close()).await;
}

pub async fn a_payment_between_equals_expires_for_both<A: Adapter, B: Adapter>() {
    let bob = bob::<B>().handler(Clerk::Thinks).listen(ANYWHERE, "alice", "t0bob");
    let (bob, mut events) = bob.start_with_events().await.unwrap();
    let alice = alice::<A>().dial(&alice_dials(bob.local_address().unwrap())).start().await.unwrap();
    assert!(alice.connected().await);
    expires(&alice, 1).await;
    until(&mut events, |_, event| matches!(event, Event::IncomingExpired { .. }).then_some(())).await;
    balances_mirror(&alice, &bob).await;
    join(alice.close(), bob.close()).await;
}

pub async fn equals_who_both_dial_keep_one_connection<A: Adapter, B: Adapter>() {
    for n in 0..3 {
        let both = Both::<A, B>::new(alice().limits(impatient()), bob().limits(impatient())).await;
        both.connect().await;
        // While they come to know which connection they keep.
        let (first, second) = (100 * n + 1, 100 * n + 51);
        join(pays_letters(&both.alice, first..first + 40), pays_letters(&both.bob, second..second + 30)).await;
        // In the end it is the one that alice has dialed, whose address is the smaller one. No question is lost until then.
        let words = custom(&format!("{:?}", "word".repeat(1000)));
        let mut is_kept = false;
        while !is_kept {
            let passed = both.to_bob.passed();
            let (one, other) = join(both.alice.request(words.clone()), both.bob.request(words.clone())).await;
            assert_eq!((one.unwrap(), other.unwrap()), (words.clone(), words.clone()));
            // Two questions and two answers.
            is_kept = both.to_bob.passed() >= passed + 4 * 4000;
        }
        let sums = both.agree().await;
        assert_eq!((sums.outgoing_posted, sums.incoming_posted), (40, 30));
        both.close().await;
    }
}

pub async fn equals_whose_lines_break_dial_at_once_and_find_each_other<A: Adapter, B: Adapter>() {
    let both = Both::<A, B>::new(alice().limits(impatient()), bob().limits(impatient())).await;
    both.connect().await;
    for n in 0..4 {
        let (there, back) = (1000 * n, 1000 * n + 500);
        let paying = join(pays_letters(&both.alice, there..there + 50), pays_letters(&both.bob, back..back + 50));
        let breaking = async {
            both.to_bob.cut();
            both.to_alice.cut();
        };
        join(paying, breaking).await;
    }
    let sums = both.agree().await;
    assert_eq!((sums.outgoing_posted, sums.incoming_posted), (200, 200));
    both.close().await;
}

pub async fn wherever_their_lines_are_cut_equals_lose_nothing<A: Adapter, B: Adapter>() {
    let cuts = (1..1400).step_by(67).map(|bytes| async move {
        let both = Both::<A, B>::new(alice().limits(impatient()), bob().limits(impatient())).await;
        both.to_bob.cut_after(bytes);
        both.to_alice.cut_after(bytes * 2 % 1400 + 1);
        both.connect().await;
        join(pays_when_connected(&both.alice, 1), pays_when_connected(&both.bob, 2)).await;
        both.to_bob.cut_after(usize::MAX);
        both.to_alice.cut_after(usize::MAX);
        let sums = both.agree().await;
        assert_eq!((sums.outgoing_posted, sums.incoming_posted), (1, 1), "cut after {bytes} bytes");
        both.close().await;
    });
    join_all(cuts).await;
}

pub async fn an_equal_that_comes_late_or_comes_back_is_found<A: Adapter, B: Adapter>() {
    let to_bob = Proxy::<A>::open().await;
    let (alice, mut events) = alice::<A>().dial(&alice_dials(to_bob.address)).start_with_events().await.unwrap();
    assert!(!alice.is_connected());
    for _ in 0..2 {
        let bob = bob::<B>().listen(ANYWHERE, "alice", "t0bob").start().await.unwrap();
        to_bob.leads_to(bob.local_address().unwrap());
        until_connected(&mut events).await;
        assert!(bob.connected().await);
        assert_eq!(alice.request(custom("{}")).await.unwrap(), custom("{}"));
        bob.close().await;
        until_disconnected(&mut events).await;
        assert!(!alice.is_connected());
    }
    alice.close().await;
}

pub async fn an_equal_with_a_wrong_token_is_not_let_in<A: Adapter, B: Adapter>() {
    let (bob, mut nobody) = bob::<B>().listen(ANYWHERE, "alice", "another").start_with_events().await.unwrap();
    let dialing = alice::<A>().dial(&alice_dials(bob.local_address().unwrap()));
    let (alice, mut events) = dialing.start_with_events().await.unwrap();
    let refusal = until(&mut events, |_, event| match event {
        Event::AuthenticationRefused { error, .. } => Some(error_message(&error)),
        _ => None,
    });
    assert_eq!(refusal.await, "invalid username or token");
    assert!(!alice.is_connected() && !bob.is_connected());
    join(alice.close(), bob.close()).await;
    assert!(nobody.next().await.is_none(), "bob's application has heard of nobody");
}

pub async fn what_cannot_be_a_peer_is_not_started<A: Adapter, B: Adapter>() {
    let (taken, same) = (bob::<B>().listen(ANYWHERE, "", "").start().await.unwrap(), Peer::<A>::builder(ledger_info(), ALICE, ALICE));
    assert!(matches!(same.listen(ANYWHERE, "", "").start().await, Err(PeerError::SameAddress)));
    assert!(matches!(alice::<A>().start().await, Err(PeerError::Unreachable)));
    assert!(matches!(alice::<A>().dial("http://localhost").start().await, Err(PeerError::Url(_))));
    let listening = alice::<A>().listen(taken.local_address().unwrap(), "", "").start().await;
    assert!(matches!(listening, Err(PeerError::Listen(_))), "{listening:?}");
    taken.close().await;
}

pub async fn an_equal_that_is_closed_or_dropped_leaves_nothing_behind<A: Adapter, B: Adapter>() {
    for closes in [true, false] {
        let (runtime, other) = (Watched::<A>::default(), Watched::<B>::default());
        let journal: Arc<dyn Journal> = Arc::new(Memory);
        let bob = Peer::builder_on(other.clone(), ledger_info(), BOB, ALICE).listen(ANYWHERE, "alice", "t0bob").start().await.unwrap();
        let alice = Peer::builder_on(runtime.clone(), ledger_info(), ALICE, BOB).journal(journal.clone(), "bob");
        let alice = alice.listen(ANYWHERE, "bob", "t0alice").dial(&alice_dials(bob.local_address().unwrap()));
        let (alice, mut events): (_, Events) = alice.start_with_events().await.unwrap();
        until_connected(&mut events).await;
        drop(alice.pay(letter(1, 10)));
        let port = alice.local_address().unwrap();
        if closes {
            alice.close().await;
        } else {
            drop(alice);
        }
        until_disconnected(&mut events).await;
        assert!(events.next().await.is_none());
        drop(events);
        runtime.until_tasks(0).await;
        assert_eq!(Arc::strong_count(&journal), 1, "the account is gone");
        let free = alice_again(runtime, port).await;
        drop((free, bob));
        other.until_tasks(0).await;
    }
}

/// The port is free again.
async fn alice_again<A: Adapter>(runtime: Watched<A>, port: SocketAddr) -> Peer<Watched<A>> {
    Peer::builder_on(runtime, ledger_info(), ALICE, BOB).listen(port, "bob", "t0alice").start().await.unwrap()
}
