//! Which files are taken, and by whom.

use std::path::Path;

use super::Directory;
use crate::{JournalError, Sqlite};

fn refusal(file: &Path) -> JournalError {
    let before = std::fs::read(file).ok();
    let error = Sqlite::open(file).map(drop).expect_err("it is not to be opened");
    assert_eq!(std::fs::read(file).ok(), before, "it is left as it is");
    error
}

#[test]
fn a_file_has_one_owner() {
    let directory = Directory::new();
    let journal = Sqlite::open(directory.file()).unwrap();
    let error = Sqlite::open(directory.file()).map(drop).unwrap_err();
    let file = directory.file().canonicalize().unwrap();
    assert_eq!(error, JournalError::InUse { file: file.clone(), process: Some(std::process::id()) });
    let expected = format!(
        "the ledger {} is in use by process {}: stop its owner first, or keep this ledger in another file",
        file.display(),
        std::process::id()
    );
    assert_eq!(error.to_string(), expected);
    drop(journal);
    Sqlite::open(directory.file()).unwrap();
}

#[cfg(unix)]
#[test]
fn a_link_to_a_file_is_that_file() {
    let directory = Directory::new();
    let _journal = Sqlite::open(directory.file()).unwrap();
    let link = directory.0.join("link.db");
    std::os::unix::fs::symlink(directory.file(), &link).unwrap();
    assert!(matches!(Sqlite::open(link), Err(JournalError::InUse { .. })));
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let directory = Directory::new();
    std::fs::write(directory.file(), "my diary. ".repeat(1000)).unwrap();
    assert_eq!(refusal(&directory.file()), JournalError::Foreign { file: directory.file().canonicalize().unwrap() });
}

#[test]
fn a_database_of_another_application_is_refused() {
    let directory = Directory::new();
    rusqlite::Connection::open(directory.file()).unwrap().execute_batch("CREATE TABLE songs (title TEXT)").unwrap();
    assert_eq!(refusal(&directory.file()), JournalError::Foreign { file: directory.file().canonicalize().unwrap() });
}

#[test]
fn a_newer_version_is_refused() {
    let directory = Directory::new();
    drop(Sqlite::open(directory.file()).unwrap());
    rusqlite::Connection::open(directory.file()).unwrap().pragma_update(None, "user_version", 7).unwrap();
    let error = refusal(&directory.file());
    assert_eq!(error, JournalError::Newer { file: directory.file().canonicalize().unwrap(), version: 7, known: 3 });
}

#[test]
fn an_empty_file_is_a_new_ledger() {
    let directory = Directory::new();
    std::fs::write(directory.file(), "").unwrap();
    Sqlite::open(directory.file()).unwrap();
}

#[test]
fn a_directory_that_is_not_there_is_told() {
    let directory = Directory::new();
    let error = Sqlite::open(directory.0.join("no such place/ledger.db")).map(drop).unwrap_err();
    assert!(matches!(&error, JournalError::Unopenable { .. }), "{error:?}");
    assert!(error.to_string().contains("no such place/ledger.db"), "{error}");
}

#[test]
fn a_damaged_file_is_told() {
    let directory = Directory::new();
    let journal = Sqlite::open(directory.file()).unwrap();
    drop(journal);
    let mut bytes = std::fs::read(directory.file()).unwrap();
    let tables = 4096.min(bytes.len());
    bytes[100..tables].fill(0xa5);
    std::fs::write(directory.file(), bytes).unwrap();
    let error = refusal(&directory.file());
    assert!(matches!(error, JournalError::Unreadable { .. }), "{error:?}");
}
