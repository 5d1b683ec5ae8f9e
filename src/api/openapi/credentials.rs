//! Says beside every operation that takes an access token that it takes an API key as well, unless it is for people who
//! signed in; who may call what is decided elsewhere.

use serde_json::Value;
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::SecurityRequirement;

use super::problems::particular;
use super::{API_KEY, BEARER, operations};
use crate::api::problem::ProblemCode;

/// A key needs the scopes that a token needs.
pub(super) fn complete(mut document: OpenApi) -> OpenApi {
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        if particular(&operation.responses).contains(&ProblemCode::SessionRequired) {
            continue;
        }
        if let Some(scopes) = scopes(operation) {
            let choices = operation.security.get_or_insert_default();
            choices.push(SecurityRequirement::new(API_KEY, scopes));
        }
    }
    document
}

/// What a token must hold for it; `None` where it takes none.
fn scopes(operation: &Operation) -> Option<Vec<String>> {
    operation.security.iter().flatten().find_map(|choice| {
        let choice = serde_json::to_value(choice).ok()?;
        let scopes = choice.get(BEARER)?.as_array()?.iter();
        Some(scopes.filter_map(Value::as_str).map(str::to_owned).collect())
    })
}
