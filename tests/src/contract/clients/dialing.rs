//! A first attempt that fails says why.

use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use futures_util::future::join;
use trustline_core::session::{ErrorName, subprotocol};
use trustline_core::wire::{Body, Fulfill, Packet, ProtocolData};
use trustline_core::{Limits, Timestamp};
use trustline_runtime::websocket::{CloseCode, WebSocketError};
use trustline_runtime::{Client, ClientTls, ConnectError, ConnectionLimits};

use crate::contract::rig::{Adapter, Authority, Port, alice_at, letter};
use crate::{fulfillment, transfer_id, with};

fn soon() -> (Limits, ConnectionLimits) {
    let soon = Duration::from_millis(50);
    let limits = with(Limits::default(), |limits| limits.authentication_timeout = soon);
    (limits, with(ConnectionLimits::default(), |limits| limits.dial_timeout = soon))
}

pub async fn what_is_no_url_is_not_dialed<C: Adapter>() {
    for no_url in ["", "localhost:9000", "http://localhost", "btp+ws://:@:9000"] {
        let failed = Client::<C>::connect(no_url).await;
        assert!(matches!(failed, Err(ConnectError::Url(_))), "{failed:?}");
    }
}

pub async fn a_port_where_nobody_listens<C: Adapter>() {
    let address = Port::<C>::open().await.address;
    let failed = Client::<C>::connect(&alice_at(address)).await;
    let Err(ConnectError::Dial(error)) = failed else { panic!("{failed:?}") };
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
}

pub async fn a_port_that_speaks_http_and_no_websocket<C: Adapter>() {
    let port = Port::<C>::open().await;
    let website = async {
        let mut stream = port.stream().await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello").await.unwrap();
        stream.read_to_end(&mut Vec::new()).await
    };
    let (failed, _) = join(Client::<C>::connect(&alice_at(port.address)), website).await;
    assert!(matches!(failed, Err(ConnectError::WebSocket(WebSocketError::Refused { status: 200 }))), "{failed:?}");
}

pub async fn a_port_that_accepts_and_is_silent<C: Adapter>() {
    let port = Port::<C>::open().await;
    let (limits, connection_limits) = soon();
    let connecting = Client::<C>::builder(&alice_at(port.address)).limits(limits).connection_limits(connection_limits).connect();
    let (failed, stream) = join(connecting, port.stream()).await;
    assert!(matches!(failed, Err(ConnectError::Timeout)), "{failed:?}");
    drop(stream);
}

pub async fn a_port_that_accepts_and_makes_no_tls_handshake<C: Adapter>() {
    let port = Port::<C>::open().await;
    let (limits, connection_limits) = soon();
    let url = alice_at(port.address).replace("btp+ws:", "btp+wss:");
    let builder = Client::<C>::builder(&url).tls(ClientTls::roots(Authority::new().root()).unwrap());
    let connecting = builder.limits(limits).connection_limits(connection_limits).connect();
    let (failed, stream) = join(connecting, port.stream()).await;
    assert!(matches!(failed, Err(ConnectError::Timeout)), "{failed:?}");
    drop(stream);
}

pub async fn a_host_that_does_not_answer_the_authentication<C: Adapter>() {
    let port = Port::<C>::open().await;
    let connecting = Client::<C>::builder(&alice_at(port.address)).limits(soon().0).connect();
    let silent = async { port.accept().await.end().await };
    let (failed, end) = join(connecting, silent).await;
    assert!(matches!(failed, Err(ConnectError::Timeout)), "{failed:?}");
    assert_eq!(end.map(|frame| frame.code), Some(CloseCode::GOING_AWAY));
}

pub async fn a_host_that_closes_before_it_answers<C: Adapter>() {
    let port = Port::<C>::open().await;
    let url = alice_at(port.address);
    let (failed, ()) = join(Client::<C>::connect(&url), async { drop(port.stream().await) }).await;
    assert!(matches!(failed, Err(ConnectError::Closed | ConnectError::Dial(_))), "{failed:?}");
    let (failed, ()) = join(Client::<C>::connect(&url), async { port.accept().await.closes().await }).await;
    assert!(matches!(failed, Err(ConnectError::Closed)), "{failed:?}");
}

pub async fn a_host_that_tells_nothing_of_its_ledger_can_be_paid<C: Adapter>() {
    let port = Port::<C>::open().await;
    let secretive = async {
        let mut host = port.accept().await;
        host.accepts_the_authentication().await;
        let info = host.packet().await;
        assert_eq!(info.body, Body::Message(subprotocol::info_request()));
        let refusal = ErrorName::NotAccepted.error("who wants to know?", Timestamp::from_millis(0));
        host.sends_packet(Packet { request_id: info.request_id, body: Body::Error(refusal) }).await;
        let prepare = host.packet().await;
        assert!(matches!(prepare.body, Body::Prepare(_)));
        host.answer(prepare.request_id, ProtocolData::new()).await;
        let fulfill = Fulfill { transfer_id: transfer_id(1), fulfillment: fulfillment(1), protocol_data: ProtocolData::new() };
        assert_eq!(host.asks(Body::Fulfill(fulfill)).await.body, Body::Response(ProtocolData::new()));
        host.end().await;
    };
    let pays = async {
        let client = Client::<C>::connect(&alice_at(port.address)).await.unwrap();
        assert_eq!((client.info(), client.address()), (None, None));
        assert_eq!(client.pay(letter(1, 10)).await.unwrap().fulfillment, fulfillment(1));
        client.close().await;
    };
    join(secretive, pays).await;
}
