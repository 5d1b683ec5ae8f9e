//! `GET /v1/webhook-endpoints`: the caller's endpoints, newest first.

use axum::extract::State;
use axum::http::Uri;
use serde::Deserialize;

use super::body::WebhookEndpointBody;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{AskedPage, Fields, ListScope, Parse, ValidQuery};
use crate::api::list::{ListBody, Listed};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::service::webhooks::list;

/// Which page of endpoints.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListWebhookEndpointsQuery {
    /// How many; 20 where it is not said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// `nextCursor` of the page before.
    #[param(max_length = 512)]
    cursor: Option<String>,
}

impl Parse for ListWebhookEndpointsQuery {
    type Command = AskedPage;

    fn parse(self, fields: &mut Fields) -> Option<AskedPage> {
        AskedPage::parse(fields, self.limit, self.cursor)
    }
}

/// List webhook endpoints
///
/// The caller's own, newest first; nobody sees another's.
#[utoipa::path(
    get, path = "/v1/webhook-endpoints", tag = "webhook-endpoints", security(("bearer" = ["webhooks:manage"])),
    params(ListWebhookEndpointsQuery),
    responses((status = 200, description = "One page; `Link` names the next.", body = ListBody<WebhookEndpointBody>)),
)]
pub async fn list_webhook_endpoints(
    State(state): State<ApiState>,
    caller: Caller<may::ManageWebhooks>,
    uri: Uri,
    ValidQuery(asked): ValidQuery<ListWebhookEndpointsQuery>,
) -> Result<Listed<WebhookEndpointBody>, Problem> {
    let owner = caller.granted.holder();
    let scope = ListScope::of("webhook-endpoints").with("owner", Some(&owner.to_string()));
    let page = asked.open(&state.cursors, &scope)?;
    let found = list(&state.webhooks, owner, page).await?;
    Ok(Listed::new(found, &uri, &state.cursors, &scope))
}
