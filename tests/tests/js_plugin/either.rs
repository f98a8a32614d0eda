//! What is the same whether the plugin is our client or our host.

use std::time::Duration;

use serde_json::{Value, json};
use trustline_core::ledger::{NoFulfillment, Party, Transfer};
use trustline_core::session::{ErrorName, Event, MessageFailure, error_message};
use trustline_core::wire::{Entry, ErrorPacket, IlpError, IlpPacket, ProtocolData};
use trustline_smol::{Client, Commands, Decision, Handler, PaymentError, RequestError};
use trustline_tests::contract::rig::ANYWHERE;
use trustline_tests::programs::{Plugin, Thrown, alone, base64url};
use trustline_tests::{fulfillment, transfer_id};

use crate::scene::{CLIENT, HOST, PREFIX, Role, Scene, options, our_host, url, within};
use crate::words::{
    add, assert_about, entries, entry_to_send, fields, id, payment_with_entries, preimage, sold_out, sold_out_as_told, sold_out_to_tell,
    transfer_between,
};

/// Makes a test of each case for each role.
macro_rules! in_both_roles {
    ($($case:ident)+) => {
        mod at_our_host {
            in_both_roles! { @ $crate::scene::Role::Client; $($case)+ }
        }

        mod at_their_host {
            in_both_roles! { @ $crate::scene::Role::Host; $($case)+ }
        }
    };
    (@ $role:expr; $($case:ident)+) => {
        $(
            #[test]
            #[ignore = "needs node: run with -- --ignored"]
            fn $case() {
                let _alone = trustline_tests::programs::alone();
                super::$case($role);
            }
        )+
    };
}

in_both_roles! {
    their_transfer_is_fulfilled
    their_transfer_is_rejected
    their_transfers_are_decided_inline
    our_transfer_is_fulfilled
    our_transfer_is_rejected
    entries_of_any_name_come_with_an_outcome
    their_request_is_answered
    our_request_is_answered
    side_protocols_of_a_plugin_without_a_payment_channel
    side_protocols_of_a_payment_channel
    a_claim_comes_with_a_response
}

const PATIENCE: Duration = Duration::from_secs(30);

#[track_caller]
fn refusal(answer: Result<ProtocolData, RequestError>) -> ErrorPacket {
    match answer {
        Err(RequestError::Unanswered(MessageFailure::Refused(error))) => *error,
        other => panic!("{other:?}"),
    }
}

/// Name and message of the BTP Error that a method threw.
#[track_caller]
fn thrown(result: Result<Value, Thrown>) -> (String, String) {
    let error: Value = serde_json::from_str(&result.unwrap_err().message).unwrap();
    let message: Value = serde_json::from_str(error["data"].as_str().unwrap()).unwrap();
    (error["name"].as_str().unwrap().to_owned(), message["message"].as_str().unwrap().to_owned())
}

// sendTransfer: outgoing_prepare, then outgoing_fulfill or outgoing_reject

fn their_transfer_is_fulfilled(role: Role) {
    let mut scene = Scene::open(role);
    assert_eq!(scene.us.fulfillment(transfer_id(1)), Err(NoFulfillment::TransferNotFound));
    scene.they_prepare(1, PATIENCE);
    assert_eq!(scene.us.fulfillment(transfer_id(1)), Err(NoFulfillment::Undecided));

    scene.us.fulfill_with(transfer_id(1), fulfillment(1), &entries("a receipt", "the payee")).unwrap();
    let fulfilled = scene.plugin.emitted("outgoing_fulfill");
    assert_about(&fulfilled, transfer_id(1));
    // It tells its application of the packet, and drops all other entries.
    assert_eq!(fulfilled.as_array().unwrap()[1..], [json!(preimage(1)), json!(base64url(b"a receipt"))]);
    let taken = scene.event(|event| match event {
        Event::IncomingFulfilled { transfer } => Some(transfer.id),
        _ => None,
    });
    assert_eq!(taken, transfer_id(1));
    scene.catches_up();
    assert_eq!(scene.us.fulfillment(transfer_id(1)), Ok(fulfillment(1)));
    assert_eq!((scene.us.balance(), scene.us.in_flight()), (10, 0));
    assert_eq!(scene.plugin.call("getBalance", &json!([])), "-10");
    scene.close();
}

