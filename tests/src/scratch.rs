//! A place for files.

use std::path::{Path, PathBuf};

/// A directory of its own, which goes with the test, unless that fails.
#[derive(Debug)]
pub struct Scratch {
    directory: PathBuf,
}

impl Scratch {
    /// In the system's directory for temporary files.
    pub fn new(name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("trustline-{name}-{}-{:08x}", std::process::id(), fastrand::u32(..)));
        std::fs::create_dir_all(&directory).expect("there is a place for temporary files");
        Self { directory }
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.directory);
        }
    }
}
