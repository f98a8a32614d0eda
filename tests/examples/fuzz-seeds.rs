//! Writes what fuzzing starts from, out of the recorded frames and packets in `tests/vectors` and `tests/conformance`, into `fuzz/corpus`.
//!
//! ```text
//! cargo run -p trustline-tests --example fuzz-seeds
//! ```

use std::path::Path;
use std::{fs, io};

use serde_json::Value;

/// Frames and packets, golden and malformed, and a whole session.
const VECTORS: [&str; 5] = ["conformance/frames", "conformance/refused", "vectors/malformed", "vectors/ilp", "vectors/session"];

/// Fuzzing is slow with long inputs, and the tests of the vectors try them anyway.
const MOST_BYTES: usize = 1024;

fn main() -> io::Result<()> {
    for file in VECTORS {
        let vectors = format!("{}/{file}.json", env!("CARGO_MANIFEST_DIR"));
        let vectors: Vec<Value> = serde_json::from_slice(&fs::read(vectors)?)?;
        for (index, vector) in vectors.iter().enumerate() {
            let bytes = vector["hex"].as_str().map(|hex| hex::decode(hex).expect("the vectors are in hexadecimal"));
            if let Some(bytes) = bytes.filter(|bytes| bytes.len() <= MOST_BYTES) {
                for target in ["decode", "differential"] {
                    write(target, &format!("{}-{index}", file.replace('/', "-")), &bytes)?;
                }
            }
        }
    }
    for (name, seed) in websockets() {
        write("websocket", &name, &seed)?;
    }
    Ok(())
}

/// Frames of a WebSocket: the first byte and the payload of each.
type Frames = &'static [(u8, &'static [u8])];

const CONVERSATIONS: [(&str, Frames); 6] = [
    ("message", &[(0x82, b"\x06\0\0\0\x07\x02\x01\0")]),
    ("fragments", &[(0x02, b"one"), (0x89, b"ping"), (0x00, b"two"), (0x80, &[7; 130])]),
    ("text", &[(0x81, b"\xc3\xa9")]),
    ("pong", &[(0x8a, b"")]),
    ("close", &[(0x88, b"\x03\xe8bye")]),
    ("too-long", &[(0x82, &[7; 301])]),
];

const REQUEST: &str = "GET /btp HTTP/1.1\r\nHost: shop.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

const RESPONSE: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// What a server and what a client hear: each with and without a handshake before it, with an end and without, and with a
/// close of their own and without.
fn websockets() -> Vec<(String, Vec<u8>)> {
    let mut seeds = Vec::new();
    for (is_client, head) in [(0, REQUEST), (1, RESPONSE)] {
        for (name, frames) in CONVERSATIONS {
            for (mode, closes_at) in [(0, 0), (2, 0), (4, 0), (8, 0xff), (14, 4)] {
                let head = if mode & 2 == 0 { head } else { "" };
                let frames: Vec<u8> = frames.iter().flat_map(|(first, payload)| frame(*first, payload, is_client == 0)).collect();
                let seed = [&[is_client | mode, 0, closes_at], head.as_bytes(), &frames].concat();
                seeds.push((format!("{is_client}-{mode}-{name}"), seed));
            }
        }
    }
    seeds
}

fn frame(first: u8, payload: &[u8], is_masked: bool) -> Vec<u8> {
    let mut frame = vec![first];
    match u8::try_from(payload.len()) {
        Ok(short @ ..126) => frame.push(short),
        _ => frame.extend([&[126], &u16::try_from(payload.len()).expect("it is short").to_be_bytes()[..]].concat()),
    }
    if is_masked {
        // With a mask that changes nothing.
        frame[1] |= 0x80;
        frame.extend([0; 4]);
    }
    frame.extend_from_slice(payload);
    frame
}

fn write(target: &str, name: &str, seed: &[u8]) -> io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    fs::create_dir_all(&corpus)?;
    fs::write(corpus.join(name), seed)
}
