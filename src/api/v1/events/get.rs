//! `GET /v1/events/{id}`: one event.

use axum::Json;
use axum::extract::State;

use super::body::EventBody;
use crate::api::extract::PathId;
use crate::api::extract::caller::{Caller, may};
use crate::api::problem::{Problem, ProblemCode};
use crate::api::state::ApiState;
use crate::domain::ids::EventId;
use crate::service::events::find;

/// Read an event
///
/// Another customer's event is as if it were not there.
#[utoipa::path(
    get, path = "/v1/events/{id}", tag = "events", security(("bearer" = ["webhooks:manage"])),
    params(("id" = uuid::Uuid, Path, description = "The event's id.")),
    responses((status = 200, description = "The event.", body = EventBody)),
)]
pub async fn get_event(
    State(state): State<ApiState>,
    caller: Caller<may::ManageWebhooks>,
    PathId(id): PathId<EventId>,
) -> Result<Json<EventBody>, Problem> {
    let found = find(&state.services, id, caller.principal.reach()).await?;
    Ok(Json(found.ok_or_else(|| Problem::new(ProblemCode::NotFound))?.into()))
}
