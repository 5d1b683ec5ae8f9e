//! A request's query, read as strictly as a body; knows no list and no filter.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::fields::{Fields, Parse};
use super::json::{Notation, decode, pointer};
use crate::api::problem::{FieldError, Location, Problem, ProblemCode};
use crate::domain::Violation;

/// A query that became its command.
#[derive(Debug)]
pub struct ValidQuery<T: Parse>(pub T::Command);

impl<S: Send + Sync, T: DeserializeOwned + Parse> FromRequestParts<S> for ValidQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        validate::<T>(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn validate<T: DeserializeOwned + Parse>(query: &str) -> Result<T::Command, Problem> {
    let parameters = Value::Object(read(query)?);
    let value: T =
        decode(&parameters, Notation::Text).map_err(|error| error.into_problem(Location::Query))?;
    let mut fields = Fields::new(Location::Query);
    let command = value.parse(&mut fields);
    fields.build(|| command)
}

/// Names and values as text; empty pieces between two `&` are skipped.
fn read(query: &str) -> Result<Map<String, Value>, Problem> {
    let mut parameters = Map::new();
    let mut refused = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(name), Some(value)) = (percent_decode(name), percent_decode(value)) else {
            return Err(Problem::new(ProblemCode::MalformedRequest)
                .detail("The query is not valid percent-encoded UTF-8."));
        };
        let mut refuse = |code, detail: &'static str| {
            let error = FieldError::new(pointer::under(&name, ""), Violation::new(code, detail));
            refused.push(error.found_in(Location::Query));
        };
        if name.contains('\0') || value.contains('\0') {
            refuse("invalid_character", "must not contain NUL (U+0000)");
        } else if parameters.contains_key(&name) {
            refuse("duplicate", "must stand there once");
        } else {
            parameters.insert(name, Value::String(value));
        }
    }
    if refused.is_empty() {
        Ok(parameters)
    } else {
        Err(Problem::new(ProblemCode::ValidationFailed).errors(refused))
    }
}

/// `application/x-www-form-urlencoded`, but `None` where the usual decoders guess: `%`, `%z1`, bytes that aren't UTF-8.
pub(in crate::api) fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = char::from(rest.next()?).to_digit(16)?;
                let low = char::from(rest.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::Value;

    use super::validate;
    use crate::api::extract::fields::{Fields, Parse};
    use crate::api::problem::Problem;

    #[derive(Debug, Deserialize)]
    struct Filter {
        limit: Option<i64>,
        q: Option<String>,
    }

    impl Parse for Filter {
        type Command = (Option<i64>, Option<String>);

        fn parse(self, _: &mut Fields) -> Option<Self::Command> {
            Some((self.limit, self.q))
        }
    }

    fn body(problem: &Problem) -> Value {
        serde_json::from_slice(&problem.body("/v1/products", "r")).unwrap()
    }

    #[test]
    fn parameters_are_decoded_with_their_types() {
        let read = validate::<Filter>("limit=5&q=gr%C3%BCn+tea").unwrap();
        assert_eq!(read, (Some(5), Some("grün tea".to_owned())));
        assert_eq!(validate::<Filter>("").unwrap(), (None, None));
    }

    #[test]
    fn what_cannot_be_decoded_is_not_guessed_at() {
        for query in ["q=%", "q=%z1", "q=%+1", "q=%ff", "%ff=1"] {
            let problem = validate::<Filter>(query).unwrap_err();
            assert_eq!(problem.code().as_str(), "malformed_request", "{query}");
        }
    }

    #[test]
    fn each_refused_parameter_is_named_and_found_in_the_query() {
        let cases = [
            ("lmit=5", "unknown_field", "/lmit", "unknown_field"),
            ("q=a&q=a", "validation_failed", "/q", "duplicate"),
            ("limit=5.0", "validation_failed", "/limit", "invalid_type"),
            ("limit=", "validation_failed", "/limit", "invalid_type"),
            ("limit=99999999999999999999", "validation_failed", "/limit", "out_of_range"),
            ("q=%00", "validation_failed", "/q", "invalid_character"),
        ];
        for (query, problem, pointer, code) in cases {
            let body = body(&validate::<Filter>(query).unwrap_err());
            assert_eq!(body["code"], problem, "{query}");
            assert_eq!(body["errors"][0]["pointer"], pointer, "{query}");
            assert_eq!(body["errors"][0]["code"], code, "{query}");
            assert_eq!(body["errors"][0]["in"], "query", "{query}");
        }
    }
}
