//! A released operation keeps its promise: the documents of this build, held against those of the last release.
//!
//! The released documents lie in `openapi/released/`. Whoever makes a release renews them in the commit that is released:
//! `make release-openapi`, after this test was green. Until then a change that breaks a client fails here, and is taken
//! back, or made an operation of the next version, with its line in `src/api/versions/policy.rs`. An operation whose sunset
//! is past may go: it is taken out of the released document in the same commit, by hand, so that the review sees it.
//!
//! What breaks a client is said by the rules in `operations` and `schemas`; each has its own small documents in `rules`.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test stops the moment something is not as it says"
)]

mod operations;
mod rules;
mod schemas;

use std::fs;
use std::path::Path;

use serde_json::Value;

fn released(version: &str) -> Value {
    let place = format!("openapi/released/{version}.json");
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(place)).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn no_operation_that_was_released_changes_in_a_way_that_breaks_its_clients() {
    let documents = till::api::documents();
    for (version, document) in ["v1", "v2"].into_iter().zip(documents) {
        let (before, now) = (released(version), serde_json::to_value(document).unwrap());
        let compared = before["paths"].as_object().unwrap().len();
        assert!(compared >= 3, "{version}: only {compared} paths were released");
        let broken = operations::breaches(&before, &now);
        assert!(
            broken.is_empty(),
            "{version}: {} changes break clients of the last release:\n{}",
            broken.len(),
            broken.join("\n")
        );
    }
}
