//! A client can be closed or dropped at any moment.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join;
use trustline_core::Limits;
use trustline_core::session::Event;
use trustline_runtime::{Client, ClientBuilder, ConnectionLimits};

use crate::contract::rig::{Adapter, Port, Watched, alice_at, until_disconnected};
use crate::with;

/// It has all the time in the world.
fn patient<C: Adapter>(runtime: &Watched<C>, port: &Port<C>) -> ClientBuilder<Watched<C>> {
    let hour = Duration::from_secs(60 * 60);
    Client::builder_on(runtime.clone(), &alice_at(port.address))
        .limits(with(Limits::default(), |limits| {
            limits.authentication_timeout = hour;
            limits.request_timeout = hour;
        }))
        .connection_limits(with(ConnectionLimits::default(), |limits| {
            limits.dial_timeout = hour;
            limits.ping_interval = hour;
        }))
}

pub async fn before_the_host_was_ever_there<C: Adapter>() {
    let runtime = Watched::<C>::default();
    let port = Port::<C>::open().await;
    let builder = patient(&runtime, &port);
    drop(port);
    builder.start().unwrap().close().await;
    runtime.until_tasks(0).await;

    runtime.loses_the_network();
    let port = Port::<C>::open().await;
    let client = patient(&runtime, &port).start().unwrap();
    runtime.until_dialing().await;
    drop(client);
    runtime.until_tasks(0).await;
}

pub async fn while_dialing<C: Adapter>() {
    let runtime = Watched::<C>::default();
    let port = Port::<C>::open().await;
    let (client, host) = join(patient(&runtime, &port).connect_with_events(), port.welcome()).await;
    let (client, mut events) = client.unwrap();
    runtime.loses_the_network();
    drop(host);
    until_disconnected(&mut events).await;
    runtime.until_dialing().await;
    client.close().await;
    runtime.until_tasks(0).await;
}

pub async fn while_the_host_is_silent<C: Adapter>() {
    let runtime = Watched::<C>::default();
    let port = Port::<C>::open().await;
    // Before it was ever connected, and after.
    let mut connecting = Box::pin(patient(&runtime, &port).connect());
    assert!((&mut connecting).now_or_never().is_none());
    let silent = port.stream().await;
    drop(connecting);
    runtime.until_tasks(0).await;

    let (client, host) = join(patient(&runtime, &port).connect(), port.welcome()).await;
    drop(host);
    let still_silent = port.stream().await;
    client.unwrap().close().await;
    runtime.until_tasks(0).await;
    drop((silent, still_silent));
}

pub async fn while_the_authentication_is_not_answered<C: Adapter>() {
    let runtime = Watched::<C>::default();
    let port = Port::<C>::open().await;
    let (client, host) = join(patient(&runtime, &port).connect(), port.welcome()).await;
    drop(host);
    let mut host = port.accept().await;
    let _question = host.packet().await;
    join(client.unwrap().close(), host.end()).await;
    runtime.until_tasks(0).await;
}

pub async fn between_two_attempts<C: Adapter>() {
    let runtime = Watched::<C>::default();
    let port = Port::<C>::open().await;
    let (client, host) = join(patient(&runtime, &port).connect_with_events(), port.welcome()).await;
    let (client, mut events) = client.unwrap();
    drop((host, port));
    until_disconnected(&mut events).await;
    client.close().await;
    runtime.until_tasks(0).await;
    assert!(events.next().await.is_none_or(|(_, event)| matches!(event, Event::Disconnected { .. })));
}

pub async fn when_the_host_does_not_answer_the_close_frame<C: Adapter>() {
    let runtime = Watched::<C>::default();
    let port = Port::<C>::open().await;
    let (client, deaf) = join(patient(&runtime, &port).connect(), port.welcome()).await;
    client.unwrap().close().await;
    runtime.until_tasks(0).await;
    drop(deaf);
}
