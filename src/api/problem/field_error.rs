//! One refused value of a request: where it stood, what is wrong with it; knows no resource.

use std::borrow::Cow;

use serde::Serialize;

use crate::domain::Violation;

/// Where in the request the pointer resolves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Location {
    Body,
    Query,
}

impl Location {
    fn is_body(&self) -> bool {
        *self == Self::Body
    }
}

/// An item of the member `errors`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// A JSON pointer (RFC 6901) into the body; for a query `/` and the parameter's name.
    pub pointer: String,
    /// Stable, `snake_case`: `required`, `out_of_range`, `unknown_field` …
    pub code: Cow<'static, str>,
    /// Reads on after the field's name: "must be between 1 and 1000".
    pub detail: Cow<'static, str>,
    #[serde(rename = "in", skip_serializing_if = "Location::is_body")]
    pub location: Location,
}

impl FieldError {
    /// A refused value of the body.
    pub fn new(pointer: impl Into<String>, violation: Violation) -> Self {
        Self {
            pointer: pointer.into(),
            code: Cow::Borrowed(violation.code),
            detail: violation.detail,
            location: Location::Body,
        }
    }

    #[must_use]
    pub fn found_in(self, location: Location) -> Self {
        Self { location, ..self }
    }

    /// Sorts as a person counts: `/items/2` before `/items/10`.
    pub(super) fn sort_key(&self) -> Vec<(Option<u64>, String)> {
        self.pointer.split('/').map(|part| (part.parse().ok(), part.to_owned())).collect()
    }
}
