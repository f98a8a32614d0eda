//! What an application sends along with what it does, and how it is told of what the other side sent along.

use trustline_core::ledger::{NoFulfillment, Transfer};
use trustline_core::session::Event;
use trustline_core::wire::{Entry, ProtocolData};
use trustline_runtime::{Account, Client, Commands, Decision, Events, Handler, PaymentError};

use crate::contract::rig::{ANYWHERE, Adapter, alice_at, alices, letter, shop, until};
use crate::{fulfillment, no_funds, number, transfer_id};

fn note(text: &str) -> Entry {
    Entry::text("note", text)
}

fn notes(text: &str) -> ProtocolData {
    ProtocolData::from(note(text)).with(Entry::json("custom", "{}"))
}

/// What a Reject with `notes` carries.
fn reason_and_notes(text: &str) -> ProtocolData {
    let reason = ProtocolData::from(Entry::octets("ilp", no_funds().encode().unwrap()));
    notes(text).iter().cloned().fold(reason, ProtocolData::with)
}

async fn incoming(events: &mut Events, id: u32) -> (Account, ProtocolData) {
    until(events, |account, event| match event {
        Event::IncomingPrepared { transfer, protocol_data } if transfer.id == transfer_id(id) => Some((account.clone(), protocol_data)),
        _ => None,
    })
    .await
}

/// Pays with a note, twice; the other side fulfills one with notes, and rejects the other with notes.
async fn both_outcomes(payer: &Account, payee: &mut Events, first: u32) {
    let (paid, declined) = (first, first + 1);
    let outcome = payer.pay(letter(paid, 10).with(note("please")));
    let (account, came) = incoming(payee, paid).await;
    assert_eq!(came.get("note"), Some(&note("please")));
    account.fulfill_with(transfer_id(paid), fulfillment(paid), &notes("thanks")).unwrap();
    let fulfilled = outcome.await.unwrap();
    assert_eq!(fulfilled.protocol_data, notes("thanks"));

    let outcome = payer.pay(letter(declined, 10));
    let (account, _) = incoming(payee, declined).await;
    account.reject_with(transfer_id(declined), &no_funds(), &notes("sorry")).unwrap();
    let Err(PaymentError::Rejected { reason, protocol_data }) = outcome.await else { panic!("it is not rejected") };
    assert_eq!((reason.as_deref(), protocol_data), (Some(&no_funds()), reason_and_notes("sorry")));

    // What was shown can be asked for afterwards, by either side.
    account.request(Entry::text("weather", "?").into()).await.unwrap_err();
    for side in [payer, &account] {
        assert_eq!(side.fulfillment(transfer_id(paid)), Ok(fulfillment(paid)));
        assert_eq!(side.fulfillment(transfer_id(declined)), Err(NoFulfillment::RolledBack));
        assert_eq!(side.fulfillment(transfer_id(99)), Err(NoFulfillment::TransferNotFound));
    }
}

pub async fn notes_go_both_ways_with_every_outcome<H: Adapter, C: Adapter>() {
    let (host, mut events) = shop::<H>().listen_with_events(ANYWHERE).await.unwrap();
    let (client, mut clients_events) = Client::<C>::builder(&alice_at(host.address())).connect_with_events().await.unwrap();
    both_outcomes(&client, &mut events, 1).await;
    both_outcomes(&alices(&host), &mut clients_events, 11).await;
    client.close().await;
    host.close().await;
}

/// Decides inline: sells what has an odd number.
struct Odd;

impl Handler for Odd {
    fn decide(&mut self, transfer: &Transfer, _protocol_data: &ProtocolData) -> Decision {
        let n = number(transfer.id);
        if n % 2 == 1 { Decision::FulfillWith(fulfillment(n), notes("thanks")) } else { Decision::RejectWith(no_funds(), notes("sorry")) }
    }

    fn handle(&mut self, _event: Event, _commands: &mut Commands<'_>) {}
}

pub async fn notes_go_with_what_is_decided_inline<H: Adapter, C: Adapter>() {
    let host = shop::<H>().handler(|_| Odd).listen(ANYWHERE).await.unwrap();
    let client = Client::<C>::builder(&alice_at(host.address())).handler(Odd).connect().await.unwrap();
    for (payer, first) in [(&*client, 1), (&alices(&host), 11)] {
        assert_eq!(payer.pay(letter(first, 10)).await.unwrap().protocol_data, notes("thanks"));
        let Err(PaymentError::Rejected { protocol_data, .. }) = payer.pay(letter(first + 1, 10)).await else {
            panic!("it is not rejected")
        };
        assert_eq!(protocol_data, reason_and_notes("sorry"));
    }
    client.close().await;
    host.close().await;
}
