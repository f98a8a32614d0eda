//! A copy of a ledger file.

use std::path::{Path, PathBuf};

/// A ledger file as it was once.
#[derive(Debug)]
pub struct Backup {
    file: PathBuf,
    /// Of the file, and of the log that SQLite keeps beside it.
    contents: [Option<Vec<u8>>; 2],
}

impl Backup {
    /// Copies a file that nobody has open.
    pub fn of(file: impl AsRef<Path>) -> Self {
        let file = file.as_ref();
        Self { file: file.to_owned(), contents: parts(file).map(|part| std::fs::read(part).ok()) }
    }

    /// Puts it in the place of what is there now.
    pub fn put_back(&self) {
        for (part, content) in parts(&self.file).iter().zip(&self.contents) {
            match content {
                Some(content) => std::fs::write(part, content).expect("it was written before"),
                None => drop(std::fs::remove_file(part)),
            }
        }
    }
}

fn parts(file: &Path) -> [PathBuf; 2] {
    ["", "-wal"].map(|suffix| {
        let mut part = file.as_os_str().to_owned();
        part.push(suffix);
        part.into()
    })
}
