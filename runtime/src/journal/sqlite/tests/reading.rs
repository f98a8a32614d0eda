//! What an operator sees.

use std::time::Duration;

use bytes::Bytes;
use trustline_core::ledger::{Authority, Bounds, Direction, Position, Transfer, Trustline, TrustlineConfig};
use trustline_core::{Fulfillment, LedgerId, Timestamp, TransferId};

use super::{Directory, append, look};
use crate::Sqlite;

pub(super) const NOW: Timestamp = Timestamp::from_millis(1_509_971_696_789);

pub(super) fn transfer(name: u8, amount: u64) -> Transfer {
    Transfer {
        id: TransferId::from([name; 16]),
        amount,
        condition: Fulfillment::from([name; 32]).condition(),
        expires_at: NOW.saturating_add(Duration::from_secs(30)),
        protocol_data: Bytes::from_static(&[0]),
    }
}

/// While the ledger is open: the shop does not have to be stopped to be looked at.
#[test]
fn the_views_speak_in_words() {
    let directory = Directory::new();
    let journal = Sqlite::open(directory.file()).unwrap();
    let mut config = TrustlineConfig::new(Authority::Ours);
    config.bounds = Bounds { minimum: -5, maximum: i128::MAX };
    let mut alice = Trustline::new(config);
    let effects = vec![
        alice.receive_prepare(transfer(0x11, 10), NOW).unwrap().unwrap(),
        alice.fulfill(TransferId::from([0x11; 16]), Fulfillment::from([0x11; 32]), Bytes::new(), NOW).unwrap(),
        alice.fulfill_accepted(TransferId::from([0x11; 16]), NOW).unwrap(),
        alice.receive_prepare(transfer(0x22, u64::MAX), NOW).unwrap().unwrap(),
    ];
    append(&journal, "alice", effects, &alice).unwrap();
    let mut bob = Trustline::new(TrustlineConfig::new(Authority::Shared));
    let effect = bob.set_bounds(Bounds { minimum: i128::MIN, maximum: i128::MAX - 1 }, NOW).unwrap();
    append(&journal, "bob", vec![effect], &bob).unwrap();

    let file = directory.file();
    assert_eq!(
        look(&file, "SELECT * FROM balances"),
        ["'alice' 10 -5 - '18446744073709551615' 0", "'bob' 0 - '170141183460469231731687303715884105726' 0 0"]
    );
    assert_eq!(
        look(&file, "SELECT account, authority, sequence, latest FROM accounts"),
        ["'alice' 'ours' 4 '2017-11-06T12:34:56.789Z'", "'bob' 'shared' 1 '2017-11-06T12:34:56.789Z'"]
    );
    assert_eq!(
        look(&file, "SELECT account, transfer, direction, amount, state, expires_at, protocol_data FROM open_transfers"),
        ["'alice' '22222222-2222-2222-2222-222222222222' 'incoming' '18446744073709551615' 'prepared' '2017-11-06T12:35:26.789Z' '00'"]
    );
    let fulfillment = "11".repeat(32);
    assert_eq!(
        look(&file, "SELECT * FROM finished_transfers"),
        [format!("'alice' '11111111-1111-1111-1111-111111111111' 'incoming' 'fulfilled' '2017-11-06T13:35:26.789Z' '{fulfillment}'")]
    );
    assert_eq!(
        look(&file, "SELECT sequence, at, kind, transfer, amount FROM effects WHERE account = 'alice'"),
        [
            "1 '2017-11-06T12:34:56.789Z' 'prepared' '11111111-1111-1111-1111-111111111111' 10",
            "2 '2017-11-06T12:34:56.789Z' 'fulfilled' '11111111-1111-1111-1111-111111111111' -",
            "3 '2017-11-06T12:34:56.789Z' 'acknowledged' '11111111-1111-1111-1111-111111111111' -",
            "4 '2017-11-06T12:34:56.789Z' 'prepared' '22222222-2222-2222-2222-222222222222' '18446744073709551615'",
        ]
    );
    let position = Position { ledger: LedgerId::from([0x33; 16]), opening: LedgerId::from([0x44; 16]), sequence: 7 };
    let effects = vec![alice.open(LedgerId::from([0x22; 16]), NOW).unwrap(), alice.see_peer(position, NOW).unwrap()];
    append(&journal, "alice", effects, &alice).unwrap();
    let (first, second) = ("'33333333-3333-3333-3333-333333333333'", "'44444444-4444-4444-4444-444444444444'");
    assert_eq!(look(&file, "SELECT * FROM peers"), [format!("'alice' {first} {second} 7 '2017-11-06T12:34:56.789Z' 6")]);
    assert_eq!(look(&file, "SELECT account, ledger FROM accounts"), ["'alice' '22222222-2222-2222-2222-222222222222'", "'bob' -"]);
    assert_eq!(
        look(&file, "SELECT kind, ledger, opening, ledger_sequence FROM effects WHERE sequence > 4"),
        ["'opened' - '22222222-2222-2222-2222-222222222222' -".to_owned(), format!("'peer seen' {first} {second} 7")]
    );
    assert_eq!(look(&file, "SELECT fulfillment FROM effects WHERE kind = 'fulfilled'"), [format!("'{fulfillment}'")]);
    assert_eq!(
        look(&file, "SELECT minimum, maximum FROM effects WHERE kind = 'bounds changed'"),
        ["- '170141183460469231731687303715884105726'"]
    );
    assert_eq!(journal.accounts().unwrap(), ["alice", "bob"]);
    assert_eq!(journal.effects("alice", 3, 10).unwrap().len(), 3);
}

/// Every word that is stored has one in the views.
#[test]
fn no_word_is_missing() {
    let directory = Directory::new();
    let journal = Sqlite::builder(directory.file()).keep_all_effects().open().unwrap();
    for (name, authority) in ["0", "1", "2"].into_iter().zip(super::story::AUTHORITIES) {
        let mut trustline = Trustline::new(super::story::config(authority));
        let effects = super::story::some(&mut trustline, 1, 3000);
        append(&journal, name, effects, &trustline).unwrap();
    }
    let file = directory.file();
    let words = |column: &str, view: &str| look(&file, &format!("SELECT DISTINCT {column} FROM {view} ORDER BY {column}"));
    assert_eq!(words("authority", "accounts"), ["'ours'", "'shared'", "'theirs'"]);
    assert_eq!(words("kind", "effects").len(), 13);
    assert!(!words("kind", "effects").contains(&"-".to_owned()));
    assert_eq!(words("party", "effects"), ["-", "'the peer'", "'us'"]);
    assert!(!words("state", "open_transfers").contains(&"-".to_owned()));
    assert_eq!(words("direction", "open_transfers"), [Direction::Incoming, Direction::Outgoing].map(|d| format!("'{d:?}'").to_lowercase()));
}
