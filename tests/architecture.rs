//! The house rules as a test: who may import whom, where SQL may stand, how files look; judges text, never behaviour.
//!
//! Every finding names its line and says what to do instead. A rule that must give way is changed here, in sight.
#![expect(clippy::unwrap_used, reason = "a test stops the moment something is not as it says")]

use std::fmt;
use std::fs;
use std::path::Path;

/// What each layer may import besides itself. A layer that is not listed may import nothing.
/// `app`, `main`, `bin` and `embedded` wire the parts together and see everything.
const MAY_IMPORT: [(&str, &[&str]); 15] = [
    ("domain", &[]),
    ("config", &["domain"]),
    ("resilience", &["domain"]),
    ("telemetry", &["config", "domain", "trace_context"]),
    ("trace_context", &["domain"]),
    ("shutdown", &[]),
    ("store", &["domain"]),
    ("clients", &["config", "domain", "resilience", "trace_context"]),
    ("service", &["clients", "config", "domain", "resilience", "store", "trace_context"]),
    ("api", &["config", "domain", "resilience", "service", "trace_context"]),
    ("worker", &["clients", "config", "domain", "service", "trace_context"]),
    ("ops", &["config", "domain", "resilience", "service"]),
    ("cli", &["config", "domain", "resilience", "service"]),
    ("sandbox", &["trace_context"]),
    ("lib", &[]),
];
const SEES_ALL: [&str; 4] = ["app", "bin", "embedded", "main"];

/// Crates that a layer must not know, and why.
const FOREIGN: [(&str, &[&str], &str); 5] = [
    ("domain", &["axum", "sqlx", "tokio", "reqwest", "lapin", "utoipa"], "domain is pure"),
    (
        "service",
        &["axum", "utoipa", "lapin"],
        "a use case knows no protocol: return a typed outcome",
    ),
    ("api", &["sqlx", "lapin", "reqwest"], "api is HTTP only: call a use case of `service`"),
    ("resilience", &["axum", "sqlx", "utoipa"], "a mechanism knows neither SQL nor HTTP"),
    (
        "trace_context",
        &["axum", "hyper", "lapin", "reqwest", "sqlx", "tokio", "utoipa"],
        "every layer may import it: fields of a request are the `http` crate's",
    ),
];

/// Where statements may stand: all of them in `store`; the private server is administered by `embedded`.
const HOLDS_SQL: [&str; 2] = ["store", "embedded"];
const SQL_MARKS: [&str; 8] = [
    "query!(",
    "query_as!(",
    "query_scalar!(",
    "query_file!(",
    "sqlx::query(",
    "sqlx::query_as(",
    "sqlx::query_scalar(",
    "QueryBuilder::new(",
];

/// What ties a client to one session of Postgres.
const SESSION_MARKS: [&str; 8] = [
    "pg_advisory_lock(",
    "pg_try_advisory_lock(",
    "\"listen ",
    "\"set session",
    "\"set statement",
    "with hold",
    "create temp",
    "pg_temp",
];

const BANNED_NAMES: [&str; 6] = ["utils", "helpers", "common", "types", "misc", "core"];
const MOST_LINES: usize = 500;

/// One breach of a rule.
struct Finding {
    place: String,
    advice: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.place, self.advice)
    }
}

/// A source file by its path from the package's root, with `/` between folders.
struct Source<'a> {
    path: &'a str,
    text: &'a str,
}

impl Source<'_> {
    /// `src/store/orders.rs` → `store`; nothing for tests, which may import every public thing.
    fn layer(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        let first = inside.split('/').next()?;
        Some(first.strip_suffix(".rs").unwrap_or(first))
    }

    /// The lines of code with their numbers, comments blanked.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| {
            let code = if line.trim_start().starts_with("//") { "" } else { line };
            (index + 1, code)
        })
    }

    fn finding(&self, line: usize, advice: String) -> Finding {
        Finding { place: format!("{}:{line}", self.path), advice }
    }
}

fn findings(source: &Source<'_>) -> Vec<Finding> {
    let mut found = shape(source);
    found.extend(manner(source));
    if let Some(layer) = source.layer() {
        found.extend(imports(source, layer));
        found.extend(foreign_crates(source, layer));
        found.extend(statements(source, layer));
        found.extend(query_spans(source, layer));
        found.extend(session_state(source, layer));
    }
    found
}

