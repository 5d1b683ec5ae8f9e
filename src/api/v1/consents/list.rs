//! `GET /v1/consents`: which applications the caller lets act for them, newest first.

use axum::extract::State;
use axum::http::Uri;
use serde::Deserialize;

use super::body::ConsentBody;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{AskedPage, Fields, ListScope, Parse, ValidQuery};
use crate::api::list::{ListBody, Listed};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::service::oauth::consents::list;

/// Which page of consents.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListConsentsQuery {
    /// How many; 20 where it is not said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// `nextCursor` of the page before.
    #[param(max_length = 512)]
    cursor: Option<String>,
}

impl Parse for ListConsentsQuery {
    type Command = AskedPage;

    fn parse(self, fields: &mut Fields) -> Option<AskedPage> {
        AskedPage::parse(fields, self.limit, self.cursor)
    }
}

problems!(ListConsentsProblems: SessionRequired);

/// List consents
///
/// Which applications the caller lets act for them, and what they may do; newest first.
#[utoipa::path(
    get, path = "/v1/consents", tag = "consents", security(("bearer" = ["profile:read"])),
    params(ListConsentsQuery),
    responses(
        (status = 200, description = "One page; `Link` names the next.", body = ListBody<ConsentBody>),
        ListConsentsProblems,
    ),
)]
pub async fn list_consents(
    State(state): State<ApiState>,
    caller: Caller<may::ReadConsents>,
    uri: Uri,
    ValidQuery(asked): ValidQuery<ListConsentsQuery>,
) -> Result<Listed<ConsentBody>, Problem> {
    let owner = caller.granted.holder().to_string();
    let scope = ListScope::of("consents").with("owner", Some(&owner));
    let page = asked.open(&state.cursors, &scope)?;
    let found = list(&state.services, caller.granted, page).await?;
    Ok(Listed::new(found, &uri, &state.cursors, &scope))
}
