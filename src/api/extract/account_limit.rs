//! The limit of attempts on one account or one application, for a handler that takes its name and secret; it reads no body
//! itself.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;

use crate::api::limits::Limits;
use crate::api::limits::told::{self, Tally, Told};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::{ClientId, UserId};
use crate::domain::user::Email;

/// Counts attempts at passwords and at the secrets of applications.
#[derive(Debug, Clone)]
pub struct AccountLimit {
    limits: Arc<Limits>,
    tally: Tally,
    network: String,
}

impl AccountLimit {
    /// Counts one attempt to sign in, whether there is such an account or not.
    ///
    /// # Errors
    /// 429 where there were too many.
    pub async fn admit(&self, email: &Email) -> Result<(), Problem> {
        self.judge(self.limits.take_account(email, &self.network).await)
    }

    /// The attempt succeeded: the network is known from now on.
    pub async fn succeeded(&self, email: &Email) {
        self.limits.remember(email, &self.network).await;
    }

    /// Counts one mail that is asked for in the name of this account, whether there is one or not.
    ///
    /// # Errors
    /// 429 where there were too many.
    pub async fn admit_reset(&self, email: &Email) -> Result<(), Problem> {
        self.judge(self.limits.take_reset(email).await)
    }

    /// Counts one attempt at a user's own password.
    ///
    /// # Errors
    /// 429 where there were too many.
    pub async fn admit_user(&self, user: UserId) -> Result<(), Problem> {
        self.judge(self.limits.take_password(user).await)
    }

    /// Whether a secret of this application is heard; counts nothing.
    ///
    /// # Errors
    /// 429 where too many were wrong.
    pub async fn hear_client(&self, client: ClientId) -> Result<(), Problem> {
        let told = self.limits.look_client(client, &self.network).await;
        // Only a refusal is told: whoever asks and is right is not under this limit.
        if told.iter().all(|told| told.standing.allowed) { Ok(()) } else { self.judge(told) }
    }

    /// Counts one wrong secret of this application, whether there is such a one or not.
    pub async fn client_failed(&self, client: ClientId) {
        self.tally.add(self.limits.take_client(client, &self.network).await);
    }

    fn judge(&self, told: Vec<Told>) -> Result<(), Problem> {
        let refusal = told::refusal(&told, &self.tally.seen());
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
        let limits = Arc::clone(&ApiState::from_ref(state).limits);
        let tally = parts.extensions.get::<Tally>().cloned().unwrap_or_default();
        let network = limits.network(parts);
        Ok(Self { limits, tally, network })
    }
}
