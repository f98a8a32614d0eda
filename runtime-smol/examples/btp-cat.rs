//! Reads BTP frames, one in hexadecimal a line, and shows what they say.
//!
//! ```text
//! $ echo 06000000070a010104696e666f000102 | btp-cat
//! Message, request 7
//!   info: 1 byte, 02
//! $ echo 06000000070a010104696e666f000102 | btp-cat --json
//! {"data":{"protocolData":[{"contentType":0,"dataHex":"02","protocolName":"info"}]},"reencoded":"06...","requestId":7,"type":6}
//! ```

use std::fmt::Write as _;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Parser;
use serde_json::{Value, json};
use trustline_smol::core::WireLimits;
use trustline_smol::core::wire::{
    Body, ContentType, Entry, ErrorPacket, Fulfill, IlpPacket, Packet, Prepare, ProtocolData, Reject, Transfer,
};

/// The longest frame, in bytes. What a frame holds is bounded by that alone.
const MAX_FRAME: usize = 1024 * 1024;

/// The longest line: two digits a byte, and some room for blanks. What is longer is no frame, and is not kept.
const MAX_LINE: usize = 2 * MAX_FRAME + 64;

/// Bytes of which more than this many are cut short where people read them.
const MAX_SHOWN: usize = 48;

/// Shows BTP frames, one in hexadecimal a line on standard input.
#[derive(Clone, Copy, Debug, Parser)]
#[command(name = "btp-cat", version)]
struct Options {
    /// Print one JSON object a line: type, requestId, data and reencoded (the frame as it is written here), or error and
    /// offset (the byte at which it cannot be read).
    #[arg(long)]
    json: bool,

    /// Show the tokens of authentication requests.
    #[arg(long)]
    show_secrets: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    match run(io::stdin().lock(), io::stdout().lock(), options) {
        // Who reads us has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Cannot go on: {error}.");
            ExitCode::FAILURE
        }
        Ok(()) => ExitCode::SUCCESS,
    }
}

fn run(mut input: impl BufRead, mut output: impl Write, options: Options) -> io::Result<()> {
    let mut line = Vec::new();
    while read_line(&mut input, &mut line)? {
        let shown = if options.json { format!("{}\n", as_json(&line, options)) } else { as_text(&line, options) };
        output.write_all(shown.as_bytes())?;
        output.flush()?;
    }
    Ok(())
}

/// Reads the next line, of which no more than [`MAX_LINE`] bytes are kept. False: there is none.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let mut any = false;
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = buffer.iter().position(|&byte| byte == b'\n');
        let part = &buffer[..end.unwrap_or(buffer.len())];
        line.extend_from_slice(&part[..part.len().min(MAX_LINE - line.len())]);
        let consumed = end.map_or(buffer.len(), |end| end + 1);
        input.consume(consumed);
        if end.is_some() {
            return Ok(true);
        }
    }
}

/// Why a line is not a packet, and at which byte of the frame.
struct Unreadable {
    error: String,
    offset: usize,
}

fn read(line: &[u8]) -> Result<Packet, Unreadable> {
    let digits = line.trim_ascii();
    let frame = hex::decode(digits).map_err(|error| match error {
        hex::FromHexError::InvalidHexCharacter { c, index } => {
            Unreadable { error: format!("{c:?} in byte {} is not a hexadecimal digit", index / 2), offset: index / 2 }
        }
        _ => Unreadable { error: format!("byte {}, the last, has one digit only", digits.len() / 2), offset: digits.len() / 2 },
    })?;
    let mut limits = WireLimits::NONE;
    limits.frame_bytes = MAX_FRAME;
    Packet::decode(&frame, &limits).map_err(|error| Unreadable { error: error.to_string(), offset: error.offset() })
}

