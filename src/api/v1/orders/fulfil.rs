//! `POST /v1/orders/{id}/fulfil`: marks a paid order as handed over.

use axum::extract::State;

use super::body::OrderBody;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{EmptyBody, EmptyRequest, MaybeKeyedCall, PathId};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::OrderId;
use crate::service::idempotency::Answer;
use crate::service::orders::fulfil;

problems!(FulfilOrderProblems: OrderNotFulfillable, Forbidden);

/// Fulfil an order
///
/// For staff: the goods of a paid order were handed over.
#[utoipa::path(
    post, path = "/v1/orders/{id}/fulfil", tag = "orders", security(("bearer" = ["orders:write"])),
    request_body = EmptyRequest,
    params(
        ("id" = uuid::Uuid, Path, description = "The order's id."),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters."),
    ),
    responses((status = 200, description = "The order, `fulfilled`.", body = OrderBody), FulfilOrderProblems),
)]
pub async fn fulfil_order(
    State(state): State<ApiState>,
    caller: Caller<may::FulfilOrders>,
    PathId(id): PathId<OrderId>,
    call: MaybeKeyedCall,
    _: EmptyBody,
) -> Result<Answer, Problem> {
    let request = call.request(&caller.principal, EmptyBody::CANONICAL);
    Ok(fulfil(&state.services, caller.granted, (&caller.author, &call.cause), request.as_ref(), id)
        .await?)
}
