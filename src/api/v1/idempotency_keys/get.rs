//! `GET /v1/idempotency-keys/{key}`: what became of a request whose answer was lost.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::extract::PathKey;
use crate::api::extract::caller::{Caller, may};
use crate::api::outcome::head_of;
use crate::api::problem::{Problem, ProblemCode};
use crate::api::state::ApiState;
use crate::api::timestamp::Timestamp;
use crate::domain::idempotency::IdempotencyKey;
use crate::service::idempotency::{KeyReport, Progress, find};

/// A key, and what its request came to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = IdempotencyKey)]
pub struct IdempotencyKeyBody {
    #[schema(min_length = 1, max_length = 255)]
    key: String,
    /// `running` or `done`.
    #[schema(max_length = 8)]
    state: &'static str,
    /// The status that the request was answered with, once it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 200, maximum = 599)]
    status: Option<u16>,
    /// The `Location` of that answer, where it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 512)]
    location: Option<String>,
    created_at: Timestamp,
    /// Until then the same request gets the same answer.
    expires_at: Timestamp,
}

impl IdempotencyKeyBody {
    fn new(key: &IdempotencyKey, report: KeyReport) -> Self {
        let (state, status, location) = match report.progress {
            Progress::Running => ("running", None, None),
            Progress::Done(outcome) => {
                let (status, location) = head_of(outcome);
                ("done", Some(status.as_u16()), location)
            }
        };
        Self {
            key: key.as_str().to_owned(),
            state,
            status,
            location,
            created_at: report.created_at.into(),
            expires_at: report.expires_at.into(),
        }
    }
}

/// Ask what became of a request
///
/// By the caller's own key. 404 is no proof that nothing will happen: repeat the request with the same key.
#[utoipa::path(
    get, path = "/v1/idempotency-keys/{key}", tag = "idempotency-keys", security(("bearer" = [])),
    params(("key" = String, Path, description = "The key, percent-encoded where a path asks for it.", max_length = 255)),
    responses((status = 200, description = "What is known of the key.", body = IdempotencyKeyBody)),
)]
pub async fn get_idempotency_key(
    State(state): State<ApiState>,
    caller: Caller<may::ReadOwnKeys>,
    PathKey(key): PathKey,
) -> Result<Json<IdempotencyKeyBody>, Problem> {
    let report = find(&state.services, caller.principal.idempotency_scope(), &key).await?;
    let report = report.ok_or_else(|| {
        Problem::new(ProblemCode::NotFound)
            .detail("Nothing is known of this key. Repeat the request with it to be sure.")
    })?;
    Ok(Json(IdempotencyKeyBody::new(&key, report)))
}
