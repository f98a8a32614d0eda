//! `btp+wss`: who is who, and what happens when that changes.

use std::fs;
use std::future::ready;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex};

use futures_channel::oneshot;
use futures_lite::io::copy;
use futures_util::future::{join, select};
use trustline_core::wire::Entry;
use trustline_runtime::websocket::WebSocketError;
use trustline_runtime::{
    Accepted, Admitted, Client, ClientCertificates, ClientTls, ConnectError, ConnectionLimits, Host, HostTls, Peer, TlsConfigError,
    TlsError,
};

use crate::contract::rig::{
    ANYWHERE, Adapter, Authority, Certified, Clerk, Pipe, Proxy, alice_at, alices, assert_mirrored, day, letter, open_shop, shop,
    until_connected, until_disconnected,
};
use crate::{ledger_info, with};

/// The address that everything here listens on.
const HERE: &str = "127.0.0.1";

fn host_tls(files: &Certified) -> HostTls {
    HostTls::new(&files.chain, &files.key).unwrap()
}

/// Trusts no other authority.
fn trusting(authority: &Authority) -> ClientTls {
    ClientTls::roots(authority.root()).unwrap()
}

/// A shop that shows this certificate.
async fn shop_with<H: Adapter>(files: &Certified) -> Host<H> {
    shop().tls(host_tls(files)).listen(ANYWHERE).await.unwrap()
}

fn alice_over_tls(address: SocketAddr) -> String {
    alice_at(address).replace("btp+ws:", "btp+wss:")
}

async fn alice_connects<C: Adapter>(address: SocketAddr, tls: ClientTls) -> Result<Client<C>, ConnectError> {
    Client::builder(&alice_over_tls(address)).tls(tls).connect().await
}

async fn fails<C: Adapter>(address: SocketAddr, tls: ClientTls) -> TlsError {
    match alice_connects::<C>(address, tls).await {
        Err(ConnectError::Tls(error)) => error,
        other => panic!("expected TLS to fail, got {other:?}"),
    }
}

pub async fn both_pay_each_other_over_tls<H: Adapter, C: Adapter>() {
    let authority = Authority::new();
    let host = shop_with::<H>(&authority.certifies(HERE)).await;
    let client = Client::<C>::builder(&alice_over_tls(host.address())).tls(trusting(&authority)).handler(Clerk::Sells);
    let client = client.connect().await.unwrap();
    client.pay(letter(1, 10)).await.unwrap();
    alices(&host).pay(letter(2, 3)).await.unwrap();
    // The client has its money with the host's answer.
    assert_eq!(client.peer_balance().await.unwrap(), -7);
    assert_mirrored(&client, &alices(&host)).await;
    client.close().await;
    host.close().await;
}

pub async fn equals_show_each_other_their_certificates<H: Adapter, C: Adapter>() {
    let (authority, others) = (Authority::new(), Authority::new());
    let (alices, bobs) = ("example.alice", "example.bob");
    let tls = host_tls(&authority.certifies(HERE)).client_roots(authority.root(), ClientCertificates::Required).unwrap();
    let bob = Peer::<H>::builder(ledger_info(), bobs, alices).handler(Clerk::Sells).listen_tls(tls).listen(ANYWHERE, "alice", "s3cr3t");
    let bob = bob.start().await.unwrap();

    let certificate = authority.certifies("alice.example");
    let shown = trusting(&authority).certificate(certificate.chain, certificate.key).unwrap();
    let address = bob.local_address().unwrap();
    let alice = Peer::<C>::builder(ledger_info(), alices, bobs).handler(Clerk::Sells).dial_tls(shown).dial(&alice_over_tls(address));
    let alice = alice.start().await.unwrap();
    assert!(alice.connected().await);
    alice.pay(letter(1, 10)).await.unwrap();
    bob.pay(letter(2, 3)).await.unwrap();
    assert_eq!(alice.peer_balance().await.unwrap(), -7);
    assert_mirrored(&alice, &bob).await;
    alice.close().await;

    // Who trusts somebody else, or shows nothing, does not get as far as the token.
    assert_eq!(fails::<C>(address, trusting(&others)).await, TlsError::UnknownIssuer);
    let failed = fails::<C>(address, trusting(&authority)).await;
    assert!(matches!(failed, TlsError::CertificateRefused { .. }), "{failed:?}");
    bob.close().await;
}

