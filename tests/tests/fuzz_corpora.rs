//! The inputs that fuzzing has found so far, each through the same function again. `fuzz/README.md` says how to find more.

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use trustline_tests::fuzzing::{self, Allocator};

#[global_allocator]
static ALLOCATOR: Allocator = fuzzing::ALLOCATOR;

/// So much is replayed in seconds.
const MOST_FILES: usize = 300;
const MOST_BYTES: usize = 300_000;

macro_rules! bodies {
    ($($target:ident)*) => {
        [$((stringify!($target), fuzzing::$target as fn(&[u8]))),*]
    };
}

/// One test for all that is here: what is allocated is counted for the whole process, and the harness allocates whenever a test
/// begins or ends.
#[test]
fn what_fuzzing_has_found_is_mended() {
    let bodies = bodies![decode differential websocket session trustline consistency];
    let replayed: BTreeSet<_> = bodies.iter().map(|(target, _)| (*target).to_owned()).collect();
    assert_eq!(written(), replayed, "a target in `fuzz/fuzz_targets` is replayed here");
    assert_eq!(built(), replayed, "a target in `fuzz/Cargo.toml` is replayed here; `fuzz/run` sees no others");
    for (target, body) in bodies {
        replay(target, body);
    }
}

fn written() -> BTreeSet<String> {
    let stem = |path: &PathBuf| path.file_stem().and_then(|stem| stem.to_str()).expect("it has a name").to_owned();
    files("fuzz_targets").iter().map(stem).collect()
}

fn built() -> BTreeSet<String> {
    let manifest = include_str!("../../fuzz/Cargo.toml");
    let name =
        |binary: &str| binary.lines().find_map(|line| line.strip_prefix("name = ")).expect("it has a name").trim_matches('"').to_owned();
    manifest.split("[[bin]]").skip(1).map(name).collect()
}

fn replay(target: &str, body: fn(&[u8])) {
    let inputs: Vec<_> = files(&format!("corpus/{target}")).into_iter().map(|file| (fs::read(&file).unwrap(), file)).collect();
    let bytes: usize = inputs.iter().map(|(input, _)| input.len()).sum();
    assert!(!inputs.is_empty(), "{target} has no corpus");
    assert!(inputs.len() < MOST_FILES && bytes < MOST_BYTES, "{target} has {} inputs of {bytes} bytes: minimise them", inputs.len());
    for (input, file) in inputs {
        assert!(catch_unwind(|| body(&input)).is_ok(), "{}", file.display());
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
