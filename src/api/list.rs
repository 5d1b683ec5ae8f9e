//! How every list looks on the wire: the rows, the cursor of the next page, and the same as a `Link`; knows no resource.

use axum::Json;
use axum::http::header::LINK;
use axum::http::{HeaderValue, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::{CursorKey, ListScope, ReadConditions, next_link};
use super::problem::Problem;
use super::representation::Representation;
use crate::domain::page::Page;

/// One page, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListBody<T> {
    #[schema(max_items = 100)]
    pub data: Vec<T>,
    /// `cursor` of the next page; null on the last one.
    #[schema(max_length = 512)]
    pub next_cursor: Option<String>,
}

/// A page on its way out.
#[derive(Debug)]
pub struct Listed<T> {
    body: ListBody<T>,
    link: Option<HeaderValue>,
}

impl<T> Listed<T> {
    /// `uri`: the request's, whose path and filters the next page keeps.
    pub fn new<D: Into<T>>(page: Page<D>, uri: &Uri, key: &CursorKey, scope: &ListScope) -> Self {
        let next_cursor = page.next.and_then(|position| key.seal(position, scope));
        let link = next_cursor
            .as_ref()
            .and_then(|cursor| next_link(uri.path(), uri.query(), ("cursor", cursor)));
        let data = page.rows.into_iter().map(Into::into).collect();
        Self { body: ListBody { data, next_cursor }, link }
    }
}

impl<T: Serialize> Listed<T> {
    /// For everybody, and for every cache on the way.
    ///
    /// # Errors
    /// 500 where the page can't be written as JSON.
    pub fn public(self, conditions: &ReadConditions) -> Result<Response, Problem> {
        let mut response = Representation::hashed(&self.body)?.public(conditions);
        response.headers_mut().extend(self.link.map(|link| (LINK, link)));
        Ok(response)
    }
}

impl<T: Serialize> IntoResponse for Listed<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.body).into_response();
        response.headers_mut().extend(self.link.map(|link| (LINK, link)));
        response
    }
}