fn their_transfer_is_rejected(role: Role) {
    let mut scene = Scene::open(role);
    scene.they_prepare(1, PATIENCE);
    scene.us.reject_with(transfer_id(1), &sold_out(), &entries("left out", "the payee")).unwrap();
    let rejected = scene.plugin.emitted("outgoing_reject");
    assert_about(&rejected, transfer_id(1));
    assert_eq!(rejected[1], sold_out_as_told());
    let (by, told) = scene.event(|event| match event {
        Event::IncomingRejected { by, protocol_data, .. } => Some((by, protocol_data)),
        _ => None,
    });
    let reason = ProtocolData::from(Entry::octets("ilp", sold_out().encode().unwrap()));
    assert_eq!((by, told), (Party::Us, reason.with(entries("", "the payee").get("custom").unwrap().clone())));
    scene.catches_up();
    assert_eq!(scene.us.fulfillment(transfer_id(1)), Err(NoFulfillment::RolledBack));
    assert_eq!((scene.us.balance(), scene.us.sums().incoming_pending), (0, 0));
    scene.close();
}

/// Decides inline: sells what has number 1.
struct Teller;

impl Handler for Teller {
    fn decide(&mut self, transfer: &Transfer, protocol_data: &ProtocolData) -> Decision {
        assert_eq!(*protocol_data, entries("a packet", "the payer"));
        if transfer.id == transfer_id(1) {
            Decision::FulfillWith(fulfillment(1), entries("a receipt", "the payee"))
        } else {
            Decision::RejectWith(sold_out(), entries("left out", "the payee"))
        }
    }

