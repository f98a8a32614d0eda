//! Frames and ILP packets of the JavaScript implementations (`btp-packet` 1.2.1, `ilp-packet` 1), byte for byte.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use trustline_core::wire::{
    Body, ContentType, DecodeError, Entry, ErrorCode, ErrorPacket, Fulfill, IlpError, IlpPacket, IlpPayment, Packet, Prepare, ProtocolData,
    Reject, Transfer,
};
use trustline_core::{Timestamp, WireLimits};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Frame {
    name: String,
    hex: String,
    #[serde(rename = "type")]
    kind: u8,
    request_id: u32,
    data: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Malformed {
    name: String,
    hex: String,
    /// What JavaScript reads, if it reads it.
    value: Option<MalformedValue>,
    reserializes_to_same: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MalformedValue {
    #[serde(rename = "type")]
    kind: u8,
    request_id: u32,
    data: Value,
}

/// A frame of the conformance kit that a peer ignores, or answers with one of these errors.
#[derive(Deserialize)]
struct Refused {
    name: String,
    hex: String,
    #[serde(default)]
    answer: Vec<String>,
}

#[derive(Deserialize)]
struct Ilp {
    name: String,
    hex: String,
    #[serde(rename = "type")]
    kind: u8,
    data: Value,
}

#[test]
fn golden_frames_decode_to_their_data_and_encode_to_their_bytes() {
    let frames: Vec<Frame> = json("conformance/frames");
    assert_eq!(frames.len(), 63);
    for frame in frames {
        let name = &frame.name;
        let bytes = hex::decode(&frame.hex).unwrap();
        let packet = Packet::decode(&bytes, &WireLimits::NONE).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(packet, Packet { request_id: frame.request_id, body: body(frame.kind, &frame.data) }, "{name}");
        assert_eq!(packet.encode().unwrap(), bytes, "{name}");
    }
}

#[test]
fn refused_frames_are_unreadable_unless_they_are_answered() {
    let frames: Vec<Refused> = json("conformance/refused");
    assert_eq!(frames.len(), 88);
    for Refused { name, hex, answer } in frames {
        let decoded = Packet::decode(&hex::decode(hex).unwrap(), &WireLimits::NONE);
        assert_eq!(decoded.is_ok(), !answer.is_empty(), "{name}: {decoded:?}");
    }
}

#[test]
fn frames_of_a_recorded_session_are_read_and_written_alike() {
    let events: Vec<Value> = vectors("session");
    let frames: Vec<_> = events.iter().filter(|event| event["dir"].is_string()).collect();
    assert!(!frames.is_empty());
    for event in frames {
        let bytes = octets(&event["hex"]);
        let packet = Packet::decode(&bytes, &WireLimits::default()).unwrap();
        assert_eq!(u64::from(packet.request_id), event["packet"]["requestId"].as_u64().unwrap());
        assert_eq!(packet.encode().unwrap(), bytes);
    }
}

/// What we do with a frame that JavaScript reads otherwise.
enum Ours {
    Unreadable,
    /// A Prepare that expires then. JavaScript reads no time, or cannot write it again.
    ExpiresAt(&'static str),
}

/// Where we differ from JavaScript (PROTOCOL.md section 1), and why.
const DIFFERENCES: &[(&str, Ours)] = &[
    // Only the canonical length determinant is read. JavaScript's check of it overflows at five bytes.
    ("envelope_85_0000000080", Ours::Unreadable),
    ("envelope_86_000000000100", Ours::Unreadable),
    // Only the canonical count is read: one byte at least, no leading zeros.
    ("count_len_0", Ours::Unreadable),
    ("count_noncanonical_02_0001", Ours::Unreadable),
    ("count_noncanonical_06", Ours::Unreadable),
    // An IA5String has no byte above 0x7f. JavaScript drops the eighth bit, so that e9 ec f0 reads "ilp".
    ("pd_name_high_bit_ilp", Ours::Unreadable),
    ("pd_name_utf8_e_acute", Ours::Unreadable),
    ("error_code_high_bit", Ours::Unreadable),
    // No packet has type 0. JavaScript reads it as if it were a Message.
    ("type_0", Ours::Unreadable),
    // UTC with none to nine digits of fraction is read. JavaScript reads Invalid Date unless there are three.
    ("time_no_fraction", Ours::ExpiresAt("2017-11-06T12:34:56.000Z")),
    ("time_1_digit", Ours::ExpiresAt("2017-11-06T12:34:56.700Z")),
    ("time_2_digits", Ours::ExpiresAt("2017-11-06T12:34:56.780Z")),
    ("time_6_digits", Ours::ExpiresAt("2017-11-06T12:34:56.789Z")),
    ("time_year_0000", Ours::ExpiresAt("0000-01-01T00:00:00.000Z")),
    // What is no GeneralizedTime in UTC is not read. JavaScript reads Invalid Date and goes on with it.
    ("time_no_z", Ours::Unreadable),
    ("time_offset", Ours::Unreadable),
    ("time_comma", Ours::Unreadable),
    ("time_empty", Ours::Unreadable),
    ("time_garbage", Ours::Unreadable),
    ("time_leading_space", Ours::Unreadable),
    ("time_trailing_newline", Ours::Unreadable),
    ("time_lowercase_z", Ours::Unreadable),
    // Or it reads a time, because its Date reads more than GeneralizedTime.
    ("time_iso8601", Ours::Unreadable),
    ("time_iso8601_no_ms", Ours::Unreadable),
    ("time_english", Ours::Unreadable),
    ("time_year_only", Ours::Unreadable),
    // Days and times that do not exist are not read. JavaScript reads Invalid Date or the next day that exists.
    ("time_month_13", Ours::Unreadable),
    ("time_month_00", Ours::Unreadable),
    ("time_feb_30", Ours::Unreadable),
    ("time_day_32", Ours::Unreadable),
    ("time_hour_24_zero", Ours::Unreadable),
    ("time_hour_25", Ours::Unreadable),
    ("time_minute_60", Ours::Unreadable),
    ("time_second_60", Ours::Unreadable),
];

#[test]
fn malformed_frames_are_unreadable_or_have_the_documented_value() {
    let frames: Vec<Malformed> = vectors("malformed");
    assert_eq!(frames.len(), 102);
    let mut differences = 0;
    for Malformed { name, hex, value, reserializes_to_same } in frames {
        let bytes = hex::decode(hex).unwrap();
        let decoded = Packet::decode(&bytes, &WireLimits::NONE);
        assert!(!decoded.as_ref().is_err_and(DecodeError::is_limit), "{name} is no question of limits");

        let difference = DIFFERENCES.iter().find(|(other, _)| *other == name);
        differences += usize::from(difference.is_some());
        match (difference, value) {
            (Some((_, Ours::Unreadable)), Some(_)) | (None, None) => {
                assert!(decoded.is_err(), "{name} is read as {decoded:?}");
            }
            (Some((_, Ours::ExpiresAt(time))), Some(_)) => {
                let Body::Prepare(Prepare { expires_at, .. }) = decoded.unwrap().body else { panic!("{name}") };
                assert_eq!(expires_at.to_string(), *time, "{name}");
            }
            (None, Some(value)) => {
                let packet = decoded.unwrap_or_else(|error| panic!("{name}: {error}"));
                match (name.as_str(), &packet.body) {
                    // JavaScript replaces what is not UTF-8; for us the data are bytes.
                    ("error_data_invalid_utf8", Body::Error(error)) => assert_eq!(error.data, &b"\xff\xfe\xc3"[..]),
                    // The vectors only describe the value. It is more than RFC 0023 allows to send.
                    ("error_data_8193", Body::Error(error)) => {
                        assert_eq!(error.data, vec![b'a'; 8193]);
                        assert!(packet.encode().is_err());
                    }
                    _ => {
                        let expected = Packet { request_id: value.request_id, body: body(value.kind, &value.data) };
                        assert_eq!(packet, expected, "{name}");
                        if reserializes_to_same == Some(true) {
                            assert_eq!(packet.encode().unwrap(), bytes, "{name}");
                        }
                    }
                }
            }
            (Some(_), None) => panic!("{name}: JavaScript does not read it either"),
        }
    }
    assert_eq!(differences, DIFFERENCES.len(), "a difference is named that no vector has");
}

#[test]
fn ilp_packets_decode_to_their_data_and_encode_to_their_bytes() {
    let packets: Vec<Ilp> = vectors("ilp");
    assert_eq!(packets.len(), 28);
    for Ilp { name, hex, kind, data } in packets {
        let bytes = hex::decode(hex).unwrap();
        let packet = IlpPacket::decode(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        match (kind, &packet) {
            (1, IlpPacket::Payment(payment)) => assert_eq!(payment, &ilp_payment(&data), "{name}"),
            (8, IlpPacket::Error(error)) => assert_eq!(error, &ilp_error(&data), "{name}"),
            (2..=7 | 9.., IlpPacket::Other { kind: other, .. }) => assert_eq!(*other, kind, "{name}"),
            _ => panic!("{name}: {packet:?}"),
        }
        assert_eq!(packet.encode().unwrap(), bytes, "{name}");
    }
}

#[test]
fn the_packets_that_psk_fulfills_have_the_bytes_it_hashes() {
    let payments: Vec<Value> = vectors("psk");
    assert!(!payments.is_empty());
    for vector in payments {
        let bytes = octets(&vector["ilpPacket"]);
        let packet = IlpPacket::decode(&bytes).unwrap();
        assert_eq!(packet.encode().unwrap(), bytes);
        let IlpPacket::Payment(payment) = packet else { panic!("{packet:?}") };
        assert_eq!((payment.amount, &*payment.account), (number(&vector["amount"]), text(&vector["account"])));
    }
}

fn vectors<T: DeserializeOwned>(file: &str) -> Vec<T> {
    json(&format!("vectors/{file}"))
}

fn json<T: DeserializeOwned>(file: &str) -> Vec<T> {
    let path = format!("{}/../tests/{file}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn body(kind: u8, data: &Value) -> Body {
    let protocol_data = || protocol_data(&data["protocolData"]);
    let transfer_id = || text(&data["transferId"]).parse().unwrap();
    match kind {
        1 => Body::Response(protocol_data()),
        2 => Body::Error(ErrorPacket {
            code: error_code(&data["code"]),
            name: Cow::Owned(text(&data["name"]).into()),
            triggered_at: time(&data["triggeredAt"]),
            data: text(&data["data"]).to_owned().into(),
            protocol_data: protocol_data(),
        }),
        3 => Body::Prepare(Prepare {
            transfer_id: transfer_id(),
            amount: number(&data["amount"]),
            condition: thirty_two(data, "executionCondition").into(),
            expires_at: time(&data["expiresAt"]),
            protocol_data: protocol_data(),
        }),
        4 => Body::Fulfill(Fulfill {
            transfer_id: transfer_id(),
            fulfillment: thirty_two(data, "fulfillment").into(),
            protocol_data: protocol_data(),
        }),
        5 => Body::Reject(Reject { transfer_id: transfer_id(), protocol_data: protocol_data() }),
        6 => Body::Message(protocol_data()),
        7 => Body::Transfer(Transfer { amount: number(&data["amount"]), protocol_data: protocol_data() }),
        _ => panic!("no packet has type {kind}"),
    }
}

fn protocol_data(entries: &Value) -> ProtocolData {
    let entry = |entry: &Value| Entry {
        name: text(&entry["protocolName"]).into(),
        content_type: ContentType::from(u8::try_from(entry["contentType"].as_u64().unwrap()).unwrap()),
        data: octets(&entry["dataHex"]).into(),
    };
    entries.as_array().unwrap().iter().map(entry).collect()
}

fn ilp_payment(data: &Value) -> IlpPayment {
    let account = text(&data["account"]).into();
    IlpPayment { amount: number(&data["amount"]), account, data: octets(&data["dataHex"]).into() }
}

fn ilp_error(data: &Value) -> IlpError {
    IlpError {
        code: error_code(&data["code"]),
        name: Cow::Owned(text(&data["name"]).into()),
        triggered_by: text(&data["triggeredBy"]).into(),
        forwarded_by: data["forwardedBy"].as_array().unwrap().iter().map(|account| text(account).into()).collect(),
        triggered_at: time(&data["triggeredAt"]),
        data: text(&data["data"]).to_owned().into(),
    }
}

/// The golden frames have such fields in hexadecimal; the malformed ones only in base64url, and all alike.
fn thirty_two(data: &Value, field: &str) -> [u8; 32] {
    if let Some(hex) = data.get(format!("{field}Hex")) {
        return octets(hex).try_into().unwrap();
    }
    assert_eq!(text(&data[field]), "ERERERERERERERERERERERERERERERERERERERERERE");
    [0x11; 32]
}

fn error_code(value: &Value) -> ErrorCode {
    ErrorCode::new(text(value).as_bytes().try_into().unwrap()).unwrap()
}

fn time(value: &Value) -> Timestamp {
    text(value).parse().unwrap()
}

fn octets(value: &Value) -> Vec<u8> {
    hex::decode(text(value)).unwrap()
}

fn number(value: &Value) -> u64 {
    text(value).parse().unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
