//! From where a request comes, for the audit log: its address, what the client calls itself, its id; decides nothing.

use axum::extract::{FromRef, FromRequestParts};
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use std::convert::Infallible;

use crate::api::limits::Limits;
use crate::api::middleware::RequestId;
use crate::api::state::ApiState;
use crate::domain::audit::{Origin, UserAgent};

/// The origin of a request whose sender is not known; [`Caller`](super::caller::Caller) has its own.
#[derive(Debug, Clone)]
pub struct RequestOrigin(pub Origin);

impl<S> FromRequestParts<S> for RequestOrigin
where
    S: Send + Sync,
    ApiState: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(Self(origin(parts, &ApiState::from_ref(state).limits)))
    }
}

/// The address is what a trusted proxy says of it, or the peer's own.
pub(super) fn origin(parts: &Parts, limits: &Limits) -> Origin {
    let user_agent = parts.headers.get(USER_AGENT);
    Origin {
        address: limits.address(parts),
        user_agent: user_agent.map(|sent| UserAgent::clean(sent.as_bytes())),
        request_id: parts.extensions.get::<RequestId>().map(|id| id.0.to_string()),
    }
}
