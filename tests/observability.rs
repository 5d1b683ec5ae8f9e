//! Metrics, dashboards, alerts and runbooks, held to each other by their names; whether a graph has data is asked by
//! `tests/clients`, of a running service.
#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test stops the moment something is not as it says"
)]

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use till::telemetry::catalogue::{Kind, SECTIONS, all, find};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The files of a folder and those below it, whose names end so.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "{folder} has no {ending}");
    found
}

/// `docs/metrics.md` as the catalogue makes it.
fn document() -> String {
    let mut text = "# Metrics\n\nMade from `src/telemetry/catalogue.rs`; `make test` compares. `api` and `worker` show them at `/metrics` of the operators'\n\
                    listener (`TILL_OPS_LISTEN`), `till gateway` at its own port; each program shows those that it records. Names\n\
                    without `till_` are Prometheus' and OpenTelemetry's conventions, or a mechanism's that knows no shop. No label holds\n\
                    an id, an address or anything else that a client chooses.\n\n\
                    The dashboards over them are in `deploy/grafana/`, the alerts in `deploy/prometheus/rules/`, and what to do about\n\
                    each alert in [docs/runbooks](runbooks/README.md).\n"
        .to_owned();
    for (title, metrics) in SECTIONS {
        write!(text, "\n## {title}\n\n| metric | type | labels | what it tells |\n| --- | --- | --- | --- |\n").unwrap();
        for metric in *metrics {
            let labels = metric.labels.iter().map(|label| format!("`{}`", label.name));
            let labels = labels.collect::<Vec<_>>().join(", ");
            let (name, kind, help) = (metric.name, metric.kind.as_str(), metric.help);
            writeln!(text, "| `{name}` | {kind} | {labels} | {help} |").unwrap();
        }
    }
    text
}

#[test]
fn the_document_is_what_the_catalogue_says() {
    let made = document();
    fs::create_dir_all(root().join("target")).unwrap();
    fs::write(root().join("target/metrics.md"), &made).unwrap();
    assert!(
        read("docs/metrics.md") == made,
        "docs/metrics.md is old: cp target/metrics.md docs/metrics.md"
    );
}

