//! `PATCH /v1/users/{id}`: what administrators change about others.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::{UserBody, shown};
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{Fields, IfMatch, Parse, Patch, PathId, ValidJson};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::access::Role;
use crate::domain::ids::UserId;
use crate::service::users::update::{Standing, UpdateUser, update};

/// What is to change; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "role": "support", "status": "active" }))]
pub struct UpdateUserRequest {
    /// `customer`, `support` or `admin`.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, max_length = 16, pattern = "^(customer|support|admin)$")]
    role: Patch<String>,
    /// `active` or `disabled`; a disabled user is signed out everywhere.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, max_length = 16, pattern = "^(active|disabled)$")]
    status: Patch<String>,
}

/// What is right in itself; whom it is for stands in the path.
#[derive(Debug)]
pub struct Wanted {
    role: Option<Role>,
    standing: Option<Standing>,
}

impl Parse for UpdateUserRequest {
    type Command = Wanted;

    fn parse(self, fields: &mut Fields) -> Option<Wanted> {
        let role = fields.replace("/role", self.role, |name: String| name.parse());
        let standing = fields.replace("/status", self.status, |name: String| name.parse());
        Some(Wanted { role: role?, standing: standing? })
    }
}

problems!(UpdateUserProblems: Forbidden, SessionRequired);

/// Change a user's role or status
///
/// In force at once, for tokens issued before, too. Nobody changes their own.
#[utoipa::path(
    patch, path = "/v1/users/{id}", tag = "users", security(("bearer" = ["users:admin"])),
    request_body = UpdateUserRequest,
    params(
        ("id" = uuid::Uuid, Path, description = "The user's id."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the account that is to be changed."),
    ),
    responses((status = 200, description = "The account as it is now.", body = UserBody), UpdateUserProblems),
)]
pub async fn update_user(
    State(state): State<ApiState>,
    caller: Caller<may::ChangeAccess>,
    PathId(id): PathId<UserId>,
    if_match: IfMatch,
    request: ValidJson<UpdateUserRequest>,
) -> Result<Response, Problem> {
    let Wanted { role, standing } = request.command;
    let command = UpdateUser { id, role, standing, expected_version: if_match.version_of(id) };
    shown(update(&state.services, &caller.author, caller.granted, &command).await?)
}
