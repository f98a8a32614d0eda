//! A port for `btp+wss`, and who does not speak TLS there as they should.

use std::sync::Arc;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use futures_rustls::TlsConnector;
use futures_rustls::pki_types::pem::PemObject;
use futures_rustls::pki_types::{CertificateDer, ServerName};
use futures_rustls::rustls::crypto::ring;
use futures_rustls::rustls::{ClientConfig, RootCertStore};
use futures_util::future::join;
use trustline_runtime::{Host, HostTls};

use crate::contract::rig::{ANYWHERE, Adapter, Authority, Peer, impatient_with_strangers, shop};

/// The first bytes of a handshake: a record of 512 bytes is announced.
const HELLO: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";

async fn encrypted_shop<H: Adapter>() -> Host<H> {
    let authority = Authority::new();
    let files = authority.certifies("127.0.0.1");
    let tls = HostTls::new(files.chain, files.key).unwrap();
    shop().tls(tls).limits(impatient_with_strangers()).listen(ANYWHERE).await.unwrap()
}

pub async fn who_makes_no_handshake_is_closed_in_time<H: Adapter>() {
    let host = encrypted_shop::<H>().await;
    for beginning in [&b""[..], HELLO] {
        let mut slow = Peer::<H>::stream_to(host.address()).await;
        slow.write_all(beginning).await.unwrap();
        assert!(matches!(slow.read(&mut [0]).await, Ok(0) | Err(_)));
    }
    host.close().await;
}

pub async fn who_speaks_no_tls_is_told_and_closed_in_time<H: Adapter>() {
    let host = encrypted_shop::<H>().await;
    let chatter = vec![b'a'; 100_000];
    let mut browser = Peer::<H>::stream_to(host.address()).await;
    browser.write_all(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n").await.unwrap();
    browser.write_all(&chatter).await.unwrap();
    // What it says is thrown away, or the connection would be reset, and the alert with it.
    let mut answer = Vec::new();
    browser.read_to_end(&mut answer).await.unwrap();
    // One fatal alert (RFC 8446 section 6).
    assert_eq!((answer[0], answer[5], answer.len()), (0x15, 2, 7));

    // Who goes on talking is not listened to for long.
    let mut talkative = Peer::<H>::stream_to(host.address()).await;
    while talkative.write_all(&chatter).await.is_ok() {}
    host.close().await;
}

pub async fn the_end_of_a_connection_is_not_taken_for_a_cut<H: Adapter>() {
    let authority = Authority::new();
    let files = authority.certifies("shop.example");
    let host = shop::<H>().tls(HostTls::new(files.chain, files.key).unwrap()).listen(ANYWHERE).await.unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority.root()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
    let connector = TlsConnector::from(Arc::new(config.unwrap().with_root_certificates(roots).with_no_client_auth()));
    let stream = Peer::<H>::stream_to(host.address()).await;
    let mut stranger = connector.connect(ServerName::try_from("shop.example").unwrap(), stream).await.unwrap();
    // A host that has answered has read all of the handshake: what it left unread would reset the connection.
    stranger.write_all(UPGRADE).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        assert_eq!(stranger.read(&mut byte).await.unwrap(), 1);
        answer.extend(byte);
    }
    let ((), end) = join(host.close(), stranger.read_to_end(&mut answer)).await;
    end.expect("it was told that this is the end");
}

/// The opening of a WebSocket, with the key of RFC 6455's own example.
const UPGRADE: &[u8] = b"GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

pub async fn closing_does_not_wait_for_a_handshake<H: Adapter>() {
    let host = encrypted_shop::<H>().await;
    let mut slow = Peer::<H>::stream_to(host.address()).await;
    slow.write_all(HELLO).await.unwrap();
    let ((), end) = join(host.close(), slow.read(&mut [0])).await;
    assert!(matches!(end, Ok(0) | Err(_)));
}