#[test]
fn names_and_units_are_as_prometheus_wants_them() {
    let mut names = BTreeSet::new();
    for metric in all() {
        let name = metric.name;
        assert!(names.insert(name), "{name} is there twice");
        assert!(name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_'), "{name}");
        assert_eq!(name.ends_with("_total"), matches!(metric.kind, Kind::Counter), "{name}");
        assert!(["_bucket", "_count", "_sum"].iter().all(|taken| !name.ends_with(taken)), "{name}");
        if let Kind::Histogram(bounds) = metric.kind {
            let unit = ["_seconds", "_size"].iter().any(|unit| name.ends_with(unit));
            assert!(unit, "{name} has no unit");
            assert!(bounds.is_sorted_by(|lower, upper| lower < upper), "{name}");
        }
        for label in metric.labels {
            // What Prometheus itself calls whom it scrapes.
            assert!(!["job", "instance", "le"].contains(&label.name), "{name}: {}", label.name);
        }
    }
}

/// The names that code hands to the `metrics` facade: the first text after the macro's bracket, or a constant's.
fn recorded(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for mark in ["counter!(", "gauge!(", "histogram!("] {
        for (at, _mark) in text.match_indices(mark) {
            let inside = text[at + mark.len()..].trim_start();
            let constant = inside.split([',', ')']).next().unwrap().trim();
            let named = format!("const {constant}: &str = \"");
            if let Some(literal) = inside.strip_prefix('"') {
                names.push(literal.split('"').next().unwrap().to_owned());
            } else if let Some(at) = text.find(&named) {
                names.push(text[at + named.len()..].split('"').next().unwrap().to_owned());
            }
        }
    }
    names
}

#[test]
fn whatever_is_recorded_is_in_the_catalogue_and_the_other_way_round() {
    let mut used = BTreeSet::new();
    for path in files("src", ".rs") {
        let text = fs::read_to_string(&path).unwrap();
        for name in recorded(&text) {
            assert!(find(&name).is_some(), "{}: {name} is not in the catalogue", path.display());
            used.insert(name);
        }
        if path.ends_with("telemetry/process.rs") {
            let figures = text.split('"').filter(|word| find(word).is_some());
            used.extend(figures.map(str::to_owned));
        }
    }
    let never: Vec<_> =
        all().map(|metric| metric.name).filter(|name| !used.contains(*name)).collect();
    assert!(never.is_empty(), "nobody records {never:?}");
}

/// What a PromQL expression speaks of.
#[derive(Debug, Default)]
struct Spoken {
    metrics: BTreeSet<String>,
    labels: BTreeSet<String>,
}

/// Enough of PromQL's grammar to tell names of metrics, labels and functions apart; `promtool` judges the rest.
fn spoken(expression: &str) -> Spoken {
    let mut spoken = Spoken::default();
    let without_texts: String = expression
        .split('"')
        .enumerate()
        .filter(|(at, _)| at % 2 == 0)
        .map(|(_, text)| text)
        .collect();
    let mut rest = without_texts.as_str();
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == ':';
    while let Some(at) = rest.find(|letter: char| is_word(letter) || "{[".contains(letter)) {
        rest = &rest[at..];
        if let Some(inside) = rest.strip_prefix('{') {
            let end = inside.find('}').unwrap();
            let names =
                inside[..end].split(',').map(|part| part.split(['=', '!']).next().unwrap().trim());
            spoken.labels.extend(names.filter(|name| !name.is_empty()).map(str::to_owned));
            rest = &inside[end + 1..];
            continue;
        }
        if let Some(inside) = rest.strip_prefix('[') {
            rest = &inside[inside.find(']').unwrap() + 1..];
            continue;
        }
        let end = rest.find(|letter| !is_word(letter)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        rest = behind.trim_start();
        match word {
            "by" | "without" | "on" | "ignoring" | "group_left" | "group_right" => {
                let inside = rest.strip_prefix('(').unwrap();
                let end = inside.find(')').unwrap();
                let names = inside[..end].split(',').map(str::trim);
                spoken.labels.extend(names.filter(|name| !name.is_empty()).map(str::to_owned));
                rest = &inside[end + 1..];
            }
            "offset" => rest = rest.trim_start_matches(is_word),
            "and" | "or" | "unless" | "bool" => {}
            number if number.starts_with(|letter: char| letter.is_ascii_digit()) => {}
            _function if rest.starts_with('(') => {}
            // An aggregation may name its labels before what it adds up.
            "sum" | "max" | "min" | "avg" | "count" => {}
            metric => drop(spoken.metrics.insert(metric.to_owned())),
        }
    }
    spoken
}

/// What stands behind `key:` in a rules file, over as many lines as it takes.
fn values(text: &str, key: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut values = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start().trim_start_matches("- ");
        let Some(value) = trimmed.strip_prefix(key).and_then(|value| value.strip_prefix(": "))
        else {
            continue;
        };
        if value != "|" {
            values.push(value.trim_matches(['"', '\'']).to_owned());
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let block =
            lines[at + 1..].iter().take_while(|line| line.len() - line.trim_start().len() > indent);
        values.push(block.copied().collect::<Vec<_>>().join("\n"));
    }
    values
}

fn rules() -> Vec<(PathBuf, String)> {
    let rules = files("deploy/prometheus/rules", ".yml").into_iter();
    rules.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// A dashboard's panels' expressions, with the panels' titles.
fn dashboards() -> Vec<(String, Vec<(String, String)>)> {
    let panels = |path: PathBuf| {
        let dashboard: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let panels = dashboard["panels"].as_array().unwrap().iter();
        let expressions = panels.flat_map(|panel| {
            let title = panel["title"].as_str().unwrap().to_owned();
            let targets = panel["targets"].as_array().cloned().unwrap_or_default();
            targets
                .into_iter()
                .map(move |target| (title.clone(), target["expr"].as_str().unwrap().to_owned()))
        });
        (path.display().to_string(), expressions.collect())
    };
    files("deploy/grafana/dashboards", ".json").into_iter().map(panels).collect()
}

/// A metric of ours, a rule's record, or one that Prometheus makes itself; with the labels it may have.
fn known(name: &str, records: &BTreeSet<String>) -> Option<Vec<&'static str>> {
    if name == "up" || records.contains(name) {
        return Some(Vec::new());
    }
    let exact = find(name).filter(|metric| !matches!(metric.kind, Kind::Histogram(_)));
    let of_histogram = || {
        let parts = ["_bucket", "_count", "_sum"];
        let base = parts.iter().find_map(|part| name.strip_suffix(part))?;
        find(base).filter(|metric| matches!(metric.kind, Kind::Histogram(_)))
    };
    let metric = exact.or_else(of_histogram)?;
    Some(metric.labels.iter().map(|label| label.name).collect())
}

fn check(place: &str, expression: &str, records: &BTreeSet<String>) {
    let spoken = spoken(expression);
    assert!(!spoken.metrics.is_empty(), "{place}: {expression}");
    let mut labels = BTreeSet::from(["job", "instance", "le"]);
    for name in &spoken.metrics {
        let of_this = known(name, records);
        assert!(of_this.is_some(), "{place}: the program shows no {name}, in {expression}");
        labels.extend(of_this.unwrap());
    }
    for label in &spoken.labels {
        assert!(labels.contains(label.as_str()), "{place}: no metric has {label}, in {expression}");
    }
}

#[test]
fn rules_and_dashboards_speak_of_what_the_program_shows_and_of_nothing_else() {
    let rules = rules();
    let records: BTreeSet<String> =
        rules.iter().flat_map(|(_path, text)| values(text, "record")).collect();
    for (path, text) in &rules {
        let expressions = values(text, "expr");
        assert!(expressions.len() > 3, "{}", path.display());
        for expression in expressions {
            check(&path.display().to_string(), &expression, &records);
        }
    }
    for (path, panels) in dashboards() {
        assert!(panels.len() > 10, "{path}");
        for (title, expression) in panels {
            check(&format!("{path}: {title}"), &expression, &records);
        }
    }
}

#[test]
fn every_metric_stands_in_a_dashboard_or_an_alert() {
    let of_rules = rules().into_iter().flat_map(|(_path, text)| values(&text, "expr"));
    let of_panels = dashboards().into_iter().flat_map(|(_path, panels)| panels);
    let expressions: Vec<String> =
        of_rules.chain(of_panels.map(|(_title, expression)| expression)).collect();
    let spoken: BTreeSet<String> =
        expressions.iter().flat_map(|expression| spoken(expression).metrics).collect();
    // What is looked for by hand, once one is led to it.
    let by_hand = [
        "db_client_connection_idle_min",
        "http_server_connections_total",
        "load_shed_queue_wait_seconds",
        "process_start_time_seconds",
        "process_threads",
        "process_virtual_memory_bytes",
        "till_mail_copies_total",
        "till_webhook_endpoints_disabled_total",
    ];
    for metric in all() {
        let shown = spoken.iter().any(|name| name.starts_with(metric.name));
        assert_ne!(shown, by_hand.contains(&metric.name), "{}", metric.name);
    }
}

#[test]
fn every_alert_has_its_runbook_and_its_tests_and_every_runbook_its_alert() {
    let mut alerts = BTreeSet::new();
    for (path, text) in rules() {
        let names = values(&text, "alert");
        assert_eq!(names.len(), values(&text, "runbook_url").len(), "{}", path.display());
        for (name, page) in names.iter().zip(values(&text, "runbook_url")) {
            assert_eq!(page, format!("docs/runbooks/{name}.md"));
        }
        let tested =
            read(format!("deploy/prometheus/tests/{}", path.file_name().unwrap().display()));
        for name in &names {
            for kind in ["fires", "is silent"] {
                assert!(
                    tested.contains(&format!("- name: {name} {kind}\n")),
                    "{name} {kind}: no test"
                );
            }
        }
        alerts.extend(names);
    }
    let pages: BTreeSet<String> = files("docs/runbooks", ".md")
        .iter()
        .map(|path| path.file_stem().unwrap().display().to_string())
        .filter(|name| name != "README")
        .collect();
    assert_eq!(alerts, pages);
}

#[test]
fn every_runbook_says_what_it_is_how_it_looks_and_what_to_do() {
    let (index, settings) = (read("docs/runbooks/README.md"), read(".env.example"));
    for path in files("docs/runbooks", ".md") {
        let (name, text) =
            (path.file_name().unwrap().display(), fs::read_to_string(&path).unwrap());
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            assert!(
                root().join("docs/runbooks").join(link).exists(),
                "{name}: {link} leads nowhere"
            );
        }
        // Every metric it names is one that can be looked for.
        for word in text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_') {
            let ours = ["till_", "http_", "db_client_", "load_shed_"]
                .iter()
                .any(|start| word.starts_with(start));
            let exists = known(word, &BTreeSet::new()).is_some();
            assert!(
                !ours
                    || exists
                    || find(word).is_some()
                    || all().any(|metric| metric.labels.iter().any(|label| label.name == word)),
                "{name}: {word}"
            );
        }
        for setting in text.split(|letter: char| !letter.is_ascii_uppercase() && letter != '_') {
            let named = format!("\n{setting}=");
            let exists =
                settings.contains(&named) || settings.contains(&named.replace('\n', "\n#"));
            assert!(!setting.starts_with("TILL_") || exists, "{name}: {setting} is no setting");
        }
        if path.ends_with("README.md") {
            continue;
        }
        assert!(index.contains(&format!("({name})")), "{name} is not in the index");
        for title in [
            "What it means",
            "What clients see",
            "How to look",
            "How to mend it",
            "How to know that it is over",
        ] {
            assert!(text.contains(&format!("\n## {title}\n")), "{name}: {title}");
        }
    }
}

