//! Why an application is not let in: what is told to whoever sits at the browser, and what is told to the application.

use super::request::Back;
use crate::service::transact::AsStoreError;
use crate::store::StoreError;

/// No code was issued.
#[derive(Debug, thiserror::Error)]
pub enum AuthorizeError {
    /// Nobody is to be sent anywhere.
    #[error("the request comes from no application that is known here: {0:?}")]
    NotOurs(NotOurs),
    /// The application is told.
    #[error("the application is refused: {}", .1.reason.as_str())]
    SentBack(Back, Refusal),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AsStoreError for AuthorizeError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::NotOurs(_) | Self::SentBack(..) => None,
        }
    }
}

/// Why it is not certain who asks, or where the browser is to go back to (RFC 6749 §4.1.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotOurs {
    UnknownClient,
    /// None of those that the client was registered with, or left out where it has several.
    RedirectUri,
}

/// What an application is told (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    pub reason: Reason,
    /// Our own words: nothing that was sent is in it.
    pub description: &'static str,
}

impl Refusal {
    pub(super) const fn new(reason: Reason, description: &'static str) -> Self {
        Self { reason, description }
    }

    /// Whoever was asked said no.
    pub const DENIED: Self =
        Self::new(Reason::AccessDenied, "The user does not let the application act for them.");
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    InvalidRequest,
    UnauthorizedClient,
    AccessDenied,
    UnsupportedResponseType,
    InvalidScope,
    LoginRequired,
    ConsentRequired,
}

impl Reason {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::AccessDenied => "access_denied",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
        }
    }
}
