//! `POST /v2/users`: opens an account.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::UserBody;
use crate::api::extract::cause::RequestCause;
use crate::api::extract::{Fields, Parse, RequestOrigin, ValidJson};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::profile::{Named, NewAccount};
use crate::api::state::ApiState;
use crate::domain::audit::Author;
use crate::service::users::register::{Register, register};

/// Who wants an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(example = json!({ "email": "grace@example.com", "password": "correct horse battery", "displayName": "Grace Hopper" }))]
pub struct RegisterUserRequest {
    #[schema(max_length = 254, format = "email")]
    email: String,
    #[schema(min_length = 12, max_length = 128)]
    password: String,
    #[schema(min_length = 1, max_length = 200, format = "line")]
    display_name: String,
}

impl Parse for RegisterUserRequest {
    type Command = Register;

    fn parse(self, fields: &mut Fields) -> Option<Register> {
        let (email, password) = (self.email, self.password);
        NewAccount { email, password, name: Named { at: "/displayName", value: self.display_name } }
            .parse(fields)
    }
}

problems!(RegisterUserProblems: EmailTaken);

/// Open an account
///
/// The welcome mail is queued with the account; the answer waits for no mail.
#[utoipa::path(
    post, path = "/v2/users", tag = "users", security(()), request_body = RegisterUserRequest,
    responses((status = 201, description = "The account; `Location` names it.", body = UserBody), RegisterUserProblems),
)]
pub async fn register_user(
    State(state): State<ApiState>,
    RequestCause(cause): RequestCause,
    RequestOrigin(origin): RequestOrigin,
    request: ValidJson<RegisterUserRequest>,
) -> Result<Response, Problem> {
    let author = Author::stranger(origin);
    let user = register(&state.services, (&author, &cause), request.command).await?;
    let location = format!("/v2/users/{}", user.id);
    let body = Json(UserBody::from(user));
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], body).into_response())
}
