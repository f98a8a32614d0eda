//! What a peer can make a host keep for it is bounded.

use futures_lite::AsyncWriteExt;
use trustline_core::wire::{Body, Entry, Packet, ProtocolData};
use trustline_runtime::ConnectionLimits;

use crate::contract::rig::{ANYWHERE, Adapter, Peer, alices, masked, shop, until_disconnected};
use crate::with;

/// Half a frame of the longest kind.
fn long_words() -> ProtocolData {
    Entry::octets("ilp", vec![7; 64 * 1024]).into()
}

fn short_queue() -> ConnectionLimits {
    with(ConnectionLimits::default(), |limits| limits.write_queue_bytes = 256 * 1024)
}

pub async fn who_does_not_read_is_given_up<H: Adapter>() {
    let (host, mut events) = shop::<H>().connection_limits(short_queue()).listen_with_events(ANYWHERE).await.unwrap();
    let deaf = Peer::<H>::alice(host.address()).await;
    // Sockets hold some megabytes.
    let questions: Vec<_> = (0..500).map(|_| alices(&host).request(long_words())).collect();
    until_disconnected(&mut events).await;
    drop((deaf, questions));
    host.close().await;
}

pub async fn who_asks_without_reading_is_given_up<H: Adapter>() {
    let host = shop::<H>().connection_limits(short_queue()).listen(ANYWHERE).await.unwrap();
    let mut deaf = Peer::<H>::alice(host.address()).await;
    let question = Packet { request_id: 9, body: Body::Message(long_words()) }.encode().unwrap();
    let question = masked(0x82, &question);
    while deaf.stream.write_all(&question).await.is_ok() {}
    host.close().await;
}
