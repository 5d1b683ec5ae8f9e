//! `GET /v1/products`: what is for sale, newest first.

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde::Deserialize;

use super::body::ProductBody;
use crate::api::extract::{AskedPage, Fields, ListScope, Parse, ReadConditions, ValidQuery};
use crate::api::list::{ListBody, Listed};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::product::{Category, ProductFilter, SearchText};
use crate::service::products::list;

/// Which products.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListProductsQuery {
    /// Only of this category.
    #[param(min_length = 1, max_length = 64, pattern = "^[a-z0-9-]{1,64}$")]
    category: Option<String>,
    /// Part of the name or SKU, whatever its case.
    #[param(min_length = 2, max_length = 64, format = "words")]
    q: Option<String>,
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
    filter: ProductFilter,
    page: AskedPage,
}

impl Parse for ListProductsQuery {
    type Command = Asked;

    fn parse(self, fields: &mut Fields) -> Option<Asked> {
        let category =
            fields.optional("/category", self.category, |text: String| Category::parse(&text));
        let text = fields.optional("/q", self.q, |text: String| SearchText::parse(&text));
        let page = AskedPage::parse(fields, self.limit, self.cursor);
        Some(Asked { filter: ProductFilter { category: category?, text: text? }, page: page? })
    }
}

/// List products
///
/// What is for sale, newest first; `category` and `q` narrow it down.
#[utoipa::path(
    get, path = "/v1/products", tag = "products", security(()),
    params(
        ListProductsQuery,
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of a copy that the client has."),
    ),
    responses(
        (status = 200, description = "One page; `Link` names the next.", body = ListBody<ProductBody>),
        (status = 304, description = "The client's copy is still right."),
    ),
)]
pub async fn list_products(
    State(state): State<ApiState>,
    uri: Uri,
    conditions: ReadConditions,
    ValidQuery(asked): ValidQuery<ListProductsQuery>,
) -> Result<Response, Problem> {
    let Asked { filter, page } = asked;
    let scope = ListScope::of("products")
        .with("category", filter.category.as_ref().map(Category::as_str))
        .with("q", filter.text.as_ref().map(SearchText::as_str));
    let found = list(&state.services, &filter, page.open(&state.cursors, &scope)?).await?;
    Listed::<ProductBody>::new(found, &uri, &state.cursors, &scope).public(&conditions)
}
