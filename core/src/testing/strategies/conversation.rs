//! What happens between two or more who keep to the rules, over lines that do not.

use alloc::vec::Vec;
use core::ops::Range;
use core::time::Duration;

use proptest::collection::{SizeRange, vec};
use proptest::prelude::*;
use proptest::sample::select;

use crate::testing::edges::{CONVERSATION_AMOUNTS, DELAYS, FRAMES_BEFORE_A_CUT, LIVES, LONG_WAITS, NOTICES, WAITS};
use crate::testing::{Act, Conversation};

/// Anything that may happen in `conversation`. Amounts are up to 50. Payments live a second or half a minute; what takes time
/// takes none, about as long as a frame, longer than a request may wait, longer than payments live, or days.
pub fn act(conversation: &Conversation) -> impl Strategy<Value = Act> + Clone {
    let Conversation { parties, payers, longest_wait } = conversation.clone();
    let deciders = if payers.contains(&0) { 0..parties } else { 0..1 };
    let (anyone, others) = (0..parties, 1..parties);
    let live = select(LIVES).prop_map(Duration::from_millis);
    prop_oneof![
        6 => wait(longest_wait).prop_map(Act::Wait),
        8 => (payers.clone(), CONVERSATION_AMOUNTS, live).prop_map(|(by, amount, expires_in)| Act::Pay { by, amount, expires_in }),
        8 => (deciders, prop::bool::weighted(0.7)).prop_map(|(by, fulfills)| Act::Decide { by, fulfills }),
        2 => (payers, CONVERSATION_AMOUNTS).prop_map(|(by, amount)| Act::Transfer { by, amount }),
        4 => others.clone().prop_map(|by| Act::Connect { by }),
        2 => select(DELAYS).prop_map(|millis| Act::Delay(Duration::from_millis(millis))),
        3 => cut(others),
        2 => FRAMES_BEFORE_A_CUT.prop_map(|frames| Act::CutAfter { frames }),
        1 => anyone.clone().prop_map(|who| Act::Restart { who }),
        2 => crash(anyone),
    ]
}

