//! `PATCH /v2/users/me`: what people change about themselves.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::{UserBody, shown};
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{AccountLimit, Fields, IfMatch, Parse, Patch, ValidJson};
use crate::api::problem::Problem;
use crate::api::profile::{Named, ProfileChange, change_own};
use crate::api::state::ApiState;
use crate::service::users::update_me::UpdateMe;

/// What is to change; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = UpdateMeRequest, example = json!({ "displayName": "Ada Byron King", "defaultPaymentMethod": "pm_ok" }))]
pub struct UpdateMeRequest {
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 200, format = "line")]
    display_name: Patch<String>,
    /// A new password ends every session; it needs `currentPassword`.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, min_length = 12, max_length = 128)]
    password: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, max_length = 128)]
    current_password: Patch<String>,
    /// Null takes it away.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 63, pattern = "^pm_[a-z0-9_]{1,60}$")]
    default_payment_method: Patch<String>,
}

impl Parse for UpdateMeRequest {
    type Command = UpdateMe;

    fn parse(self, fields: &mut Fields) -> Option<UpdateMe> {
        let change = ProfileChange {
            name: Named { at: "/displayName", value: self.display_name },
            password: self.password,
            current_password: self.current_password,
            default_payment_method: self.default_payment_method,
        };
        change.parse(fields)
    }
}

/// Change one's own profile
///
/// Display name, password and default payment method. A new password signs out everywhere, this token included.
#[utoipa::path(
    patch, path = "/v2/users/me", tag = "users", security(("bearer" = ["profile:write"])),
    request_body = UpdateMeRequest,
    params(("If-Match" = Option<String>, Header, description = "The `ETag` of the account that is to be changed.")),
    responses((status = 200, description = "The account as it is now.", body = UserBody)),
)]
pub async fn update_me(
    State(state): State<ApiState>,
    caller: Caller<may::WriteProfile>,
    attempts: AccountLimit,
    if_match: IfMatch,
    request: ValidJson<UpdateMeRequest>,
) -> Result<Response, Problem> {
    shown(change_own(&state, &caller, &attempts, &if_match, request.command).await?)
}
