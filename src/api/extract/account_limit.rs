//! The limit of attempts on one account, for a handler that takes its name and password; it reads no body itself.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;

use crate::api::limits::Limits;
use crate::api::limits::told::{self, Tally};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::user::Email;

/// Counts attempts on accounts.
#[derive(Debug, Clone)]
pub struct AccountLimit {
    limits: Arc<Limits>,
    tally: Tally,
}

impl AccountLimit {
    /// Counts one attempt, whether there is such an account or not.
    ///
    /// # Errors
    /// 429 where there were too many.
    pub async fn admit(&self, email: &Email) -> Result<(), Problem> {
        let told = self.limits.take_account(email).await;
        let refusal = told::refusal(&told);
        self.tally.add(told);
        refusal.map_or(Ok(()), Err)
    }
}

impl<S> FromRequestParts<S> for AccountLimit
where
    S: Send + Sync,
    ApiState: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let limits = ApiState::from_ref(state).limits;
        let tally = parts.extensions.get::<Tally>().cloned().unwrap_or_default();
        Ok(Self { limits, tally })
    }
}
