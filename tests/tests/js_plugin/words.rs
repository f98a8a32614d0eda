//! What is said in these conversations, in the plugin's words and in ours.

use serde_json::{Value, json};
use trustline_core::TransferId;
use trustline_core::wire::{Entry, ErrorCode, IlpError, ProtocolData};
use trustline_smol::Payment;
use trustline_tests::programs::base64url;
use trustline_tests::{START, fulfillment, transfer_id};

/// An `ilp` entry, and a `custom` one that says whose it is.
pub(crate) fn entries(ilp: &str, custom: &str) -> ProtocolData {
    ProtocolData::from(Entry::octets("ilp", ilp.as_bytes().to_vec())).with(Entry::json("custom", &json!({ "says": custom }).to_string()))
}

/// What [`entries`] are to the plugin, as fields of a transfer or message.
pub(crate) fn fields(ilp: &str, custom: &str) -> Value {
    json!({ "ilp": base64url(ilp.as_bytes()), "custom": { "says": custom } })
}

/// Payment number `n` of 10 units, with [`entries`] from its payer.
pub(crate) fn payment_with_entries(n: u32) -> Payment {
    let payment = Payment::new(10, fulfillment(n).condition()).with_id(transfer_id(n));
    entries("a packet", "the payer").iter().cloned().fold(payment, Payment::with)
}

/// The same for the plugin, between these two accounts.
pub(crate) fn transfer_between(payment: &Payment, from: &str, to: &str) -> Value {
    let prepare = payment.clone().into_prepare();
    let mut transfer = json!({
        "id": prepare.transfer_id.to_string(), "amount": prepare.amount.to_string(), "from": from, "to": to,
        "executionCondition": base64url(prepare.condition.as_bytes()), "expiresAt": prepare.expires_at.to_string(),
    });
    add(&mut transfer, &fields("a packet", "the payer"));
    transfer
}

/// An entry, as the plugin's own functions take it and return it.
pub(crate) fn entry_to_send(entry: &Entry) -> Value {
    json!({ "protocolName": &*entry.name, "contentType": u8::from(entry.content_type), "data": { "hex": hex::encode(&entry.data) } })
}

/// The fields of both.
pub(crate) fn add(to: &mut Value, fields: &Value) {
    let fields = fields.as_object().expect("an object").clone();
    to.as_object_mut().expect("an object").extend(fields);
}

/// Transfer number `n`, as the plugin names it.
pub(crate) fn id(n: u32) -> String {
    transfer_id(n).to_string()
}

/// The fulfillment of transfer number `n`, as the plugin writes it.
pub(crate) fn preimage(n: u32) -> String {
    base64url(fulfillment(n).as_bytes())
}

/// The transfer in the arguments of an event.
#[track_caller]
pub(crate) fn assert_about(arguments: &Value, transfer: TransferId) {
    assert_eq!(arguments[0]["id"], transfer.to_string(), "{arguments}");
    assert_eq!(arguments[0]["amount"], "10", "{arguments}");
    let fields = fields("a packet", "the payer");
    assert_eq!((&arguments[0]["ilp"], &arguments[0]["custom"]), (&fields["ilp"], &fields["custom"]), "{arguments}");
}

/// Why a transfer is rejected.
pub(crate) fn sold_out() -> IlpError {
    IlpError {
        code: ErrorCode::new(*b"F99").expect("it is ASCII"),
        name: "Sold Out".into(),
        triggered_by: "example.payee".into(),
        forwarded_by: vec!["example.connector".into()],
        triggered_at: START,
        data: r#"{"message":"come back tomorrow"}"#.into(),
    }
}

/// The same, as the plugin tells it to its application.
pub(crate) fn sold_out_as_told() -> Value {
    json!({
        "code": "F99", "name": "Sold Out", "triggered_by": "example.payee", "forwarded_by": "example.connector",
        "triggered_at": START.to_string(), "additional_info": { "message": "come back tomorrow" },
    })
}

/// The same, as an application tells it to the plugin.
pub(crate) fn sold_out_to_tell() -> Value {
    let mut reason = sold_out_as_told();
    reason["triggered_at"] = json!({ "date": START.to_string() });
    reason
}