/// Some acts, one after the other. They shrink to fewer, and to simpler kinds.
///
/// Here two equals whose processes never die. An application of one's own stands where `offered` does; what it should keep to is
/// checked at the end.
///
/// ```
/// use std::collections::VecDeque;
///
/// use proptest::prelude::*;
/// use trustline_core::ledger::Authority;
/// use trustline_core::session::{AuthenticationRequest, ConnectionId, Credentials, Event, Output, Session, SessionConfig};
/// use trustline_core::testing::{Act, Conversation, START, fulfillment, number, payment, strategies, transfer_id};
/// use trustline_core::wire::{ErrorCode, IlpError, ProtocolData};
/// use trustline_core::{Timestamp, TransferId};
///
/// struct Party {
///     session: Session,
///     /// Frames on their way to it.
///     arriving: VecDeque<bytes::Bytes>,
///     offered: VecDeque<TransferId>,
/// }
///
/// struct World {
///     parties: [Party; 2],
///     connection: ConnectionId,
///     is_connected: bool,
///     now: Timestamp,
///     next: u32,
/// }
///
/// impl World {
///     fn new() -> Self {
///         let session = || Session::new(SessionConfig::new(Authority::Shared));
///         let parties = [(); 2].map(|()| Party { session: session(), arriving: VecDeque::new(), offered: VecDeque::new() });
///         Self { parties, connection: ConnectionId(0), is_connected: false, now: START, next: 1 }
///     }
///
///     fn act(&mut self, act: &Act) {
///         let now = self.now;
///         match *act {
///             Act::Pay { by, amount, expires_in } => {
///                 let prepare = payment(self.next, amount, now.saturating_add(expires_in));
///                 let _ = self.parties[by].session.prepare(prepare, now);
///                 self.next += 1;
///             }
///             Act::Transfer { by, amount } => {
///                 let _ = self.parties[by].session.transfer(transfer_id(self.next), amount, &ProtocolData::new(), now);
///                 self.next += 1;
///             }
///             Act::Decide { by, fulfills } => self.decide(by, fulfills),
///             Act::Wait(time) => self.now = now.saturating_add(time),
///             Act::Connect { .. } => self.connect(),
///             Act::Cut { .. } => self.cut(),
///             // There is no delay, and processes do not die.
///             Act::Delay(_) | Act::CutAfter { .. } | Act::Restart { .. } | Act::Crash { .. } => {}
///         }
///         self.drive();
///     }
///
///     fn decide(&mut self, by: usize, fulfills: bool) {
///         let party = &mut self.parties[by];
///         let Some(id) = party.offered.pop_front() else { return };
///         // It may have expired meanwhile.
///         if fulfills {
///             let _ = party.session.fulfill(id, fulfillment(number(id)), &ProtocolData::new(), self.now);
///         } else {
///             let (code, triggered_at) = (ErrorCode::new(*b"F99").unwrap(), self.now);
///             let (name, triggered_by, data) = ("Application Error".into(), "example.me".into(), "no".into());
///             let reason = IlpError { code, name, triggered_by, forwarded_by: vec![], triggered_at, data };
///             let _ = party.session.reject(id, &reason, self.now);
///         }
///     }
///
///     /// As if each had authenticated the other.
///     fn connect(&mut self) {
///         if std::mem::replace(&mut self.is_connected, true) {
///             return;
///         }
///         self.connection.0 += 1;
///         for party in &mut self.parties {
///             let request = AuthenticationRequest { request_id: 0, credentials: Credentials::default() };
///             party.session.handle_accepted(self.connection, &request, ProtocolData::new(), self.now);
///         }
///     }
///
///     /// What is on its way is lost.
///     fn cut(&mut self) {
///         self.is_connected = false;
///         for party in &mut self.parties {
///             party.arriving.clear();
///             party.session.handle_disconnected(self.connection, self.now);
///         }
///     }
///
///     /// Until nothing is on its way, and no deadline has come.
///     fn drive(&mut self) {
///         let mut is_at_rest = false;
///         while !is_at_rest {
///             is_at_rest = true;
///             for me in 0..2 {
///                 let party = &mut self.parties[me];
///                 if let Some(frame) = party.arriving.pop_front() {
///                     party.session.handle_frame(self.connection, &frame, self.now);
///                     is_at_rest = false;
///                 }
///                 if party.session.poll_timeout().is_some_and(|deadline| deadline.at <= self.now) {
///                     party.session.handle_timeout(self.now);
///                 }
///                 while let Some(output) = self.parties[me].session.poll_output() {
///                     match output {
///                         Output::Transmit { frame, .. } => self.parties[1 - me].arriving.push_back(frame),
///                         Output::Event(Event::IncomingPrepared { transfer, .. }) => self.parties[me].offered.push_back(transfer.id),
///                         Output::Effect(_) | Output::Event(_) | Output::Disconnect { .. } => {}
///                     }
///                     is_at_rest = false;
///                 }
///             }
///         }
///     }
/// }
///
/// proptest! {
///     # #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
///     # /*
///     #[test]
///     # */
///     fn the_two_come_to_the_same(acts in strategies::acts(&Conversation::between_two(), 0..60)) {
///         let mut world = World::new();
///         acts.iter().for_each(|act| world.act(act));
///         // All goes well again, for longer than payments live.
///         world.act(&Act::Connect { by: 1 });
///         world.act(&Act::Wait(std::time::Duration::from_secs(60)));
///         let [us, them] = world.parties.map(|party| party.session);
///         prop_assert_eq!((us.trustline().open_len(), them.trustline().open_len()), (0, 0));
///         prop_assert_eq!(us.balance(), -them.balance());
///     }
/// }
/// # the_two_come_to_the_same();
/// ```
pub fn acts(conversation: &Conversation, count: impl Into<SizeRange>) -> impl Strategy<Value = Vec<Act>> {
    vec(act(conversation), count)
}

fn wait(longest: Duration) -> impl Strategy<Value = Duration> + Clone {
    let up_to = |all: &[u64]| -> Vec<Duration> {
        let durations = all.iter().map(|millis| Duration::from_millis(*millis));
        durations.filter(|duration| *duration <= longest).collect()
    };
    prop_oneof![6 => select(up_to(WAITS)), 1 => select(up_to(LONG_WAITS))]
}

fn cut(others: Range<usize>) -> impl Strategy<Value = Act> + Clone {
    let notices = || select(NOTICES).prop_map(Duration::from_millis);
    (others, notices(), notices()).prop_map(|(of, host_notices, party_notices)| Act::Cut { of, host_notices, party_notices })
}

fn crash(anyone: Range<usize>) -> impl Strategy<Value = Act> + Clone {
    (anyone, 0..6_usize, 0..4_usize, 0..4_usize).prop_map(|(who, batches, effects, frames)| Act::Crash { who, batches, effects, frames })
}
