//! `GET /v1/deprecated-calls`: whom an owner must write to before something ends.

use axum::extract::State;
use axum::http::Uri;
use serde::Deserialize;

use super::body::DeprecatedCallBody;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{AskedPage, Fields, ListScope, Parse, ValidQuery};
use crate::api::list::{ListBody, Listed};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::api::versions::DEPRECATIONS;
use crate::domain::Violation;
use crate::service::deprecated_calls::list;

/// Whose calls.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListDeprecatedCallsQuery {
    /// Only those of this operation, method and route: `GET /v1/users/{id}`.
    #[param(max_length = 200)]
    operation: Option<String>,
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
    operation: Option<&'static str>,
    page: AskedPage,
}

impl Parse for ListDeprecatedCallsQuery {
    type Command = Asked;

    fn parse(self, fields: &mut Fields) -> Option<Asked> {
        let operation =
            fields.optional("/operation", self.operation, |name: String| operation(&name));
        let page = AskedPage::parse(fields, self.limit, self.cursor);
        Some(Asked { operation: operation?, page: page? })
    }
}

fn operation(name: &str) -> Result<&'static str, Violation> {
    let mut known = DEPRECATIONS.iter().map(|deprecation| deprecation.operation);
    known.find(|known| *known == name).ok_or_else(|| {
        Violation::new("invalid_value", "must be a deprecated operation, such as GET /v1/users/me")
    })
}

/// List callers of deprecated operations
///
/// Who still calls what is on its way out, whoever began last first: one line an operation and user, and one for all calls
/// without a token. A call is in the list within some 15 seconds.
#[utoipa::path(
    get, path = "/v1/deprecated-calls", tag = "deprecated-calls", security(("bearer" = ["users:admin"])),
    params(ListDeprecatedCallsQuery),
    responses((status = 200, description = "One page; `Link` names the next.", body = ListBody<DeprecatedCallBody>)),
)]
pub async fn list_deprecated_calls(
    State(state): State<ApiState>,
    caller: Caller<may::ManageUsers>,
    uri: Uri,
    ValidQuery(asked): ValidQuery<ListDeprecatedCallsQuery>,
) -> Result<Listed<DeprecatedCallBody>, Problem> {
    let Asked { operation, page } = asked;
    let scope = ListScope::of("deprecated-calls").with("operation", operation);
    let page = page.open(&state.cursors, &scope)?;
    let found = list(&state.services, caller.granted, operation, page).await?;
    Ok(Listed::new(found, &uri, &state.cursors, &scope))
}
