use tungstenite::handshake::derive_accept_key;

use super::*;

/// From RFC 6455 section 1.3, with what a JS client adds.
const REQUEST: &str = "GET /btp?x=1 HTTP/1.1\r\n\
    Sec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Connection: Upgrade\r\n\
    Upgrade: websocket\r\n\
    Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
    Host: localhost:9000\r\n\r\n";

fn opened(path: &str) -> Incoming {
    Incoming::Opened { path: path.to_owned() }
}

/// What a server says to a request, and what it makes of it.
fn answer(request: impl AsRef<[u8]>) -> (String, Result<Vec<Incoming>, WebSocketError>) {
    let mut server = server();
    server.receive(request.as_ref());
    let outcome = drain(&mut server);
    (String::from_utf8(written(&mut server)).unwrap(), outcome)
}

/// A client, and the response that its request asks for, with these lines more.
fn client_and_response(more: &str) -> (WebSocket, String) {
    let mut client = client();
    let request = String::from_utf8(written(&mut client)).unwrap();
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    let accept = derive_accept_key(key.as_bytes());
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n{more}\r\n"
    );
    (client, response)
}

#[test]
fn a_client_asks_for_what_it_was_told() {
    let request = String::from_utf8(client().outgoing().to_vec()).unwrap();
    assert!(request.starts_with("GET /btp HTTP/1.1\r\nHost: shop.example:9000\r\n"), "{request}");
    assert!(!request.contains("Extensions") && !request.contains("Protocol"), "{request}");
}

#[test]
fn every_client_has_a_key_of_its_own() {
    assert_ne!(client().outgoing(), client().outgoing());
}

#[test]
fn hosts_and_paths_of_every_kind_are_sent_as_they_are() {
    for (host, path, line) in [
        ("localhost", "", "GET / HTTP/1.1\r\nHost: localhost\r\n"),
        ("127.0.0.1:9000", "/a/b?c=d%20e", "GET /a/b?c=d%20e HTTP/1.1\r\nHost: 127.0.0.1:9000\r\n"),
        ("[::1]:9000", "/", "GET / HTTP/1.1\r\nHost: [::1]:9000\r\n"),
    ] {
        let client = WebSocket::client(host, path, WebSocketLimits::default()).unwrap();
        assert!(client.outgoing().starts_with(line.as_bytes()), "{line}");
    }
}

#[test]
fn what_cannot_stand_in_a_request_is_refused() {
    for (host, path) in [
        ("", "/"),
        ("a/b", "/"),
        ("user:pass@host", "/"),
        ("host", "btp"),
        ("host", "?x"),
        ("host\r\nX: y", "/"),
        ("host", "/ HTTP/1.1\r\nX: y"),
        ("host", "/a b"),
    ] {
        let refused = WebSocket::client(host, path, WebSocketLimits::default()).unwrap_err();
        assert_eq!((refused.clone(), refused.fault()), (WebSocketError::InvalidTarget, Fault::Caller), "{host:?} {path:?}");
    }
}

#[test]
fn both_sides_open() {
    let (mut client, mut server) = (client(), server());
    assert!(!client.is_open() && !server.is_open());
    assert_eq!(server.send(Bytes::new()), Err(WebSocketError::NotOpen));
    assert_eq!(client.send(Bytes::new()), Err(WebSocketError::NotOpen));
    assert_eq!(pass(&mut client, &mut server), Ok(vec![opened("/btp")]));
    assert!(server.is_open() && !server.is_closed());
    assert_eq!(pass(&mut server, &mut client), Ok(vec![opened("/btp")]));
    assert!(client.is_open() && !client.is_closed());
}