    fn handle(&mut self, _event: Event, _commands: &mut Commands<'_>) {}
}

fn their_transfers_are_decided_inline(role: Role) {
    fn sells(plugin: &mut Plugin, [from, to]: [&str; 2]) {
        for n in 1..=2 {
            plugin.call("sendTransfer", &json!([transfer_between(&payment_with_entries(n), from, to)]));
        }
        assert_eq!(plugin.emitted("outgoing_fulfill")[2], base64url(b"a receipt"));
        assert_eq!(plugin.emitted("outgoing_reject")[1], sold_out_as_told());
        assert_eq!(plugin.call("getBalance", &json!([])), "-10");
    }
    match role {
        Role::Client => {
            let host = within(our_host().handler(|_| Teller).listen(ANYWHERE)).unwrap();
            let mut plugin = Plugin::client(&url(&host));
            plugin.call("connect", &json!([]));
            sells(&mut plugin, [CLIENT, HOST]);
            within(host.close());
        }
        Role::Host => {
            let (mut plugin, url) = Plugin::host(&options());
            plugin.call("connect", &json!([]));
            let client = within(Client::builder(&url).handler(Teller).connect()).unwrap();
            sells(&mut plugin, [HOST, CLIENT]);
            within(client.close());
        }
    }
}

// incoming_prepare, then fulfillCondition and incoming_fulfill, or rejectIncomingTransfer and incoming_reject

fn our_transfer_is_fulfilled(role: Role) {
    let mut scene = Scene::open(role);
    let paid = scene.us.pay(payment_with_entries(1));
    assert_about(&scene.plugin.emitted("incoming_prepare"), transfer_id(1));
    scene.event(|event| matches!(event, Event::OutgoingPrepared { .. }).then_some(()));
    assert_eq!(scene.us.fulfillment(transfer_id(1)), Err(NoFulfillment::Undecided));

    scene.plugin.call("fulfillCondition", &json!([id(1), preimage(1), base64url(b"a receipt")]));
    let fulfilled = scene.plugin.emitted("incoming_fulfill");
    assert_about(&fulfilled, transfer_id(1));
    assert_eq!(fulfilled[1], preimage(1));
    let paid = within(paid).unwrap();
    assert_eq!(paid.fulfillment, fulfillment(1));
    assert_eq!(paid.protocol_data, ProtocolData::from(Entry::octets("ilp", &b"a receipt"[..])));
    assert_eq!(scene.us.fulfillment(transfer_id(1)), Ok(fulfillment(1)));
    assert_eq!(scene.us.balance(), -10);
    scene.close();
}

fn our_transfer_is_rejected(role: Role) {
    let mut scene = Scene::open(role);
    let paid = scene.us.pay(payment_with_entries(1));
    scene.plugin.emitted("incoming_prepare");
    scene.plugin.call("rejectIncomingTransfer", &json!([id(1), sold_out_to_tell()]));
    let rejected = scene.plugin.emitted("incoming_reject");
    assert_about(&rejected, transfer_id(1));
    assert_eq!(rejected[1], sold_out_as_told());
    let Err(PaymentError::Rejected { reason: Some(reason), .. }) = within(paid) else { panic!("it is not rejected") };
    assert_eq!(*reason, sold_out());
    assert_eq!(scene.us.fulfillment(transfer_id(1)), Err(NoFulfillment::RolledBack));
    assert_eq!(scene.us.sums().outgoing_pending, 0);
    scene.close();
}

/// The plugin's methods have no arguments for them, but what is below has.
fn entries_of_any_name_come_with_an_outcome(role: Role) {
    let mut scene = Scene::open(role);
    let note = Entry::text("note", "fine weather");
    let paid = scene.us.pay(payment_with_entries(1));
    scene.plugin.emitted("incoming_prepare");
    let receipt = Entry::octets("ilp", &b"a receipt"[..]);
    scene.plugin.call("_rpc.fulfill", &json!([id(1), preimage(1), [entry_to_send(&receipt), entry_to_send(&note)]]));
    assert_eq!(within(paid).unwrap().protocol_data, ProtocolData::from(receipt).with(note.clone()));

    let paid = scene.us.pay(payment_with_entries(2));
    scene.plugin.emitted("incoming_prepare");
    let reason = Entry::octets("ilp", sold_out().encode().unwrap());
    scene.plugin.call("_rpc.reject", &json!([id(2), [entry_to_send(&reason), entry_to_send(&note)]]));
    let Err(PaymentError::Rejected { reason: Some(told), protocol_data }) = within(paid) else { panic!("it is not rejected") };
    assert_eq!((*told, protocol_data), (sold_out(), ProtocolData::from(reason).with(note)));
    scene.close();
}

// sendRequest: outgoing_request, incoming_response

fn their_request_is_answered(role: Role) {
    let mut scene = Scene::open(role);
    let [us, them] = scene.addresses;
    let to_us = json!({ "ledger": PREFIX, "from": them, "to": us });
    let mut question = to_us.clone();
    add(&mut question, &fields("a question", "the plugin"));
    let call = scene.plugin.begin("sendRequest", &json!([question]));
    assert_eq!(scene.plugin.emitted("outgoing_request")[0], question);
    let (token, asked) = scene.request();
    assert_eq!(asked, entries("a question", "the plugin"));
    scene.us.respond(token, entries("an answer", "us")).unwrap();
    let mut answer = json!({ "ledger": PREFIX, "from": us, "to": them });
    add(&mut answer, &fields("an answer", "us"));
    assert_eq!(scene.plugin.end(&call), Ok(answer.clone()));
    assert_eq!(scene.plugin.emitted("incoming_response")[0], answer);

    let mut custom = to_us;
    custom["custom"] = json!({ "says": "custom alone" });
    let call = scene.plugin.begin("sendRequest", &json!([custom]));
    let (token, asked) = scene.request();
    assert_eq!(asked, ProtocolData::from(entries("", "custom alone").get("custom").unwrap().clone()));
    scene.us.refuse_request(token, ErrorName::NotAccepted, "not today");
    assert_eq!(thrown(scene.plugin.end(&call)), ("NotAcceptedError".into(), "not today".into()));

    // Where nobody is left to answer, they are not kept waiting.
    let Scene { mut plugin, events, .. } = scene;
    drop(events);
    let refused = plugin.attempt("sendRequest", &json!([question]));
    assert_eq!(thrown(refused), ("NotAcceptedError".into(), "nobody answers requests here".into()));
}

// registerRequestHandler, deregisterRequestHandler: incoming_request, outgoing_response

fn our_request_is_answered(role: Role) {
    let mut scene = Scene::open(role);
    let [us, them] = scene.addresses;
    let question = || entries("a question", "us");
    let nobody = refusal(within(scene.us.request(question())));
    assert_eq!((ErrorName::of(&nobody), &*error_message(&nobody)), (Some(ErrorName::NotAccepted), "no request handler registered"));
    scene.plugin.emitted("incoming_request");

    scene.plugin.call("registerRequestHandler", &json!([{ "ask": "request" }]));
    let twice = scene.plugin.attempt("registerRequestHandler", &json!([{ "ask": "request" }])).unwrap_err();
    assert_eq!(twice.name, "RequestHandlerAlreadyRegisteredError");
    let answer = scene.us.request(question());
    let asked = scene.plugin.asked("request");
    let mut expected = json!({ "id": asked[0]["id"], "from": us, "to": them });
    add(&mut expected, &fields("a question", "us"));
    assert_eq!(asked, json!([expected]));
    assert_eq!(scene.plugin.emitted("incoming_request"), asked);
    let mut words = json!({ "ledger": PREFIX, "from": them, "to": us });
    add(&mut words, &fields("an answer", "the plugin"));
    scene.plugin.answer(&words);
    assert_eq!(within(answer), Ok(entries("an answer", "the plugin")));
    assert_eq!(scene.plugin.emitted("outgoing_response"), json!([words]));

    // A handler that fails is no Error, but an answer with an ILP error.
    let answer = scene.us.request(question());
    scene.plugin.asked("request");
    scene.plugin.refuse("not today");
    let answer = within(answer).unwrap();
    let Ok(IlpPacket::Error(IlpError { name, data, .. })) = IlpPacket::decode(&answer.primary().unwrap().data) else {
        panic!("{answer:?}")
    };
    assert_eq!((&*name, &data[..]), ("Bad Request", &br#"{"message":"not today"}"#[..]));

    scene.plugin.call("deregisterRequestHandler", &json!([]));
    assert_eq!(error_message(&refusal(within(scene.us.request(question())))), "no request handler registered");
    scene.close();
}

// Side protocols

fn side_protocols_of_a_plugin_without_a_payment_channel(role: Role) {
    let mut scene = Scene::open(role);
    let (question, answer) = (Entry::json("weather", r#"["Zug"]"#), Entry::json("weather", r#"{"sky":"grey"}"#));
    let call = scene.plugin.begin("_rpc.message", &json!([[entry_to_send(&question)]]));
    let (token, asked) = scene.request();
    assert_eq!(asked, question.clone().into());
    scene.us.respond(token, answer.clone().into()).unwrap();
    assert_eq!(scene.plugin.end(&call), Ok(json!({ "protocolData": [entry_to_send(&answer)] })));

    let unknown = scene.plugin.attempt("_rpc.message", &json!([[entry_to_send(&Entry::text("sports", "?"))]]));
    assert_eq!(thrown(unknown), ("NotAcceptedError".into(), "no handler for the sub-protocol \"sports\"".into()));
    // It has nothing to look handlers up in, and answers with what it stumbles over.
    let refused = refusal(within(scene.us.request(question.into())));
    assert_eq!((&*refused.name, &*refused.code.to_string()), ("TypeError", "F00"));
    scene.close();
}

fn side_protocols_of_a_payment_channel(role: Role) {
    let mut scene = Scene::with_a_payment_channel(role);
    let (question, answer) = (Entry::json("weather", r#"["Zug"]"#), Entry::json("weather", r#"{"sky":"grey"}"#));
    let call = scene.plugin.begin("_paychanContext.rpc.call", &json!(["weather", PREFIX, ["Zug"]]));
    let (token, asked) = scene.request();
    assert_eq!(asked, question.clone().into());
    scene.us.respond(token, answer.clone().into()).unwrap();
    assert_eq!(scene.plugin.end(&call), Ok(json!({ "sky": "grey" })));

    scene.plugin.call("_paychanContext.rpc.addMethod", &json!(["weather", { "ask": "weather" }]));
    let answered = scene.us.request(question.into());
    assert_eq!(scene.plugin.asked("weather"), json!([["Zug"]]));
    scene.plugin.answer(&json!({ "sky": "grey" }));
    assert_eq!(within(answered), Ok(answer.into()));
    scene.close();
}

fn a_claim_comes_with_a_response(role: Role) {
    let mut scene = Scene::with_a_payment_channel(role);
    scene.they_prepare(1, PATIENCE);
    scene.us.fulfill(transfer_id(1), fulfillment(1)).unwrap();
    let (about, claim) = scene.event(|event| match event {
        Event::TransferAnswered { id, protocol_data } => Some((id, protocol_data)),
        _ => None,
    });
    assert_eq!((about, claim), (transfer_id(1), Entry::json("claim", r#"{"balance":"10","claim":"signed"}"#).into()));
    scene.close();
}

/// An account that only pays: no handler was given.
#[test]
#[ignore = "needs node: run with -- --ignored"]
fn a_client_that_only_pays_refuses_requests() {
    let _alone = alone();
    let (mut plugin, url) = Plugin::host(&options());
    plugin.call("connect", &json!([]));
    let client = within(Client::connect(&url)).unwrap();
    let refused = plugin.attempt("sendRequest", &json!([{ "from": HOST, "to": CLIENT, "custom": { "says": "hello" } }]));
    assert_eq!(thrown(refused).1, "nobody answers requests here");
    within(client.close());
}
