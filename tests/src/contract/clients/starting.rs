//! A client that does not wait for its host.

use std::sync::Arc;

use futures_util::future::join;
use trustline_core::Timestamp;
use trustline_core::ledger::{Effect, Snapshot, Trustline};
use trustline_core::session::{ErrorName, Event, PrepareFailure, error_message};
use trustline_core::wire::{Body, Fulfill, Packet, ProtocolData};
use trustline_runtime::{Appended, Client, Committed, ConnectError, Journal, JournalError, PaymentError};

use crate::contract::rig::{Adapter, Peer, Port, Watched, alice_at, ledger, letter, until, until_connected};
use crate::{Scratch, fulfillment, number};

/// Cannot be read.
struct Torn;

impl Journal for Torn {
    fn load(&self, _account: &str) -> Result<Option<Snapshot>, JournalError> {
        Err(JournalError::Other("it is torn".to_owned()))
    }

    fn append(&self, _account: &str, _effects: Vec<Effect>, _state: &Trustline, _waiting: Arc<dyn Committed>) -> Appended {
        unreachable!("nothing was read")
    }
}

pub async fn what_no_waiting_mends_is_an_error<C: Adapter>() {
    let failed = Client::<C>::builder("localhost:9000").start();
    assert!(matches!(failed, Err(ConnectError::Url(_))), "{failed:?}");
    let address = Port::<C>::open().await.address;
    let failed = Client::<C>::builder(&alice_at(address)).journal(Arc::new(Torn), "alice").start_with_events();
    assert!(matches!(failed, Err(ConnectError::Journal(_))), "{:?}", failed.map(drop));
}

pub async fn a_host_that_is_not_there_yet_is_paid_when_it_is<C: Adapter>() {
    let runtime = Watched::<C>::default();
    let address = Port::<C>::open().await.address;
    let (client, mut events) = Client::builder_on(runtime.clone(), &alice_at(address)).start_with_events().unwrap();
    assert_eq!(client.pay(letter(1, 10)).await, Err(PaymentError::NotSent(PrepareFailure::NotConnected)));
    // The first attempt at least is in vain.
    runtime.until_dialed(2).await;
    let port = Port::<C>::open_at(address).await;
    let hosting = async {
        let mut host = port.welcome().await;
        let prepare = host.packet().await;
        host.answer(prepare.request_id, ProtocolData::new()).await;
        fulfills(&mut host, &prepare.body).await;
        host.end().await;
    };
    let paying = async {
        until_connected(&mut events).await;
        assert_eq!(client.pay(letter(1, 10)).await.unwrap().fulfillment, fulfillment(1));
        client.close().await;
    };
    join(hosting, paying).await;
}

pub async fn credentials_that_are_refused_are_told_and_shown_again<C: Adapter>() {
    let port = Port::<C>::open().await;
    let (client, mut events) = Client::<C>::builder(&alice_at(port.address)).start_with_events().unwrap();
    let hosting = async {
        let mut host = port.accept().await;
        let auth = host.packet().await;
        let refusal = ErrorName::NotAccepted.error("come back later", Timestamp::from_millis(0));
        host.sends_packet(Packet { request_id: auth.request_id, body: Body::Error(refusal) }).await;
        host.end().await;
        port.welcome().await.end().await;
    };
    let being_refused = async {
        let why = until(&mut events, |_, event| match event {
            Event::AuthenticationRefused { error, .. } => Some(error_message(&error)),
            _ => None,
        });
        assert_eq!(why.await, "come back later");
        until_connected(&mut events).await;
        client.close().await;
    };
    join(hosting, being_refused).await;
}

pub async fn what_a_file_left_in_doubt_is_asked_when_the_host_is_there<C: Adapter>() {
    let files = Scratch::new("in-doubt");
    let file = files.file("alice.db");
    let port = Port::<C>::open().await;
    let address = port.address;

    // Three payments: the first is not answered, the second is held, the third is paid.
    let connecting = Client::<C>::builder(&alice_at(address)).journal(ledger::<C>(&file).await, "alice").connect();
    let (client, mut host) = join(connecting, port.welcome()).await;
    let client = client.unwrap();
    let [first, second, third] = [1, 2, 3].map(|n| client.pay(letter(n, 10)));
    let before = [host.packet().await, host.packet().await, host.packet().await];
    for prepare in &before[1..] {
        host.answer(prepare.request_id, ProtocolData::new()).await;
    }
    fulfills(&mut host, &before[2].body).await;
    third.await.unwrap();
    drop((host, port));
    client.close().await;
    assert_eq!([first.await, second.await], [Err(PaymentError::Abandoned), Err(PaymentError::Abandoned)]);

    // Nobody is there when it starts again, and then somebody is.
    let builder = Client::<C>::builder(&alice_at(address)).journal(ledger::<C>(&file).await, "alice");
    let (client, mut events) = builder.start_with_events().unwrap();
    assert_eq!((client.balance(), client.sums().outgoing_pending), (-10, 20));
    let port = Port::<C>::open_at(address).await;
    let hosting = async {
        let mut host = port.accept().await;
        host.accepts_the_authentication().await;
        let mut again = Vec::new();
        for _ in 0..3 {
            let packet = host.packet().await;
            match &packet.body {
                Body::Prepare(_) => {
                    host.answer(packet.request_id, ProtocolData::new()).await;
                    again.push(packet.body);
                }
                _ => host.tells_of_the_ledger(&packet).await,
            }
        }
        // That the second was held, the file does not say.
        assert_eq!(again, [before[0].body.clone(), before[1].body.clone()], "as they were, in their first order");
        fulfills(&mut host, &before[0].body).await;
        fulfills(&mut host, &before[1].body).await;
        host.end().await;
    };
    let settling = async {
        for n in [1, 2] {
            let paid = until(&mut events, |_, event| match event {
                Event::OutgoingFulfilled { transfer, .. } => Some(number(transfer.id)),
                _ => None,
            });
            assert_eq!(paid.await, n);
        }
        assert_eq!((client.balance(), client.sums().outgoing_pending), (-30, 0));
        client.close().await;
    };
    join(hosting, settling).await;
}

/// Shows the preimage of what was proposed.
async fn fulfills<R: Adapter>(host: &mut Peer<R>, prepare: &Body) {
    let Body::Prepare(prepare) = prepare else { panic!("expected a Prepare, got {prepare:?}") };
    let fulfillment = fulfillment(number(prepare.transfer_id));
    let fulfill = Fulfill { transfer_id: prepare.transfer_id, fulfillment, protocol_data: ProtocolData::new() };
    assert_eq!(host.asks(Body::Fulfill(fulfill)).await.body, Body::Response(ProtocolData::new()));
}
