use super::*;

/// What an open WebSocket makes of these bytes: the error, and all that it writes because of them.
fn outcome(role: Role, bytes: &[u8]) -> (WebSocketError, Vec<u8>) {
    let mut websocket = upgraded(role);
    websocket.receive(bytes);
    let error = drain(&mut websocket).unwrap_err();
    assert_eq!(drain(&mut websocket).as_ref(), Err(&error), "it is said again");
    assert_eq!((error.fault(), websocket.is_open(), websocket.is_closed()), (Fault::Peer, false, false));
    assert_eq!(websocket.send(Bytes::new()), Err(WebSocketError::NotOpen));
    let written = written(&mut websocket);
    assert!(websocket.is_closed());
    (error, written)
}

#[test]
fn a_peer_that_breaks_the_protocol_is_told_and_dropped() {
    let cases: [(&str, u16, Vec<u8>); 13] = [
        ("no mask", 1002, unmasked(FIN | BINARY, b"x")),
        ("reserved bit 1, as if deflated", 1002, masked(FIN | 0x40 | BINARY, b"x")),
        ("reserved bit 3", 1002, masked(FIN | 0x10 | BINARY, b"x")),
        ("unknown data frame", 1002, masked(FIN | 3, b"x")),
        ("unknown control frame", 1002, masked(FIN | 0xb, b"x")),
        ("fragmented ping", 1002, masked(PING, b"x")),
        ("long ping", 1002, masked(FIN | PING, &[0; 126])),
        ("continuation of nothing", 1002, masked(FIN | CONTINUATION, b"x")),
        ("message inside a message", 1002, [masked(BINARY, b"x"), masked(FIN | BINARY, b"x")].concat()),
        ("close with half a code", 1002, masked(FIN | CLOSE, b"x")),
        ("close reason that is not UTF-8", 1007, masked(FIN | CLOSE, &[3, 232, 0xff])),
        ("text that is not UTF-8", 1007, masked(FIN | TEXT, &[0xc3, 0x28])),
        ("text in fragments that is not UTF-8", 1007, [masked(TEXT, &[0xc3]), masked(FIN | CONTINUATION, &[0x28])].concat()),
    ];
    for (name, code, bytes) in cases {
        let (error, written) = outcome(Role::Server, &bytes);
        assert!(matches!(error, WebSocketError::Violation { .. }), "{name}: {error:?}");
        assert_eq!(error.close_code().map(CloseCode::get), Some(code), "{name}");
        assert_eq!(written, unmasked(FIN | CLOSE, &close_payload(code, "")), "{name}");
    }
}

#[test]
fn a_server_must_not_mask() {
    let (error, written) = outcome(Role::Client, &masked(FIN | BINARY, b"x"));
    assert_eq!(error.close_code(), Some(CloseCode::PROTOCOL));
    // Ours is masked, as a client's must be.
    assert_eq!(written[..2], [FIN | CLOSE, 0x80 | 2]);
}

#[test]
fn what_stood_before_a_violation_counts() {
    let mut server = upgraded(Role::Server);
    server.receive(&[masked(FIN | BINARY, b"good"), masked(FIN | PING, b"!"), vec![0xff; 20]].concat());
    assert_eq!(server.poll(), Ok(Some(frame(b"good"))));
    assert!(server.poll().is_err());
    assert_eq!(written(&mut server), [unmasked(FIN | PONG, b"!"), unmasked(FIN | CLOSE, &close_payload(1002, ""))].concat());
}

#[test]
fn a_long_message_is_refused_by_its_header() {
    let limit_bytes = WebSocketLimits::default().message_bytes;
    let whole = masked(FIN | BINARY, &vec![5; limit_bytes]);
    let mut server = upgraded(Role::Server);
    server.receive(&whole);
    assert!(matches!(&drain(&mut server).unwrap()[..], [Incoming::Frame(frame)] if frame.len() == limit_bytes));

    for announced in [limit_bytes + 1, 1 << 30, usize::MAX >> 1, usize::MAX] {
        let mut head = header(FIN | BINARY, 0x80, announced);
        head.extend_from_slice(&[0; 4]);
        let (error, written) = outcome(Role::Server, &head);
        assert_eq!(error, WebSocketError::MessageTooLong { limit_bytes });
        assert_eq!(written, unmasked(FIN | CLOSE, &close_payload(1009, "")));
    }
}

#[test]
fn a_long_message_is_refused_in_fragments_too() {
    let limits = WebSocketLimits { message_bytes: 100, ..WebSocketLimits::default() };
    for kind in [BINARY, TEXT] {
        let mut server = WebSocket::upgraded(Role::Server, limits);
        server.receive(&[masked(kind, &[b'a'; 60]), masked(CONTINUATION, &[b'a'; 40])].concat());
        assert_eq!(drain(&mut server), Ok(vec![Incoming::Opened { path: String::new() }]));
        server.receive(&masked(CONTINUATION, b"a"));
        assert_eq!(drain(&mut server), Err(WebSocketError::MessageTooLong { limit_bytes: 100 }));
        assert_eq!(written(&mut server), unmasked(FIN | CLOSE, &close_payload(1009, "")));
    }
}

#[test]
fn a_violation_after_our_close_is_not_answered_again() {
    let mut server = upgraded(Role::Server);
    server.close(CloseCode::NORMAL, "");
    written(&mut server);
    server.receive(&unmasked(FIN | BINARY, b"x"));
    assert!(matches!(drain(&mut server), Err(WebSocketError::Violation { .. })));
    assert_eq!(server.outgoing(), b"");
}

#[test]
fn no_bytes_make_it_panic() {
    // Every value of the two bytes that a frame begins with, and again behind the first frame or inside it.
    for first in 0..=u8::MAX {
        for second in 0..=u8::MAX {
            for role in [Role::Client, Role::Server] {
                let mut websocket = upgraded(role);
                websocket.receive(&[first, second, 0, 0, 0, 0, 0, 0, 0, 1, 3, 232, first, second, 0, 0]);
                let _ = drain(&mut websocket);
                websocket.receive_end();
                let _ = drain(&mut websocket);
                assert!(websocket.is_over(), "{first} {second}");
            }
        }
    }
}
