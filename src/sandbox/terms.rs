//! What a client asks a charge to be, checked once at the door; knows nothing of HTTP or of what became of it.

use std::collections::BTreeMap;

use iso_currency::Currency;
use serde::{Deserialize, Serialize};
use url::Url;

/// The largest amount the provider moves at once, in minor units.
pub const MAX_AMOUNT: i64 = 99_999_999_999;

const MAX_METHOD_LENGTH: usize = 255;
const MAX_URL_LENGTH: usize = 2_048;
const MAX_METADATA_ENTRIES: usize = 50;
const MAX_METADATA_KEY: usize = 40;
const MAX_METADATA_VALUE: usize = 500;

/// A positive amount in the currency's minor unit, 1 to [`MAX_AMOUNT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Amount(i64);

impl Amount {
    /// The amount as a plain number of minor units.
    #[must_use]
    pub fn minor_units(self) -> i64 {
        self.0
    }
}

impl TryFrom<i64> for Amount {
    type Error = InvalidTerms;

    fn try_from(minor_units: i64) -> Result<Self, InvalidTerms> {
        if (1..=MAX_AMOUNT).contains(&minor_units) {
            Ok(Self(minor_units))
        } else {
            Err(InvalidTerms::Amount)
        }
    }
}

impl From<Amount> for i64 {
    fn from(amount: Amount) -> Self {
        amount.0
    }
}

/// Where a client wants to be told of changes: an http or https URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CallbackUrl(Url);

impl CallbackUrl {
    /// The address itself.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.0
    }
}

impl TryFrom<String> for CallbackUrl {
    type Error = InvalidTerms;

    fn try_from(text: String) -> Result<Self, InvalidTerms> {
        Url::parse(&text)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .filter(|url| text.len() <= MAX_URL_LENGTH && url.has_host())
            .map(Self)
            .ok_or(InvalidTerms::CallbackUrl)
    }
}

impl From<CallbackUrl> for String {
    fn from(address: CallbackUrl) -> Self {
        address.0.into()
    }
}

/// Whether a charge takes the money at once or only sets it aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CaptureMode {
    /// Take it.
    AtOnce,
    /// Set it aside until a capture or a cancel.
    Later,
}

impl From<bool> for CaptureMode {
    fn from(capture: bool) -> Self {
        if capture { Self::AtOnce } else { Self::Later }
    }
}

/// The request for a charge; two requests under one key are the same if these are equal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Terms {
    /// How much.
    pub amount: Amount,
    /// Of what; one that has a minor unit.
    pub currency: Currency,
    /// With what; see [`super::method`].
    pub payment_method: String,
    /// Take or set aside.
    pub capture: CaptureMode,
    /// Where changes are told.
    pub callback_url: Option<CallbackUrl>,
    /// The client's own notes.
    pub metadata: BTreeMap<String, String>,
}

/// Why a request is not one the provider can take on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTerms {
    /// Zero, negative or too large.
    #[error("amount must be between 1 and {MAX_AMOUNT} minor units")]
    Amount,
    /// A code without minor unit, such as gold.
    #[error("currency must be an ISO 4217 code that has a minor unit")]
    Currency,
    /// Empty, long or invisible.
    #[error("paymentMethod must be 1-{MAX_METHOD_LENGTH} visible ASCII characters")]
    PaymentMethod,
    /// Not a web address.
    #[error("callbackUrl must be an http or https URL of at most {MAX_URL_LENGTH} characters")]
    CallbackUrl,
    /// Too much of it.
    #[error(
        "metadata takes at most {MAX_METADATA_ENTRIES} entries, keys of 1-{MAX_METADATA_KEY} and values of at most {MAX_METADATA_VALUE} characters"
    )]
    Metadata,
}

impl Terms {
    /// Checks what the types leave open.
    ///
    /// # Errors
    /// [`InvalidTerms`] names the first member that is out of bounds.
    pub fn checked(self) -> Result<Self, InvalidTerms> {
        if self.currency.exponent().is_none() {
            return Err(InvalidTerms::Currency);
        }
        let method = &self.payment_method;
        let visible = method.bytes().all(|byte| byte.is_ascii_graphic());
        if !(1..=MAX_METHOD_LENGTH).contains(&method.len()) || !visible {
            return Err(InvalidTerms::PaymentMethod);
        }
        if self.metadata.len() > MAX_METADATA_ENTRIES || !self.metadata.iter().all(fits) {
            return Err(InvalidTerms::Metadata);
        }
        Ok(self)
    }
}

fn fits((key, value): (&String, &String)) -> bool {
    (1..=MAX_METADATA_KEY).contains(&key.chars().count())
        && value.chars().count() <= MAX_METADATA_VALUE
}
