//! The right to answer a request of the peer, once, on the connection that asked.

use super::desk::{Desk, FIRST, config};
use super::peer::{message, unsendable};
use crate::ledger::Authority::{Ours, Shared};
use crate::session::{ConnectionId, ErrorName};
use crate::wire::{Body, Entry, ProtocolData};

const SECOND: ConnectionId = ConnectionId(2);

fn question() -> Body {
    message("custom", b"{}")
}

#[test]
fn the_answer_goes_to_the_request_that_it_answers() {
    let mut desk = Desk::connected(Ours);
    desk.connect(SECOND);
    assert_eq!(desk.asks_on(SECOND, question()), ["event Request"]);
    assert_eq!(desk.asks(question()), ["event Request"]);
    let [first, second] = <[_; 2]>::try_from(core::mem::take(&mut desk.tokens)).unwrap();
    let answer = ProtocolData::from(Entry::json("custom", "[]"));
    desk.session.respond(second, answer.clone(), desk.now).unwrap();
    assert_eq!(desk.outputs(), ["frame Response"]);
    let sent = desk.sent("Response");
    assert_eq!((sent.request_id, &sent.body), (1_002, &Body::Response(answer)));
    desk.session.refuse_request(first, ErrorName::Unreachable, "later", desk.now);
    assert_eq!(desk.outputs(), ["frame Error on 2"]);
    assert_eq!(desk.sent("Error").request_id, 1_001);
}

#[test]
fn a_token_from_before_a_reconnect_is_inert() {
    for authority in [Ours, Shared] {
        let mut desk = Desk::connected(authority);
        desk.asks(question());
        desk.asks(question());
        desk.cut(FIRST);
        desk.connect(SECOND);
        // The other side may use its request ids again.
        desk.asks_on(SECOND, question());
        let [first, second, third] = <[_; 3]>::try_from(core::mem::take(&mut desk.tokens)).unwrap();
        desk.session.respond(first, ProtocolData::new(), desk.now).unwrap();
        desk.session.refuse_request(second, ErrorName::NotAccepted, "no", desk.now);
        assert!(desk.outputs().is_empty());
        desk.session.close(desk.now);
        assert!(desk.outputs().is_empty(), "the third still waits");
        desk.session.respond(third, ProtocolData::new(), desk.now).unwrap();
        assert_eq!(desk.outputs(), ["frame Response on 2", "disconnect Closed on 2", "event Disconnected"]);
    }
}

#[test]
fn so_many_may_wait_and_an_answer_makes_room() {
    let mut limited = config(Ours);
    limited.limits.unanswered_requests = 2;
    let mut desk = Desk::connected_with(limited);
    assert_eq!(desk.asks(question()), ["event Request"]);
    assert_eq!(desk.asks(question()), ["event Request"]);
    assert_eq!(desk.asks(question()), ["frame Error"]);
    let Body::Error(error) = &desk.sent("Error").body else { unreachable!() };
    assert_eq!(ErrorName::of(error), Some(ErrorName::Unreachable), "it may be tried again");
    let token = desk.tokens.remove(0);
    desk.session.respond(token, ProtocolData::new(), desk.now).unwrap();
    desk.outputs();
    assert_eq!(desk.asks(question()), ["event Request"]);
}

/// The token is spent, so the peer must not wait for ever.
#[test]
fn an_answer_that_cannot_be_sent_is_an_error_to_both_sides() {
    let mut desk = Desk::connected(Ours);
    desk.asks(question());
    let token = desk.tokens.remove(0);
    assert!(desk.session.respond(token, unsendable(), desk.now).is_err());
    assert_eq!(desk.outputs(), ["frame Error"]);
    desk.session.close(desk.now);
    assert_eq!(desk.outputs(), ["disconnect Closed", "event Disconnected"], "nothing waits");
}
