//! A host behind the application's own HTTP server, which upgrades one of its paths.

use std::convert::Infallible;
use std::sync::Arc;

use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use smol::net::{TcpListener, TcpStream};
use smol_hyper::rt::FuturesIo;
use trustline_runtime::websocket::WebSocketError;
use trustline_smol::{Accepted, Client, ConnectError, Host};
use trustline_tests::contract::rig::{ANYWHERE, alices, assert_mirrored, letter, shop};
use tungstenite::handshake::derive_accept_key;

/// Serves one connection.
async fn serve(stream: TcpStream, host: Arc<Host>) {
    let service = service_fn(|request| std::future::ready(Ok::<_, Infallible>(answer(request, &host))));
    let serving = hyper::server::conn::http1::Builder::new().serve_connection(FuturesIo::new(stream), service);
    let _ = serving.with_upgrades().await;
}

fn answer(mut request: Request<Incoming>, host: &Arc<Host>) -> Response<Empty<Bytes>> {
    let mut response = Response::new(Empty::new());
    let Some(key) = request.headers().get(SEC_WEBSOCKET_KEY).filter(|_| request.uri().path() == "/btp") else {
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    };
    let accept = derive_accept_key(key.as_bytes());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    response.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
    response.headers_mut().insert(SEC_WEBSOCKET_ACCEPT, accept.parse().expect("it is Base64"));
    let host = host.clone();
    smol::spawn(async move {
        // Once the answer is written.
        let Ok(upgraded) = hyper::upgrade::on(&mut request).await else { return };
        let parts = upgraded.downcast::<FuturesIo<TcpStream>>().expect("that is what is served");
        host.accept(Accepted::websocket(parts.io.into_inner(), parts.read_buf));
    })
    .detach();
    response
}

#[test]
fn a_path_of_a_website_is_a_trustline() {
    smol::block_on(async {
        let host = Arc::new(shop().start());
        let listener = TcpListener::bind(ANYWHERE).await.unwrap();
        let address = listener.local_addr().unwrap();
        let website = smol::spawn({
            let host = host.clone();
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    smol::spawn(serve(stream, host.clone())).detach();
                }
            }
        });
        let elsewhere = Client::connect(&format!("btp+ws://alice:s3cr3t@{address}/")).await;
        assert!(matches!(elsewhere, Err(ConnectError::WebSocket(WebSocketError::Refused { status: 404 }))), "{elsewhere:?}");
        let client = Client::connect(&format!("btp+ws://alice:s3cr3t@{address}/btp")).await.unwrap();
        client.pay(letter(1, 10)).await.unwrap();
        assert_mirrored(&client, &alices(&host)).await;
        client.close().await;
        website.cancel().await;
    });
}
