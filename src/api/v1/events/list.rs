//! `GET /v1/events`: what concerns the caller, everything for staff, newest first.

use axum::extract::State;
use axum::http::Uri;
use serde::Deserialize;

use super::body::EventBody;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{AskedPage, Fields, ListScope, Parse, ValidQuery};
use crate::api::list::{ListBody, Listed};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::Violation;
use crate::domain::event::Event;
use crate::service::events::list;
use crate::service::webhooks::TEST_TOPIC;

/// Which events.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListEventsQuery {
    /// Only those of this type: `order.paid` …
    #[param(max_length = 64)]
    r#type: Option<String>,
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
    topic: Option<&'static str>,
    page: AskedPage,
}

impl Parse for ListEventsQuery {
    type Command = Asked;

    fn parse(self, fields: &mut Fields) -> Option<Asked> {
        let topic = fields.optional("/type", self.r#type, |name: String| topic(&name));
        let page = AskedPage::parse(fields, self.limit, self.cursor);
        Some(Asked { topic: topic?, page: page? })
    }
}

fn topic(name: &str) -> Result<&'static str, Violation> {
    let mut known = Event::TOPICS.into_iter().chain([TEST_TOPIC]);
    known
        .find(|topic| *topic == name)
        .ok_or_else(|| Violation::new("unknown_event", format!("no event is called {name:?}")))
}

/// List events
///
/// What happened to the caller's account, orders, payments and reports, newest first; staff see what happened to
/// anybody's. Events are kept for 30 days.
#[utoipa::path(
    get, path = "/v1/events", tag = "events", security(("bearer" = ["webhooks:manage"])),
    params(ListEventsQuery),
    responses((status = 200, description = "One page; `Link` names the next.", body = ListBody<EventBody>)),
)]
pub async fn list_events(
    State(state): State<ApiState>,
    caller: Caller<may::ManageWebhooks>,
    uri: Uri,
    ValidQuery(asked): ValidQuery<ListEventsQuery>,
) -> Result<Listed<EventBody>, Problem> {
    let Asked { topic, page } = asked;
    let reach = caller.principal.reach();
    let scope = ListScope::of("events")
        .with("customer", reach.customer().map(|id| id.to_string()).as_deref())
        .with("type", topic);
    let page = page.open(&state.cursors, &scope)?;
    let found = list(&state.services, reach, topic, page).await?;
    Ok(Listed::new(found, &uri, &state.cursors, &scope))
}
