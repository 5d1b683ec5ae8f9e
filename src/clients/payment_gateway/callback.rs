//! Call-backs of the sandbox provider: makes sure who sent one and which charge it speaks of; acts on none.
//!
//! They are signed as Standard Webhooks 1.0 says: HMAC-SHA-256 over `{id}.{timestamp}.{body}`, in base64 behind `v1,`.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::ExposeSecret;
use serde::Deserialize;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};
use time::{Duration, OffsetDateTime};

use crate::config::DerivedKey;
use crate::domain::clock::Clock;

/// How far the sender's clock and ours may differ; a message older than that may be a copy somebody kept.
const TOLERANCE: Duration = Duration::minutes(5);

/// More signatures than these are not looked at: two keys are in use while one replaces the other.
const MOST_SIGNATURES: usize = 8;

/// A call-back as it came in; a header that was not sent, or is no text, is empty.
#[derive(Debug, Clone, Copy)]
pub struct SignedCallback<'a> {
    pub id: &'a str,
    pub timestamp: &'a str,
    pub signatures: &'a str,
    pub body: &'a [u8],
}

/// The charge that changed, as far as the message says so. What became of it is asked of the provider.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ChargeNotice {
    /// Our own key of the charge.
    pub key: String,
    /// Minor units.
    pub amount: i64,
    pub currency: String,
}

/// Why a call-back is not believed.
#[derive(Debug, thiserror::Error)]
pub enum CallbackError {
    #[error("the call-back isn't signed by the payment gateway")]
    NotSigned,
    #[error("the call-back's time is too far from ours")]
    NotNow,
    #[error("the call-back isn't what the gateway's protocol says")]
    Unreadable(#[source] serde_json::Error),
}

#[derive(Deserialize)]
struct Event {
    data: EventData,
}

#[derive(Deserialize)]
struct EventData {
    charge: ChargeNotice,
}

/// Tells the provider's call-backs from everybody else's.
#[derive(Clone)]
pub struct CallbackVerifier {
    key: Arc<DerivedKey>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for CallbackVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallbackVerifier")
    }
}

impl CallbackVerifier {
    /// `clock`: the time that the provider lives in.
    pub fn new(key: DerivedKey, clock: Arc<dyn Clock>) -> Self {
        Self { key: Arc::new(key), clock }
    }

    /// What the call-back says, once it is certain who says it.
    ///
    /// # Errors
    /// [`CallbackError`]; nothing of an unsigned message is read.
    pub fn open(&self, callback: &SignedCallback<'_>) -> Result<ChargeNotice, CallbackError> {
        if !self.is_signed(callback) {
            return Err(CallbackError::NotSigned);
        }
        let sent_at = callback.timestamp.parse().ok();
        let sent_at = sent_at.and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok());
        let near = |at: OffsetDateTime| (self.clock.now() - at).abs() <= TOLERANCE;
        if !sent_at.is_some_and(near) {
            return Err(CallbackError::NotNow);
        }
        let event: Event =
            serde_json::from_slice(callback.body).map_err(CallbackError::Unreadable)?;
        Ok(event.data.charge)
    }

    fn is_signed(&self, callback: &SignedCallback<'_>) -> bool {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.key.expose_secret()) else {
            return false;
        };
        mac.update(format!("{}.{}.", callback.id, callback.timestamp).as_bytes());
        mac.update(callback.body);
        let expected = mac.finalize().into_bytes();
        let sent = callback.signatures.split(' ').take(MOST_SIGNATURES);
        let decoded = sent.filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok());
        let equal = decoded.fold(Choice::from(0), |any, one| any | expected.ct_eq(one.as_slice()));
        equal.into()
    }
}
