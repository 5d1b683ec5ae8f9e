//! `GET /v1/oauth-clients`: all applications, newest first.

use axum::extract::State;
use axum::http::Uri;
use serde::Deserialize;

use super::body::OauthClientBody;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{AskedPage, Fields, ListScope, Parse, ValidQuery};
use crate::api::list::{ListBody, Listed};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::service::oauth::clients::list;

/// Which page of applications.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListOauthClientsQuery {
    /// How many; 20 where it is not said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// `nextCursor` of the page before.
    #[param(max_length = 512)]
    cursor: Option<String>,
}

impl Parse for ListOauthClientsQuery {
    type Command = AskedPage;

    fn parse(self, fields: &mut Fields) -> Option<AskedPage> {
        AskedPage::parse(fields, self.limit, self.cursor)
    }
}

problems!(ListOauthClientsProblems: SessionRequired);

/// List applications
///
/// All that are registered, newest first, without their secrets.
#[utoipa::path(
    get, path = "/v1/oauth-clients", tag = "oauth-clients", security(("bearer" = ["users:admin"])),
    params(ListOauthClientsQuery),
    responses(
        (status = 200, description = "One page; `Link` names the next.", body = ListBody<OauthClientBody>),
        ListOauthClientsProblems,
    ),
)]
pub async fn list_oauth_clients(
    State(state): State<ApiState>,
    caller: Caller<may::ManageOauthClients>,
    uri: Uri,
    ValidQuery(asked): ValidQuery<ListOauthClientsQuery>,
) -> Result<Listed<OauthClientBody>, Problem> {
    let scope = ListScope::of("oauth-clients");
    let page = asked.open(&state.cursors, &scope)?;
    let found = list(&state.services, caller.granted, page).await?;
    Ok(Listed::new(found, &uri, &state.cursors, &scope))
}