fn shape(source: &Source<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    if !source.text.starts_with("//! ") {
        let advice = "open with one `//!` sentence: why the file exists and what it must not do";
        found.push(source.finding(1, advice.to_owned()));
    }
    let lines = source.text.lines().count();
    if lines > MOST_LINES {
        let advice = format!("{lines} lines, {MOST_LINES} at most: split it by what it does");
        found.push(source.finding(lines, advice));
    }
    let parts = source.path.split('/').map(|part| part.strip_suffix(".rs").unwrap_or(part));
    for part in parts.filter(|part| BANNED_NAMES.contains(part)) {
        let advice = format!("`{part}` says nothing: name the file after the one thing it holds");
        found.push(source.finding(1, advice));
    }
    found
}

fn manner(source: &Source<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    // Put together, so that this file does not find itself.
    let (allow, inner_allow) = (["#[", "allow("].concat(), ["#![", "allow("].concat());
    for (number, line) in source.code() {
        let line = line.trim();
        if line.starts_with(&allow) || line.starts_with(&inner_allow) {
            let advice = "use `#[expect(…, reason = \"…\")]` on the smallest item";
            found.push(source.finding(number, advice.to_owned()));
        }
        let import = line.starts_with("use ") || line.starts_with("pub use ");
        if import && (line.contains("::*") || line.contains("{*")) {
            found.push(source.finding(number, "import each name by itself, no globs".to_owned()));
        }
        if import && line.contains("crate::{") {
            let advice = "one `use crate::<layer>…` a layer, so that each import can be judged";
            found.push(source.finding(number, advice.to_owned()));
        }
    }
    found
}

fn imports(source: &Source<'_>, layer: &str) -> Vec<Finding> {
    if SEES_ALL.contains(&layer) {
        return Vec::new();
    }
    let allowed = MAY_IMPORT.iter().find(|(name, _)| *name == layer).map_or(&[][..], |row| row.1);
    let mut found = Vec::new();
    for (number, line) in source.code() {
        for imported in crate_paths(line) {
            if imported == layer || allowed.contains(&imported) || !is_layer(imported) {
                continue;
            }
            let advice = format!(
                "`{layer}` must not import `{imported}` (it may: {}): move the code to the layer that may, \
                 or take what you need as a parameter that `app` passes",
                if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") }
            );
            found.push(source.finding(number, advice));
        }
    }
    found
}

/// The first name of each `crate::…` path on the line; `pub(in crate::…)` widens nothing.
fn crate_paths(line: &str) -> impl Iterator<Item = &str> {
    let after_in = line.contains("pub(in crate::");
    line.split("crate::")
        .skip(1)
        .filter(move |_| !after_in)
        .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or(""))
}

fn is_layer(name: &str) -> bool {
    SEES_ALL.contains(&name) || MAY_IMPORT.iter().any(|(layer, _)| *layer == name)
}

fn foreign_crates(source: &Source<'_>, layer: &str) -> Vec<Finding> {
    let rows: Vec<_> = FOREIGN.iter().filter(|(name, ..)| *name == layer).collect();
    let mut found = Vec::new();
    for (number, line) in source.code() {
        for (_, crates, why) in &rows {
            for name in crates.iter().filter(|name| mentions(line, name)) {
                found.push(source.finding(number, format!("no `{name}` in `{layer}`: {why}")));
            }
        }
    }
    found
}

/// Whether the line has a path that begins with the crate's name.
fn mentions(line: &str, name: &str) -> bool {
    let path = format!("{name}::");
    line.match_indices(&path).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':')
    })
}

fn statements(source: &Source<'_>, layer: &str) -> Vec<Finding> {
    if HOLDS_SQL.contains(&layer) {
        return Vec::new();
    }
    let with_sql =
        source.code().filter(|(_, line)| SQL_MARKS.iter().any(|mark| line.contains(mark)));
    with_sql
        .map(|(number, _)| {
            let advice =
                "SQL stands in `store` only: add a query function there and call it from `service`";
            source.finding(number, advice.to_owned())
        })
        .collect()
}

/// A pooler lends a connection for one transaction: what would outlive it is lost, or left to a stranger.
fn session_state(source: &Source<'_>, layer: &str) -> Vec<Finding> {
    if layer != "store" {
        return Vec::new();
    }
    let marked = |line: &str| {
        let sql = line.to_ascii_lowercase();
        SESSION_MARKS.iter().any(|mark| sql.contains(mark))
    };
    let advice =
        "no state in a session: locks of a transaction (`_xact_lock`), `SET LOCAL`, no `LISTEN`";
    source
        .code()
        .filter(|(_, line)| marked(line))
        .map(|(number, _)| source.finding(number, advice.to_owned()))
        .collect()
}

