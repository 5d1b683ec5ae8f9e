//! The only file that knows which failure of a use case is which problem; every match is exhaustive, on purpose.

use std::time::Duration;

use serde_json::json;

use super::problem::{Problem, ProblemCode};
use crate::domain::Violation;
use crate::domain::oauth::ClientFault;
use crate::domain::order::PlaceOrderRefusal;
use crate::domain::payment::{
    CaptureRefusal, CreatePaymentRefusal, GatewayOperation, PaymentStatus, RefundRefusal,
};
use crate::domain::permission::Denied;
use crate::resilience::cache::NotLoaded;
use crate::service::StoreError;
use crate::service::api_keys::ApiKeyError;
use crate::service::auth::error::{SessionError, TokenError};
use crate::service::auth::keys::KeysError;
use crate::service::auth::passwords::HashError;
use crate::service::idempotency::KeyError;
use crate::service::jobs::JobsError;
use crate::service::oauth::clients::ClientError;
use crate::service::oauth::consents::ConsentError;
use crate::service::orders::OrderError;
use crate::service::outcome::Refusal;
use crate::service::payments::{CallbackError, NotAdmitted, PaymentError};
use crate::service::products::{CatalogueError, ProductError};
use crate::service::users::UserError;
use crate::service::webhooks::{AddressRefused, WebhookError};

/// When to come back after a short trouble of ours.
const SOON: Duration = Duration::from_secs(1);

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        of_store(&error).caused_by(error)
    }
}

fn of_store(error: &StoreError) -> Problem {
    match error {
        StoreError::Unavailable(_) | StoreError::TooSlow(_) | StoreError::Retry(_) => {
            Problem::new(ProblemCode::DependencyUnavailable).retry_after(SOON)
        }
        StoreError::Broken(..) | StoreError::BadRow { .. } | StoreError::Unexpected(_) => {
            Problem::new(ProblemCode::InternalError)
        }
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Scope(scope) => Self::insufficient_scope(scope.as_str()),
            Denied::StaffOnly => Self::new(ProblemCode::Forbidden).detail("This is for staff."),
            Denied::SignedInOnly => Self::new(ProblemCode::SessionRequired),
        }
    }
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::InFlight => Self::new(ProblemCode::IdempotencyKeyInUse).retry_after(SOON),
            KeyError::Reused => Self::new(ProblemCode::IdempotencyKeyReused),
            KeyError::Store(error) => error.into(),
            error @ KeyError::Unreadable(_) => {
                Self::new(ProblemCode::InternalError).caused_by(error)
            }
        }
    }
}

impl From<OrderError> for Problem {
    fn from(error: OrderError) -> Self {
        match error {
            OrderError::NotFound => Self::new(ProblemCode::NotFound),
            OrderError::Key(error) => error.into(),
            OrderError::Store(error) => error.into(),
            error @ OrderError::Undecided => Self::new(ProblemCode::InternalError).caused_by(error),
        }
    }
}

impl From<PaymentError> for Problem {
    fn from(error: PaymentError) -> Self {
        match error {
            PaymentError::NotFound => Self::new(ProblemCode::NotFound),
            PaymentError::GatewayUnavailable(refusal) => refusal.into(),
            error @ PaymentError::NoAnswer(_) => {
                Self::new(ProblemCode::PaymentGatewayUnavailable).retry_after(SOON).caused_by(error)
            }
            PaymentError::StepUnderWay { wanted, status } => step_under_way(wanted, status),
            PaymentError::Callback(error) => error.into(),
            PaymentError::Key(error) => error.into(),
            PaymentError::Store(error) => error.into(),
            error @ (PaymentError::Lost(_)
            | PaymentError::AttemptLost(_)
            | PaymentError::RefundLost(_)
            | PaymentError::NeverCharged(_)
            | PaymentError::Interrupted(_)) => {
                Self::new(ProblemCode::InternalError).caused_by(error)
            }
        }
    }
}

/// Not by its state, but by what is being done to it: the same request may be sent again.
fn step_under_way(wanted: GatewayOperation, status: PaymentStatus) -> Problem {
    let code = match wanted {
        GatewayOperation::Cancel => ProblemCode::PaymentNotCancellable,
        GatewayOperation::Capture | GatewayOperation::Charge | GatewayOperation::Refund(_) => {
            ProblemCode::PaymentNotCapturable
        }
    };
    Problem::new(code)
        .detail("Another capture or cancellation of the payment is under way.")
        .extension("currentStatus", status.as_str())
        .retry_after(SOON)
}