#[test]
fn a_server_answers_with_the_key_and_without_extensions() {
    let (response, outcome) = answer(REQUEST);
    assert_eq!(outcome, Ok(vec![opened("/btp?x=1")]));
    assert!(response.starts_with("HTTP/1.1 101 Switching Protocols\r\n") && response.ends_with("\r\n\r\n"), "{response}");
    assert!(response.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{response}");
    assert!(!response.to_lowercase().contains("extensions"), "{response}");
}

#[test]
fn heads_come_in_pieces_and_bytes_behind_them_are_kept() {
    let first = masked(FIN | BINARY, b"first");
    let stream = [REQUEST.as_bytes(), &first, &masked(FIN | TEXT, b"second")].concat();
    for split in 0..=stream.len() {
        let mut server = server();
        server.receive(&stream[..split]);
        let mut came = drain(&mut server).unwrap();
        server.receive(&stream[split..]);
        came.extend(drain(&mut server).unwrap());
        assert_eq!(came, [opened("/btp?x=1"), frame(b"first"), Incoming::Text], "split at {split}");
    }
}

#[test]
fn a_head_may_come_byte_by_byte() {
    let (mut client, mut server) = (client(), server());
    let mut came = Vec::new();
    for byte in written(&mut client) {
        server.receive(&[byte]);
        came.extend(drain(&mut server).unwrap());
    }
    server.send(Bytes::from_static(b"welcome")).unwrap();
    for byte in written(&mut server) {
        client.receive(&[byte]);
        came.extend(drain(&mut client).unwrap());
    }
    assert_eq!(came, [opened("/btp"), opened("/btp"), frame(b"welcome")]);
}

#[test]
fn a_client_takes_a_proxys_way_of_saying_it() {
    let (mut client, response) = client_and_response("X-Proxy: yes\r\n");
    client.receive(response.as_bytes());
    client.receive(&unmasked(FIN | BINARY, b"first"));
    assert_eq!(drain(&mut client), Ok(vec![opened("/btp"), frame(b"first")]));
}

#[test]
fn a_client_refuses_an_answer_that_is_not_to_its_question() {
    for more in ["Sec-WebSocket-Extensions: permessage-deflate\r\n", "Sec-WebSocket-Protocol: btp\r\n"] {
        let (mut client, response) = client_and_response(more);
        client.receive(response.as_bytes());
        assert!(matches!(drain(&mut client), Err(WebSocketError::Handshake { .. })), "{more}");
        assert!(client.is_closed());
    }
    for (from, to) in
        [("Sec-WebSocket-Accept: ", "Sec-WebSocket-Accept: x"), ("upgrade: WebSocket", "upgrade: h2c"), ("Upgrade\r\n", "close\r\n")]
    {
        let (mut client, response) = client_and_response("");
        client.receive(response.replace(from, to).as_bytes());
        assert!(matches!(drain(&mut client), Err(WebSocketError::Handshake { .. })), "{to}");
    }
    for garbage in ["SSH-2.0-OpenSSH_9.9\r\n\r\n", "\x15\x03\x01\x00\x02", "HTTP/1.0 101 Old\r\n\r\n"] {
        let mut client = client();
        written(&mut client);
        client.receive(garbage.as_bytes());
        assert_eq!(drain(&mut client).unwrap_err().fault(), Fault::Peer, "{garbage}");
        assert!(client.is_closed(), "{garbage}");
    }
}

#[test]
fn a_client_says_with_which_status_it_was_refused() {
    let mut client = client();
    client.receive(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(drain(&mut client), Err(WebSocketError::Refused { status: 503 }));
}

#[test]
fn what_is_no_websocket_gets_a_proper_answer() {
    let without = |line: &str| REQUEST.replace(line, "");
    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(), "426 Upgrade Required"),
        (without("Upgrade: websocket\r\n"), "426 Upgrade Required"),
        (REQUEST.replace("Version: 13", "Version: 8"), "426 Upgrade Required"),
        (REQUEST.replace("GET", "POST"), "405 Method Not Allowed"),
        (without("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"), "400 Bad Request"),
        (REQUEST.replace("dGhlIHN", "x"), "400 Bad Request"),
        (REQUEST.replace("HTTP/1.1", "HTTP/1.0"), "400 Bad Request"),
        ("hello\n\n".to_owned(), "400 Bad Request"),
        ("GET / HTTP/1.1\r\n\u{1}: x\r\n\r\n".to_owned(), "400 Bad Request"),
        ("\r\n\r\n".to_owned(), "400 Bad Request"),
        // The hello of a TLS client on the plain port.
        ("\u{16}\u{3}\u{1}\u{2}".to_owned(), "400 Bad Request"),
        (format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(200)), "431 Request Header Fields Too Large"),
    ] {
        let (response, outcome) = answer(&request);
        assert!(response.starts_with(&format!("HTTP/1.1 {status}\r\nConnection: ")), "{request} got {response}");
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("close\r\n") && head.ends_with(&format!("Content-Length: {}", body.len())), "{response}");
        assert_eq!(head.contains("Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"), status.starts_with("426"), "{response}");
        assert!(matches!(outcome, Err(WebSocketError::Handshake { .. })), "{request} gave {outcome:?}");
    }
}

#[test]
fn a_flood_of_headers_is_bounded() {
    let limits = WebSocketLimits { handshake_bytes: 1000, ..WebSocketLimits::default() };
    let too_long = Err(WebSocketError::HandshakeTooLong { limit_bytes: 1000 });
    let mut server = WebSocket::server(limits);
    server.receive(b"GET / HTTP/1.1\r\n");
    for line in 1..=98 {
        server.receive(b"a: bcdef\r\n");
        assert_eq!(drain(&mut server), Ok(vec![]), "line {line}");
    }
    server.receive(b"a: bcdef\r\n");
    assert_eq!(drain(&mut server), too_long);
    assert!(server.outgoing().starts_with(b"HTTP/1.1 431 "));
    server.receive(&[b'a'; 10_000]);
    assert_eq!(drain(&mut server), too_long);
    assert_eq!(server.pipe.incoming.as_slice(), b"");

    let mut client = WebSocket::client("host", "/", limits).unwrap();
    written(&mut client);
    client.receive(&[b'H'; 1000]);
    assert_eq!((drain(&mut client), client.outgoing()), (too_long, &b""[..]));
}

#[test]
fn a_head_may_be_as_long_as_the_limit_whatever_follows() {
    let stream = [REQUEST.as_bytes(), &masked(FIN | BINARY, &[7; 1000])].concat();
    for (handshake_bytes, fits) in [(REQUEST.len(), true), (REQUEST.len() - 1, false)] {
        let mut server = WebSocket::server(WebSocketLimits { handshake_bytes, ..WebSocketLimits::default() });
        server.receive(&stream);
        assert_eq!(drain(&mut server).is_ok(), fits);
    }
}

#[test]
fn a_stream_may_end_before_the_handshake_does() {
    for mut websocket in [client(), server()] {
        websocket.receive(b"HTTP");
        websocket.receive_end();
        assert_eq!(drain(&mut websocket), Err(WebSocketError::Cut));
        assert_eq!(drain(&mut websocket), Err(WebSocketError::Cut));
    }
}
