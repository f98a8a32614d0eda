//! Each line of the table of laws has its property, and each property its line.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The properties of the table, with their files.
fn table() -> BTreeSet<(String, String)> {
    let page = include_str!("../src/laws.rs");
    let cells = |line: &'static str| Some(line.strip_prefix("//! | ")?.strip_suffix(" |")?.rsplit(" | ").collect::<Vec<_>>());
    let rows = page.lines().filter_map(cells).filter(|cells| cells[0].starts_with('`'));
    rows.map(|cells| (cells[1].trim_matches('`').to_owned(), cells[0].trim_matches('`').to_owned())).collect()
}

#[test]
fn each_law_is_a_property() {
    assert!(table().len() > 30);
    for (property, file) in table() {
        let text = fs::read_to_string(root().join(&file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(text.contains(&format!("fn {property}(")), "{property} is in {file}");
    }
}

#[test]
fn each_property_is_a_law() {
    let table = table();
    for folder in ["core/tests", "tests/tests"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if !name.ends_with("_laws.rs") {
                continue;
            }
            let file = format!("{folder}/{name}");
            let text = fs::read_to_string(root().join(&file)).unwrap();
            for test in text.split("#[test]").skip(1) {
                let property = test.trim_start().strip_prefix("fn ").and_then(|rest| rest.split('(').next()).unwrap();
                assert!(table.contains(&(property.to_owned(), file.clone())), "{property} of {file} is in the table");
            }
        }
    }
}
