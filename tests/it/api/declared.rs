//! Holds every answer that a test sees against the OpenAPI documents: an operation must declare its statuses and codes.

use std::sync::LazyLock;

use axum::http::Method;
use serde_json::Value;

use super::support::Answered;

static DOCUMENTS: LazyLock<[Value; 2]> =
    LazyLock::new(|| till::api::documents().map(|one| serde_json::to_value(one).unwrap()));

/// Addresses that no document knows are none of its business.
pub fn check(method: &Method, path: &str, answered: &Answered) {
    let Some(operation) = operation(method, path) else { return };
    let status = answered.status.as_str();
    let response = &operation["responses"][status];
    assert!(!response.is_null(), "{method} {path} doesn't declare {status}: {}", answered.text);
    if answered.status.is_client_error() || answered.status.is_server_error() {
        let code = answered.json()["code"].as_str().unwrap().to_owned();
        let codes = &response["content"]["application/problem+json"]["examples"];
        assert!(codes[&code].is_object(), "{method} {path} doesn't declare the code {code}");
    }
}

/// The operation whose template fits; one without a parameter (`/me`) comes before one with (`/{id}`).
fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let paths = DOCUMENTS.iter().filter_map(|document| document["paths"].as_object()).flatten();
    let fitting = paths.filter(|(template, _)| fits(template, path));
    let (_, item) = fitting.min_by_key(|(template, _)| template.matches('{').count())?;
    item.get(method.as_str().to_ascii_lowercase())
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) =
        (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(&path).all(|(part, given)| part.starts_with('{') || part == given)
}
