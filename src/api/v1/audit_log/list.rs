//! `GET /v1/audit-log`: who did what, newest first, for administrators.

use axum::extract::State;
use axum::http::Uri;
use serde::Deserialize;

use super::body::AuditEntryBody;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{AskedPage, Fields, ListScope, Parse, ValidQuery, parse_id};
use crate::api::list::{ListBody, Listed};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::api::timestamp::Timestamp;
use crate::domain::Violation;
use crate::service::audit::{Act, AuditFilter, list};

/// Longer than the id of anything.
const LONGEST_ID: usize = 64;

/// Which entries.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ListAuditLogQuery {
    /// Only what this user did.
    #[param(value_type = Option<uuid::Uuid>)]
    actor: Option<String>,
    /// Only this: `user.change_access`, `payment.refund` …
    #[param(max_length = 64, pattern = r"^[a-z_]+\.[a-z_]+$")]
    action: Option<String>,
    /// Only what was done to this, by its id.
    #[param(min_length = 1, max_length = 64, pattern = "^[!-~]+$")]
    target: Option<String>,
    /// Done at this time (RFC 3339) or later.
    #[param(max_length = 40, format = DateTime)]
    created_after: Option<String>,
    /// Done earlier than this time (RFC 3339).
    #[param(max_length = 40, format = DateTime)]
    created_before: Option<String>,
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
    filter: AuditFilter,
    page: AskedPage,
}

impl Parse for ListAuditLogQuery {
    type Command = Asked;

    fn parse(self, fields: &mut Fields) -> Option<Asked> {
        let actor = fields.optional("/actor", self.actor, |text: String| parse_id(&text));
        let action = fields.optional("/action", self.action, |name: String| action(&name));
        let target = fields.optional("/target", self.target, target);
        let time = |text: String| Timestamp::parse(&text);
        let after = fields.optional("/createdAfter", self.created_after, time);
        let before = fields.optional("/createdBefore", self.created_before, time);
        let page = AskedPage::parse(fields, self.limit, self.cursor);
        let filter = AuditFilter {
            actor: actor?,
            action: action?,
            target: target?,
            recorded_after: after?,
            recorded_before: before?,
        };
        Some(Asked { filter, page: page? })
    }
}

fn action(name: &str) -> Result<&'static str, Violation> {
    let known = Act::NAMES.iter().copied().find(|known| *known == name);
    known.ok_or_else(|| {
        Violation::new("invalid_value", format!("no action of the audit log is called {name:?}"))
    })
}

fn target(id: String) -> Result<String, Violation> {
    let fits = (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
    if fits { Ok(id) } else { Err(Violation::new("invalid_format", "must be the id of something")) }
}

/// Read the audit log
///
/// Who did what to what, from where and with which credential, newest first. Entries are written in the transaction of
/// what they tell of, never changed, and kept for as long as this deployment says (a year by default).
#[utoipa::path(
    get, path = "/v1/audit-log", tag = "audit-log", security(("bearer" = ["users:admin"])),
    params(ListAuditLogQuery),
    responses((status = 200, description = "One page; `Link` names the next.", body = ListBody<AuditEntryBody>)),
)]
pub async fn list_audit_log(
    State(state): State<ApiState>,
    caller: Caller<may::ReadAuditLog>,
    uri: Uri,
    ValidQuery(asked): ValidQuery<ListAuditLogQuery>,
) -> Result<Listed<AuditEntryBody>, Problem> {
    let Asked { filter, page } = asked;
    let instant = |time: time::OffsetDateTime| time.unix_timestamp_nanos().to_string();
    let scope = ListScope::of("audit-log")
        .with("actor", filter.actor.map(|id| id.to_string()).as_deref())
        .with("action", filter.action)
        .with("target", filter.target.as_deref())
        .with("createdAfter", filter.recorded_after.map(instant).as_deref())
        .with("createdBefore", filter.recorded_before.map(instant).as_deref());
    let page = page.open(&state.cursors, &scope)?;
    let found = list(&state.services, caller.granted, &filter, page).await?;
    Ok(Listed::new(found, &uri, &state.cursors, &scope))
}