/// The packet in the schema of tests/conformance/frames.json.
fn as_json(line: &[u8], options: Options) -> Value {
    let packet = match read(line) {
        Ok(packet) => packet,
        Err(Unreadable { error, offset }) => return json!({ "error": error, "offset": offset }),
    };
    let (kind, data) = body_as_json(&packet.body, options);
    let mut json = json!({ "type": kind, "requestId": packet.request_id, "data": data, "reencoded": null });
    match packet.encode() {
        Ok(_) if packet.body.protocol_data().iter().any(|entry| is_hidden(entry, options)) => {
            json["notReencoded"] = "it holds a token".into();
        }
        Ok(frame) => json["reencoded"] = hex::encode(frame).into(),
        // It can be read, but may not be sent.
        Err(error) => json["notReencoded"] = error.to_string().into(),
    }
    json
}

fn body_as_json(body: &Body, options: Options) -> (u8, Value) {
    let entries = |protocol_data: &ProtocolData| protocol_data.iter().map(|entry| entry_as_json(entry, options)).collect::<Value>();
    match body {
        Body::Response(protocol_data) => (1, json!({ "protocolData": entries(protocol_data) })),
        Body::Error(ErrorPacket { code, name, triggered_at, data, protocol_data }) => (
            2,
            json!({
                "code": code.as_str(),
                "name": name,
                "triggeredAt": triggered_at.to_string(),
                "data": String::from_utf8_lossy(data),
                "dataHex": hex::encode(data),
                "protocolData": entries(protocol_data),
            }),
        ),
        Body::Prepare(Prepare { transfer_id, amount, condition, expires_at, protocol_data }) => (
            3,
            json!({
                "transferId": transfer_id.to_string(),
                "amount": amount.to_string(),
                "executionCondition": URL_SAFE_NO_PAD.encode(condition.as_bytes()),
                "executionConditionHex": condition.to_string(),
                "expiresAt": expires_at.to_string(),
                "protocolData": entries(protocol_data),
            }),
        ),
        Body::Fulfill(Fulfill { transfer_id, fulfillment, protocol_data }) => (
            4,
            json!({
                "transferId": transfer_id.to_string(),
                "fulfillment": URL_SAFE_NO_PAD.encode(fulfillment.as_bytes()),
                "fulfillmentHex": fulfillment.to_string(),
                "protocolData": entries(protocol_data),
            }),
        ),
        Body::Reject(Reject { transfer_id, protocol_data }) => {
            (5, json!({ "transferId": transfer_id.to_string(), "protocolData": entries(protocol_data) }))
        }
        Body::Message(protocol_data) => (6, json!({ "protocolData": entries(protocol_data) })),
        Body::Transfer(Transfer { amount, protocol_data }) => {
            (7, json!({ "amount": amount.to_string(), "protocolData": entries(protocol_data) }))
        }
    }
}

fn entry_as_json(entry: &Entry, options: Options) -> Value {
    let data = (!is_hidden(entry, options)).then(|| hex::encode(&entry.data));
    json!({ "protocolName": &*entry.name, "contentType": u8::from(entry.content_type), "dataHex": data })
}

/// Whether it holds a token that nobody asked to see. An empty one is no secret.
fn is_hidden(entry: &Entry, options: Options) -> bool {
    entry.name == "auth_token" && !entry.data.is_empty() && !options.show_secrets
}

/// The packet for people: a line, and a line for each entry. Nothing in it can act on a terminal.
fn as_text(line: &[u8], options: Options) -> String {
    let packet = match read(line) {
        Ok(packet) => packet,
        Err(Unreadable { error, .. }) => return format!("Unreadable: {error}\n"),
    };
    let what = match &packet.body {
        Body::Response(_) => "Response to".to_owned(),
        Body::Error(ErrorPacket { code, name, triggered_at, data, .. }) => {
            format!("Error {} {} at {triggered_at}, {}, to", printable(code.as_str()), printable(name), text(data))
        }
        Body::Prepare(Prepare { transfer_id, amount, condition, expires_at, .. }) => {
            format!("Prepare {transfer_id}: {amount} until {expires_at} for the preimage of {condition},")
        }
        Body::Fulfill(Fulfill { transfer_id, fulfillment, .. }) => format!("Fulfill {transfer_id} with {fulfillment},"),
        Body::Reject(Reject { transfer_id, .. }) => format!("Reject {transfer_id},"),
        Body::Message(_) => "Message,".to_owned(),
        Body::Transfer(Transfer { amount, .. }) => format!("Transfer {amount},"),
    };
    let mut shown = format!("{what} request {}\n", packet.request_id);
    for entry in packet.body.protocol_data() {
        let length = entry.data.len();
        let plural = if length == 1 { "" } else { "s" };
        let data = match &entry.data[..] {
            [] => String::new(),
            _ if is_hidden(entry, options) => ", not shown without --show-secrets".to_owned(),
            _ => format!(", {}", entry_as_text(entry)),
        };
        let _ = writeln!(shown, "  {}: {length} byte{plural}{data}", printable(&entry.name));
    }
    shown
}