pub async fn a_cut_connection_comes_back_over_tls<H: Adapter, C: Adapter>() {
    let authority = Authority::new();
    let host = shop_with::<H>(&authority.certifies(HERE)).await;
    let proxy = Proxy::<C>::before(host.address()).await;
    let builder = Client::<C>::builder(&alice_over_tls(proxy.address)).tls(trusting(&authority));
    let (client, mut events) = builder.connect_with_events().await.unwrap();
    until_connected(&mut events).await;
    proxy.cut();
    until_disconnected(&mut events).await;
    until_connected(&mut events).await;
    client.pay(letter(1, 10)).await.unwrap();
    client.close().await;
    host.close().await;
}

pub async fn a_host_by_another_name_is_not_trusted<H: Adapter, C: Adapter>() {
    let authority = Authority::new();
    let host = shop_with::<H>(&authority.certifies("shop.example")).await;
    let failed = fails::<C>(host.address(), trusting(&authority)).await;
    assert!(matches!(&failed, TlsError::WrongName { detail } if detail.contains("shop.example")), "{failed:?}");
    host.close().await;
}

pub async fn a_certificate_is_good_at_its_time<H: Adapter, C: Adapter>() {
    let authority = Authority::new();
    let expired = authority.certifies_as(HERE, |params| params.not_after = day(2017, 9, 1));
    let host = shop_with::<H>(&expired).await;
    let failed = fails::<C>(host.address(), trusting(&authority)).await;
    assert!(matches!(failed, TlsError::CertificateExpired { .. }), "{failed:?}");
    host.close().await;

    let too_new = authority.certifies_as(HERE, |params| params.not_before = day(4017, 9, 1));
    let host = shop_with::<H>(&too_new).await;
    let failed = fails::<C>(host.address(), trusting(&authority)).await;
    assert!(matches!(failed, TlsError::CertificateNotYetValid { .. }), "{failed:?}");
    host.close().await;
}

pub async fn an_issuer_whom_nobody_knows_is_not_trusted<H: Adapter, C: Adapter>() {
    let (authority, other) = (Authority::new(), Authority::new());
    let host = shop_with::<H>(&other.certifies(HERE)).await;
    assert_eq!(fails::<C>(host.address(), trusting(&authority)).await, TlsError::UnknownIssuer);
    // Nor do the system's roots know it.
    let failed = Client::<C>::connect(&alice_over_tls(host.address())).await;
    assert!(matches!(failed, Err(ConnectError::Tls(TlsError::UnknownIssuer) | ConnectError::TlsConfig(_))), "{failed:?}");
    host.close().await;
}

pub async fn one_side_with_tls_and_one_without_are_told_so<H: Adapter, C: Adapter>() {
    let authority = Authority::new();
    let host = shop_with::<H>(&authority.certifies(HERE)).await;
    let failed = Client::<C>::connect(&alice_at(host.address())).await;
    let Err(ConnectError::WebSocket(WebSocketError::Handshake { detail })) = failed else { panic!("{failed:?}") };
    assert!(detail.contains("btp+wss"), "{detail}");
    host.close().await;

    let host = open_shop::<H>().await;
    assert_eq!(fails::<C>(host.address(), trusting(&authority)).await, TlsError::NotTls);
    // Who has said what to trust does not mean to show its token to everyone.
    let failed = Client::<C>::builder(&alice_at(host.address())).tls(trusting(&authority)).connect().await;
    assert!(matches!(failed, Err(ConnectError::TlsConfig(TlsConfigError::PlainUrl))), "{failed:?}");
    host.close().await;
}

