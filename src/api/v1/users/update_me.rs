//! `PATCH /v1/users/me`: what people change about themselves.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::{UserBody, shown};
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{AccountLimit, Fields, IfMatch, Parse, Patch, ValidJson};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::Violation;
use crate::domain::user::{PaymentMethod, PersonName};
use crate::domain::version::ExpectedVersion;
use crate::service::auth::passwords::{Password, PasswordAttempt};
use crate::service::users::update_me::{
    self as profile, NewPassword, PaymentMethodChange, UpdateMe,
};

/// What is to change; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = UpdateMeRequest, example = json!({ "name": "Ada King", "defaultPaymentMethod": "pm_ok" }))]
pub struct UpdateMeRequest {
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 200, format = "line")]
    name: Patch<String>,
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
        let name = fields.replace("/name", self.name, |text: String| PersonName::parse(&text));
        let new = fields.replace("/password", self.password, |text: String| Password::parse(&text));
        let current = fields.replace("/currentPassword", self.current_password, |text: String| {
            Ok(PasswordAttempt::new(&text))
        });
        let method =
            fields.patch("/defaultPaymentMethod", self.default_payment_method, |name: String| {
                PaymentMethod::parse(&name)
            });
        let password = match (current?, new?) {
            (Some(current), Some(new)) => Some(NewPassword { current, new }),
            (None, None) => None,
            (None, Some(_)) => {
                fields.fail("/currentPassword", Violation::new("required", "is required"));
                return None;
            }
            (Some(_), None) => {
                fields.fail("/password", Violation::new("required", "is required"));
                return None;
            }
        };
        let default_payment_method = match method? {
            Patch::Keep => PaymentMethodChange::Keep,
            Patch::Clear => PaymentMethodChange::Clear,
            Patch::Set(method) => PaymentMethodChange::Set(method),
        };
        // The version stands in a header.
        let expected_version = ExpectedVersion::Any;
        Some(UpdateMe { name: name?, password, default_payment_method, expected_version })
    }
}

/// Change one's own profile
///
/// Name, password and default payment method. A new password signs out everywhere, this token included.
#[utoipa::path(
    patch, path = "/v1/users/me", tag = "users", security(("bearer" = ["profile:write"])),
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
    let id = caller.principal.user_id;
    if request.command.password.is_some() {
        attempts.admit_user(id).await?;
    }
    let command = UpdateMe { expected_version: if_match.version_of(id), ..request.command };
    shown(profile::update_me(&state.services, id, command).await?)
}
