//! Connections that the application makes and accepts itself.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use trustline_core::WireLimits;
use trustline_core::session::{Credentials, Token, subprotocol};
use trustline_core::wire::{Body, Packet, ProtocolData};
use trustline_runtime::websocket::{Incoming, Role, WebSocket, WebSocketLimits};
use trustline_runtime::{Accepted, Admitted, Client, ConnectError, ConnectionLimits, Host, PeerCertificate};

use crate::contract::rig::{Adapter, Clerk, Pipe, alices, assert_mirrored, letter, masked, shop, until_connected, until_disconnected};
use crate::ledger_info;
use crate::with;

/// Nothing that could be dialed.
const ALICE: &str = "btp+ws://alice:s3cr3t@shop.invalid/";

/// Where a host is, for those who reach it through pipes.
struct Place<H: Adapter>(Mutex<Option<Host<H>>>);

impl<H: Adapter> Place<H> {
    fn with(host: Host<H>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Some(host))))
    }

    fn connect(&self) -> io::Result<Pipe> {
        let place = self.0.lock().unwrap();
        let host = place.as_ref().ok_or(io::ErrorKind::ConnectionRefused)?;
        let (near, far) = Pipe::pair(PIPE_BYTES);
        host.accept(Accepted::stream(far));
        Ok(near)
    }

    async fn is_left(&self) {
        let host = self.0.lock().unwrap().take();
        host.expect("there is one").close().await;
    }
}

/// What may be on its way.
const PIPE_BYTES: usize = 1000;

pub async fn a_client_reaches_a_host_through_pipes_and_finds_it_again<H: Adapter, C: Adapter>() {
    let place = Place::with(shop::<H>().start());
    let connector = {
        let place = place.clone();
        move || std::future::ready(place.connect())
    };
    let (client, mut events) = Client::<C>::builder(ALICE).connector(connector).connect_with_events().await.unwrap();
    until_connected(&mut events).await;
    client.pay(letter(1, 10)).await.unwrap();
    let account = alices(place.0.lock().unwrap().as_ref().unwrap());
    assert_mirrored(&client, &account).await;
    place.is_left().await;
    until_disconnected(&mut events).await;
    *place.0.lock().unwrap() = Some(shop().start());
    until_connected(&mut events).await;
    client.pay(letter(2, 10)).await.unwrap();
    client.close().await;
    place.is_left().await;
}

pub async fn a_connector_that_fails_says_why<H: Adapter, C: Adapter>() {
    let connector = || std::future::ready(Err::<Pipe, _>(io::ErrorKind::NotFound.into()));
    let failed = Client::<C>::builder(ALICE).connector(connector).connect().await;
    assert!(matches!(&failed, Err(ConnectError::Dial(error)) if error.kind() == io::ErrorKind::NotFound), "{failed:?}");
}

pub async fn a_websocket_that_was_upgraded_elsewhere_goes_on_where_it_is<H: Adapter, C: Adapter>() {
    let host = shop::<H>().start();
    let credentials = Credentials { username: "alice".into(), token: Token::from("s3cr3t"), ..Credentials::default() };
    let auth = Packet { request_id: 1, body: Body::Message(subprotocol::auth_request(&credentials)) }.encode().unwrap();
    let auth = masked(0x82, &auth);
    // All of the first frame may have been read ahead, or a part, or nothing.
    for read_ahead in [0, 7, auth.len()] {
        let (mut near, far) = Pipe::pair(PIPE_BYTES);
        host.accept(Accepted::websocket(far, auth[..read_ahead].to_vec()));
        near.write_all(&auth[read_ahead..]).await.unwrap();
        let mut websocket = WebSocket::upgraded(Role::Client, WebSocketLimits::default());
        assert!(matches!(websocket.poll(), Ok(Some(Incoming::Opened { .. }))));
        let answer = loop {
            if let Some(Incoming::Frame(answer)) = websocket.poll().unwrap() {
                break Packet::decode(&answer, &WireLimits::default()).unwrap();
            }
            let mut buffer = [0; 100];
            let bytes = near.read(&mut buffer).await.unwrap();
            assert_ne!(bytes, 0, "not let in");
            websocket.receive(&buffer[..bytes]);
        };
        assert_eq!(answer, Packet { request_id: 1, body: Body::Response(ProtocolData::new()) });
    }
    host.close().await;
}

pub async fn what_the_application_knows_of_a_connection_reaches_its_authentication<H: Adapter, C: Adapter>() {
    let origin = SocketAddr::from(([203, 0, 113, 7], 4711));
    let certificate = PeerCertificate::from_verified_der(b"as the proxy says");
    let expected = (Some(origin), Some(certificate.clone()));
    let host = Host::<H>::builder(ledger_info()).handler(|_| Clerk::Sells);
    let host = host.authenticate(move |applicant| {
        let account = applicant.username.clone();
        ((applicant.origin, applicant.certificate.clone()) == expected).then_some(Admitted::to(account))
    });
    let place = Place::with(host.start());
    let connector = {
        let place = place.clone();
        move || {
            let (near, far) = Pipe::pair(PIPE_BYTES);
            let known = Accepted::stream(far).origin(origin).certificate(certificate.clone());
            place.0.lock().unwrap().as_ref().unwrap().accept(known);
            std::future::ready(Ok(near))
        }
    };
    let client = Client::<C>::builder(ALICE).connector(connector).connect().await.unwrap();
    client.close().await;
    let unknown = place.clone();
    let refused = Client::<C>::builder(ALICE).connector(move || std::future::ready(unknown.connect())).connect().await;
    assert!(matches!(refused, Err(ConnectError::Refused(_))), "{refused:?}");
    place.is_left().await;
}

pub async fn strangers_that_are_handed_in_are_bounded_too<H: Adapter, C: Adapter>() {
    let limits = with(ConnectionLimits::default(), |limits| limits.unauthenticated = 1);
    let place = Place::with(shop::<H>().connection_limits(limits).start());
    let first = place.connect().unwrap();
    let mut second = place.connect().unwrap();
    assert_eq!(second.read(&mut [0]).await.unwrap(), 0);
    place.is_left().await;
    drop(first);
}
