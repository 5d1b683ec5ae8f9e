//! The `WWW-Authenticate` that a 401 must and a 403 may carry (RFC 9110 §11.6.1, RFC 6750 §3); checks no credentials.

use axum::http::HeaderValue;

use super::ProblemCode;

/// What to ask for, or `None` where the code is not about credentials.
pub(super) fn challenge(code: ProblemCode) -> Option<HeaderValue> {
    let value = match code {
        // Without credentials no error code is given (RFC 6750 §3.1).
        ProblemCode::Unauthenticated | ProblemCode::InvalidCredentials => "Bearer realm=\"till\"",
        ProblemCode::TokenExpired => {
            "Bearer realm=\"till\", error=\"invalid_token\", error_description=\"The access token has expired\""
        }
        ProblemCode::TokenInvalid => {
            "Bearer realm=\"till\", error=\"invalid_token\", error_description=\"The token is not valid\""
        }
        // No scheme of HTTP: the message itself is signed.
        ProblemCode::SignatureInvalid => "Webhook-Signature",
        _ => return None,
    };
    Some(HeaderValue::from_static(value))
}

/// Says which scope is missing; a scope that no header can carry is left out.
pub(super) fn insufficient_scope(scope: &str) -> HeaderValue {
    let value = format!("Bearer realm=\"till\", error=\"insufficient_scope\", scope=\"{scope}\"");
    HeaderValue::from_str(&value)
        .unwrap_or(HeaderValue::from_static("Bearer realm=\"till\", error=\"insufficient_scope\""))
}
