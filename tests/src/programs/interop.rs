//! The JavaScript peers of 2017, which need node (tests/interop).

use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

const KIT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/interop");

/// One at a time: the JavaScript peers give up on requests that take 5 s, and there may be few cores. Whoever is first
/// also fetches the kit's packages.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let guard = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    if !Path::new(KIT).join("node_modules").exists() {
        let fetched = Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--silent"]).current_dir(KIT).status();
        assert!(fetched.is_ok_and(|status| status.success()), "npm ci failed in {KIT}");
    }
    guard
}

/// A script of the kit.
pub fn node(script: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("node");
    command.arg(format!("{KIT}/{script}")).args(arguments);
    command
}
