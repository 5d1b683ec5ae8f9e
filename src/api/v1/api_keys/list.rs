//! `GET /v1/api-keys`: the caller's keys, newest first.

use axum::extract::State;
use axum::http::Uri;
use serde::Deserialize;

use super::body::ApiKeyBody;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{AskedPage, Fields, ListScope, Parse, ValidQuery};
use crate::api::list::{ListBody, Listed};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::service::api_keys::list;

/// Which page of keys.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListApiKeysQuery {
    /// How many; 20 where it is not said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// `nextCursor` of the page before.
    #[param(max_length = 512)]
    cursor: Option<String>,
}

impl Parse for ListApiKeysQuery {
    type Command = AskedPage;

    fn parse(self, fields: &mut Fields) -> Option<AskedPage> {
        AskedPage::parse(fields, self.limit, self.cursor)
    }
}

problems!(ListApiKeysProblems: SessionRequired);

/// List API keys
///
/// The caller's own, newest first, without their secrets; those that are over are among them until they are removed.
#[utoipa::path(
    get, path = "/v1/api-keys", tag = "api-keys", security(("bearer" = ["keys:manage"])),
    params(ListApiKeysQuery),
    responses(
        (status = 200, description = "One page; `Link` names the next.", body = ListBody<ApiKeyBody>),
        ListApiKeysProblems,
    ),
)]
pub async fn list_api_keys(
    State(state): State<ApiState>,
    caller: Caller<may::ManageApiKeys>,
    uri: Uri,
    ValidQuery(asked): ValidQuery<ListApiKeysQuery>,
) -> Result<Listed<ApiKeyBody>, Problem> {
    let owner = caller.granted.holder().to_string();
    let scope = ListScope::of("api-keys").with("owner", Some(&owner));
    let page = asked.open(&state.cursors, &scope)?;
    let found = list(&state.services, caller.granted, page).await?;
    Ok(Listed::new(found, &uri, &state.cursors, &scope))
}
