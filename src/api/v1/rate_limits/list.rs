//! `GET /v1/rate-limits`: how the caller's limits stand.

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::extract::caller::Credentials;
use crate::api::limits::told::Told;
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;

/// The caller's limits, this request counted in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RateLimitList)]
pub struct RateLimitListBody {
    #[schema(max_items = 8)]
    data: Vec<RateLimitBody>,
}

/// One limit and how it stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RateLimit)]
pub struct RateLimitBody {
    /// As `RateLimit-Policy` names it.
    #[schema(max_length = 32, example = "user")]
    policy: &'static str,
    /// `token_bucket`, `leaky_bucket`, `fixed_window`, `sliding_window` or `sliding_window_counter`.
    #[schema(max_length = 32, example = "token_bucket")]
    algorithm: &'static str,
    /// Requests of one window.
    #[schema(minimum = 1, maximum = 1_000_000)]
    limit: u32,
    /// The window's length.
    #[schema(minimum = 1, maximum = 86_400)]
    window_seconds: u64,
    /// How many pass at once where none was made for long.
    #[schema(minimum = 1, maximum = 1_000_000)]
    burst: u32,
    /// How many pass now.
    #[schema(minimum = 0, maximum = 1_000_000)]
    remaining: u32,
    /// Until the next is certain to pass where none is left, else until all is there again.
    #[schema(minimum = 0)]
    reset_seconds: u64,
}

impl From<Told> for RateLimitBody {
    fn from(told: Told) -> Self {
        let reset_seconds = told.seconds();
        let Told { policy, standing } = told;
        Self {
            policy: policy.name(),
            algorithm: policy.algorithm().as_str(),
            limit: policy.limit(),
            window_seconds: policy.window() / 1_000_000,
            burst: policy.burst(),
            remaining: standing.remaining,
            reset_seconds,
        }
    }
}

problems!(RateLimitProblems: TokenInvalid, TokenExpired);

/// List one's rate limits
///
/// With a token those of its user, with an API key those of the key, without either those of the address. The request counts like any other.
#[utoipa::path(
    get, path = "/v1/rate-limits", tag = "rate-limits", security((), ("bearer" = [])),
    responses(
        (status = 200, description = "Every limit that the caller is under.", body = RateLimitListBody),
        RateLimitProblems,
    ),
)]
pub async fn list_rate_limits(
    State(state): State<ApiState>,
    Extension(credentials): Extension<Credentials>,
    parts: Parts,
) -> Result<Response, Problem> {
    let subject = state.limits.subject(&parts, credentials.shown());
    credentials.admitted(&state.services).await?;
    let told = state.limits.look(&subject).await;
    let data = told.into_iter().map(RateLimitBody::from).collect();
    let mut response = Json(RateLimitListBody { data }).into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(response)
}