fn entry_as_text(entry: &Entry) -> String {
    if entry.name == "ilp"
        && let Ok(packet) = IlpPacket::decode(&entry.data)
    {
        return match packet {
            IlpPacket::Payment(payment) => format!("ILP payment of {} to {}", payment.amount, printable(&payment.account)),
            IlpPacket::Error(error) => format!(
                "ILP error {} {} by {} at {}: {}",
                printable(error.code.as_str()),
                printable(&error.name),
                printable(&error.triggered_by),
                error.triggered_at,
                text(&error.data),
            ),
            IlpPacket::Other { kind, .. } => format!("ILP packet of type {kind}: {}", digits(&entry.data)),
        };
    }
    match entry.content_type {
        ContentType::Text | ContentType::Json => text(&entry.data),
        ContentType::OctetStream => digits(&entry.data),
        ContentType::Other(kind) => format!("of type {kind}: {}", digits(&entry.data)),
    }
}

/// Bytes that should be text; as digits if they are not.
fn text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| digits(bytes), printable)
}

/// The text, with whatever would not show as itself escaped.
fn printable(text: &str) -> String {
    let quotes = |c| matches!(c, '"' | '\'' | '\\');
    text.chars().map(|c| if quotes(c) { c.to_string() } else { c.escape_debug().to_string() }).collect()
}

