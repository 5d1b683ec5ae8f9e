//! `DELETE /v1/products/{id}`: takes a product out of sale.

use axum::extract::State;
use axum::http::StatusCode;

use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{IfMatch, PathId};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::ProductId;
use crate::service::products::archive;

/// Archive a product
///
/// It is out of lists and can't be ordered any more; orders that have it keep it.
#[utoipa::path(
    delete, path = "/v1/products/{id}", tag = "products", security(("bearer" = ["catalog:write"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The product's id."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the product that is to be archived."),
    ),
    responses((status = 204, description = "The product is archived, now or since before.")),
)]
pub async fn archive_product(
    State(state): State<ApiState>,
    caller: Caller<may::WriteCatalog>,
    PathId(id): PathId<ProductId>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    archive(&state.services, &caller.author, id, if_match.version_of(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
