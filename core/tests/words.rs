//! What errors and disputes say to people: each reason in words of its own, that can stand in a sentence.

use std::collections::BTreeSet;
use std::fmt::Display;

use trustline_core::ledger::{FulfillError, NoFulfillment, Party, PrepareError, RejectError, Sums};
use trustline_core::session::{
    ConnectionId, DisconnectReason, Dispute, ErrorName, FulfillFailure, MessageError, MessageFailure, Output, PrepareFailure,
    RejectFailure, Stopped,
};
use trustline_core::wire::{DecodeError, EncodeError, Field, Name, Problem};
use trustline_core::{Timestamp, TransferId};

const NOT_ASCII: EncodeError = EncodeError::NotAscii { field: Field::Name };

/// All the reasons of one kind.
fn check<T: Display>(reasons: impl IntoIterator<Item = T>) {
    let mut different = BTreeSet::new();
    for words in reasons.into_iter().map(|reason| reason.to_string()) {
        assert!(!words.is_empty() && !words.ends_with('.') && !words.contains('\n'), "{words:?} can stand in a sentence");
        assert!(different.insert(words.clone()), "{words:?} says only one thing");
    }
}

#[test]
fn of_the_ledger() {
    use FulfillError::{AlreadyDecided, InvalidFulfillment, NotFound};
    use NoFulfillment::{NotKept, RolledBack, TransferNotFound, Unconditional, Undecided};
    use PrepareError::{DuplicateId, Expired, ExpiryTooFar, InsufficientBalance, TooManyOpen, ZeroAmount};
    check([DuplicateId, ZeroAmount, Expired, ExpiryTooFar, TooManyOpen, InsufficientBalance]);
    check([NotFound, AlreadyDecided, FulfillError::Expired, InvalidFulfillment]);
    check([RejectError::NotFound, RejectError::AlreadyDecided]);
    check([TransferNotFound, Unconditional, Undecided, RolledBack, NotKept]);
}

#[test]
fn of_commands() {
    use PrepareFailure::{Closing, NotConnected, TooManyInFlight};
    let stopped = Stopped::Journal;
    check([
        PrepareFailure::Stopped(stopped),
        Closing,
        NotConnected,
        TooManyInFlight,
        PrepareFailure::Unencodable(NOT_ASCII),
        PrepareFailure::Ledger(PrepareError::ZeroAmount),
    ]);
    check([FulfillFailure::Stopped(stopped), FulfillFailure::Unencodable(NOT_ASCII), FulfillFailure::Ledger(FulfillError::NotFound)]);
    check([RejectFailure::Stopped(stopped), RejectFailure::Unencodable(NOT_ASCII), RejectFailure::Ledger(RejectError::NotFound)]);
    check([
        MessageError::Stopped(stopped),
        MessageError::Closing,
        MessageError::NotConnected,
        MessageError::TooManyInFlight,
        MessageError::Unencodable(NOT_ASCII),
    ]);
}

#[test]
fn of_what_the_peer_did() {
    let error = || Box::new(ErrorName::NotAccepted.error("no", Timestamp::MIN));
    check([MessageFailure::Refused(error()), MessageFailure::Unreadable, MessageFailure::Timeout, MessageFailure::Disconnected]);
    let sums = |paid| Box::new(Sums { outgoing_posted: paid, ..Sums::default() });
    check([
        Dispute::FulfillDenied { id: TransferId::from([1; 16]), error: error() },
        Dispute::Balance { ours: 1, theirs: 2, undecided: 0 },
        Dispute::Balance { ours: 1, theirs: 2, undecided: 3 },
        Dispute::Rewound { who: Party::Us, seen: 5, has: 4 },
        Dispute::Rewound { who: Party::Peer, seen: 5, has: 4 },
        Dispute::Account { ours: "g.a".into(), theirs: "g.b".into() },
        Dispute::Sums { ours: sums(1), theirs: sums(2) },
    ]);
    check([Stopped::Journal, Stopped::Dispute, Stopped::Removed]);
    check([
        DisconnectReason::Closed,
        DisconnectReason::AuthenticationRefused,
        DisconnectReason::AuthenticationTimeout,
        DisconnectReason::RequestTimeout,
        DisconnectReason::Violation(DecodeError::LimitExceeded { field: Field::Frame, offset: 0, limit: 1 }),
        DisconnectReason::TooManyConnections,
        DisconnectReason::Disputed,
        DisconnectReason::Replaced,
        DisconnectReason::Suspended,
    ]);
}

#[test]
fn of_the_wire() {
    let fields = [
        Field::Frame,
        Field::Type,
        Field::RequestId,
        Field::Content,
        Field::TransferId,
        Field::Amount,
        Field::ExecutionCondition,
        Field::ExpiresAt,
        Field::Fulfillment,
        Field::Code,
        Field::Name,
        Field::TriggeredAt,
        Field::Data,
        Field::ProtocolData,
        Field::ProtocolName,
        Field::ContentType,
        Field::EntryData,
        Field::Account,
        Field::TriggeredBy,
        Field::ForwardedBy,
    ];
    check(fields);
    let problems = [Problem::Truncated, Problem::NotCanonical, Problem::NotAscii, Problem::NotATime, Problem::UnknownType(9)];
    check(problems);
    let unreadable = problems.map(|problem| DecodeError::Unreadable { field: Field::Frame, offset: 0, problem });
    check(unreadable.into_iter().chain([DecodeError::LimitExceeded { field: Field::Frame, offset: 0, limit: 1 }]));
    check(fields.into_iter().flat_map(|field| [EncodeError::NotAscii { field }, EncodeError::TooLong { field, length: 2, limit: 1 }]));
    assert_eq!((NOT_ASCII.field(), unreadable[0].field()), (Field::Name, Field::Frame));
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
