//! `GET /v1/orders/{id}`: one order.

use axum::Json;
use axum::extract::State;

use super::body::OrderBody;
use crate::api::extract::PathId;
use crate::api::extract::caller::{Caller, may};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::OrderId;
use crate::service::orders::find;

/// Read an order
///
/// Another customer's order is as if it were not there.
#[utoipa::path(
    get, path = "/v1/orders/{id}", tag = "orders", security(("bearer" = ["orders:read"])),
    params(("id" = uuid::Uuid, Path, description = "The order's id.")),
    responses((status = 200, description = "The order.", body = OrderBody)),
)]
pub async fn get_order(
    State(state): State<ApiState>,
    caller: Caller<may::ReadOrders>,
    PathId(id): PathId<OrderId>,
) -> Result<Json<OrderBody>, Problem> {
    let order = find(&state.services, id, caller.principal.reach()).await?;
    Ok(Json(order.into()))
}