impl From<CallbackError> for Problem {
    fn from(error: CallbackError) -> Self {
        match error {
            CallbackError::NotSigned | CallbackError::NotNow => {
                Self::new(ProblemCode::SignatureInvalid).detail(error.to_string())
            }
            error @ CallbackError::Unreadable(_) => {
                Self::new(ProblemCode::MalformedJson).detail(error.to_string())
            }
        }
    }
}

impl From<NotAdmitted> for Problem {
    fn from(refusal: NotAdmitted) -> Self {
        let wait = match refusal {
            NotAdmitted::Open(circuit) => circuit.retry_after.unsigned_abs(),
            NotAdmitted::Full(_) => SOON,
        };
        Self::new(ProblemCode::PaymentGatewayUnavailable).retry_after(wait)
    }
}

impl From<ProductError> for Problem {
    fn from(error: ProductError) -> Self {
        match error {
            ProductError::NotFound => Self::new(ProblemCode::NotFound),
            ProductError::PreconditionFailed { .. } => Self::new(ProblemCode::PreconditionFailed),
            ProductError::Key(error) => error.into(),
            ProductError::Store(error) => error.into(),
            ProductError::NotLoaded(error) => error.into(),
        }
    }
}

impl From<NotLoaded<CatalogueError>> for Problem {
    fn from(error: NotLoaded<CatalogueError>) -> Self {
        let problem = match &error {
            NotLoaded::Failed(cause) => match &**cause {
                CatalogueError::Store(error) => of_store(error),
                CatalogueError::Busy(_) => Self::new(ProblemCode::Overloaded).retry_after(SOON),
            },
            NotLoaded::Away => Self::new(ProblemCode::DependencyUnavailable).retry_after(SOON),
            NotLoaded::Interrupted => Self::new(ProblemCode::InternalError),
        };
        problem.caused_by(error)
    }
}

impl From<JobsError> for Problem {
    fn from(error: JobsError) -> Self {
        match error {
            JobsError::NotFound => Self::new(ProblemCode::NotFound),
            JobsError::NotReady { progress } => Self::new(ProblemCode::ReportNotReady)
                .detail(format!("The report is at {progress} %."))
                .retry_after(SOON),
            JobsError::NoFile { status } => Self::new(ProblemCode::NotFound)
                .detail(format!("There is no file: the report is {status}.")),
            JobsError::Expired => Self::new(ProblemCode::ReportExpired),
            JobsError::Key(error) => error.into(),
            JobsError::Store(error) => error.into(),
            error @ JobsError::File(_) => {
                Self::new(ProblemCode::DependencyUnavailable).retry_after(SOON).caused_by(error)
            }
            error @ JobsError::Unreadable(_) => {
                Self::new(ProblemCode::InternalError).caused_by(error)
            }
        }
    }
}

impl From<ApiKeyError> for Problem {
    fn from(error: ApiKeyError) -> Self {
        match error {
            ApiKeyError::NotFound => Self::new(ProblemCode::NotFound),
            ApiKeyError::TooMany { most } => Self::new(ProblemCode::TooManyApiKeys)
                .detail(format!("There are {most} keys already.")),
            ApiKeyError::NotHeld(scope) => Denied::Scope(scope).into(),
            ApiKeyError::NotYoursToGive => Self::new(ProblemCode::Forbidden)
                .detail("The tier premium is given by administrators."),
            ApiKeyError::SignedOut => Self::new(ProblemCode::TokenInvalid),
            ApiKeyError::OverAlready => Self::new(ProblemCode::ValidationFailed)
                .error("/expiresAt", Violation::new("out_of_range", "must be in the future")),
            ApiKeyError::Store(error) => error.into(),
        }
    }
}

impl From<ClientError> for Problem {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::NotFound => Self::new(ProblemCode::NotFound),
            ClientError::Changed { .. } => Self::new(ProblemCode::PreconditionFailed),
            ClientError::Inconsistent(fault) => fault.into(),
            ClientError::KeepsNoSecret => Self::new(ProblemCode::ClientKeepsNoSecret),
            ClientError::SignedOut => Self::new(ProblemCode::TokenInvalid),
            ClientError::Store(error) => error.into(),
        }
    }
}

