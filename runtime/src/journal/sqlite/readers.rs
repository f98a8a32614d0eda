//! Several connections that read, so that an account which takes long to read holds up no other.

use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::OpenFlags;

use super::connect;
use super::reader::Reader;
use crate::journal::JournalError;

/// Most that read at once. Others wait.
const MOST: usize = 4;

/// Connections are opened when they are needed, and kept.
#[derive(Debug)]
pub(super) struct Readers {
    file: PathBuf,
    state: Mutex<State>,
    /// Somebody has read.
    left: Condvar,
}

#[derive(Debug)]
struct State {
    idle: Vec<Reader>,
    reading: usize,
}

/// One of those who read, until it is dropped.
struct Place<'a>(&'a Readers);

impl Readers {
    /// Has one connection from the start, so that a file which cannot be read is known at once.
    pub(super) fn open(file: &Path) -> Result<Self, JournalError> {
        let state = State { idle: vec![reader(file)?], reading: 0 };
        Ok(Self { file: file.to_owned(), state: Mutex::new(state), left: Condvar::new() })
    }

    pub(super) fn read<T>(&self, read: impl FnOnce(&mut Reader) -> Result<T, JournalError>) -> Result<T, JournalError> {
        let _place = self.take_place();
        let idle = self.lock().idle.pop();
        let mut reader = idle.map_or_else(|| reader(&self.file), Ok)?;
        let result = read(&mut reader);
        self.lock().idle.push(reader);
        result
    }

    fn take_place(&self) -> Place<'_> {
        let is_full = |state: &mut State| state.reading >= MOST;
        self.left.wait_while(self.lock(), is_full).unwrap_or_else(PoisonError::into_inner).reading += 1;
        Place(self)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in it can be half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.lock().reading -= 1;
        self.0.left.notify_one();
    }
}

fn reader(file: &Path) -> Result<Reader, JournalError> {
    Ok(Reader::new(connect(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?, file.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::super::tests::Directory;
    use super::*;
    use crate::Sqlite;

    #[test]
    fn who_reads_for_long_holds_up_nobody_until_there_are_too_many() {
        let directory = Directory::new();
        let _journal = Sqlite::open(directory.file()).unwrap();
        let readers = &Readers::open(&directory.file()).unwrap();
        thread::scope(|scope| {
            let (begin, begun) = mpsc::channel();
            let mut slow = Vec::new();
            for _ in 0..MOST - 1 {
                let (end, ends) = mpsc::channel::<()>();
                let begin = begin.clone();
                scope.spawn(move || {
                    readers.read(|_| {
                        begin.send(()).unwrap();
                        let _ = ends.recv();
                        Ok(())
                    })
                });
                begun.recv().unwrap();
                slow.push(end);
            }
            assert_eq!(readers.read(Reader::accounts), Ok(vec![]));
            // One more slow one, and the next waits for the first of them to end.
            let last = scope.spawn(move || {
                readers.read(|_| {
                    begin.send(()).unwrap();
                    drop(slow);
                    Ok(())
                })
            });
            begun.recv().unwrap();
            assert_eq!(readers.read(Reader::accounts), Ok(vec![]));
            last.join().unwrap().unwrap();
        });
        assert_eq!(readers.lock().reading, 0);
        assert!(readers.lock().idle.len() <= MOST);
    }

    #[test]
    fn one_that_panics_leaves_its_place() {
        let directory = Directory::new();
        let _journal = Sqlite::open(directory.file()).unwrap();
        let readers = Readers::open(&directory.file()).unwrap();
        for _ in 0..=MOST {
            let panics = std::panic::AssertUnwindSafe(|| readers.read::<()>(|_| panic!("it was told to")));
            assert!(std::panic::catch_unwind(panics).is_err());
        }
        assert_eq!(readers.read(Reader::accounts), Ok(vec![]));
    }
}
