//! Refusals as clients see them: the one file that knows which is which status.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header::WWW_AUTHENTICATE},
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::sandbox::{
    charge::TransitionError, decide::Refusal, faults::InvalidFaults, gateway::CallError,
    import::ImportError, log::LogError, terms::InvalidTerms,
};

/// Why a call is not answered with what it asked for.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// No or another API key.
    #[error("the API key is missing or wrong")]
    Unauthorized,
    /// No `Idempotency-Key`.
    #[error("the Idempotency-Key header is required")]
    KeyMissing,
    /// One that is no key, or two.
    #[error("the Idempotency-Key header must be given once and be 1-255 visible ASCII characters")]
    KeyInvalid,
    /// The framework could not read the request.
    #[error("{message}")]
    Unreadable {
        /// 400, 413, 415 or 422.
        status: StatusCode,
        /// What is wrong with it.
        message: String,
    },
    /// A member out of bounds.
    #[error(transparent)]
    Terms(#[from] InvalidTerms),
    /// A fault setting out of bounds.
    #[error(transparent)]
    Faults(#[from] InvalidFaults),
    /// Query members that do not go together or are out of bounds.
    #[error("{0}")]
    Query(&'static str),
    /// Nothing of that name.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The path exists, the method does not.
    #[error("this method is not allowed here")]
    MethodNotAllowed,
    /// A call that did not take effect.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A load that did not take effect.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// `pm_error` and its like, or an injected error.
    #[error("something went wrong (on purpose)")]
    Injected,
}

impl From<LogError> for ApiError {
    fn from(error: LogError) -> Self {
        Self::Call(error.into())
    }
}

const UNAVAILABLE: (StatusCode, &str) = (StatusCode::SERVICE_UNAVAILABLE, "record_unavailable");
const INVALID: (StatusCode, &str) = (StatusCode::UNPROCESSABLE_ENTITY, "invalid_request");
const INTERNAL: (StatusCode, &str) = (StatusCode::INTERNAL_SERVER_ERROR, "internal_error");

impl ApiError {
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::KeyMissing => (StatusCode::BAD_REQUEST, "idempotency_key_missing"),
            Self::KeyInvalid => (StatusCode::BAD_REQUEST, "idempotency_key_invalid"),
            Self::Unreadable { status, .. } => unreadable(*status),
            Self::Terms(_) | Self::Faults(_) | Self::Query(_) => INVALID,
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::Call(CallError::Refused(refusal)) => refused(refusal),
            Self::Call(CallError::Record(_)) | Self::Import(ImportError::Record(_)) => UNAVAILABLE,
            Self::Call(CallError::Unwritable(_)) | Self::Import(ImportError::Unwritable(_)) => {
                INTERNAL
            }
            Self::Import(ImportError::TooMany) => {
                (StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large")
            }
            Self::Import(ImportError::Impossible { .. } | ImportError::Terms { .. }) => INVALID,
            Self::Import(ImportError::Taken(_)) => (StatusCode::CONFLICT, "key_taken"),
            Self::Injected => (StatusCode::INTERNAL_SERVER_ERROR, "injected_error"),
        }
    }
}

fn unreadable(status: StatusCode) -> (StatusCode, &'static str) {
    let code = match status {
        StatusCode::PAYLOAD_TOO_LARGE => "payload_too_large",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported_media_type",
        StatusCode::UNPROCESSABLE_ENTITY => "invalid_request",
        _ => "malformed_request",
    };
    (status, code)
}

fn refused(refusal: &Refusal) -> (StatusCode, &'static str) {
    let code = match refusal {
        Refusal::UnknownCharge => return (StatusCode::NOT_FOUND, "not_found"),
        Refusal::KeyReused => "idempotency_key_reused",
        Refusal::Transition(TransitionError::NotCapturable) => "charge_not_capturable",
        Refusal::Transition(TransitionError::CaptureExceedsCharge) => "capture_exceeds_charge",
        Refusal::Transition(TransitionError::NotCancelable) => "charge_not_cancelable",
        Refusal::Transition(TransitionError::NotRefundable) => "charge_not_refundable",
        Refusal::Transition(TransitionError::RefundExceedsCharge) => "refund_exceeds_charge",
        Refusal::Transition(TransitionError::NotPending) => "charge_not_pending",
    };
    (StatusCode::CONFLICT, code)
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code) = self.status_and_code();
        if (status, code) == INTERNAL {
            let error: &dyn std::error::Error = &self;
            tracing::error!(error, "the gateway failed");
        }
        let body = json!({ "error": { "code": code, "message": self.to_string() } });
        let mut response = (status, Json(body)).into_response();
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