impl From<ClientFault> for Problem {
    fn from(fault: ClientFault) -> Self {
        let (pointer, code, detail) = match fault {
            ClientFault::NoRedirectUri => {
                ("/redirectUris", "required", "is needed with authorization_code")
            }
            ClientFault::UnusedRedirectUris => {
                ("/redirectUris", "not_used", "is for authorization_code alone")
            }
            ClientFault::RefreshWithoutCode => {
                ("/grants", "invalid_value", "refresh_token needs authorization_code beside it")
            }
            ClientFault::PublicByItself => {
                ("/grants", "invalid_value", "client_credentials is for confidential clients")
            }
            ClientFault::NoAccount => {
                ("/accountId", "required", "is needed with client_credentials")
            }
            ClientFault::UnusedAccount => {
                ("/accountId", "not_used", "is for client_credentials alone")
            }
            ClientFault::UnknownAccount => ("/accountId", "unknown_user", "is no active user"),
        };
        Self::new(ProblemCode::ValidationFailed).error(pointer, Violation::new(code, detail))
    }
}

impl From<ConsentError> for Problem {
    fn from(error: ConsentError) -> Self {
        match error {
            ConsentError::NotFound => Self::new(ProblemCode::NotFound),
            ConsentError::Store(error) => error.into(),
        }
    }
}

impl From<WebhookError> for Problem {
    fn from(error: WebhookError) -> Self {
        match error {
            WebhookError::NotFound => Self::new(ProblemCode::NotFound),
            WebhookError::Url(refused) => {
                let code = match refused {
                    AddressRefused::NotEncrypted => "not_encrypted",
                    AddressRefused::NotPublic => "not_public",
                };
                Self::new(ProblemCode::ValidationFailed)
                    .error("/url", Violation::new(code, refused.to_string()))
            }
            WebhookError::TooMany { most } => Self::new(ProblemCode::TooManyWebhookEndpoints)
                .detail(format!("There are {most} endpoints already.")),
            WebhookError::Changed { .. } => Self::new(ProblemCode::PreconditionFailed),
            WebhookError::SignedOut => Self::new(ProblemCode::TokenInvalid),
            WebhookError::Disabled => Self::new(ProblemCode::WebhookEndpointDisabled),
            WebhookError::Store(error) => error.into(),
            error @ WebhookError::Seal(_) => Self::new(ProblemCode::InternalError).caused_by(error),
        }
    }
}

impl From<UserError> for Problem {
    fn from(error: UserError) -> Self {
        match error {
            UserError::NotFound => Self::new(ProblemCode::NotFound),
            UserError::EmailTaken => Self::new(ProblemCode::EmailTaken),
            UserError::WrongPassword => Self::new(ProblemCode::ValidationFailed)
                .error("/currentPassword", Violation::new("wrong_password", "is not the password")),
            UserError::Changed { .. } => Self::new(ProblemCode::PreconditionFailed),
            UserError::OwnAccount => {
                Self::new(ProblemCode::Forbidden).detail("Nobody changes their own role or status.")
            }
            UserError::LastAdministrator => {
                Self::new(ProblemCode::Forbidden).detail("One administrator must remain.")
            }
            UserError::Hash(error) => error.into(),
            UserError::Store(error) => error.into(),
        }
    }
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::InvalidCredentials => Self::new(ProblemCode::InvalidCredentials),
            SessionError::InvalidRefreshToken => {
                Self::new(ProblemCode::TokenInvalid).detail("The refresh token is not valid.")
            }
            SessionError::InvalidAccountToken => Self::new(ProblemCode::TokenInvalid)
                .detail("The token of the mail is not valid, or was used."),
            SessionError::ExpiredAccountToken => Self::new(ProblemCode::TokenExpired)
                .detail("The token of the mail has expired: ask for another mail."),
            SessionError::Hash(error) => error.into(),
            SessionError::Keys(error) => error.into(),
            SessionError::Store(error) => error.into(),
            error @ SessionError::Signing(_) => {
                Self::new(ProblemCode::InternalError).caused_by(error)
            }
        }
    }
}

impl From<KeysError> for Problem {
    fn from(error: KeysError) -> Self {
        match error {
            KeysError::Store(error) => error.into(),
            error @ (KeysError::Sealed { .. }
            | KeysError::Malformed { .. }
            | KeysError::NoneInUse) => Self::new(ProblemCode::InternalError).caused_by(error),
        }
    }
}

