//! The sandbox gateway's own record of charges, an independent witness to compare ours with; it changes nothing there.

use std::time::Duration;

use reqwest::StatusCode;
use serde::Deserialize;
use time::OffsetDateTime;

use super::GatewayError;
use super::sandbox::{bounded, broken, http, read};
use crate::clients::http_span::{self, Path};
use crate::config::BaseUrl;

/// Charges on one page.
const PAGE: usize = 1_000;

/// The longest page that is read, in bytes: a charge with twenty long members of metadata takes about 16 KiB.
const LONGEST_PAGE: usize = 32 * 1024 * 1024;

/// Reads the record.
#[derive(Debug, Clone)]
pub struct GatewayRecord {
    http: reqwest::Client,
    url: BaseUrl,
}

/// One charge as it is on record.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordedCharge {
    pub key: String,
    pub status: String,
    pub currency: String,
    /// Minor units, as the other amounts.
    pub amount: i64,
    pub amount_captured: i64,
    pub amount_refunded: i64,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

const CHARGES: &str = "/sandbox/charges";

/// Some charges, and where the next page begins.
#[derive(Debug, Deserialize)]
pub struct RecordPage {
    pub data: Vec<RecordedCharge>,
    pub next: Option<u64>,
}

impl GatewayRecord {
    /// # Errors
    /// The TLS configuration can't be built.
    pub fn new(url: BaseUrl, timeout: Duration) -> Result<Self, reqwest::Error> {
        Ok(Self { http: http(timeout)?, url })
    }

    /// The charges that came on record after the one at this place; 0 for the first page.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn page(&self, after: u64) -> Result<RecordPage, GatewayError> {
        self.ask(&format!("{CHARGES}?after={after}&limit={PAGE}")).await
    }

    /// The charge that this key made.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn find(&self, key: &str) -> Result<Option<RecordedCharge>, GatewayError> {
        let key: String = url::form_urlencoded::byte_serialize(key.as_bytes()).collect();
        Ok(self.ask(&format!("{CHARGES}?key={key}")).await?.data.pop())
    }

    async fn ask(&self, path: &str) -> Result<RecordPage, GatewayError> {
        let response = http_span::send(self.http.get(self.url.join(path)), Path::Template(CHARGES));
        let response = response.await.map_err(broken)?;
        if response.status() != StatusCode::OK {
            return Err(GatewayError::Unwilling { status: response.status().as_u16() });
        }
        read(&bounded(response, LONGEST_PAGE).await?)
    }
}
