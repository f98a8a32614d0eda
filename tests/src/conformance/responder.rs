//! Our own application behind the peer under test: it does what each payment says.

use serde_json::{Value, json};
use trustline_core::ledger::Transfer;
use trustline_core::session::{ErrorName, Event, RequestToken};
use trustline_core::wire::{Entry, ErrorCode, IlpError, IlpPacket, IlpPayment, Prepare, ProtocolData};
use trustline_core::{Fulfillment, Timestamp};
use trustline_runtime::{Commands, Decision, Handler};

/// The contract of `tests/conformance/README.md`, for an account of ours.
#[derive(Clone, Copy, Debug, Default)]
pub struct Responder;

impl Handler for Responder {
    fn decide(&mut self, _transfer: &Transfer, protocol_data: &ProtocolData) -> Decision {
        let Some((word, payment)) = asked_for(protocol_data) else { return Decision::Later };
        match <[u8; 32]>::try_from(&payment.data[..]) {
            Ok(preimage) if word == "fulfill" => Decision::Fulfill(Fulfillment::from(preimage)),
            _ => Decision::Later,
        }
    }

    fn handle(&mut self, event: Event, commands: &mut Commands<'_>) {
        match event {
            Event::IncomingPrepared { transfer, protocol_data } if asked_for(&protocol_data).is_some_and(|(word, _)| word == "reject") => {
                // It fails only where the transfer has expired meanwhile, which says the same.
                let _ = commands.reject(transfer.id, &refusal(commands.now()));
            }
            Event::Request { token, protocol_data } => {
                let wanted = protocol_data.get("custom").and_then(|entry| serde_json::from_slice(&entry.data).ok());
                answer(token, wanted.as_ref().and_then(prepare), commands);
            }
            _ => {}
        }
    }
}

/// The last segment of the account that is paid, and the payment.
fn asked_for(protocol_data: &ProtocolData) -> Option<(String, IlpPayment)> {
    let Ok(IlpPacket::Payment(payment)) = IlpPacket::decode(&protocol_data.get("ilp")?.data) else { return None };
    Some((payment.account.rsplit('.').next()?.to_owned(), payment))
}

fn refusal(now: Timestamp) -> IlpError {
    IlpError {
        code: ErrorCode::new(*b"F00").expect("it is ASCII"),
        name: "Bad Request".into(),
        triggered_by: "example.host.server".to_owned(),
        forwarded_by: Vec::new(),
        triggered_at: now,
        data: "asked for".into(),
    }
}

fn answer(token: RequestToken, wanted: Option<Prepare>, commands: &mut Commands<'_>) {
    match wanted.map(|prepare| commands.prepare(prepare)) {
        Some(Ok(())) => {
            let answered = commands.respond(token, Entry::json("custom", &json!({ "pay": "sent" }).to_string()).into());
            answered.expect("it is short");
        }
        _ => commands.refuse_request(token, ErrorName::NotAccepted, "only a `pay` is answered, and only one that can be sent"),
    }
}

/// What `{"pay": {id, amount, condition, expiresAt}}` asks for.
fn prepare(wanted: &Value) -> Option<Prepare> {
    let pay = |field: &str| wanted["pay"][field].as_str();
    let condition: [u8; 32] = hex::decode(pay("condition")?).ok()?.try_into().ok()?;
    let expires_at: Timestamp = pay("expiresAt")?.parse().ok()?;
    Some(Prepare {
        transfer_id: pay("id")?.parse().ok()?,
        amount: pay("amount")?.parse().ok()?,
        condition: condition.into(),
        expires_at,
        protocol_data: ProtocolData::new(),
    })
}
