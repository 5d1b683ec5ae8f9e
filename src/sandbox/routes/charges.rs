//! `/v1/charges`: make, look up, capture and cancel.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
};
use iso_currency::Currency;
use serde::Deserialize;

use super::{
    error::ApiError,
    extract::{Hook, IdOf, IdempotencyKey, JsonBody, QueryOf},
    gate,
};
use crate::sandbox::{
    Gateway,
    charge::Charge,
    decide::{self, Call},
    entry::OperationKind,
    gateway::{Done, When},
    ids::{ChargeId, Key},
    method::Behaviour,
    terms::{Amount, CallbackUrl, Terms},
    wire::ChargeView,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateCharge {
    amount: Amount,
    currency: Currency,
    payment_method: String,
    capture: bool,
    callback_url: Option<CallbackUrl>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

impl CreateCharge {
    fn terms(self) -> Result<Terms, ApiError> {
        let terms = Terms {
            amount: self.amount,
            currency: self.currency,
            payment_method: self.payment_method,
            capture: self.capture.into(),
            callback_url: self.callback_url,
            metadata: self.metadata,
        };
        Ok(terms.checked()?)
    }
}

/// Charges as the payment method says. The charge is on record before any delay begins.
pub async fn create_charge(
    State(gateway): State<Gateway>,
    hook: Hook,
    IdempotencyKey(key): IdempotencyKey,
    JsonBody(body): JsonBody<CreateCharge>,
) -> Result<Response, ApiError> {
    let terms = body.terms()?;
    let behaviour = Behaviour::of(&terms.payment_method);
    if fails_before(&gateway, behaviour, &key).await? {
        return Err(ApiError::Injected);
    }
    let opening = behaviour.opening();
    let done = gateway.transact(|book, now| decide::charge(book, key, terms, opening, now)).await?;
    match (behaviour, done.when) {
        (Behaviour::NeverAnswer, _) => return Ok(gate::hang(&gateway, &hook).await),
        (Behaviour::AnswerLate, _) => gate::wait(&gateway, gateway.delays().slow_answer).await,
        (Behaviour::FailAfter, When::Now) => return Err(ApiError::Injected),
        _ => {}
    }
    Ok(created(&done))
}

/// Whether the method fails before anything is charged; never once its key has charged.
async fn fails_before(
    gateway: &Gateway,
    behaviour: Behaviour,
    key: &Key,
) -> Result<bool, ApiError> {
    if !matches!(behaviour, Behaviour::FailBefore | Behaviour::FailTwice) {
        return Ok(false);
    }
    let known = gateway.read(|book| book.operation(key).is_some()).await?;
    Ok(!known && (behaviour == Behaviour::FailBefore || gateway.flaky().fails(key)))
}

fn created(done: &Done) -> Response {
    let view = Json(ChargeView::from(&done.charge));
    match done.when {
        When::Now => {
            let location = format!("/v1/charges/{}", done.charge.id);
            (StatusCode::CREATED, [(LOCATION, location)], view).into_response()
        }
        When::Earlier => view.into_response(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByKey {
    pub key: Key,
}

/// The charge that this key made.
pub async fn find_charge(
    State(gateway): State<Gateway>,
    QueryOf(ByKey { key }): QueryOf<ByKey>,
) -> Result<Response, ApiError> {
    let found = gateway.read(|book| {
        let made = book.operation(&key).filter(|made| made.kind == OperationKind::Charge)?;
        book.charge(made.charge_id).cloned()
    });
    shown(found.await?)
}

/// The charge of this id.
pub async fn get_charge(
    State(gateway): State<Gateway>,
    IdOf(id): IdOf<ChargeId>,
) -> Result<Response, ApiError> {
    shown(gateway.read(|book| book.charge(id).cloned()).await?)
}

fn shown(charge: Option<Charge>) -> Result<Response, ApiError> {
    let charge = charge.ok_or(ApiError::NotFound("charge"))?;
    Ok(Json(ChargeView::from(&charge)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfAmount {
    pub amount: Amount,
}

/// Takes what was set aside.
pub async fn capture_charge(
    State(gateway): State<Gateway>,
    IdOf(charge_id): IdOf<ChargeId>,
    IdempotencyKey(key): IdempotencyKey,
    JsonBody(OfAmount { amount }): JsonBody<OfAmount>,
) -> Result<Response, ApiError> {
    let call = Call { key, charge_id };
    let done = gateway.transact(|book, now| decide::capture(book, call, amount, now)).await?;
    shown(Some(done.charge))
}

/// Releases what was set aside.
pub async fn cancel_charge(
    State(gateway): State<Gateway>,
    IdOf(charge_id): IdOf<ChargeId>,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<Response, ApiError> {
    let call = Call { key, charge_id };
    let done = gateway.transact(|book, now| decide::cancel(book, call, now)).await?;
    shown(Some(done.charge))
}
