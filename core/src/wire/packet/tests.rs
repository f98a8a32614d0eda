use alloc::vec;
use alloc::vec::Vec;

use super::*;
use crate::wire::Entry;

const AT: Timestamp = Timestamp::from_millis(1_509_971_696_789);
const TIME: &[u8] = b"\x1320171106123456.789Z";

fn decode(frame: &[u8]) -> Result<Packet, DecodeError> {
    Packet::decode(frame, &WireLimits::default())
}

/// The frame of a packet with request id 1 whose content is shorter than 128 bytes.
fn frame(kind: u8, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    [&[kind, 0, 0, 0, 1, content.len().try_into().unwrap()], &*content].concat()
}

fn error_packet() -> ErrorPacket {
    ErrorPacket {
        code: ErrorCode::new(*b"F00").unwrap(),
        name: "NotAcceptedError".into(),
        triggered_at: AT,
        data: Bytes::from_static(b"{}"),
        protocol_data: ProtocolData::new(),
    }
}

/// The fields of a packet in their order: what each is called, and its bytes.
type Fields = Vec<(Field, &'static [u8])>;

/// One packet of each type.
fn packets() -> Vec<(Body, Fields)> {
    let (id, hash) = (&[0xff; 16], &[0x11; 32]);
    let transfer_id = TransferId::from(*id);
    let protocol_data = ProtocolData::from(Entry::octets("x", vec![9]));
    let entry: [(Field, &'static [u8]); 4] = [
        (Field::ProtocolData, b"\x01\x01"),
        (Field::ProtocolName, b"\x01x"),
        (Field::ContentType, b"\x00"),
        (Field::EntryData, b"\x01\x09"),
    ];
    let with_entry = |fields: &[(Field, &'static [u8])]| [fields, &entry].concat();
    vec![
        (Body::Response(protocol_data.clone()), with_entry(&[])),
        (
            Body::Error(ErrorPacket { protocol_data: protocol_data.clone(), ..error_packet() }),
            with_entry(&[
                (Field::Code, b"F00"),
                (Field::Name, b"\x10NotAcceptedError"),
                (Field::TriggeredAt, TIME),
                (Field::Data, b"\x02{}"),
            ]),
        ),
        (
            Body::Prepare(Prepare {
                transfer_id,
                amount: u64::MAX,
                condition: (*hash).into(),
                expires_at: AT,
                protocol_data: protocol_data.clone(),
            }),
            with_entry(&[
                (Field::TransferId, id),
                (Field::Amount, &[0xff; 8]),
                (Field::ExecutionCondition, hash),
                (Field::ExpiresAt, TIME),
            ]),
        ),
        (
            Body::Fulfill(Fulfill { transfer_id, fulfillment: (*hash).into(), protocol_data: protocol_data.clone() }),
            with_entry(&[(Field::TransferId, id), (Field::Fulfillment, hash)]),
        ),
        (Body::Reject(Reject { transfer_id, protocol_data: protocol_data.clone() }), with_entry(&[(Field::TransferId, id)])),
        (Body::Message(protocol_data.clone()), with_entry(&[])),
        (Body::Transfer(Transfer { amount: 1, protocol_data }), with_entry(&[(Field::Amount, b"\0\0\0\0\0\0\0\x01")])),
    ]
}

#[test]
fn every_type_has_its_number_and_its_fields_in_their_order() {
    for (kind, (body, fields)) in (1..).zip(packets()) {
        let packet = Packet { request_id: 1, body };
        let content: Vec<_> = fields.iter().map(|(_, bytes)| *bytes).collect();
        let frame = frame(kind, &content);
        assert_eq!(packet.encode().unwrap(), frame);
        assert_eq!(decode(&frame), Ok(packet));
    }
}

#[test]
fn an_error_says_in_which_field_the_content_ends_and_where_it_starts() {
    for (kind, (_, fields)) in (1..).zip(packets()) {
        let content: Vec<_> = fields.iter().map(|(_, bytes)| *bytes).collect::<Vec<_>>().concat();
        let mut start = 0;
        for (field, bytes) in fields {
            for cut in start..start + bytes.len() {
                let expected = match field {
                    // Without them there is no room for the entries that the count announces.
                    Field::ProtocolName | Field::ContentType | Field::EntryData if cut < content.len() - 1 => continue,
                    field => DecodeError::Unreadable { field, offset: 6 + start, problem: Problem::Truncated },
                };
                assert_eq!(decode(&frame(kind, &[&content[..cut]])), Err(expected), "type {kind}, {cut} bytes");
            }
            start += bytes.len();
        }
    }
}

#[test]
fn an_error_says_in_which_field_of_the_envelope_the_frame_ends() {
    let whole = frame(6, &[b"\x01\x00"]);
    for (cut, field, offset) in [
        (0, Field::Type, 0),
        (1, Field::RequestId, 1),
        (4, Field::RequestId, 1),
        (5, Field::Content, 5),
        (6, Field::Content, 5),
        (7, Field::Content, 5),
    ] {
        assert_eq!(decode(&whole[..cut]), Err(DecodeError::Unreadable { field, offset, problem: Problem::Truncated }));
    }
}

#[test]
fn types_that_btp_does_not_have_are_unreadable() {
    for kind in [0, 8, 9, 127, 128, 255] {
        let problem = Problem::UnknownType(kind);
        let error = DecodeError::Unreadable { field: Field::Type, offset: 0, problem };
        assert_eq!(decode(&frame(kind, &[b"\x01\x00"])), Err(error));
    }
}

#[test]
fn texts_and_times_that_cannot_be_read_are_named() {
    for (frame, field, offset, problem) in [
        (frame(2, &[b"F\xb00", b"\0", TIME, b"\0\x01\0"]), Field::Code, 6, Problem::NotAscii),
        (frame(2, &[b"F00", b"\x01\xe9", TIME, b"\0\x01\0"]), Field::Name, 9, Problem::NotAscii),
        (frame(2, &[b"F00", b"\0", b"\x042017", b"\0\x01\0"]), Field::TriggeredAt, 10, Problem::NotATime),
        (frame(3, &[&[0; 56], b"\x0f20170230123456Z", b"\x01\0"]), Field::ExpiresAt, 62, Problem::NotATime),
        (frame(6, &[b"\x01\x01\x03\xe9\xec\xf0\0\0"]), Field::ProtocolName, 8, Problem::NotAscii),
    ] {
        assert_eq!(decode(&frame), Err(DecodeError::Unreadable { field, offset, problem }));
    }
}

#[test]
fn bytes_behind_the_content_and_in_it_are_ignored() {
    let packet = decode(&frame(7, &[&[0; 8], b"\x01\0"])).unwrap();
    assert_eq!(decode(&frame(7, &[&[0; 8], b"\x01\0", b"more"])), Ok(packet.clone()));
    assert_eq!(decode(&[&frame(7, &[&[0; 8], b"\x01\0"]), &b"more"[..]].concat()), Ok(packet));
}

#[test]
fn the_length_of_the_content_changes_its_form_at_128() {
    for (data, head) in [(119, &b"\x7f"[..]), (120, b"\x81\x80"), (246, b"\x81\xff"), (247, b"\x82\x01\x00"), (65_536, b"\x83\x01\x00\x0b")]
    {
        let body = Body::Message(Entry::octets("abc", vec![0; data]).into());
        let packet = Packet { request_id: u32::MAX, body };
        let frame = packet.encode().unwrap();
        assert!(frame.starts_with(&[&b"\x06\xff\xff\xff\xff"[..], head].concat()), "{data}: {:x?}", &frame[..9]);
        assert_eq!(decode(&frame), Ok(packet));
    }
}

#[test]
fn one_byte_more_than_the_limit_is_too_long_a_frame() {
    let frame = frame(6, &[b"\x01\x00"]);
    let limits = |frame_bytes| WireLimits { frame_bytes, ..WireLimits::default() };
    assert!(Packet::decode(&frame, &limits(8)).is_ok());
    let error = Packet::decode(&frame, &limits(7)).unwrap_err();
    assert_eq!(error, DecodeError::LimitExceeded { field: Field::Frame, offset: 0, limit: 7 });
    assert!(error.is_limit());
}

#[test]
fn errors_with_more_data_or_name_than_may_be_sent_are_only_read() {
    let encode = |error| Packet { request_id: 1, body: Body::Error(error) }.encode();
    let (longest, too_long) = (vec![b'a'; 8192], vec![b'a'; 8193]);
    assert!(encode(ErrorPacket { data: longest.into(), ..error_packet() }).is_ok());
    let refusal = EncodeError::TooLong { field: Field::Data, length: 8193, limit: 8192 };
    assert_eq!(encode(ErrorPacket { data: too_long.into(), ..error_packet() }), Err(refusal));

    assert!(encode(ErrorPacket { name: "n".repeat(255).into(), ..error_packet() }).is_ok());
    let refusal = EncodeError::TooLong { field: Field::Name, length: 256, limit: 255 };
    assert_eq!(encode(ErrorPacket { name: "n".repeat(256).into(), ..error_packet() }), Err(refusal));
    assert_eq!(encode(ErrorPacket { name: "\u{e9}".into(), ..error_packet() }), Err(EncodeError::NotAscii { field: Field::Name }));

    let (name, data) = ("n".repeat(256), "d".repeat(8193));
    let content = [b"F00\x82\x01\x00", name.as_bytes(), TIME, b"\x82\x20\x01", data.as_bytes(), b"\x01\x00"].concat();
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let frame = [&b"\x02\0\0\0\x01\x82"[..], &length, &content].concat();
    let Body::Error(error) = decode(&frame).unwrap().body else { panic!("not an Error") };
    assert_eq!((error.name, error.data), (name.into(), data.into()));
}
