//! Each line of the table of laws has its property, and each property its line.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The name of a property, and its file.
type Property = (String, String);

/// The properties of the table.
fn table() -> BTreeSet<Property> {
    let page = include_str!("../src/laws.rs");
    let cells = |line: &'static str| Some(line.strip_prefix("//! | ")?.strip_suffix(" |")?.rsplit(" | ").collect::<Vec<_>>());
    let rows = page.lines().filter_map(cells).filter(|cells| cells[0].starts_with('`'));
    rows.map(|cells| (cells[1].trim_matches('`').to_owned(), cells[0].trim_matches('`').to_owned())).collect()
}

/// The properties that there are, also in documentation.
fn properties() -> BTreeSet<Property> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("it is there");
    let mut properties = BTreeSet::new();
    for member in ["core", "runtime", "runtime-async-std", "runtime-smol", "tests"] {
        for path in sources(&root.join(member)) {
            let text = fs::read_to_string(&path).expect("it can be read");
            let file = path.strip_prefix(&root).expect("it is below").to_str().expect("it has an ordinary name");
            properties.extend(tests_in_blocks(&text).into_iter().map(|name| (name, file.to_owned())));
        }
    }
    properties
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let (folders, files): (Vec<_>, Vec<_>) = entries.map(|entry| entry.unwrap().path()).partition(|path| path.is_dir());
    let files = files.into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "rs"));
    files.chain(folders.iter().filter(|folder| !folder.ends_with("target")).flat_map(|folder| sources(folder))).collect()
}

/// The functions behind a `#[test]` between a line with `proptest!` and the brace below it.
fn tests_in_blocks(text: &str) -> Vec<String> {
    let mut tests = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(margin) = line.strip_suffix("proptest! {") else { continue };
        let end = format!("{margin}}}");
        let mut is_test = false;
        for line in lines.by_ref().take_while(|line| *line != end) {
            is_test |= line.ends_with("#[test]");
            let function = line.trim_start_matches(['/', '!', ' ']).strip_prefix("fn ").and_then(|rest| rest.split('(').next());
            if let Some(name) = function.filter(|_| is_test) {
                tests.push(name.to_owned());
                is_test = false;
            }
        }
    }
    tests
}

#[test]
fn each_law_is_a_property() {
    let missing: Vec<_> = table().difference(&properties()).cloned().collect();
    assert_eq!(missing, [], "the table has what is no test in a `proptest!` there");
}

#[test]
fn each_property_is_a_law() {
    let missing: Vec<_> = properties().difference(&table()).cloned().collect();
    assert_eq!(missing, [], "the table does not have it");
}

#[test]
fn what_is_a_property_is_seen() {
    let block = "proptest! {\n    fn helper() {}\n\n    #[test]\n    fn a_law(n: u8) {\n        fn inner() {}\n    }\n}\n\n#[test]\nfn story() {}\n";
    let in_module = block.replace('\n', "\n    ");
    let in_words = format!("//! {}", block.replace('\n', "\n//! ").replace("#[test]", "# #[test]"));
    for text in [block, &format!("mod tests {{\n    {in_module}"), &in_words] {
        assert_eq!(tests_in_blocks(text), ["a_law"], "{text}");
    }
}
