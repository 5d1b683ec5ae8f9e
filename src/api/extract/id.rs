//! Ids as clients write them: one spelling each, so that one resource has one address; makes none.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use uuid::Uuid;

use crate::api::problem::{Problem, ProblemCode};
use crate::domain::Violation;
use crate::domain::ids::Id;

/// The one parameter of a path such as `/v1/orders/{id}`. Anything but an id is 404: there is nothing there.
#[derive(Debug, Clone, Copy)]
pub struct PathId<T>(pub T);

impl<S: Send + Sync, T: Id> FromRequestParts<S> for PathId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let nothing_there = || Problem::new(ProblemCode::NotFound);
        let Ok(Path(text)) = Path::<String>::from_request_parts(parts, state).await else {
            return Err(nothing_there());
        };
        parse_id(&text).map(Self).map_err(|_violation| nothing_there())
    }
}

/// The two parameters of a path such as `/v1/payments/{id}/refunds/{refundId}`.
#[derive(Debug, Clone, Copy)]
pub struct PathIds<T, U>(pub T, pub U);

impl<S: Send + Sync, T: Id, U: Id> FromRequestParts<S> for PathIds<T, U> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let nothing_there = || Problem::new(ProblemCode::NotFound);
        let Ok(Path((outer, inner))) =
            Path::<(String, String)>::from_request_parts(parts, state).await
        else {
            return Err(nothing_there());
        };
        match (parse_id(&outer), parse_id(&inner)) {
            (Ok(outer), Ok(inner)) => Ok(Self(outer, inner)),
            (_, _) => Err(nothing_there()),
        }
    }
}

/// An id in a body or query: lower-case, hyphenated.
///
/// # Errors
/// `invalid_format` for any other spelling of a UUID, and for what is none.
pub fn parse_id<T: Id>(text: &str) -> Result<T, Violation> {
    let mut buffer = Uuid::encode_buffer();
    Uuid::try_parse(text)
        .ok()
        .filter(|uuid| uuid.hyphenated().encode_lower(&mut buffer) == text)
        .map(T::from_uuid)
        .ok_or_else(|| Violation::new("invalid_format", "must be a lower-case, hyphenated UUID"))
}

#[cfg(test)]
mod tests {
    use super::parse_id;
    use crate::domain::ids::OrderId;

    #[test]
    fn an_id_has_one_spelling() {
        let id = "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0000";
        assert_eq!(parse_id::<OrderId>(id).unwrap().to_string(), id);
        let upper = id.to_uppercase();
        let bare = id.replace('-', "");
        let braced = format!("{{{id}}}");
        for other in
            [upper.as_str(), &bare, &braced, "", "1", "0199aaaa-bbbb-7ccc-8ddd-eeeeffff000"]
        {
            assert_eq!(parse_id::<OrderId>(other).unwrap_err().code, "invalid_format", "{other}");
        }
    }
}
