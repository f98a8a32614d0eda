//! What errors and disputes say to people: each reason in words of its own, that can stand in a sentence.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::ToString;
use core::fmt::Display;

use crate::ledger::{FulfillError, NoFulfillment, Party, PrepareError, Refusal, RejectError, Sums};
use crate::session::{
    ConnectionId, DisconnectReason, Dispute, ErrorName, FulfillFailure, MessageError, MessageFailure, Output, PrepareFailure,
    RejectFailure, Stopped,
};
use crate::wire::{DecodeError, EncodeError, Field, Name, Problem};
use crate::{Timestamp, TransferId};

const NOT_ASCII: EncodeError = EncodeError::NotAscii { field: Field::Name };

/// Reasons of one kind.
fn check<T: Display>(reasons: impl IntoIterator<Item = T>) {
    let mut different = BTreeSet::new();
    for words in reasons.into_iter().map(|reason| reason.to_string()) {
        assert!(!words.is_empty() && !words.ends_with('.') && !words.contains('\n'), "{words:?} can stand in a sentence");
        assert!(different.insert(words.clone()), "{words:?} says only one thing");
    }
}

/// All the reasons of one kind, some in several ways. The compiler notices if one is missing.
macro_rules! all {
    ($kind:ident: $($reason:ident $(($($value:expr),+))? $({ $($field:ident: $content:expr),+ })?),+ $(,)?) => {{
        #[allow(unreachable_patterns, reason = "those that are there in several ways")]
        let _ = |reason: &$kind| match reason {
            $($kind::$reason { .. })|+ => {}
        };
        [$($kind::$reason $(($($value),+))? $({ $($field: $content),+ })?),+]
    }};
}

#[test]
fn of_the_ledger() {
    check(all![PrepareError: DuplicateId, ZeroAmount, Expired, ExpiryTooFar, TooManyOpen, InsufficientBalance]);
    check(all![FulfillError: NotFound, AlreadyDecided, Expired, InvalidFulfillment]);
    check(all![RejectError: NotFound, AlreadyDecided]);
    check(all![NoFulfillment: TransferNotFound, Unconditional, Undecided, RolledBack, NotKept]);
    check(all![
        Refusal: TransferNotFound,
        DuplicateId,
        NotThePayee,
        AlreadyFulfilled,
        AlreadyRolledBack,
        InvalidFulfillment,
        TooFast,
        ZeroAmount,
        Expired { expires_at: Timestamp::MIN, now: Timestamp::MAX },
        ExpiryTooFar { furthest: Timestamp::MAX },
        TooManyOpen,
        InsufficientBalance,
    ]);
}

#[test]
fn of_commands() {
    let stopped = Stopped::Journal;
    check(all![
        PrepareFailure: Stopped(stopped),
        Closing,
        NotConnected,
        TooManyInFlight,
        Unencodable(NOT_ASCII),
        Ledger(PrepareError::ZeroAmount),
    ]);
    check(all![FulfillFailure: Stopped(stopped), Unencodable(NOT_ASCII), Ledger(FulfillError::NotFound)]);
    check(all![RejectFailure: Stopped(stopped), Unencodable(NOT_ASCII), Ledger(RejectError::NotFound)]);
    check(all![MessageError: Stopped(stopped), Closing, NotConnected, TooManyInFlight, Unencodable(NOT_ASCII)]);
}

#[test]
fn of_what_the_peer_did() {
    let error = || Box::new(ErrorName::NotAccepted.error("no", Timestamp::MIN));
    check(all![MessageFailure: Refused(error()), Unreadable, Timeout, Disconnected]);
    let sums = |paid| Box::new(Sums { outgoing_posted: paid, ..Sums::default() });
    check(all![
        Dispute: FulfillDenied { id: TransferId::from([1; 16]), error: error() },
        Balance { ours: 1, theirs: 2, undecided: 0 },
        Balance { ours: 1, theirs: 2, undecided: 3 },
        Rewound { who: Party::Us, seen: 5, has: 4 },
        Rewound { who: Party::Peer, seen: 5, has: 4 },
        Account { ours: "g.a".into(), theirs: "g.b".into() },
        Sums { ours: sums(1), theirs: sums(2) },
    ]);
    check(all![Stopped: Journal, Dispute, Removed]);
    check(all![
        DisconnectReason: Closed,
        AuthenticationRefused,
        AuthenticationTimeout,
        RequestTimeout,
        Violation(DecodeError::LimitExceeded { field: Field::Frame, offset: 0, limit: 1 }),
        TooManyConnections,
        Disputed,
        Replaced,
        Suspended,
        Removed,
    ]);
}

#[test]
fn of_the_wire() {
    let fields = all![
        Field: Frame,
        Type,
        RequestId,
        Content,
        TransferId,
        Amount,
        ExecutionCondition,
        ExpiresAt,
        Fulfillment,
        Code,
        Name,
        TriggeredAt,
        Data,
        ProtocolData,
        ProtocolName,
        ContentType,
        EntryData,
        Account,
        TriggeredBy,
        ForwardedBy,
    ];
    check(fields);
    let (field, offset) = (Field::Frame, 0);
    let problems = all![Problem: Truncated, NotCanonical, NotAscii, NotATime, UnknownType(9)];
    check(problems);
    let unreadable = problems.map(|problem| DecodeError::Unreadable { field, offset, problem });
    let [first, limit] = all![
        DecodeError: Unreadable { field: field, offset: offset, problem: Problem::Truncated },
        LimitExceeded { field: field, offset: offset, limit: 1 },
    ];
    assert_eq!(unreadable[0], first);
    check(unreadable.into_iter().chain([limit]));
    check(fields.into_iter().flat_map(|field| all![EncodeError: NotAscii { field: field }, TooLong { field: field, length: 2, limit: 1 }]));
    assert_eq!((NOT_ASCII.field(), first.field()), (Field::Name, Field::Frame));
}

#[test]
fn of_text_that_cannot_be_read() {
    for (text, is_id, is_time) in [
        ("00112233-4455-6677-8899-aabbccddeeff", true, false),
        ("00112233445566778899aabbccddeeff", true, false),
        ("00112233445566778899aabbccddeef", false, false),
        ("00112233445566778899aabbccddeefff", false, false),
        ("0011223344-55-6677-8899-aabbccddeeff", false, false),
        ("00112233-4455-6677-8899-aabbccddeefg", false, false),
        ("2017-11-06T12:34:56.789Z", false, true),
        ("2017-1a-06T12:34:56.789Z", false, false),
        ("2017-11-0aT12:34:56.789Z", false, false),
        ("2017-11-06T1a:34:56.789Z", false, false),
        ("2017-11-06T12:3a:56.789Z", false, false),
        ("2017-11-06T12:34:5aZ", false, false),
    ] {
        let (id, time) = (text.parse::<TransferId>(), text.parse::<Timestamp>());
        assert_eq!((id.is_ok(), time.is_ok()), (is_id, is_time), "{text}");
        check(id.err());
        check(time.err());
    }
    assert_eq!(AsRef::<str>::as_ref(&Name::ILP), "ilp");
}

#[test]
fn of_what_is_to_be_done() {
    let disconnect = Output::Disconnect { connection: ConnectionId(1), reason: DisconnectReason::Closed };
    assert_eq!(format!("{disconnect:?}"), "Disconnect { connection: ConnectionId(1), reason: Closed }");
}
