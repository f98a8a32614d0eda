//! PROTOCOL.md sections 1, 2 and 6: frames that are in order, out of order, too long, or on their way.

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use futures_util::future::join;
use trustline_core::Limits;
use trustline_core::session::subprotocol;
use trustline_core::wire::{Body, Entry, Packet, ProtocolData};
use trustline_runtime::websocket::CloseCode;

use crate::contract::rig::{ANYWHERE, Adapter, Peer, masked, open_shop, shop};
use crate::with;

fn balance() -> Body {
    Body::Message(subprotocol::balance_request())
}

fn is_zero(answer: &Packet) -> bool {
    matches!(&answer.body, Body::Response(data) if subprotocol::read_balance(data) == Some(0))
}

pub async fn bytes_may_come_one_by_one<H: Adapter>() {
    let host = open_shop::<H>().await;
    let mut alice = Peer::<H>::dial_slowly(host.address()).await;
    alice.authenticates("alice", "s3cr3t").await;
    assert!(is_zero(&alice.asks(balance()).await));
    alice.closes().await;
    host.close().await;
}

pub async fn compression_is_declined<H: Adapter>() {
    let host = open_shop::<H>().await;
    let mut stream = Peer::<H>::stream_to(host.address()).await;
    // As the `ws` package of JavaScript asks.
    let request = b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: MTMtZGV0ZXJtaW5pc3RpYw==\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).await.unwrap();
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    assert!(!head.contains("sec-websocket-extensions"), "{head}");
    assert!(!head.contains("sec-websocket-protocol"), "{head}");
    drop(stream);
    host.close().await;
}

pub async fn text_and_rubbish_are_ignored<H: Adapter>() {
    let host = open_shop::<H>().await;
    let mut alice = Peer::<H>::alice(host.address()).await;
    alice.sends_bytes(&masked(0x81, b"hello")).await;
    for rubbish in [&b""[..], b"\x00", b"\xff\xff\xff\xff\xff", b"\x09\0\0\0\x01\x00", b"\x03\0\0\0\x01\x7f"] {
        alice.sends_bytes(&masked(0x82, rubbish)).await;
    }
    // Answers to what nobody asked.
    alice.answer(77, ProtocolData::new()).await;
    // The next that comes is the answer to this.
    assert!(is_zero(&alice.asks(balance()).await));
    alice.closes().await;
    host.close().await;
}

pub async fn a_frame_over_the_limit_is_closed_with_1009<H: Adapter>() {
    let host = open_shop::<H>().await;
    let mut alice = Peer::<H>::alice(host.address()).await;
    // It is written whole before anything is read, as most WebSocket libraries do: far more than sockets hold.
    alice.sends_bytes(&masked(0x82, &vec![0; 16 * 1024 * 1024])).await;
    assert_eq!(alice.end().await.map(|frame| frame.code), Some(CloseCode::TOO_BIG));
    drop(alice);
    host.close().await;
}

pub async fn the_limit_of_a_frame_can_be_changed<H: Adapter>() {
    for (frame_bytes, short, long) in [(1024, 800, 1100), (1024 * 1024, 1_000_000, 1_100_000)] {
        let limits = with(Limits::default(), |limits| limits.wire.frame_bytes = frame_bytes);
        let host = shop::<H>().limits(limits).listen(ANYWHERE).await.unwrap();
        let mut alice = Peer::<H>::alice(host.address()).await;
        let echo = |bytes| Body::Message(Entry::octets("ilp", vec![7; bytes]).into());
        let Body::Response(words) = alice.asks(echo(short)).await.body else { panic!("{short} bytes are not too long") };
        assert_eq!(words.primary().unwrap().data.len(), short);
        alice.sends(echo(long)).await;
        assert_eq!(alice.end().await.map(|frame| frame.code), Some(CloseCode::TOO_BIG));
        drop(alice);
        host.close().await;
    }
}

pub async fn a_ping_is_answered<H: Adapter>() {
    let host = open_shop::<H>().await;
    let mut alice = Peer::<H>::alice(host.address()).await;
    alice.sends_bytes(&masked(0x89, b"are you there?")).await;
    let mut pong = [0; 16];
    alice.stream.read_exact(&mut pong).await.unwrap();
    assert_eq!(&pong, b"\x8a\x0eare you there?");
    alice.closes().await;
    host.close().await;
}

pub async fn what_came_before_the_end_of_the_stream_is_answered<H: Adapter>() {
    let host = open_shop::<H>().await;
    let mut alice = Peer::<H>::alice(host.address()).await;
    let request = alice.sends(balance()).await;
    // Nothing will come from here any more, but everything is still read.
    alice.stream.close().await.unwrap();
    let answer = alice.packet().await;
    assert!(answer.request_id == request && is_zero(&answer));
    assert_eq!(alice.end().await, None);
    host.close().await;
}

pub async fn a_peer_that_does_not_answer_our_close_frame_is_left<H: Adapter>() {
    let host = open_shop::<H>().await;
    let mut deaf = Peer::<H>::alice(host.address()).await;
    let talkative = Peer::<H>::alice(host.address()).await;
    let talks = async {
        let Peer { mut stream, .. } = talkative;
        let chatter = masked(0x82, &[0xff; 1000]).repeat(100);
        while stream.write_all(&chatter).await.is_ok() {}
    };
    join(host.close(), talks).await;
    // It was told all the same.
    assert_eq!(deaf.end().await.map(|frame| frame.code), Some(CloseCode::NORMAL));
}
