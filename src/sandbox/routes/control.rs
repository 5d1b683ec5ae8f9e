//! `/sandbox/*`: what only a sandbox offers: failures on demand, the record as a witness, and history in bulk.

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;

use super::{
    error::ApiError,
    extract::{IdOf, JsonBody, QueryOf},
};
use crate::sandbox::{
    Gateway,
    charge::Settlement,
    entry::{History, OperationKind},
    faults::Faults,
    ids::{ChargeId, Key},
    import::{ImportError, Imported, Load, MAX_CHARGES, PastCharge},
    wire::{ChargeView, FiledView},
};

const DEFAULT_PAGE: usize = 100;
const LARGEST_PAGE: usize = 1_000;

/// The faults that are on.
pub async fn read_faults(State(gateway): State<Gateway>) -> Json<Faults> {
    Json(gateway.faults().read())
}

/// Replaces all faults.
pub async fn replace_faults(
    State(gateway): State<Gateway>,
    JsonBody(faults): JsonBody<Faults>,
) -> Result<Json<Faults>, ApiError> {
    gateway.faults().replace(faults)?;
    tracing::info!(?faults, "the gateway's injected faults were replaced");
    Ok(Json(faults))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settle {
    outcome: Settlement,
}

/// Settles a `pm_async` charge now.
pub async fn settle_charge(
    State(gateway): State<Gateway>,
    IdOf(id): IdOf<ChargeId>,
    JsonBody(Settle { outcome }): JsonBody<Settle>,
) -> Result<Response, ApiError> {
    let done = gateway.settle(id, outcome).await?;
    Ok(Json(ChargeView::from(&done.charge)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    key: Option<Key>,
    after: Option<usize>,
    limit: Option<usize>,
}

/// The record in its order: the charge of one key, or a page.
pub async fn list_charges(
    State(gateway): State<Gateway>,
    QueryOf(page): QueryOf<Page>,
) -> Result<Response, ApiError> {
    let limit = page.limit.unwrap_or(DEFAULT_PAGE);
    if !(1..=LARGEST_PAGE).contains(&limit) {
        return Err(ApiError::Query("limit must be between 1 and 1000"));
    }
    let after = page.after.unwrap_or_default();
    let (found, next) = match page.key {
        Some(_) if page.after.or(page.limit).is_some() => {
            return Err(ApiError::Query("key goes with neither after nor limit"));
        }
        Some(key) => (of_key(&gateway, &key).await?, None),
        None => after_place(&gateway, after, limit).await?,
    };
    let data: Vec<_> = found.iter().map(|(seq, history)| FiledView::new(*seq, history)).collect();
    Ok(Json(json!({ "data": data, "next": next })).into_response())
}

async fn of_key(gateway: &Gateway, key: &Key) -> Result<Vec<(usize, History)>, ApiError> {
    let found = gateway.read(|book| {
        let made = book.operation(key).filter(|made| made.kind == OperationKind::Charge)?;
        Some((book.seq(made.charge_id)?, book.history(made.charge_id)?.clone()))
    });
    Ok(found.await?.into_iter().collect())
}

async fn after_place(
    gateway: &Gateway,
    after: usize,
    limit: usize,
) -> Result<(Vec<(usize, History)>, Option<usize>), ApiError> {
    let read = gateway.read(|book| {
        let more = book.after(after).nth(limit).is_some();
        let page = book.after(after).take(limit);
        (page.map(|(seq, history)| (seq, history.clone())).collect::<Vec<_>>(), more)
    });
    let (page, more) = read.await?;
    let next = page.last().map(|(seq, _)| *seq).filter(|_| more);
    Ok((page, next))
}

/// Takes charges of the past: a JSON array, or one charge a line as `application/x-ndjson`.
pub async fn import_charges(
    State(gateway): State<Gateway>,
    headers: HeaderMap,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Json<Imported>, ApiError> {
    let body = body.map_err(|rejection| ApiError::Unreadable {
        status: rejection.status(),
        message: rejection.body_text(),
    })?;
    let charges = match essence(&headers) {
        Some("application/json") => {
            serde_json::from_slice(&body).map_err(|error| not_charges(&error))?
        }
        Some("application/x-ndjson") => lines(&body)?,
        Some(_) | None => {
            return Err(ApiError::Unreadable {
                status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
                message: "send application/json or application/x-ndjson".into(),
            });
        }
    };
    Ok(Json(gateway.import(Load::checked(charges)?).await?))
}

fn essence(headers: &HeaderMap) -> Option<&str> {
    headers.get(CONTENT_TYPE)?.to_str().ok()?.split(';').next().map(str::trim)
}

fn lines(body: &[u8]) -> Result<Vec<PastCharge>, ApiError> {
    let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    if lines.clone().nth(MAX_CHARGES).is_some() {
        return Err(ImportError::TooMany.into());
    }
    lines.map(|line| serde_json::from_slice(line).map_err(|error| not_charges(&error))).collect()
}

fn not_charges(error: &serde_json::Error) -> ApiError {
    let status =
        if error.is_data() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::BAD_REQUEST };
    ApiError::Unreadable { status, message: error.to_string() }
}
