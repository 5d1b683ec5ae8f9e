//! The sandbox gateway's own record of charges, an independent witness to compare ours with; it changes nothing there.

use std::time::Duration;

use reqwest::StatusCode;
use serde::Deserialize;

use super::GatewayError;
use super::sandbox::CONNECT_TIMEOUT;
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
}

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
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(timeout)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self { http, url })
    }

    /// The charges that came on record after the one at this place; 0 for the first page.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn page(&self, after: u64) -> Result<RecordPage, GatewayError> {
        self.read(&format!("/sandbox/charges?after={after}&limit={PAGE}")).await
    }

    /// The charge that this key made.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn find(&self, key: &str) -> Result<Option<RecordedCharge>, GatewayError> {
        let key: String = url::form_urlencoded::byte_serialize(key.as_bytes()).collect();
        Ok(self.read(&format!("/sandbox/charges?key={key}")).await?.data.pop())
    }

    async fn read(&self, path: &str) -> Result<RecordPage, GatewayError> {
        let mut response =
            self.http.get(self.url.join(path)).send().await.map_err(GatewayError::Unreachable)?;
        if response.status() != StatusCode::OK {
            return Err(GatewayError::Unwilling { status: response.status().as_u16() });
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(GatewayError::Unreachable)? {
            if body.len() + chunk.len() > LONGEST_PAGE {
                return Err(GatewayError::BadAnswer { why: "longer than 32 MiB" });
            }
            body.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&body).map_err(GatewayError::Unreadable)
    }
}