/// Where a query's time goes must be seen: each is a span, named by where it stands.
fn query_spans(source: &Source<'_>, layer: &str) -> Vec<Finding> {
    if layer != "store" {
        return Vec::new();
    }
    let place = source.path.trim_start_matches("src/").trim_end_matches(".rs");
    let module = place.trim_end_matches("/mod").replace('/', ".");
    let lines: Vec<_> = source.code().collect();
    let mut found = Vec::new();
    for (index, (number, line)) in lines.iter().enumerate() {
        let Some(rest) = line.strip_prefix("pub async fn ") else { continue };
        let name = rest.split(['(', '<']).next().unwrap_or(rest);
        let span = format!("name = \"{module}.{name}\"");
        // A long attribute takes several lines.
        let mut above = lines.iter().take(index).rev().take(5);
        if !above.any(|(_, line)| line.contains(&span)) {
            let advice = format!(
                "put `#[tracing::instrument({span}, level = \"debug\", skip_all)]` above it"
            );
            found.push(source.finding(*number, advice));
        }
    }
    found
}

fn visit(root: &Path, folder: &Path, found: &mut Vec<Finding>) -> usize {
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            seen += visit(root, &path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let path = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            found.extend(findings(&Source { path: &path, text: &text }));
            seen += 1;
        }
    }
    seen
}

#[test]
fn the_house_keeps_its_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let seen: usize =
        ["src", "tests"].map(|top| visit(root, &root.join(top), &mut found)).iter().sum();
    assert!(seen > 100, "only {seen} files were judged");
    let report: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(
        report.is_empty(),
        "{} breaches of the house rules:\n{}",
        report.len(),
        report.join("\n")
    );
}

/// Each sample breaks exactly one rule, and the advice names it.
#[test]
fn every_rule_catches_its_bad_sample() {
    let long = format!("//! Long.\n{}", "\n".repeat(MOST_LINES));
    let samples = [
        ("src/domain/order.rs", "//! X.\nuse crate::store::orders;\n", "may: nothing"),
        ("src/api/v1/orders.rs", "//! X.\nuse crate::store::orders;\n", "must not import `store`"),
        ("src/novel/mod.rs", "//! X.\nuse crate::domain::ids;\n", "must not import `domain`"),
        ("src/service/orders.rs", "//! X.\nuse axum::Json;\n", "no `axum` in `service`"),
        ("src/domain/order.rs", "//! X.\nuse tokio::fs;\n", "domain is pure"),
        (
            "src/trace_context.rs",
            "//! X.\nuse axum::http::HeaderMap;\n",
            "no `axum` in `trace_context`",
        ),
        (
            "src/store/orders.rs",
            "//! X.\nsqlx::query!(\"SELECT pg_try_advisory_lock(1)\")\n",
            "no state in a session",
        ),
        (
            "src/worker/relay.rs",
            "//! X.\nlet a = sqlx::query!(\"SELECT 1\");\n",
            "SQL stands in `store`",
        ),
        (
            "src/store/orders.rs",
            "//! X.\n\npub async fn find(conn: &mut C) {}\n",
            "name = \"store.orders.find\"",
        ),
        ("src/store/utils.rs", "//! X.\n", "`utils` says nothing"),
        ("src/domain/order.rs", "use std::fmt;\n", "open with one `//!` sentence"),
        ("tests/it/ops.rs", "//! X.\nuse super::*;\n", "no globs"),
        ("src/app/mod.rs", "//! X.\nuse crate::{api, store};\n", "`use crate::<layer>"),
        ("src/domain/order.rs", "//! X.\n    #[allow(dead_code)]\n", "use `#[expect("),
        ("src/domain/order.rs", long.as_str(), "500 at most"),
    ];
    for (path, text, expected) in samples {
        let found = findings(&Source { path, text });
        assert_eq!(found.len(), 1, "{path}: {text}");
        let advice = found.first().map(ToString::to_string).unwrap();
        assert!(advice.contains(expected), "{advice}");
        assert!(advice.starts_with(path), "{advice}");
    }
}

#[test]
fn what_is_allowed_is_left_alone() {
    let samples = [
        ("src/store/orders.rs", "//! X.\nuse crate::domain::ids;\nsqlx::query!(\"SELECT 1\")\n"),
        ("src/app/mod.rs", "//! X.\nuse crate::api;\nuse crate::store;\n"),
        ("src/service/orders.rs", "//! X.\n// crate::api would be wrong, axum::Json too\n"),
        ("src/sandbox/gateway.rs", "//! X.\npub(in crate::sandbox) fn f() {}\n"),
        ("tests/it/ops.rs", "//! X.\nuse axum::Router;\nuse till::store::orders;\n"),
    ];
    for (path, text) in samples {
        let found: Vec<String> =
            findings(&Source { path, text }).iter().map(ToString::to_string).collect();
        assert!(found.is_empty(), "{found:?}");
    }
}