fn digits(bytes: &[u8]) -> String {
    if bytes.len() > MAX_SHOWN { format!("{}...", hex::encode(&bytes[..MAX_SHOWN])) } else { hex::encode(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Options = Options { json: true, show_secrets: false };
    const SECRETS: Options = Options { json: true, show_secrets: true };

    /// What the JavaScript peer wrote.
    fn vectors(name: &str) -> Vec<Value> {
        let path = format!("{}/../tests/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        serde_json::from_str(&text).expect("the vectors are JSON")
    }

    fn digits_of(vector: &Value) -> &str {
        vector["hex"].as_str().expect("a vector has its frame")
    }

    #[test]
    fn the_golden_frames_are_shown_as_the_vectors_describe_them() {
        let vectors = vectors("conformance/frames");
        assert_eq!(vectors.len(), 63);
        for vector in vectors {
            let json = as_json(digits_of(&vector).as_bytes(), SECRETS);
            for field in ["type", "requestId", "data"] {
                assert_eq!(json[field], vector[field], "{}", vector["name"]);
            }
            assert_eq!(json["reencoded"], vector["hex"], "{}", vector["name"]);
        }
    }

    #[test]
    fn every_malformed_frame_is_one_line_and_an_error_says_where() {
        for vector in vectors("vectors/malformed") {
            let digits = digits_of(&vector);
            let mut output = Vec::new();
            run(format!("{digits}\n").as_bytes(), &mut output, PLAIN).unwrap();
            let output = String::from_utf8(output).unwrap();
            assert_eq!(output.lines().count(), 1, "{vector}");
            let json: Value = serde_json::from_str(&output).unwrap();
            match json["error"].as_str() {
                Some(_) => assert!(json["offset"].as_u64().unwrap() <= digits.len() as u64 / 2, "{json} of {vector}"),
                None => assert!(json["type"].is_u64(), "{json}"),
            }
        }
    }

    #[test]
    fn a_token_is_shown_to_nobody_who_did_not_ask() {
        const FRAME: &str =
            "06deadbeef340103046175746800000d617574685f757365726e616d650105616c6963650a617574685f746f6b656e01097333637233742dc3a9";
        const TOKEN: &str = "7333637233742dc3a9";
        let hidden = as_json(FRAME.as_bytes(), PLAIN);
        assert!(!hidden.to_string().contains(TOKEN), "{hidden}");
        assert_eq!(hidden["data"]["protocolData"][2]["dataHex"], Value::Null);
        let shown = as_json(FRAME.as_bytes(), SECRETS);
        assert_eq!((&shown["data"]["protocolData"][2]["dataHex"], &shown["reencoded"]), (&TOKEN.into(), &FRAME.into()));

        let hidden = as_text(FRAME.as_bytes(), PLAIN);
        assert!(hidden.contains("auth_token: 9 bytes, not shown without --show-secrets"), "{hidden}");
        assert!(as_text(FRAME.as_bytes(), SECRETS).contains("auth_token: 9 bytes, s3cr3t-é\n"));
    }

    #[test]
    fn people_read_what_a_session_said() {
        let all: String = vectors("vectors/session")
            .iter()
            .filter_map(|event| event["hex"].as_str())
            .map(|digits| as_text(digits.as_bytes(), PLAIN))
            .collect();
        for part in [
            "Message, request 936730506\n  auth: 0 bytes\n",
            "Response to request 936730506\n",
            "  ilp: 65 bytes, ILP payment of 10 to example.letter-shop.mytrustline.server.S_IbGdbubsg.0\n",
            "ILP error F04 Insufficient Destination Amount by example.letter-shop.mytrustline.server at 2026-",
            "Error F00 NotAcceptedError at 2026-",
        ] {
            assert!(all.contains(part), "{part:?} is not in\n{all}");
        }
        assert!(!all.contains("Unreadable"));
    }

    #[test]
    fn what_is_no_frame_is_said_to_be_none() {
        let json = |line: &[u8]| as_json(line, PLAIN).to_string();
        assert_eq!(json(b""), r#"{"error":"type at byte 0: longer than what is left","offset":0}"#);
        assert_eq!(json(b" 0102xx "), r#"{"error":"'x' in byte 2 is not a hexadecimal digit","offset":2}"#);
        assert_eq!(json(b"01020"), r#"{"error":"byte 2, the last, has one digit only","offset":2}"#);
        assert_eq!(as_text(b"09000000010100", PLAIN), "Unreadable: type at byte 0: unknown type 9\n");
    }

    #[test]
    fn a_terminal_cannot_be_fooled() {
        let name = "\x1b[2J";
        let packet = Packet { request_id: 1, body: Body::Message(Entry::text(name, "\x07\u{202e}").into()) };
        let shown = as_text(hex::encode(packet.encode().unwrap()).as_bytes(), PLAIN);
        assert_eq!(shown.matches(char::is_control).count(), 2, "two line feeds: {shown:?}");
        assert!(!shown.contains('\u{202e}'), "{shown:?}");
    }

    #[test]
    fn a_line_without_an_end_takes_no_more_memory_than_a_frame() {
        let endless = io::Read::chain(io::Read::take(io::repeat(b'0'), 5 * MAX_LINE as u64), &b"\n0101020304020100"[..]);
        let mut output = Vec::new();
        run(io::BufReader::new(endless), &mut output, PLAIN).unwrap();
        let output = String::from_utf8(output).unwrap();
        let lines: Vec<_> = output.lines().collect();
        assert_eq!(lines[0], r#"{"error":"frame at byte 0: more than the limit of 1048576","offset":0}"#);
        assert!(lines[1].contains(r#""reencoded":"0101020304020100""#) && lines.len() == 2, "{lines:?}");

        let mut line = Vec::new();
        read_line(&mut &vec![b'0'; 3 * MAX_LINE][..], &mut line).unwrap();
        assert_eq!(line.len(), MAX_LINE);
    }
}