#[test]
fn panels_lead_to_runbooks_that_exist_and_every_panel_explains_its_unit() {
    for path in files("deploy/grafana/dashboards", ".json") {
        let dashboard: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let mut ids = BTreeSet::new();
        for panel in dashboard["panels"].as_array().unwrap() {
            let title = format!("{}: {}", path.display(), panel["title"]);
            assert!(ids.insert(panel["id"].as_i64().unwrap()), "{title}: its id is taken");
            if panel["targets"].is_null() {
                continue;
            }
            assert_eq!(panel["datasource"]["uid"], "prometheus", "{title}");
            assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{title}");
            for link in panel["links"].as_array().unwrap() {
                let page = link["url"].as_str().unwrap().strip_prefix("${runbooks}").unwrap();
                assert!(root().join("docs/runbooks").join(page).exists(), "{title}: {page}");
            }
        }
    }
}

#[test]
fn names_are_told_apart_in_an_expression() {
    let said = spoken(
        "histogram_quantile(0.99, sum by (le, http_route) (rate(a_bucket{job=~\"b|c\",d!=\"e\"}[5m] offset 1h))) > 14.4 * 0.001 and max(up) or vector(0)",
    );
    assert_eq!(said.metrics, ["a_bucket", "up"].map(str::to_owned).into());
    assert_eq!(said.labels, ["d", "http_route", "job", "le"].map(str::to_owned).into());
}
