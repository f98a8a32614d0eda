//! Packets, written without the core, so that what is sent does not depend on what it would send.

use trustline_core::Timestamp;

/// The types of packets.
pub(super) const RESPONSE: u8 = 1;
pub(super) const ERROR: u8 = 2;
pub(super) const PREPARE: u8 = 3;
pub(super) const FULFILL: u8 = 4;
pub(super) const REJECT: u8 = 5;
pub(super) const MESSAGE: u8 = 6;
pub(super) const TRANSFER: u8 = 7;

/// A sub-protocol entry: name, content type, data.
pub(super) type Entry<'a> = (&'a str, u8, &'a [u8]);

/// A type, and a content behind its length.
pub(super) fn packet(kind: u8, request_id: u32, content: &[u8]) -> Vec<u8> {
    [&[kind][..], &request_id.to_be_bytes(), &octets(content)].concat()
}

/// Bytes behind their length, which is in its shortest form.
pub(super) fn octets(bytes: &[u8]) -> Vec<u8> {
    let length = significant(bytes.len());
    let mut written = match (&length[..], bytes.len()) {
        ([short], 0..128) => vec![*short],
        _ => [&[0x80 | u8::try_from(length.len()).expect("it has eight bytes at most")][..], &length].concat(),
    };
    written.extend(bytes);
    written
}

pub(super) fn entries(entries: &[Entry<'_>]) -> Vec<u8> {
    let count = significant(entries.len());
    let entry = |(name, kind, data): &Entry<'_>| [octets(name.as_bytes()), vec![*kind], octets(data)].concat();
    octets(&count).into_iter().chain(entries.iter().flat_map(entry)).collect()
}

/// A `GeneralizedTime` with so many digits of fraction, nine at most.
pub(super) fn time(at: Timestamp, fraction_digits: usize) -> Vec<u8> {
    let text: String = at.to_string().chars().filter(char::is_ascii_digit).collect();
    let (seconds, millis) = text.split_at(14);
    let fraction = &format!("{millis}000000")[..fraction_digits];
    let dot = if fraction.is_empty() { "" } else { "." };
    octets(format!("{seconds}{dot}{fraction}Z").as_bytes())
}

/// The content of an Error; `entries` is written already, as in all that follow.
pub(super) fn error(code: &str, name: &str, at: Timestamp, data: &[u8], entries: &[u8]) -> Vec<u8> {
    [code.as_bytes(), &octets(name.as_bytes()), &time(at, 3), &octets(data), entries].concat()
}

/// The content of an Error F00 that says nothing but its name.
pub(super) fn refusal(name: &str, at: Timestamp) -> Vec<u8> {
    error("F00", name, at, b"", &entries(&[]))
}

/// The content of a Prepare, whose expiry is written already.
pub(super) fn prepare(transfer: &[u8; 16], amount: u64, condition: &[u8; 32], expires_at: &[u8], entries: &[u8]) -> Vec<u8> {
    [&transfer[..], &amount.to_be_bytes(), condition, expires_at, entries].concat()
}

/// The content of a Fulfill.
pub(super) fn fulfill(transfer: &[u8; 16], preimage: &[u8; 32], entries: &[u8]) -> Vec<u8> {
    [&transfer[..], preimage, entries].concat()
}

/// The content of a Reject.
pub(super) fn reject(transfer: &[u8; 16], entries: &[u8]) -> Vec<u8> {
    [&transfer[..], entries].concat()
}

/// The content of a Transfer.
pub(super) fn transfer(amount: u64, entries: &[u8]) -> Vec<u8> {
    [&amount.to_be_bytes()[..], entries].concat()
}

/// An ILP payment (RFC 0003), without extensions.
pub(super) fn ilp_payment(amount: u64, account: &str, data: &[u8]) -> Vec<u8> {
    let content = [&amount.to_be_bytes()[..], &octets(account.as_bytes()), &octets(data), &[0]].concat();
    [vec![1], octets(&content)].concat()
}

/// An ILP error F00 by `account`.
pub(super) fn ilp_error(account: &str, at: Timestamp) -> Vec<u8> {
    let forwarded_by = [1, 0];
    let content = [b"F00", &octets(b"Bad Request")[..], &octets(account.as_bytes()), &forwarded_by, &time(at, 3), &octets(b"no"), &[0]];
    [vec![8], octets(&content.concat())].concat()
}

/// The bytes of a number without leading zeros, one at least.
fn significant(number: usize) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let zeros = bytes[..bytes.len() - 1].iter().take_while(|byte| **byte == 0).count();
    bytes[zeros..].to_vec()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::cases;
    use super::*;

    fn bytes<const N: usize>(data: &Value, field: &str) -> [u8; N] {
        hex::decode(text(data, field).replace('-', "")).unwrap().try_into().unwrap()
    }

    fn text<'a>(data: &'a Value, field: &str) -> &'a str {
        data[field].as_str().unwrap_or_else(|| panic!("{field} in {data}"))
    }

    fn amount(data: &Value) -> u64 {
        text(data, "amount").parse().unwrap()
    }

    fn written_entries(data: &Value) -> Vec<u8> {
        let protocol_data = data["protocolData"].as_array().unwrap();
        let data: Vec<_> = protocol_data.iter().map(|entry| hex::decode(text(entry, "dataHex")).unwrap()).collect();
        let written = protocol_data.iter().zip(&data).map(|(entry, data)| {
            let kind = u8::try_from(entry["contentType"].as_u64().unwrap()).unwrap();
            (text(entry, "protocolName"), kind, &data[..])
        });
        entries(&written.collect::<Vec<_>>())
    }

    fn content(kind: u8, data: &Value) -> Vec<u8> {
        let entries = written_entries(data);
        let at = |field| text(data, field).parse::<Timestamp>().unwrap();
        match kind {
            RESPONSE | MESSAGE => entries,
            ERROR => {
                let said = hex::decode(text(data, "dataHex")).unwrap();
                error(text(data, "code"), text(data, "name"), at("triggeredAt"), &said, &entries)
            }
            PREPARE => {
                let (transfer, condition) = (bytes(data, "transferId"), bytes(data, "executionConditionHex"));
                prepare(&transfer, amount(data), &condition, &time(at("expiresAt"), 3), &entries)
            }
            FULFILL => fulfill(&bytes(data, "transferId"), &bytes(data, "fulfillmentHex"), &entries),
            REJECT => reject(&bytes(data, "transferId"), &entries),
            TRANSFER => transfer(amount(data), &entries),
            _ => panic!("type {kind}"),
        }
    }

    /// What JavaScript wrote: lengths, counts, times and amounts at all edges of their encoding.
    #[test]
    fn packets_are_written_like_the_golden_ones() {
        for golden in cases::golden() {
            let frame = packet(golden.kind, golden.request_id, &content(golden.kind, &golden.data));
            assert_eq!(hex::encode(frame), golden.hex, "{}", golden.name);
        }
    }

    #[test]
    fn a_time_has_the_digits_that_are_asked_for() {
        let at = Timestamp::from_millis(1_509_971_696_789);
        for (digits, text) in
            [(0, "20171106123456Z"), (2, "20171106123456.78Z"), (3, "20171106123456.789Z"), (9, "20171106123456.789000000Z")]
        {
            assert_eq!(time(at, digits)[1..], *text.as_bytes());
        }
    }
}
