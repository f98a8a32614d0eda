use super::*;

#[test]
fn batches_arrive_in_order_both_ways() {
    let (mut client, mut server) = pair();
    let frames: Vec<Bytes> = (0..500_usize).map(|n| Bytes::from(vec![n.to_le_bytes()[0]; n])).collect();
    for frame in &frames {
        client.send(frame.clone()).unwrap();
        server.send(frame.clone()).unwrap();
    }
    let expected: Vec<Incoming> = frames.into_iter().map(Incoming::Frame).collect();
    assert_eq!(pass(&mut client, &mut server).as_ref(), Ok(&expected));
    assert_eq!(pass(&mut server, &mut client).as_ref(), Ok(&expected));
}

#[test]
fn a_stream_may_be_split_anywhere() {
    let (mut sender, _) = pair();
    for length in [0, 1, 125, 126, 300, 65_535, 65_536] {
        sender.send(Bytes::from(vec![9; length])).unwrap();
    }
    let stream = written(&mut sender);
    for step in [1, 2, 3, 7, 100, 4095, 4096, 4097, 100_000] {
        let limits = WebSocketLimits { read_buffer_bytes: step - 1, ..WebSocketLimits::default() };
        let mut server = WebSocket::upgraded(Role::Server, limits);
        server.poll().unwrap();
        let mut lengths = Vec::new();
        for piece in stream.chunks(step) {
            server.receive(piece);
            for incoming in drain(&mut server).unwrap() {
                let Incoming::Frame(frame) = incoming else { panic!("{incoming:?}") };
                assert!(frame.iter().all(|&byte| byte == 9));
                lengths.push(frame.len());
            }
        }
        assert_eq!(lengths, [0, 1, 125, 126, 300, 65_535, 65_536], "in steps of {step}, with a read buffer to match");
    }
}

#[test]
fn what_is_written_in_part_goes_on_where_it_was() {
    let (mut client, mut server) = pair();
    let mut came = 0;
    for round in 0..1000 {
        client.send(Bytes::from(vec![1; 50])).unwrap();
        let part = client.outgoing().len().min(40 + round % 37);
        server.receive(&client.outgoing()[..part]);
        client.advance(part);
        came += drain(&mut server).unwrap().len();
    }
    came += pass(&mut client, &mut server).unwrap().len();
    assert_eq!(came, 1000);
}

#[test]
fn only_clients_mask() {
    let (mut client, mut server) = pair();
    client.send(Bytes::from_static(b"abc")).unwrap();
    server.send(Bytes::from_static(b"abc")).unwrap();
    assert_eq!(server.outgoing(), unmasked(FIN | BINARY, b"abc"));
    let sent = client.outgoing();
    assert_eq!((sent.len(), &sent[..2]), (9, &[FIN | BINARY, 0x80 | 3][..]));
    let unmask: Vec<u8> = sent[6..].iter().zip(&sent[2..6]).map(|(byte, mask)| byte ^ mask).collect();
    assert_eq!(unmask, b"abc");
}

#[test]
fn text_is_reported_and_nothing_else_happens() {
    let mut server = upgraded(Role::Server);
    server.receive(&masked(FIN | TEXT, "grüß".as_bytes()));
    assert_eq!(drain(&mut server), Ok(vec![Incoming::Text]));
    assert!(server.is_open());
    assert_eq!(server.outgoing(), b"");
}

#[test]
fn pings_are_answered_with_what_they_said() {
    let mut server = upgraded(Role::Server);
    server.receive(&[masked(FIN | PING, b"one"), masked(FIN | BINARY, b"x"), masked(FIN | PING, b"two"), masked(FIN | PING, b"")].concat());
    assert_eq!(drain(&mut server), Ok(vec![frame(b"x")]));
    let pongs = [unmasked(FIN | PONG, b"one"), unmasked(FIN | PONG, b"two"), unmasked(FIN | PONG, b"")].concat();
    assert_eq!(written(&mut server), pongs);
}

#[test]
fn a_ping_of_ours_comes_back_as_a_pong() {
    let (mut client, mut server) = pair();
    client.ping();
    server.ping();
    assert_eq!(pass(&mut client, &mut server), Ok(vec![]));
    assert_eq!(pass(&mut server, &mut client), Ok(vec![Incoming::Pong]));
    assert_eq!(pass(&mut client, &mut server), Ok(vec![Incoming::Pong]));
}

#[test]
fn a_ping_before_the_handshake_is_not_sent() {
    let mut server = server();
    server.ping();
    assert_eq!(server.outgoing(), b"");
}

#[test]
fn fragments_are_put_together_and_pings_may_stand_between_them() {
    let mut server = upgraded(Role::Server);
    let stream = [
        masked(BINARY, b"ab"),
        masked(FIN | PING, b"!"),
        masked(CONTINUATION, b""),
        masked(FIN | CONTINUATION, b"cd"),
        masked(TEXT, &[0xc3]),
        masked(FIN | CONTINUATION, &[0xbc]),
    ];
    server.receive(&stream.concat());
    assert_eq!(drain(&mut server), Ok(vec![frame(b"abcd"), Incoming::Text]));
    assert_eq!(written(&mut server), unmasked(FIN | PONG, b"!"));
}

#[test]
fn an_upgraded_stream_is_open_at_once() {
    let mut client = WebSocket::upgraded(Role::Client, WebSocketLimits::default());
    let mut server = WebSocket::upgraded(Role::Server, WebSocketLimits::default());
    assert!(client.is_open() && server.is_open());
    client.send(Bytes::from_static(b"early")).unwrap();
    assert_eq!(pass(&mut client, &mut server), Ok(vec![Incoming::Opened { path: String::new() }, frame(b"early")]));
}

#[test]
fn nothing_is_lost_when_frames_are_kept() {
    let (mut client, mut server) = pair();
    let frames: Vec<Bytes> = (0..200_u8).map(|n| Bytes::from(vec![n; 100])).collect();
    let mut kept = Vec::new();
    for frame in &frames {
        client.send(frame.clone()).unwrap();
        kept.extend(pass(&mut client, &mut server).unwrap());
    }
    assert_eq!(kept, frames.into_iter().map(Incoming::Frame).collect::<Vec<_>>());
}
