//! What of an operation must not change: that it is there, who may call it, what it takes, what it answers. How a schema may
//! change stands in `schemas`.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::schemas::{Comparison, Direction};

const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// Everything in `new` that breaks whoever relies on `old`, one line each.
pub fn breaches(old: &Value, new: &Value) -> Vec<String> {
    let mut compared = Comparison::of(old, new);
    for (path, item) in members(&old["paths"]) {
        for method in METHODS.into_iter().filter(|method| !item[*method].is_null()) {
            let at = format!("{} {path}", method.to_uppercase());
            let now = &new["paths"][path][method];
            if now.is_null() {
                compared.breaks(&at, "is gone");
            } else {
                operation(&mut compared, &at, &item[method], now);
            }
        }
    }
    compared.found
}

fn operation(compared: &mut Comparison<'_>, at: &str, old: &Value, new: &Value) {
    if old["operationId"] != new["operationId"] {
        compared.breaks(at, "has another operationId: generated clients call it by that");
    }
    let (before, now) = (scopes(compared.old, old), scopes(compared.new, new));
    for scope in now.difference(&before) {
        compared.breaks(at, &format!("asks for {scope}"));
    }
    parameters(compared, at, old, new);
    body(compared, at, &old["requestBody"], &new["requestBody"]);
    for (status, response) in members(&old["responses"]) {
        if status.starts_with(['2', '3']) {
            answer(compared, &format!("{at}: {status}"), response, &new["responses"][status]);
        }
    }
}

/// What a caller must bring: a scheme, and the scopes of its token. Nothing where it may come without.
fn scopes(document: &Value, operation: &Value) -> BTreeSet<String> {
    let choices = [&operation["security"], &document["security"]];
    let choices = choices.into_iter().find_map(Value::as_array).cloned().unwrap_or_default();
    if choices.iter().any(|choice| choice.as_object().is_none_or(Map::is_empty)) {
        return BTreeSet::new();
    }
    let schemes = choices.iter().take(1).flat_map(members);
    let asked = schemes.flat_map(|(scheme, scopes)| {
        let scopes = scopes.as_array().cloned().unwrap_or_default();
        let scopes = scopes.into_iter().filter_map(|scope| Some(scope.as_str()?.to_owned()));
        std::iter::once(scheme.clone()).chain(scopes).collect::<Vec<_>>()
    });
    asked.collect()
}

fn parameters(compared: &mut Comparison<'_>, at: &str, old: &Value, new: &Value) {
    let list = |operation: &Value| operation["parameters"].as_array().cloned().unwrap_or_default();
    let (before, now) = (list(old), list(new));
    let same =
        |one: &Value, other: &Value| one["name"] == other["name"] && one["in"] == other["in"];
    for parameter in &before {
        let at = format!("{at}: {} {}", text(&parameter["in"]), text(&parameter["name"]));
        match now.iter().find(|other| same(parameter, other)) {
            None => compared.breaks(&at, "is not taken any more"),
            Some(other) => {
                if parameter["required"] != true && other["required"] == true {
                    compared.breaks(&at, "is required now");
                }
                let (old, new) = (&parameter["schema"], &other["schema"]);
                compared.schema(Direction::Request, &at, old, new);
            }
        }
    }
    for parameter in now.iter().filter(|parameter| parameter["required"] == true) {
        if !before.iter().any(|other| same(parameter, other)) {
            let at = format!("{at}: {} {}", text(&parameter["in"]), text(&parameter["name"]));
            compared.breaks(&at, "is new and required");
        }
    }
}

fn body(compared: &mut Comparison<'_>, at: &str, old: &Value, new: &Value) {
    let at = format!("{at}: body");
    if old["required"] != true && new["required"] == true {
        compared.breaks(&at, "is required now");
    }
    contents(compared, Direction::Request, &at, (&old["content"], &new["content"]));
}

fn answer(compared: &mut Comparison<'_>, at: &str, old: &Value, new: &Value) {
    if new.is_null() {
        return compared.breaks(at, "is not answered any more");
    }
    for (name, _) in members(&old["headers"]) {
        if new["headers"][name].is_null() {
            compared.breaks(&format!("{at}: header {name}"), "is gone");
        }
    }
    contents(compared, Direction::Response, at, (&old["content"], &new["content"]));
}

fn contents(
    compared: &mut Comparison<'_>,
    direction: Direction,
    at: &str,
    (old, new): (&Value, &Value),
) {
    for (media_type, content) in members(old) {
        let at = format!("{at}: {media_type}");
        match new.get(media_type) {
            None => compared.breaks(&at, "is gone"),
            Some(now) => compared.schema(direction, &at, &content["schema"], &now["schema"]),
        }
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
