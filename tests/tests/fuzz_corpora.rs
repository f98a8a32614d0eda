//! The inputs that fuzzing has found so far, each through the same function again. `fuzz/README.md` says how to find more.

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use trustline_tests::fuzzing::{self, Allocator};

#[global_allocator]
static ALLOCATOR: Allocator = fuzzing::ALLOCATOR;

/// One at a time: what is allocated is counted for the whole process.
static TURN: Mutex<()> = Mutex::new(());

macro_rules! replayed {
    ($($target:ident)*) => {
        $(
            #[test]
            fn $target() {
                replay(stringify!($target), fuzzing::$target);
            }
        )*

        const REPLAYED: &[&str] = &[$(stringify!($target)),*];
    };
}

replayed! { decode differential websocket session trustline consistency }

#[test]
fn every_fuzz_target_is_replayed() {
    let targets: BTreeSet<_> = files("fuzz_targets").iter().map(|path| path.file_stem().unwrap().to_owned()).collect();
    assert_eq!(targets, REPLAYED.iter().map(Into::into).collect());
}

fn replay(target: &str, body: fn(&[u8])) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let inputs = files(&format!("corpus/{target}"));
    assert!(!inputs.is_empty(), "{target} has no corpus");
    for input in inputs {
        let bytes = fs::read(&input).unwrap();
        assert!(catch_unwind(|| body(&bytes)).is_ok(), "{}", input.display());
    }
}

/// In `fuzz/`, always in the same order.
fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz").join(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}
