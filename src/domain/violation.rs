//! What is wrong with one input value, in words for a person and a code for a program; knows no field names.

use std::borrow::Cow;

/// A refused input value. Where it stood (a JSON pointer) is added by whoever read it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Violation {
    /// Stable, `snake_case`: `out_of_range`, `invalid_format`, `too_long` …
    pub code: &'static str,
    pub detail: Cow<'static, str>,
}

impl Violation {
    pub fn new(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into() }
    }
}

/// Trims nothing and guesses nothing: a text of `min` to `max` characters without control characters.
///
/// # Errors
/// `too_short`, `too_long` or `invalid_character`.
pub fn text(value: &str, min: usize, max: usize) -> Result<(), Violation> {
    let length = value.chars().count();
    if length > max {
        return Err(Violation::new("too_long", format!("must have at most {max} characters")));
    }
    if length < min || (min > 0 && value.trim().is_empty()) {
        return Err(Violation::new(
            "too_short",
            format!("must have at least {} character(s)", min.max(1)),
        ));
    }
    if value.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(Violation::new("invalid_character", "must not contain control characters"));
    }
    Ok(())
}
