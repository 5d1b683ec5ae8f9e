//! Collects what is wrong with a request, so that a client learns of all of it at once; knows no resource.

use super::json::pointer;
use crate::api::problem::{FieldError, Location, Problem, ProblemCode};
use crate::domain::Violation;

/// A request as it came in, which can become the command it stands for.
pub trait Parse {
    type Command;

    /// Checks every member, so that `fields` knows of all that are wrong. `None` only where something was reported.
    fn parse(self, fields: &mut Fields) -> Option<Self::Command>;
}

/// The refused values of one request. Pointers are whole: `/items/0/quantity`.
#[derive(Debug)]
pub struct Fields {
    location: Location,
    errors: Vec<FieldError>,
}

impl Fields {
    pub fn new(location: Location) -> Self {
        Self { location, errors: Vec::new() }
    }

    pub fn fail(&mut self, pointer: impl Into<String>, violation: Violation) {
        self.errors.push(FieldError::new(pointer, violation).found_in(self.location));
    }

    /// A value that is there.
    pub fn parse<I, T>(
        &mut self,
        pointer: impl Into<String>,
        input: I,
        parse: impl FnOnce(I) -> Result<T, Violation>,
    ) -> Option<T> {
        match parse(input) {
            Ok(value) => Some(value),
            Err(violation) => {
                self.fail(pointer, violation);
                None
            }
        }
    }

    /// A value that must be there, although the request type lets it be absent: absence is reported with all the rest.
    pub fn require<I, T>(
        &mut self,
        pointer: impl Into<String>,
        input: Option<I>,
        parse: impl FnOnce(I) -> Result<T, Violation>,
    ) -> Option<T> {
        self.parse(pointer, input, |input| {
            parse(input.ok_or_else(|| Violation::new("required", "is required"))?)
        })
    }

    /// A value that may be absent: `Some(None)` if it is, `None` if it is there and wrong.
    pub fn optional<I, T>(
        &mut self,
        pointer: impl Into<String>,
        input: Option<I>,
        parse: impl FnOnce(I) -> Result<T, Violation>,
    ) -> Option<Option<T>> {
        match input {
            None => Some(None),
            Some(input) => self.parse(pointer, input, parse).map(Some),
        }
    }

    /// Every item of an array, each with its own pointer; `None` if any of them is wrong.
    pub fn each<I, T>(
        &mut self,
        pointer: &str,
        items: Vec<I>,
        mut parse: impl FnMut(&mut Self, &str, I) -> Option<T>,
    ) -> Option<Vec<T>> {
        let mut parsed = Vec::with_capacity(items.len());
        let mut complete = true;
        for (index, item) in items.into_iter().enumerate() {
            let mut at = pointer.to_owned();
            pointer::push(&mut at, &index.to_string());
            match parse(self, &at, item) {
                Some(item) => parsed.push(item),
                None => complete = false,
            }
        }
        complete.then_some(parsed)
    }

    /// The command, if nothing was refused.
    ///
    /// # Errors
    /// 422 `validation_failed` with everything that was refused.
    pub fn build<T>(self, command: impl FnOnce() -> Option<T>) -> Result<T, Problem> {
        if !self.errors.is_empty() {
            return Err(Problem::new(ProblemCode::ValidationFailed).errors(self.errors));
        }
        // Refusing without a word is a fault of the request type, not of the client.
        command().ok_or_else(|| Problem::new(ProblemCode::InternalError))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::Fields;
    use crate::api::problem::Location;
    use crate::domain::Violation;

    fn positive(value: i64) -> Result<i64, Violation> {
        if value > 0 { Ok(value) } else { Err(Violation::new("out_of_range", "must be positive")) }
    }

    #[test]
    fn all_that_is_wrong_is_reported_at_once_and_in_order() {
        let mut fields = Fields::new(Location::Body);
        let items = fields.each("/items", vec![1, 0, 2], |fields, at, item| {
            fields.parse(format!("{at}/quantity"), item, positive)
        });
        let amount = fields.require("/amount", None, positive);
        let tip = fields.optional("/tip", None, positive);
        assert_eq!((&items, amount, tip), (&None, None, Some(None)));

        let problem = fields.build(|| Some((items?, amount?))).unwrap_err();
        let body: Value = serde_json::from_slice(&problem.body("/v1/orders", "r")).unwrap();
        assert_eq!(body["detail"], "2 fields need attention.");
        assert_eq!(body["errors"][0]["pointer"], "/amount");
        assert_eq!(body["errors"][0]["code"], "required");
        assert_eq!(body["errors"][1]["pointer"], "/items/1/quantity");
    }

    #[test]
    fn a_request_without_faults_becomes_its_command() {
        let mut fields = Fields::new(Location::Query);
        let amount = fields.parse("/amount", 5, positive);
        assert_eq!(fields.build(|| amount).unwrap(), 5);
    }
}
