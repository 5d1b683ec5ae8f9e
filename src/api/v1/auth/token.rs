//! `POST /v1/auth/token`: signs in by e-mail address and password.

use axum::Json;
use axum::extract::State;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::extract::{AccountLimit, Fields, Parse, RequestOrigin, ValidJson};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::user::Email;
use crate::service::auth::passwords::PasswordAttempt;
use crate::service::auth::sign_in::{SignIn, sign_in};
use crate::service::auth::tokens::TokenPair;

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "demo@example.com", "password": "till-demo-password" }))]
pub struct CreateTokenRequest {
    #[schema(max_length = 254)]
    email: String,
    #[schema(max_length = 128)]
    password: String,
}

impl Parse for CreateTokenRequest {
    type Command = SignIn;

    /// Refuses nothing: what can't be an account's must look like a wrong password.
    fn parse(self, _: &mut Fields) -> Option<SignIn> {
        let email = Email::parse(&self.email).ok();
        Some(SignIn { email, password: PasswordAttempt::new(&self.password) })
    }
}

/// An access token and what renews it (RFC 6749 §5.1).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TokenPair)]
pub struct TokenPairBody {
    /// A JWT (RFC 9068) for `Authorization: Bearer …`.
    #[schema(max_length = 4096)]
    access_token: String,
    /// Always `Bearer`.
    #[schema(max_length = 6)]
    token_type: &'static str,
    /// Seconds until the access token expires.
    expires_in: i64,
    /// Good once.
    #[schema(max_length = 512)]
    refresh_token: String,
    /// What the token may do, space-separated.
    #[schema(max_length = 1024)]
    scope: String,
}

impl From<TokenPair> for TokenPairBody {
    fn from(pair: TokenPair) -> Self {
        Self {
            access_token: pair.access_token.expose_secret().to_owned(),
            token_type: "Bearer",
            expires_in: pair.expires_in.whole_seconds(),
            refresh_token: pair.refresh_token.expose_secret().to_owned(),
            scope: pair.scopes.to_string(),
        }
    }
}

problems!(SignInProblems: InvalidCredentials);

/// Sign in
///
/// An unknown address and a wrong password get the same answer in the same time.
#[utoipa::path(
    post, path = "/v1/auth/token", tag = "auth", security(()), request_body = CreateTokenRequest,
    responses((status = 200, description = "Tokens for this session.", body = TokenPairBody), SignInProblems),
)]
pub async fn create_token(
    State(state): State<ApiState>,
    attempts: AccountLimit,
    RequestOrigin(origin): RequestOrigin,
    request: ValidJson<CreateTokenRequest>,
) -> Result<Json<TokenPairBody>, Problem> {
    let email = request.command.email.clone();
    if let Some(email) = &email {
        attempts.admit(email).await?;
    }
    let tokens = sign_in(&state.services, &origin, request.command).await?;
    if let Some(email) = &email {
        attempts.succeeded(email).await;
    }
    Ok(Json(tokens.into()))
}
