//! `POST /oauth/token`: trades a grant for tokens (RFC 6749 §3.2).

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, PRAGMA};
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret;
use serde::Serialize;

use super::client::asking;
use super::form::Form;
use super::refusal::Refusal;
use crate::api::extract::{AccountLimit, RequestOrigin};
use crate::api::state::ApiState;
use crate::domain::oauth::pkce::CodeVerifier;
use crate::service::auth::refresh_token::RefreshToken;
use crate::service::oauth::Code;
use crate::service::oauth::token::{CodeTrade, GrantRequest, Issued, grant};

/// RFC 6749 §5.1.
#[derive(Serialize)]
struct TokenBody<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    scope: String,
}

pub async fn grant_tokens(
    State(state): State<ApiState>,
    RequestOrigin(origin): RequestOrigin,
    attempts: AccountLimit,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Refusal> {
    let request = asked(&form)?;
    let client = asking(&state.services, &attempts, &headers, &form).await?;
    Ok(granted(&grant(&state.services, &origin, &client, &request).await?))
}

fn asked(form: &Form) -> Result<GrantRequest, Refusal> {
    match form.require("grant_type", "Say which grant_type it is.")? {
        "authorization_code" => {
            let code = Code::parse(form.require("code", "Send the code.")?);
            // Asked of every client: without it, whoever sees a code could use it (RFC 9700 §2.1.1).
            let verifier = form.require("code_verifier", "Send the code_verifier.")?;
            let redirect_uri = form.find("redirect_uri")?.map(str::to_owned);
            let verifier = CodeVerifier::parse(verifier);
            Ok(GrantRequest::AuthorizationCode(CodeTrade { code, redirect_uri, verifier }))
        }
        "refresh_token" => {
            let token = form.require("refresh_token", "Send the refresh_token.")?;
            let (token, scopes) = (RefreshToken::parse(token), form.scopes()?);
            Ok(GrantRequest::RefreshToken { token, scopes })
        }
        "client_credentials" => Ok(GrantRequest::ClientCredentials { scopes: form.scopes()? }),
        _ => Err(Refusal::UnsupportedGrantType),
    }
}

fn granted(issued: &Issued) -> Response {
    let body = TokenBody {
        access_token: issued.access_token.expose_secret(),
        token_type: "Bearer",
        expires_in: issued.expires_in.whole_seconds(),
        refresh_token: issued.refresh_token.as_ref().map(ExposeSecret::expose_secret),
        scope: issued.scopes.to_string(),
    };
    ([(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")], Json(body)).into_response()
}
