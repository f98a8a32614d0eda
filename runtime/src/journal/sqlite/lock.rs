//! One owner for each file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::journal::JournalError;

/// Holds the file `<ledger>-lock` for as long as it lives. SQLite's own exclusive mode would keep readers out too, and
/// an operator may look at any time.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Lock {
    /// The file stays behind when the lock is gone: whoever removed it could remove that of the next owner.
    pub(super) fn acquire(ledger: &Path) -> Result<Self, JournalError> {
        let mut path = ledger.as_os_str().to_owned();
        path.push("-lock");
        let unopenable = |error: &std::io::Error| JournalError::Unopenable { file: ledger.to_owned(), cause: error.to_string() };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(PathBuf::from(path))
            .map_err(|error| unopenable(&error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(JournalError::InUse { file: ledger.to_owned(), process: owner(&mut file) });
            }
            Err(TryLockError::Error(error)) => return Err(unopenable(&error)),
        }
        // Only for the message above: a full disk must not keep anybody from opening the ledger.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Self { file })
    }
}

impl Drop for Lock {
    /// Closing the file is not enough: a child that was forked and has not yet become another program has it open too,
    /// and holds the lock with it.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

fn owner(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// The same name for the same file, whatever links lead to it. Nothing is opened for it: where a process closes a file,
/// it loses all of SQLite's locks on it.
pub(super) fn canonical(path: &Path) -> Result<PathBuf, JournalError> {
    let canonical = path.canonicalize().or_else(|error| {
        let name = path.file_name().ok_or(error)?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Ok(parent.canonicalize()?.join(name))
    });
    canonical.map_err(|error: std::io::Error| JournalError::Unopenable { file: path.to_owned(), cause: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_the_file_open_besides_does_not_hold_the_lock() {
        let ledger = std::env::temp_dir().join(format!("trustline-lock-{}-{}", std::process::id(), fastrand::u64(..)));
        let lock = Lock::acquire(&ledger).unwrap();
        assert!(matches!(Lock::acquire(&ledger), Err(JournalError::InUse { .. })));
        // As a forked child has it: another handle of the same opening.
        let inherited = lock.file.try_clone().unwrap();
        drop(lock);
        drop(Lock::acquire(&ledger).unwrap());
        drop(inherited);
        let mut path = ledger.into_os_string();
        path.push("-lock");
        std::fs::remove_file(path).unwrap();
    }
}
