//! PROTOCOL.md section 6: keepalive.

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use futures_util::future::join;
use trustline_core::wire::Body;
use trustline_runtime::Client;

use crate::contract::rig::{Adapter, LIFETIME, Port, alice_at, attentive, lenient, until_connected};
use crate::custom;

pub async fn a_host_that_answers_pings_is_kept<C: Adapter>() {
    let port = Port::<C>::open().await;
    let connecting = Client::<C>::builder(&alice_at(port.address)).connection_limits(lenient()).connect();
    let (client, mut host) = join(connecting, port.welcome()).await;
    for _ in 0..LIFETIME {
        // Masked, as all that a client sends.
        let mut ping = [0; 6];
        host.stream.read_exact(&mut ping).await.unwrap();
        assert_eq!(ping[..2], [0x89, 0x80]);
        host.stream.write_all(&[0x8a, 0]).await.unwrap();
    }
    let client = client.unwrap();
    let asking = async {
        assert_eq!(client.request(custom("{}")).await.unwrap(), custom("{}"));
        client.close().await;
    };
    let answering = async {
        let question = host.packet().await;
        assert_eq!(question.body, Body::Message(custom("{}")));
        host.answer(question.request_id, custom("{}")).await;
        host.end().await;
    };
    join(asking, answering).await;
}

/// However short-lived it is, a connection that works is worth to be had again. Pauses that grow all the same would take
/// longer than a case may.
pub async fn a_line_that_is_cut_after_each_answer_is_dialed_soon<C: Adapter>() {
    let port = Port::<C>::open().await;
    let (client, host) = join(Client::<C>::builder(&alice_at(port.address)).connect_with_events(), port.welcome()).await;
    let ((client, mut events), mut host) = (client.unwrap(), host);
    for _ in 0..8 {
        until_connected(&mut events).await;
        let answering = async {
            let question = host.packet().await;
            host.answer(question.request_id, custom("{}")).await;
        };
        let (answer, ()) = join(client.request(custom("{}")), answering).await;
        answer.unwrap();
        drop(host);
        host = port.accept().await;
        host.accepts_the_authentication().await;
    }
    join(client.close(), host.end()).await;
}

pub async fn a_host_that_answers_no_ping_is_dialed_again<C: Adapter>() {
    let port = Port::<C>::open().await;
    let connecting = Client::<C>::builder(&alice_at(port.address)).connection_limits(attentive()).connect();
    let (client, mute) = join(connecting, port.welcome()).await;
    let mut host = port.accept().await;
    host.accepts_the_authentication().await;
    drop(mute);
    join(client.unwrap().close(), host.end()).await;
}