impl From<HashError> for Problem {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::new(ProblemCode::Overloaded).retry_after(SOON),
            error @ (HashError::Algorithm(_) | HashError::CutOff(_)) => {
                Self::new(ProblemCode::InternalError).caused_by(error)
            }
        }
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Invalid(_) | TokenError::Revoked => Self::new(ProblemCode::TokenInvalid),
            TokenError::Expired => Self::new(ProblemCode::TokenExpired),
            TokenError::Keys(error) => error.into(),
            TokenError::Store(error) => error.into(),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::PlaceOrder(refusal) => refusal.into(),
            Refusal::OrderNotCancellable { status } => {
                in_state(ProblemCode::OrderNotCancellable, "order", status.as_str())
            }
            Refusal::OrderNotFulfillable { status } => {
                in_state(ProblemCode::OrderNotFulfillable, "order", status.as_str())
            }
            Refusal::CreatePayment(refusal) => refusal.into(),
            Refusal::Capture(refusal) => refusal.into(),
            Refusal::PaymentNotCancellable { status } => {
                in_state(ProblemCode::PaymentNotCancellable, "payment", status.as_str())
            }
            Refusal::Refund(refusal) => refusal.into(),
            Refusal::SkuTaken => Self::new(ProblemCode::SkuTaken),
            Refusal::InsufficientStock { available } => Self::new(ProblemCode::InsufficientStock)
                .detail(format!("Only {available} are there to be taken away.")),
        }
    }
}

impl From<PlaceOrderRefusal> for Problem {
    fn from(refusal: PlaceOrderRefusal) -> Self {
        let product = |index: usize| format!("/items/{index}/productId");
        match refusal {
            PlaceOrderRefusal::InsufficientStock { items } => {
                Self::new(ProblemCode::InsufficientStock).extension("items", json!(items))
            }
            PlaceOrderRefusal::UnknownProduct { index } => Self::new(ProblemCode::ValidationFailed)
                .error(product(index), Violation::new("unknown_product", "is not for sale")),
            PlaceOrderRefusal::MixedCurrencies { index, first, other } => {
                let detail = format!("is sold in {other}, the lines before it in {first}");
                Self::new(ProblemCode::CurrencyMismatch)
                    .error(product(index), Violation::new("currency_mismatch", detail))
            }
            PlaceOrderRefusal::TotalOutOfRange => Self::new(ProblemCode::ValidationFailed)
                .error("/items", Violation::new("out_of_range", "the total is too large")),
            PlaceOrderRefusal::UnknownCustomer => Self::new(ProblemCode::ValidationFailed)
                .error("/customerId", Violation::new("unknown_customer", "is no customer")),
        }
    }
}

impl From<CreatePaymentRefusal> for Problem {
    fn from(refusal: CreatePaymentRefusal) -> Self {
        let invalid = |pointer: &'static str, code, detail: &'static str| {
            Self::new(ProblemCode::ValidationFailed).error(pointer, Violation::new(code, detail))
        };
        match refusal {
            CreatePaymentRefusal::UnknownOrder => {
                invalid("/orderId", "unknown_order", "is no order of this customer")
            }
            CreatePaymentRefusal::UnknownCustomer => {
                invalid("/customerId", "unknown_customer", "is no customer")
            }
            CreatePaymentRefusal::NoPaymentMethod => invalid(
                "/paymentMethod",
                "required",
                "is needed: the customer has no default payment method",
            ),
            CreatePaymentRefusal::OrderNotPayable { status } => {
                in_state(ProblemCode::OrderNotPayable, "order", status.as_str())
            }
            CreatePaymentRefusal::CurrencyMismatch { order } => {
                Self::new(ProblemCode::CurrencyMismatch).detail(format!("The order is in {order}."))
            }
            CreatePaymentRefusal::AmountExceedsOutstanding { outstanding } => {
                Self::new(ProblemCode::AmountExceedsOutstanding)
                    .detail(format!("{outstanding} minor units are left to pay."))
                    .extension("outstanding", outstanding)
            }
        }
    }
}

impl From<CaptureRefusal> for Problem {
    fn from(refusal: CaptureRefusal) -> Self {
        match refusal {
            CaptureRefusal::NotCapturable { status } => {
                in_state(ProblemCode::PaymentNotCapturable, "payment", status.as_str())
            }
            CaptureRefusal::MoreThanAuthorized { authorized } => {
                let detail = format!("must be at most the authorised {authorized}");
                Self::new(ProblemCode::ValidationFailed)
                    .error("/amount", Violation::new("out_of_range", detail))
            }
        }
    }
}

impl From<RefundRefusal> for Problem {
    fn from(refusal: RefundRefusal) -> Self {
        match refusal {
            RefundRefusal::NotRefundable { status } => {
                in_state(ProblemCode::PaymentNotRefundable, "payment", status.as_str())
            }
            RefundRefusal::ExceedsPayment { refundable } => {
                Self::new(ProblemCode::RefundExceedsPayment)
                    .detail(format!("{refundable} minor units are left to refund."))
                    .extension("refundable", refundable)
            }
        }
    }
}

/// A refusal by state tells the present one, so that a client need not ask.
fn in_state(code: ProblemCode, what: &str, status: &'static str) -> Problem {
    Problem::new(code).detail(format!("The {what} is {status}.")).extension("currentStatus", status)
}
