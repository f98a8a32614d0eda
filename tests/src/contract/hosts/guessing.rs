//! Who tries one token after the other waits, and nobody else does.

use std::time::Duration;

use trustline_core::session::{ErrorName, error_message};
use trustline_core::wire::{Body, Packet, ProtocolData};
use trustline_runtime::{ConnectionLimits, Host};

use crate::contract::rig::{ANYWHERE, Adapter, Peer, Placed};
use crate::ledger_info;
use crate::with;

fn refusal(answer: &Packet) -> (ErrorName, String) {
    let Body::Error(error) = &answer.body else { panic!("expected a refusal, got {answer:?}") };
    (ErrorName::of(error).unwrap(), error_message(error))
}

/// Where a first wrong token makes the next wait for a hundredth of this.
async fn host<H: Adapter>(runtime: &Placed<H>, wrong_token_delay: Duration) -> Host<Placed<H>> {
    let limits = with(ConnectionLimits::default(), |limits| limits.wrong_token_delay = wrong_token_delay);
    let host = Host::builder_on(runtime.clone(), ledger_info()).account("alice", "s3cr3t").connection_limits(limits);
    host.listen(ANYWHERE).await.unwrap()
}

async fn guess<H: Adapter>(host: &Host<Placed<H>>, token: &str) -> Packet {
    let mut peer = Peer::<H>::dial(host.address()).await;
    let answer = peer.authenticates("alice", token).await;
    match answer.body {
        Body::Error(_) => drop(peer.end().await),
        _ => peer.closes().await,
    }
    answer
}

pub async fn after_a_wrong_token_its_address_waits_and_no_other<H: Adapter>() {
    let runtime = Placed::<H>::default();
    let host = host(&runtime, Duration::from_secs(60 * 60)).await;
    runtime.at("2001:db8:0:1::1");
    assert_eq!(refusal(&guess(&host, "s3cr3").await), (ErrorName::NotAccepted, "invalid username or token".into()));
    // For longer than anybody may take to authenticate. Not even the right one is looked at: who had the answer to that at once
    // could do without the other answers.
    for (place, token) in [("2001:db8:0:1::1", "s3cr3t"), ("2001:db8:0:1:ffff::7", "s3cr3")] {
        runtime.at(place);
        let (name, message) = refusal(&guess(&host, token).await);
        assert_eq!((name, &message[..]), (ErrorName::Unreachable, "too many wrong tokens came from your address; try again later"));
    }
    for place in ["2001:db8:0:2::1", "192.0.2.1"] {
        runtime.at(place);
        assert_eq!(guess(&host, "s3cr3t").await.body, Body::Response(ProtocolData::new()));
    }
    let metrics = host.metrics();
    let admissions = metrics.admissions;
    assert_eq!((admissions.admitted, admissions.wrong_tokens, admissions.too_early), (2, 1, 2));
    assert_eq!(metrics.accepted, 5);
    host.close().await;
}

pub async fn who_has_waited_is_let_in_and_waits_no_more<H: Adapter>() {
    let runtime = Placed::<H>::default();
    let host = host(&runtime, Duration::from_secs(10)).await;
    for _ in 0..3 {
        for wrong in ["s3cr3", ""] {
            assert_eq!(refusal(&guess(&host, wrong).await).0, ErrorName::NotAccepted);
        }
        assert_eq!(guess(&host, "s3cr3t").await.body, Body::Response(ProtocolData::new()));
    }
    let admissions = host.metrics().admissions;
    assert_eq!((admissions.admitted, admissions.wrong_tokens, admissions.too_early), (3, 6, 0));
    host.close().await;
}

pub async fn of_many_guesses_at_once_few_are_looked_at<H: Adapter>() {
    let runtime = Placed::<H>::default();
    let host = host(&runtime, Duration::from_secs(60 * 60)).await;
    let mut peers = Vec::new();
    for _ in 0..50 {
        peers.push(Peer::<H>::dial(host.address()).await);
    }
    let guesses =
        peers.iter_mut().enumerate().map(|(n, peer)| async move { refusal(&peer.authenticates("alice", &n.to_string()).await).0 });
    let answers = futures_util::future::join_all(guesses).await;
    let looked_at = answers.iter().filter(|name| **name == ErrorName::NotAccepted).count();
    // One, or as many as came at the very same moment.
    assert!((1..10).contains(&looked_at), "{looked_at} of 50 were looked at");
    assert_eq!(host.metrics().admissions.wrong_tokens, looked_at as u64);
    drop(peers);
    host.close().await;
}
