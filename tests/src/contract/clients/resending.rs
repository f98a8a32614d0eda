//! What was in doubt when a connection was lost.

use futures_util::future::join;
use trustline_core::session::Event;
use trustline_core::wire::{Body, Fulfill, Packet, ProtocolData};
use trustline_runtime::Client;

use crate::contract::rig::{Adapter, Peer, Port, alice_at, letter, until};
use crate::{fulfillment, number, transfer_id};

async fn prepares<R: Adapter>(host: &mut Peer<R>) -> Vec<Packet> {
    let mut packets = Vec::new();
    for _ in 0..3 {
        packets.push(host.packet().await);
    }
    packets
}

pub async fn what_was_not_answered_is_sent_again_as_it_was<C: Adapter>() {
    let port = Port::<C>::open().await;
    let hosting = async {
        let mut host = port.welcome().await;
        let before = prepares(&mut host).await;
        // The second is answered, the others are in doubt.
        host.answer(before[1].request_id, ProtocolData::new()).await;
        drop(host);
        let mut host = port.accept().await;
        host.accepts_the_authentication().await;
        let again = [host.packet().await, host.packet().await];
        assert_eq!([&again[0].body, &again[1].body], [&before[0].body, &before[2].body], "in their first order");
        for packet in again {
            host.answer(packet.request_id, ProtocolData::new()).await;
        }
        for packet in before {
            let Body::Prepare(prepare) = packet.body else { panic!("expected a Prepare, got {packet:?}") };
            let fulfillment = fulfillment(number(prepare.transfer_id));
            let fulfill = Fulfill { transfer_id: prepare.transfer_id, fulfillment, protocol_data: ProtocolData::new() };
            assert_eq!(host.asks(Body::Fulfill(fulfill)).await.body, Body::Response(ProtocolData::new()));
        }
        host.end().await;
    };
    let paying = async {
        let client = Client::<C>::connect(&alice_at(port.address)).await.unwrap();
        let payments = [1, 2, 3].map(|n| client.pay(letter(n, 10)));
        for payment in payments {
            payment.await.unwrap();
        }
        assert_eq!(client.balance(), -30);
        client.close().await;
    };
    join(hosting, paying).await;
}

pub async fn a_fulfillment_from_before_the_cut_is_not_lost<C: Adapter>() {
    let port = Port::<C>::open().await;
    let hosting = async {
        let mut host = port.welcome().await;
        assert_eq!(host.asks(Body::Prepare(letter(1, 10).into_prepare())).await.body, Body::Response(ProtocolData::new()));
        let before = host.packet().await;
        assert!(matches!(&before.body, Body::Fulfill(fulfill) if fulfill.transfer_id == transfer_id(1)));
        drop(host);
        let mut host = port.accept().await;
        host.accepts_the_authentication().await;
        let again = host.packet().await;
        assert_eq!(again.body, before.body);
        host.answer(again.request_id, ProtocolData::new()).await;
        host.end().await;
    };
    let selling = async {
        let (client, mut events) = Client::<C>::builder(&alice_at(port.address)).connect_with_events().await.unwrap();
        until(&mut events, |_, event| matches!(event, Event::IncomingPrepared { .. }).then_some(())).await;
        client.fulfill(transfer_id(1), fulfillment(1)).unwrap();
        until(&mut events, |_, event| matches!(event, Event::IncomingFulfilled { .. }).then_some(())).await;
        assert_eq!(client.balance(), 10);
        client.close().await;
    };
    join(hosting, selling).await;
}
