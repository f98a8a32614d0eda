//! What SQLite's errors mean to whoever keeps a ledger.

use std::path::Path;

use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
use rusqlite::{Error, ErrorCode};

use crate::journal::JournalError;

pub(super) fn unopenable(file: &Path, error: &Error) -> JournalError {
    match error.sqlite_error_code() {
        _ if is_full(error) => JournalError::Full { file: file.to_owned() },
        Some(ErrorCode::DatabaseCorrupt) => unreadable(file, error),
        _ => JournalError::Unopenable { file: file.to_owned(), cause: describe(error) },
    }
}

pub(super) fn unreadable(file: &Path, error: &Error) -> JournalError {
    JournalError::Unreadable { file: file.to_owned(), cause: describe(error) }
}

pub(super) fn unwritable(file: &Path, error: &Error) -> JournalError {
    match error.sqlite_error_code() {
        _ if is_full(error) => JournalError::Full { file: file.to_owned() },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            JournalError::Unwritable { file: file.to_owned(), cause: "another program holds it locked".to_owned() }
        }
        _ => JournalError::Unwritable { file: file.to_owned(), cause: describe(error) },
    }
}

/// The index of the log may be what finds no room; SQLite has a code of its own for that.
fn is_full(error: &Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull) || error.sqlite_extended_error_code() == Some(SQLITE_IOERR_SHMSIZE)
}

/// With the extended code, which tells a failed sync from a failed write.
fn describe(error: &Error) -> String {
    match error.sqlite_extended_error_code() {
        Some(code) => format!("{error}; SQLite's code {code}"),
        None => error.to_string(),
    }
}
