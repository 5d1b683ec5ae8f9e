//! The body of an operation that takes none: nothing, or an object without members, and the two are one request.

use axum::extract::{FromRequest, Request};
use serde::Deserialize;
use utoipa::ToSchema;

use super::JsonBody;
use crate::api::problem::Problem;

/// The operation takes no members; the body may be absent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct EmptyRequest {}

/// A body that says nothing. Its canonical form is empty, however it was sent.
#[derive(Debug, Clone, Copy)]
pub struct EmptyBody;

impl EmptyBody {
    pub const CANONICAL: &[u8] = b"";
}

impl<S: Send + Sync> FromRequest<S> for EmptyBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        Option::<JsonBody<EmptyRequest>>::from_request(request, state).await.map(|_| Self)
    }
}
