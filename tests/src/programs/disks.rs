//! The letter shop on disks that fail.

use std::path::Path;
use std::process::Command;

use super::built::letter_shop;

/// A command that runs it with files of at most so many bytes. What it writes beyond that fails.
pub fn with_small_files(bytes: u64) -> Command {
    let mut command = Command::new("sh");
    // In blocks of 512 bytes. A signal that is ignored stays ignored: the write fails, and nothing else happens.
    command.args(["-c", "trap '' XFSZ; ulimit -f $1; shift; exec \"$@\"", "sh", &(bytes / 512).to_string()]).arg(letter_shop());
    command
}

/// A command that runs it on a disk that syncs so many times, and then never again. `directory` is for what stands between
/// the program and its C library, on Linux.
pub fn with_failing_syncs(directory: &Path, syncs: u32) -> Command {
    let library = directory.join("failing_syncs.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src/programs/failing_syncs.c");
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let compiled = Command::new(compiler).args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).status();
    assert!(compiled.expect("there is a C compiler").success(), "{source} cannot be compiled");
    let mut command = Command::new(letter_shop());
    command.env("LD_PRELOAD", library).env("SYNCS", syncs.to_string());
    command
}