/// Whoever has a certificate has the account of its name, and all others share one.
async fn club<H: Adapter>(certificate: &Certified, members: &Authority, certificates: ClientCertificates) -> Host<H> {
    let tls = host_tls(certificate).client_roots(members.root(), certificates).unwrap();
    let host = Host::builder(ledger_info()).handler(|_| Clerk::Sells).authenticate(|applicant| {
        let account = match &applicant.certificate {
            Some(certificate) => certificate.dns_names().pop()?,
            None => "guests".to_owned(),
        };
        Some(Admitted::to(account))
    });
    host.tls(tls).listen(ANYWHERE).await.unwrap()
}

pub async fn a_clients_certificate_says_whose_account_it_is<H: Adapter, C: Adapter>() {
    let (authority, members) = (Authority::new(), Authority::new());
    let host = club::<H>(&authority.certifies(HERE), &members, ClientCertificates::Optional).await;
    let member = members.certifies("alice.example");
    let member = trusting(&authority).certificate(member.chain, member.key).unwrap();
    let alice = alice_connects::<C>(host.address(), member).await.unwrap();
    let guest = alice_connects::<C>(host.address(), trusting(&authority)).await.unwrap();
    alice.pay(letter(1, 10)).await.unwrap();
    guest.pay(letter(1, 3)).await.unwrap();
    let balance = |name| host.account(name).unwrap().balance();
    assert_eq!((balance("alice.example"), balance("guests")), (10, 3));
    alice.close().await;
    guest.close().await;
    host.close().await;
}

pub async fn a_client_without_the_certificate_that_it_needs_is_told_so<H: Adapter, C: Adapter>() {
    let (authority, members, others) = (Authority::new(), Authority::new(), Authority::new());
    let certificate = authority.certifies(HERE);
    let host = club::<H>(&certificate, &members, ClientCertificates::Required).await;
    let failed = fails::<C>(host.address(), trusting(&authority)).await;
    assert!(matches!(failed, TlsError::CertificateRefused { .. }), "{failed:?}");
    host.close().await;

    // A bad one is worse than none.
    let host = club::<H>(&certificate, &members, ClientCertificates::Optional).await;
    let expired = members.certifies_as("alice.example", |params| params.not_after = day(2017, 9, 1));
    for bad in [others.certifies("alice.example"), expired] {
        let failed = fails::<C>(host.address(), trusting(&authority).certificate(bad.chain, bad.key).unwrap()).await;
        assert!(matches!(failed, TlsError::CertificateRefused { .. }), "{failed:?}");
    }
    assert!(host.accounts().is_empty());
    host.close().await;
}

pub async fn a_renewed_certificate_is_shown_from_now_on_and_drops_nobody<H: Adapter, C: Adapter>() {
    let (old, new) = (Authority::new(), Authority::new());
    let files = old.certifies(HERE);
    let tls = host_tls(&files);
    let host = shop::<H>().tls(tls.clone()).listen(ANYWHERE).await.unwrap();
    let before = alice_connects::<C>(host.address(), trusting(&old)).await.unwrap();
    files.is_replaced_by(&new.certifies(HERE));
    // Until it is told, the host shows what it has.
    alice_connects::<C>(host.address(), trusting(&old)).await.unwrap().close().await;
    tls.reload().unwrap();
    let after = alice_connects::<C>(host.address(), trusting(&new)).await.unwrap();
    assert_eq!(fails::<C>(host.address(), trusting(&old)).await, TlsError::UnknownIssuer);
    before.pay(letter(1, 10)).await.unwrap();
    after.pay(letter(2, 10)).await.unwrap();
    assert!(before.is_connected() && after.is_connected());
    before.close().await;
    after.close().await;
    host.close().await;
}

