//! PROTOCOL.md sections 2 and 5: connections that have not authenticated.

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use futures_util::future::join;
use trustline_core::session::{ErrorName, subprotocol};
use trustline_core::wire::{Body, ErrorPacket, ProtocolData, Reject};
use trustline_runtime::ConnectionLimits;
use trustline_runtime::websocket::{CloseCode, CloseFrame};

use crate::contract::rig::{ANYWHERE, Adapter, Peer, impatient_with_strangers, masked, open_shop, shop};
use crate::transfer_id;
use crate::with;

pub async fn who_says_nothing_is_closed_in_time<H: Adapter>() {
    let host = shop::<H>().limits(impatient_with_strangers()).listen(ANYWHERE).await.unwrap();
    let mut silent_from_the_start = Peer::<H>::stream_to(host.address()).await;
    let mut silent_behind_the_handshake = Peer::<H>::dial(host.address()).await;
    assert_eq!(silent_from_the_start.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(silent_behind_the_handshake.end().await.map(|frame| frame.code), Some(CloseCode::POLICY_VIOLATION));
    host.close().await;
}

pub async fn who_says_only_rubbish_is_closed_in_time<H: Adapter>() {
    let host = shop::<H>().limits(impatient_with_strangers()).listen(ANYWHERE).await.unwrap();
    let mut peer = Peer::<H>::dial(host.address()).await;
    // Without a pause, so that there is always something to read.
    let rubbish = masked(0x82, &[0xff; 1000]).repeat(100);
    assert_eq!(peer.floods_until_closed(&rubbish).await.map(|frame| frame.code), Some(CloseCode::POLICY_VIOLATION));
    host.close().await;
}

pub async fn each_stranger_has_a_time_of_its_own<H: Adapter>() {
    let host = shop::<H>().limits(impatient_with_strangers()).listen(ANYWHERE).await.unwrap();
    let mut silent = Peer::<H>::dial(host.address()).await;
    let mut alice = Peer::<H>::alice(host.address()).await;
    assert!(silent.end().await.is_some(), "that alice is in does not excuse the other");
    assert!(matches!(alice.asks(Body::Message(subprotocol::balance_request())).await.body, Body::Response(_)));
    alice.closes().await;
    host.close().await;
}

pub async fn the_first_packet_must_authenticate<H: Adapter>() {
    let host = open_shop::<H>().await;
    let reject = Body::Reject(Reject { transfer_id: transfer_id(1), protocol_data: ProtocolData::new() });
    for first in [Body::Message(subprotocol::balance_request()), reject, Body::Response(ProtocolData::new())] {
        let mut peer = Peer::<H>::dial(host.address()).await;
        let answer = peer.asks(first).await;
        assert_eq!(refusal(&answer.body), Some(ErrorName::InvalidFields));
        assert_eq!(peer.end().await.map(|frame| frame.code), Some(CloseCode::POLICY_VIOLATION));
    }
    host.close().await;
}

pub async fn a_second_authentication_is_refused_and_the_connection_stays<H: Adapter>() {
    let host = open_shop::<H>().await;
    let mut alice = Peer::<H>::alice(host.address()).await;
    let again = alice.authenticates("alice", "s3cr3t").await;
    assert_eq!(refusal(&again.body), Some(ErrorName::NotAccepted));
    assert!(matches!(alice.asks(Body::Message(subprotocol::balance_request())).await.body, Body::Response(_)));
    alice.closes().await;
    host.close().await;
}

fn refusal(body: &Body) -> Option<ErrorName> {
    match body {
        Body::Error(error @ ErrorPacket { .. }) => ErrorName::of(error),
        _ => None,
    }
}

pub async fn there_are_only_so_many_strangers<H: Adapter>() {
    let limits = with(ConnectionLimits::default(), |limits| limits.unauthenticated = 2);
    let host = shop::<H>().connection_limits(limits).listen(ANYWHERE).await.unwrap();
    let mut first = Peer::<H>::dial(host.address()).await;
    let second = Peer::<H>::dial(host.address()).await;
    let mut third = Peer::<H>::stream_to(host.address()).await;
    assert!(matches!(third.read(&mut [0]).await, Ok(0) | Err(_)), "closed at once");
    first.authenticates("alice", "s3cr3t").await;
    // Who is known is no stranger.
    let mut third = Peer::<H>::dial(host.address()).await;
    third.authenticates("alice", "s3cr3t").await;
    assert_eq!(host.connections(), 3);
    for peer in [first, second, third] {
        peer.closes().await;
    }
    host.close().await;
}

pub async fn a_browser_is_told_that_this_is_no_website<H: Adapter>() {
    let host = open_shop::<H>().await;
    let mut browser = Peer::<H>::stream_to(host.address()).await;
    browser.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n").await.unwrap();
    let mut page = String::new();
    browser.read_to_string(&mut page).await.unwrap();
    assert!(page.starts_with("HTTP/1.1 426 Upgrade Required\r\n"), "{page}");
    let mut encrypted = Peer::<H>::stream_to(host.address()).await;
    encrypted.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").await.unwrap();
    let mut page = String::new();
    encrypted.read_to_string(&mut page).await.unwrap();
    assert!(page.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{page}");
    drop((browser, encrypted));
    host.close().await;
}

pub async fn closing_sends_strangers_away<H: Adapter>() {
    let host = open_shop::<H>().await;
    let silent = Peer::<H>::stream_to(host.address()).await;
    let mut stranger = Peer::<H>::dial(host.address()).await;
    let ((), end) = join(host.close(), stranger.end()).await;
    assert!(matches!(end, Some(CloseFrame { code: CloseCode::NORMAL, .. })), "{end:?}");
    drop(silent);
}
