//! Who may call, as a type in a handler's signature: `Caller<may::PlaceOrders>` exists only for a caller who may.

use axum::extract::{FromRef, FromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use crate::api::problem::{Problem, ProblemCode};
use crate::api::state::ApiState;
use crate::domain::access::Principal;
use crate::domain::permission::{Granted, Permission};
use crate::service::auth::tokens;

pub use crate::domain::permission::may;

/// An authenticated caller who may do `P`.
#[derive(Debug, Clone)]
pub struct Caller<P> {
    pub principal: Principal,
    /// For use cases that ask for it.
    pub granted: Granted<P>,
}

impl<S, P> FromRequestParts<S> for Caller<P>
where
    S: Send + Sync,
    ApiState: FromRef<S>,
    P: Permission,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let token = bearer(parts)?;
        let ApiState { services, .. } = ApiState::from_ref(state);
        let principal = tokens::verify(&services, token).await?;
        let granted = principal.granted()?;
        Ok(Self { principal, granted })
    }
}

/// The token of `Authorization: Bearer …` (RFC 6750 §2.1); the scheme's case does not matter.
fn bearer(parts: &Parts) -> Result<&str, Problem> {
    let mut values = parts.headers.get_all(AUTHORIZATION).iter();
    let value = values.next().and_then(|value| value.to_str().ok());
    let credentials = value.and_then(|value| value.split_once(' '));
    match (credentials, values.next()) {
        (Some((scheme, token)), None) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(Problem::new(ProblemCode::Unauthenticated)),
    }
}