pub async fn a_renewal_that_fails_says_why_and_changes_nothing<H: Adapter, C: Adapter>() {
    let authority = Authority::new();
    let files = authority.certifies(HERE);
    let tls = host_tls(&files);
    let host = shop::<H>().tls(tls.clone()).listen(ANYWHERE).await.unwrap();
    let good = [&files.chain, &files.key].map(|file| fs::read(file).unwrap());

    let other = authority.certifies("shop.example");
    fs::copy(&other.chain, &files.chain).unwrap();
    assert!(matches!(tls.reload(), Err(TlsConfigError::WrongKey { .. })));
    fs::write(&files.chain, "").unwrap();
    assert!(matches!(tls.reload(), Err(TlsConfigError::NoCertificate { file }) if file == files.chain));
    // Half of it is there.
    fs::write(&files.chain, &good[0][..good[0].len() / 2]).unwrap();
    assert!(matches!(tls.reload(), Err(TlsConfigError::Invalid { file, .. }) if file == files.chain));
    fs::write(&files.chain, &good[0]).unwrap();
    fs::write(&files.key, "").unwrap();
    assert!(matches!(tls.reload(), Err(TlsConfigError::NoKey { file }) if file == files.key));
    fs::remove_file(&files.key).unwrap();
    assert!(matches!(tls.reload(), Err(TlsConfigError::Unreadable { file, .. }) if file == files.key));

    alice_connects::<C>(host.address(), trusting(&authority)).await.unwrap().close().await;
    fs::write(&files.key, &good[1]).unwrap();
    tls.reload().unwrap();
    alice_connects::<C>(host.address(), trusting(&authority)).await.unwrap().close().await;
    host.close().await;
}

pub async fn a_pipe_whose_other_end_is_gone_is_left<H: Adapter, C: Adapter>() {
    let authority = Authority::new();
    let tls = host_tls(&authority.certifies("shop.example"));
    let (host, mut events) = shop::<H>().start_with_events();
    let host = Arc::new(host);
    let line = Arc::new(Mutex::new(None));
    let connector = {
        let (host, line) = (host.clone(), line.clone());
        move || {
            let (near, middle) = Pipe::pair(1000);
            let (center, far) = Pipe::pair(1000);
            host.accept(Accepted::tls_stream(far, tls.clone()));
            let (cut, is_cut) = oneshot::channel::<()>();
            *line.lock().unwrap() = Some(cut);
            C::default().spawn(async move {
                let (near_reads, near_writes) = futures_lite::io::split(middle);
                let (far_reads, far_writes) = futures_lite::io::split(center);
                let both = join(copy(near_reads, far_writes), copy(far_reads, near_writes));
                drop(select(pin!(both), is_cut).await);
            });
            ready(Ok(near))
        }
    };
    let builder = Client::<C>::builder("btp+wss://alice:s3cr3t@shop.example/").tls(trusting(&authority)).connector(connector);
    let client = builder.connect().await.unwrap();
    drop(line.lock().unwrap().take());
    until_disconnected(&mut events).await;
    client.close().await;
    Arc::into_inner(host).unwrap().close().await;
}

pub async fn who_does_not_read_over_tls_is_given_up<H: Adapter, C: Adapter>() {
    let authority = Authority::new();
    let limits = with(ConnectionLimits::default(), |limits| limits.write_queue_bytes = 256 * 1024);
    let builder = shop::<H>().tls(host_tls(&authority.certifies(HERE))).connection_limits(limits);
    let (host, mut host_events) = builder.listen_with_events(ANYWHERE).await.unwrap();
    let proxy = Proxy::<C>::before(host.address()).await;
    let client = alice_connects::<C>(proxy.address, trusting(&authority)).await.unwrap();
    proxy.falls_silent();
    // Sockets hold some megabytes.
    let words = Entry::octets("ilp", vec![7; 64 * 1024]);
    let questions: Vec<_> = (0..500).map(|_| alices(&host).request(words.clone().into())).collect();
    until_disconnected(&mut host_events).await;
    proxy.cut();
    drop((questions, client));
    host.close().await;
}
