//! `GET /.well-known/oauth-authorization-server`: where everything is and what is understood there (RFC 8414).

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::api::state::ApiState;
use crate::domain::access::Scope;
use crate::domain::oauth::GrantType;
use crate::domain::oauth::pkce;

const WITH_SECRET: [&str; 2] = ["client_secret_basic", "client_secret_post"];
const ANY_CLIENT: [&str; 3] = ["client_secret_basic", "client_secret_post", "none"];

#[derive(Debug, Serialize)]
struct Metadata<'a> {
    issuer: &'a str,
    authorization_endpoint: String,
    token_endpoint: String,
    revocation_endpoint: String,
    introspection_endpoint: String,
    jwks_uri: String,
    service_documentation: String,
    scopes_supported: Vec<&'static str>,
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 1],
    grant_types_supported: [&'static str; 3],
    token_endpoint_auth_methods_supported: [&'static str; 3],
    revocation_endpoint_auth_methods_supported: [&'static str; 3],
    introspection_endpoint_auth_methods_supported: [&'static str; 2],
    code_challenge_methods_supported: [&'static str; 1],
    /// RFC 9207.
    authorization_response_iss_parameter_supported: bool,
}

pub async fn get_metadata(State(state): State<ApiState>) -> Response {
    let issuer = state.services.auth.issuer();
    let at = |path: &str| format!("{issuer}{path}");
    let scopes = Scope::ALL.iter().filter(|scope| **scope != Scope::KeysManage);
    let metadata = Metadata {
        issuer,
        authorization_endpoint: at("/oauth/authorize"),
        token_endpoint: at("/oauth/token"),
        revocation_endpoint: at("/oauth/revoke"),
        introspection_endpoint: at("/oauth/introspect"),
        jwks_uri: at("/.well-known/jwks.json"),
        service_documentation: at("/docs/oauth"),
        scopes_supported: scopes.map(|scope| scope.as_str()).collect(),
        response_types_supported: ["code"],
        response_modes_supported: ["query"],
        grant_types_supported: GrantType::ALL.map(GrantType::as_str),
        token_endpoint_auth_methods_supported: ANY_CLIENT,
        revocation_endpoint_auth_methods_supported: ANY_CLIENT,
        introspection_endpoint_auth_methods_supported: WITH_SECRET,
        code_challenge_methods_supported: [pkce::METHOD],
        authorization_response_iss_parameter_supported: true,
    };
    ([(CACHE_CONTROL, "public, max-age=300")], Json(metadata)).into_response()
}
