use super::*;

#[test]
fn either_side_closes_with_a_code_and_a_reason() {
    for client_first in [true, false] {
        let (mut client, mut server) = pair();
        let (one, other) = if client_first { (&mut client, &mut server) } else { (&mut server, &mut client) };
        one.close(CloseCode::GOING_AWAY, "good night");
        assert!(!one.is_open() && !one.is_closed());
        assert_eq!(one.send(Bytes::new()), Err(WebSocketError::NotOpen));
        assert_eq!(pass(one, other), Ok(vec![closed(CloseCode::GOING_AWAY, "good night")]));
        assert!(!other.is_open() && !other.is_closed(), "its answer is to be written");
        assert_eq!(pass(other, one), Ok(vec![closed(CloseCode::GOING_AWAY, "good night")]));
        assert!(one.is_closed() && other.is_closed());
        assert_eq!((one.poll(), other.poll()), (Ok(None), Ok(None)));
        assert_eq!(other.send(Bytes::new()), Err(WebSocketError::NotOpen));
    }
}

#[test]
fn both_may_close_at_once() {
    let (mut client, mut server) = pair();
    client.close(CloseCode::NORMAL, "client");
    server.close(CloseCode::POLICY_VIOLATION, "server");
    let (from_client, from_server) = (written(&mut client), written(&mut server));
    client.receive(&from_server);
    server.receive(&from_client);
    assert_eq!(drain(&mut client), Ok(vec![closed(CloseCode::POLICY_VIOLATION, "server")]));
    assert_eq!(drain(&mut server), Ok(vec![closed(CloseCode::NORMAL, "client")]));
    assert!(client.is_closed() && server.is_closed(), "each has both close frames");
}

#[test]
fn what_was_sent_before_a_close_still_arrives() {
    let (mut client, mut server) = pair();
    client.close(CloseCode::NORMAL, "");
    server.send(Bytes::from_static(b"crossed")).unwrap();
    assert_eq!(pass(&mut server, &mut client), Ok(vec![frame(b"crossed")]));
    assert_eq!(pass(&mut client, &mut server), Ok(vec![closed(CloseCode::NORMAL, "")]));
    assert_eq!(pass(&mut server, &mut client), Ok(vec![closed(CloseCode::NORMAL, "")]));
}

#[test]
fn what_comes_after_a_close_is_not_looked_at() {
    let mut server = upgraded(Role::Server);
    server.receive(&[masked(FIN | CLOSE, &close_payload(1000, "")), masked(FIN | BINARY, b"late"), vec![0xff; 100]].concat());
    assert_eq!(drain(&mut server), Ok(vec![closed(CloseCode::NORMAL, "")]));
    server.receive(&masked(FIN | BINARY, b"later"));
    assert_eq!(drain(&mut server), Ok(vec![]));
    assert_eq!(written(&mut server), unmasked(FIN | CLOSE, &close_payload(1000, "")));
}

#[test]
fn a_close_may_come_without_a_code() {
    let mut server = upgraded(Role::Server);
    server.receive(&masked(FIN | CLOSE, b""));
    assert_eq!(drain(&mut server), Ok(vec![Incoming::Closed(None)]));
    assert_eq!(written(&mut server), unmasked(FIN | CLOSE, b""));
    assert!(server.is_closed());
}

#[test]
fn a_code_that_may_not_be_sent_is_not_passed_on() {
    let mut server = upgraded(Role::Server);
    server.receive(&masked(FIN | CLOSE, &close_payload(1005, "")));
    assert_eq!(drain(&mut server), Ok(vec![closed(CloseCode::PROTOCOL, "Protocol violation")]));
    assert_eq!(written(&mut server)[2..4], 1002_u16.to_be_bytes());

    let mut server = upgraded(Role::Server);
    server.close(CloseCode::NORMAL, "");
    server.receive(&masked(FIN | CLOSE, &close_payload(1006, "")));
    assert_eq!(drain(&mut server), Ok(vec![Incoming::Closed(None)]));
}

#[test]
fn codes_are_those_that_may_be_sent() {
    let allowed = |code: u16| CloseCode::new(code).is_some_and(|same| same.get() == code);
    let refused = [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, u16::MAX];
    assert!([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999].into_iter().all(allowed));
    assert!(refused.iter().all(|&code| CloseCode::new(code).is_none()));
}

#[test]
fn a_long_reason_is_cut_between_characters() {
    let (mut client, mut server) = pair();
    client.close(CloseCode::NORMAL, &"€".repeat(100));
    assert_eq!(pass(&mut client, &mut server), Ok(vec![closed(CloseCode::NORMAL, &"€".repeat(41))]));
}

#[test]
fn closing_twice_says_it_once() {
    let mut server = upgraded(Role::Server);
    server.close(CloseCode::NORMAL, "");
    let once = server.outgoing().to_vec();
    server.close(CloseCode::POLICY_VIOLATION, "");
    server.ping();
    assert_eq!(server.outgoing(), once);
}

#[test]
fn closing_before_the_handshake_is_done_ends_it_without_a_word() {
    for mut websocket in [client(), server()] {
        websocket.close(CloseCode::NORMAL, "");
        assert_eq!(websocket.outgoing(), b"");
        assert!(websocket.is_closed());
        assert_eq!(websocket.poll(), Ok(None));
    }
}

#[test]
fn a_stream_that_ends_without_a_close_is_cut() {
    let mut server = upgraded(Role::Server);
    server.receive(&[masked(FIN | BINARY, b"whole"), masked(FIN | BINARY, b"half")[..7].to_vec()].concat());
    server.receive_end();
    assert_eq!(server.poll(), Ok(Some(frame(b"whole"))));
    assert_eq!(server.poll(), Err(WebSocketError::Cut));
    assert_eq!(server.poll(), Err(WebSocketError::Cut));
    assert_eq!((WebSocketError::Cut.fault(), server.is_closed()), (Fault::Stream, true));
}

#[test]
fn a_stream_that_ends_after_our_close_is_closed() {
    for mut websocket in [upgraded(Role::Client), upgraded(Role::Server)] {
        websocket.close(CloseCode::NORMAL, "");
        written(&mut websocket);
        assert_eq!(drain(&mut websocket), Ok(vec![]));
        websocket.receive_end();
        assert_eq!(drain(&mut websocket), Ok(vec![Incoming::Closed(None)]));
        assert!(websocket.is_closed());
    }
}
