//! One of us and one of them, connected, in either role.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use smol::Timer;
use trustline_core::ledger::{Bounds, Transfer};
use trustline_core::session::{Event, LedgerInfo, RequestToken};
use trustline_core::wire::ProtocolData;
use trustline_smol::{Account, Client, Events, Host, HostBuilder};
use trustline_tests::contract::rig::ANYWHERE;
use trustline_tests::programs::Plugin;
use trustline_tests::{fulfillment, transfer_id};

use crate::words::{assert_about, entries, payment_with_entries, transfer_between};

pub(crate) const PREFIX: &str = "example.shop.";
pub(crate) const CLIENT: &str = "example.shop.client";
pub(crate) const HOST: &str = "example.shop.server";

/// What the plugin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Of our host.
    Client,
    /// Of our client.
    Host,
}

pub(crate) struct Scene {
    pub(crate) plugin: Plugin,
    pub(crate) us: Account,
    pub(crate) events: Events,
    /// Our address, and theirs.
    pub(crate) addresses: [&'static str; 2],
    end: End,
}

/// What ends with the scene.
enum End {
    Host(Host),
    Client(Client),
}

/// What hangs has failed.
pub(crate) fn within<T>(future: impl Future<Output = T>) -> T {
    smol::block_on(smol::future::or(future, async {
        Timer::after(Duration::from_secs(60)).await;
        panic!("this hangs")
    }))
}

pub(crate) fn ledger_info() -> LedgerInfo {
    LedgerInfo::new(PREFIX, "XRP", 9)
}

/// A host of ours, which takes requests about the weather.
pub(crate) fn our_host() -> HostBuilder {
    Host::builder(ledger_info()).account("", "s3cr3t").bounds(Bounds { minimum: -1000, maximum: 1000 }).protocol("weather")
}

/// What a plugin is told that keeps books of its own.
pub(crate) fn options() -> Value {
    json!({
        "prefix": PREFIX, "info": ledger_info(), "maxBalance": "1000", "minBalance": "-1000", "incomingSecret": "s3cr3t", "token": "s3cr3t",
    })
}

pub(crate) fn url(host: &Host) -> String {
    format!("btp+ws://:s3cr3t@{}/", host.address())
}

impl Scene {
    /// With the plugin as applications have it.
    pub(crate) fn open(role: Role) -> Self {
        match role {
            Role::Client => Self::at_our_host(Plugin::client),
            Role::Host => Self::at_their_host(&options()),
        }
    }

    /// With the plugin above a payment channel, which gives it side protocols and claims. It keeps books of its own in
    /// either role.
    pub(crate) fn with_a_payment_channel(role: Role) -> Self {
        let mut options = options();
        options["claim"] = "signed".into();
        match role {
            Role::Host => Self::at_their_host(&options),
            Role::Client => Self::at_our_host(|url| {
                options["server"] = url.into();
                Plugin::with(&options)
            }),
        }
    }

    fn at_our_host(plugin: impl FnOnce(&str) -> Plugin) -> Self {
        let (host, events) = within(our_host().listen_with_events(ANYWHERE)).unwrap();
        let mut plugin = plugin(&url(&host));
        plugin.call("connect", &json!([]));
        // One that knows its ledger connects when it first has something to say.
        plugin.call("getPeerBalance", &json!([]));
        let us = host.account("").expect("it is connected");
        Self { plugin, us, events, addresses: [HOST, CLIENT], end: End::Host(host) }
    }

    fn at_their_host(options: &Value) -> Self {
        let (mut plugin, url) = Plugin::host(options);
        plugin.call("connect", &json!([]));
        let (client, events) = within(Client::builder(&url).protocol("weather").connect_with_events()).unwrap();
        Self { plugin, us: client.clone(), events, addresses: [CLIENT, HOST], end: End::Client(client) }
    }

    /// The first event that `pick` takes.
    pub(crate) fn event<T>(&mut self, mut pick: impl FnMut(Event) -> Option<T>) -> T {
        within(async {
            loop {
                let (_, event) = self.events.next().await.expect("there are more events to come");
                if let Some(picked) = pick(event) {
                    return picked;
                }
            }
        })
    }

    pub(crate) fn incoming(&mut self) -> (Arc<Transfer>, ProtocolData) {
        self.event(|event| match event {
            Event::IncomingPrepared { transfer, protocol_data } => Some((transfer, protocol_data)),
            _ => None,
        })
    }

    pub(crate) fn request(&mut self) -> (RequestToken, ProtocolData) {
        self.event(|event| match event {
            Event::Request { token, protocol_data } => Some((token, protocol_data)),
            _ => None,
        })
    }

    /// The plugin pays, as far as that it is prepared.
    pub(crate) fn they_prepare(&mut self, n: u32, patience: Duration) {
        let [to, from] = self.addresses;
        let transfer = transfer_between(&payment_with_entries(n).expires_in(patience), from, to);
        let call = self.plugin.begin("sendTransfer", &json!([transfer]));
        let (transfer, protocol_data) = self.incoming();
        assert_eq!((transfer.id, transfer.amount, transfer.condition), (transfer_id(n), 10, fulfillment(n).condition()));
        assert_eq!(protocol_data, entries("a packet", "the payer"));
        assert_eq!(self.plugin.end(&call), Ok(Value::Null));
        assert_about(&self.plugin.emitted("outgoing_prepare"), transfer.id);
    }

    /// Everything that was on its way to us has come.
    pub(crate) fn catches_up(&mut self) {
        self.plugin.call("getPeerBalance", &json!([]));
    }

    pub(crate) fn close(self) {
        match self.end {
            End::Host(host) => within(host.close()),
            End::Client(client) => within(client.close()),
        }
    }
}
