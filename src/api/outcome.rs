//! Renders the outcome of a keyed operation; first answers and replays go through this one function, so that they
//! are the same byte for byte.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::problem::{Problem, ProblemCode};
use super::v1::orders::body::OrderBody;
use super::v1::payments::body::{PaymentBody, RefundBody};
use super::v1::products::body::{InventoryBody, ProductBody};
use super::v1::reports::body::JobAcceptedBody;
use crate::domain::payment::{Payment, PaymentStatus};
use crate::domain::refund::Refund;
use crate::service::idempotency::{Answer, Provenance};
use crate::service::outcome::Outcome;
use crate::service::payments::{Progress, Unsettled};

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        match self.provenance {
            Provenance::Fresh => render(self.outcome, None),
            Provenance::Replayed { request_id } => {
                let mut response = render(self.outcome, Some(request_id));
                response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
                response
            }
        }
    }
}

impl IntoResponse for Progress {
    fn into_response(self) -> Response {
        match self {
            Self::Settled(answer) => answer.into_response(),
            Self::Processing(Unsettled::Payment(payment)) => {
                let location = format!("/v1/payments/{}", payment.id);
                located(StatusCode::ACCEPTED, location, Json(PaymentBody::from(*payment)))
            }
            Self::Processing(Unsettled::Refund(refund)) => {
                let location = refund_location(&refund);
                located(StatusCode::ACCEPTED, location, Json(RefundBody::from(*refund)))
            }
        }
    }
}

fn refund_location(refund: &Refund) -> String {
    format!("/v1/payments/{}/refunds/{}", refund.payment_id, refund.id)
}

/// The status and `Location` that this outcome is answered with.
pub(super) fn head_of(outcome: Outcome) -> (StatusCode, Option<String>) {
    let response = render(outcome, None);
    let location = response.headers().get(header::LOCATION);
    let location = location.and_then(|value| value.to_str().ok()).map(str::to_owned);
    (response.status(), location)
}

/// `first_request`: the id of the request that is replayed, which a problem's body keeps.
fn render(outcome: Outcome, first_request: Option<String>) -> Response {
    match outcome {
        Outcome::OrderPlaced(order) => {
            let location = format!("/v1/orders/{}", order.id);
            created(location, Json(OrderBody::from(*order)))
        }
        Outcome::OrderCancelled(order) | Outcome::OrderFulfilled(order) => {
            Json(OrderBody::from(*order)).into_response()
        }
        Outcome::PaymentCreated(payment) => payment_created(*payment, first_request),
        Outcome::PaymentCaptured(payment) | Outcome::PaymentCanceled(payment) => {
            Json(PaymentBody::from(*payment)).into_response()
        }
        Outcome::RefundCreated(refund) => {
            created(refund_location(&refund), Json(RefundBody::from(*refund)))
        }
        Outcome::ProductCreated(product) => {
            let location = format!("/v1/products/{}", product.id);
            created(location, Json(ProductBody::from(*product)))
        }
        Outcome::StockAdjusted { product_id, available } => {
            Json(InventoryBody::new(product_id, available)).into_response()
        }
        Outcome::ReportRequested { job_id } => accepted(JobAcceptedBody::of_report(job_id)),
        Outcome::ImportRequested { job_id } => accepted(JobAcceptedBody::of_import(job_id)),
        Outcome::Refused(refusal) => replayable(Problem::from(refusal), first_request),
    }
}

fn payment_created(payment: Payment, first_request: Option<String>) -> Response {
    if payment.status != PaymentStatus::Failed {
        let location = format!("/v1/payments/{}", payment.id);
        return created(location, Json(PaymentBody::from(payment)));
    }
    let failure = payment.failure.clone();
    let code = match failure.as_ref().map(|failure| failure.code.as_str()) {
        Some("insufficient_funds") => ProblemCode::InsufficientFunds,
        Some("expired_card") => ProblemCode::ExpiredCard,
        Some(_) | None => ProblemCode::CardDeclined,
    };
    let mut problem = Problem::new(code).extension("payment", json!(PaymentBody::from(payment)));
    if let Some(failure) = failure {
        problem = problem.detail(failure.message);
    }
    replayable(problem, first_request)
}

fn replayable(problem: Problem, first_request: Option<String>) -> Response {
    match first_request {
        Some(request_id) => problem.with_request_id(request_id).into_response(),
        None => problem.into_response(),
    }
}

fn accepted(body: JobAcceptedBody) -> Response {
    located(StatusCode::ACCEPTED, body.status_url.clone(), Json(body))
}

fn created(location: String, body: impl IntoResponse) -> Response {
    located(StatusCode::CREATED, location, body)
}

fn located(status: StatusCode, location: String, body: impl IntoResponse) -> Response {
    let location = match HeaderValue::try_from(location) {
        Ok(location) => location,
        Err(error) => {
            return Problem::new(ProblemCode::InternalError).caused_by(error).into_response();
        }
    };
    (status, [(header::LOCATION, location)], body).into_response()
}
