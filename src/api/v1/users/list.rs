//! `GET /v1/users`: everybody with an account, newest first, by cursor or by the number of the page.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use axum::http::header::LINK;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::UserBody;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{AskedPage, Fields, ListScope, Parse, ValidQuery, next_link};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::Violation;
use crate::domain::page::NumberedPage;
use crate::service::users::read;

/// Which page of users.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListUsersQuery {
    /// From 1, and no further than the 10 000th user; beyond, and for walking the whole list, there is `cursor`.
    #[param(minimum = 1, maximum = 10_000)]
    page: Option<i64>,
    /// How many; 20 where it is not said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// `nextCursor` of the page before.
    #[param(max_length = 512)]
    cursor: Option<String>,
}

/// How the list is walked.
#[derive(Debug)]
pub enum Asked {
    ByCursor(AskedPage),
    ByNumber(NumberedPage),
}

impl Parse for ListUsersQuery {
    type Command = Asked;

    fn parse(self, fields: &mut Fields) -> Option<Asked> {
        if self.page.is_some() && self.cursor.is_some() {
            fields.fail("/cursor", Violation::new("not_allowed", "cannot stand beside page"));
        }
        let asked = AskedPage::parse(fields, self.limit, self.cursor)?;
        let page =
            fields.optional("/page", self.page, |number| NumberedPage::new(number, asked.size))?;
        Some(page.map_or(Asked::ByCursor(asked), Asked::ByNumber))
    }
}

/// One page of users. It says how many there are where `page` was asked for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UserList)]
pub struct UserListBody {
    #[schema(max_items = 100)]
    data: Vec<UserBody>,
    /// `cursor` of the next page; null on the last one.
    #[schema(max_length = 512)]
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1, maximum = 10_000)]
    page: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, maximum = 10_000)]
    total_pages: Option<i64>,
    /// Counted up to 10 000.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, maximum = 10_000)]
    total_count: Option<i64>,
}

/// List users
///
/// Newest first, by `cursor`, or by `page` for people who leaf through.
#[utoipa::path(
    get, path = "/v1/users", tag = "users", security(("bearer" = ["users:admin"])),
    params(ListUsersQuery),
    responses((status = 200, description = "One page; `Link` names the next.", body = UserListBody)),
)]
pub async fn list_users(
    State(state): State<ApiState>,
    caller: Caller<may::ManageUsers>,
    uri: Uri,
    ValidQuery(asked): ValidQuery<ListUsersQuery>,
) -> Result<Response, Problem> {
    let scope = ListScope::of("users");
    let (found, numbered) = match asked {
        Asked::ByCursor(page) => {
            let page = page.open(&state.cursors, &scope)?;
            (read::list(&state.services, caller.granted, &page).await?, None)
        }
        Asked::ByNumber(page) => {
            let (found, total) = read::list_numbered(&state.services, caller.granted, page).await?;
            (found, Some((page, total)))
        }
    };
    let next_cursor = found.next.and_then(|position| state.cursors.seal(position, &scope));
    let link = next_cursor.as_deref().and_then(|cursor| match numbered {
        None => next_link(uri.path(), uri.query(), ("cursor", cursor)),
        Some((page, _)) => {
            let number = page.next()?.number.to_string();
            next_link(uri.path(), uri.query(), ("page", &number))
        }
    });
    let body = UserListBody {
        data: found.rows.into_iter().map(UserBody::from).collect(),
        next_cursor,
        page: numbered.map(|(page, _)| page.number),
        total_pages: numbered.map(|(page, total)| page.pages_of(total)),
        total_count: numbered.map(|(_, total)| total),
    };
    let mut response = Json(body).into_response();
    response.headers_mut().extend(link.map(|link| (LINK, link)));
    Ok(response)
}
