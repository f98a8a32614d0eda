//! The documentation has a line for everything that the plugin has.

use serde_json::json;
use trustline_tests::programs::{Plugin, alone};

/// The names in the first column of a table.
fn names(heading: &str) -> Vec<&'static str> {
    let page = include_str!("../../../runtime/src/ledger_plugin.rs");
    let section = page.split("//! # ").find(|section| section.starts_with(heading)).unwrap();
    let columns = section.lines().filter_map(|line| line.strip_prefix("//! | ")?.split(" | ").next());
    columns.flat_map(|column| column.split('`').skip(1).step_by(2)).collect()
}

#[test]
#[ignore = "needs node: run with -- --ignored"]
fn every_method_event_and_error_has_its_line() {
    let _alone = alone();
    let surface = Plugin::client("btp+ws://:@127.0.0.1:1/").call("surface", &json!([]));
    assert_eq!(surface["unread"], 0, "every place that emits was understood");
    let theirs = |what: &str| surface[what].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert!(theirs("methods").len() > 15, "{surface}");
    for method in theirs("methods") {
        assert!(names("Methods").contains(&&*method), "{method}");
    }
    for (heading, what) in [("Events", "events"), ("Errors", "errors")] {
        let (mut ours, mut theirs) = (names(heading), theirs(what));
        ours.sort_unstable();
        theirs.sort_unstable();
        assert_eq!(ours, theirs);
    }
}
