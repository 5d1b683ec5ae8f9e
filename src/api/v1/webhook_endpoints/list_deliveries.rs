//! `GET /v1/webhook-endpoints/{id}/deliveries`: what an endpoint was and is to be sent, newest first.

use axum::extract::State;
use axum::http::Uri;
use serde::Deserialize;

use super::body::WebhookDeliveryBody;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{AskedPage, Fields, ListScope, Parse, PathId, ValidQuery};
use crate::api::list::{ListBody, Listed};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::WebhookEndpointId;
use crate::domain::webhook::DeliveryStatus;
use crate::service::webhooks::list_deliveries;

/// Which deliveries.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListWebhookDeliveriesQuery {
    /// `pending`, `delivered` or `failed`.
    #[param(max_length = 16, pattern = "^(pending|delivered|failed)$")]
    status: Option<String>,
    /// How many; 20 where it is not said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// `nextCursor` of the page before.
    #[param(max_length = 512)]
    cursor: Option<String>,
}

/// A filter and the page of it.
#[derive(Debug)]
pub struct Asked {
    status: Option<DeliveryStatus>,
    page: AskedPage,
}

impl Parse for ListWebhookDeliveriesQuery {
    type Command = Asked;

    fn parse(self, fields: &mut Fields) -> Option<Asked> {
        let status = fields.optional("/status", self.status, |name: String| name.parse());
        let page = AskedPage::parse(fields, self.limit, self.cursor);
        Some(Asked { status: status?, page: page? })
    }
}

/// List an endpoint's deliveries
///
/// Newest first, with what became of the last try of each. They are kept for 30 days.
#[utoipa::path(
    get, path = "/v1/webhook-endpoints/{id}/deliveries", tag = "webhook-endpoints",
    security(("bearer" = ["webhooks:manage"])),
    params(("id" = uuid::Uuid, Path, description = "The endpoint's id."), ListWebhookDeliveriesQuery),
    responses((status = 200, description = "One page; `Link` names the next.", body = ListBody<WebhookDeliveryBody>)),
)]
pub async fn list_webhook_deliveries(
    State(state): State<ApiState>,
    caller: Caller<may::ManageWebhooks>,
    PathId(id): PathId<WebhookEndpointId>,
    uri: Uri,
    ValidQuery(asked): ValidQuery<ListWebhookDeliveriesQuery>,
) -> Result<Listed<WebhookDeliveryBody>, Problem> {
    let Asked { status, page } = asked;
    let scope = ListScope::of("webhook-deliveries")
        .with("endpoint", Some(&id.to_string()))
        .with("status", status.map(DeliveryStatus::as_str));
    let page = page.open(&state.cursors, &scope)?;
    let own = (id, caller.granted.holder());
    let found = list_deliveries(&state.webhooks, own, status, page).await?;
    Ok(Listed::new(found, &uri, &state.cursors, &scope))
}
