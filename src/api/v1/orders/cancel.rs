//! `POST /v1/orders/{id}/cancel`: gives up an order that nobody has begun to pay.

use axum::extract::State;

use super::body::OrderBody;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::{EmptyBody, EmptyRequest, KeyedCall, PathId};
use crate::api::openapi::problems;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::ids::OrderId;
use crate::service::idempotency::Answer;
use crate::service::orders::{CancelOrder, cancel};

problems!(CancelOrderProblems: OrderNotCancellable);

/// Cancel an order
///
/// Its stock is for sale again. An order with a payment that succeeded or may still succeed can't be cancelled.
#[utoipa::path(
    post, path = "/v1/orders/{id}/cancel", tag = "orders", security(("bearer" = ["orders:write"])),
    request_body = EmptyRequest,
    params(
        ("id" = uuid::Uuid, Path, description = "The order's id."),
        ("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters."),
    ),
    responses((status = 200, description = "The order, `cancelled`.", body = OrderBody), CancelOrderProblems),
)]
pub async fn cancel_order(
    State(state): State<ApiState>,
    caller: Caller<may::WriteOrders>,
    PathId(id): PathId<OrderId>,
    call: KeyedCall,
    _: EmptyBody,
) -> Result<Answer, Problem> {
    let request = call.request(&caller.principal, EmptyBody::CANONICAL);
    let command = CancelOrder { id, reach: caller.principal.reach() };
    Ok(cancel(&state.services, (&caller.author, &call.cause), Some(&request), command).await?)
}
