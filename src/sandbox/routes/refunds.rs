//! `/v1/…/refunds` and `/v1/operations`: give money back, and say what a key did.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{
    charges::{ByKey, OfAmount},
    error::ApiError,
    extract::{IdOf, IdempotencyKey, JsonBody, QueryOf},
};
use crate::sandbox::{
    Gateway,
    decide::{self, Call},
    gateway::When,
    ids::ChargeId,
    wire::{OperationView, RefundView},
};

/// Gives money back.
pub async fn create_refund(
    State(gateway): State<Gateway>,
    IdOf(charge_id): IdOf<ChargeId>,
    IdempotencyKey(key): IdempotencyKey,
    JsonBody(OfAmount { amount }): JsonBody<OfAmount>,
) -> Result<Response, ApiError> {
    let call = Call { key, charge_id };
    let done = gateway.transact(|book, now| decide::refund(book, call, amount, now)).await?;
    let refund = done.refund.ok_or(ApiError::NotFound("refund"))?;
    let status = match done.when {
        When::Now => StatusCode::CREATED,
        When::Earlier => StatusCode::OK,
    };
    Ok((status, Json(RefundView::new(&refund, &done.charge))).into_response())
}

/// The refund that this key made.
pub async fn find_refund(
    State(gateway): State<Gateway>,
    QueryOf(ByKey { key }): QueryOf<ByKey>,
) -> Result<Response, ApiError> {
    let found = gateway.read(|book| {
        let made = book.operation(&key)?;
        let refund = book.refund(made.charge_id, made.refund_id?)?;
        Some((refund.clone(), book.charge(made.charge_id)?.clone()))
    });
    let (refund, charge) = found.await?.ok_or(ApiError::NotFound("refund"))?;
    Ok(Json(RefundView::new(&refund, &charge)).into_response())
}

/// What this key did, whatever it was.
pub async fn find_operation(
    State(gateway): State<Gateway>,
    QueryOf(ByKey { key }): QueryOf<ByKey>,
) -> Result<Response, ApiError> {
    let found = gateway.read(|book| book.operation(&key).cloned()).await?;
    let operation = found.ok_or(ApiError::NotFound("operation"))?;
    Ok(Json(OperationView::from(&operation)).into_response())
}
