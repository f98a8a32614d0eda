//! PROTOCOL.md section 6: keepalive.

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use trustline_core::session::subprotocol;
use trustline_core::wire::Body;

use crate::contract::rig::{ANYWHERE, Adapter, LIFETIME, PING, PONG, Peer, attentive, lenient, shop, until_disconnected};

pub async fn who_answers_pings_is_kept<H: Adapter>() {
    let host = shop::<H>().connection_limits(lenient()).listen(ANYWHERE).await.unwrap();
    let mut alice = Peer::<H>::alice(host.address()).await;
    for _ in 0..LIFETIME {
        let mut ping = [0; 2];
        alice.stream.read_exact(&mut ping).await.unwrap();
        assert_eq!(ping, PING);
        alice.stream.write_all(&PONG).await.unwrap();
    }
    assert!(matches!(alice.asks(Body::Message(subprotocol::balance_request())).await.body, Body::Response(_)));
    alice.closes().await;
    host.close().await;
}

pub async fn who_answers_no_ping_is_given_up<H: Adapter>() {
    let (host, mut events) = shop::<H>().connection_limits(attentive()).listen_with_events(ANYWHERE).await.unwrap();
    let mute = Peer::<H>::alice(host.address()).await;
    until_disconnected(&mut events).await;
    drop(mute);
    host.close().await;
}
