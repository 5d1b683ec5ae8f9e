//! Makes the sandbox provider fail on demand; no other provider has such a door, and production never knocks at it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::GatewayError;
use super::sandbox::{accepted, http, read};
use crate::config::BaseUrl;

const PATH: &str = "/sandbox/faults";

/// The sandbox answers at once, whatever it does to others.
const TIMEOUT: Duration = Duration::from_secs(2);

/// What goes wrong with the provider's calls and call-backs: all that its door knows, since each change replaces all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "three independent switches; this is their wire form"
)]
pub struct Faults {
    /// Every call waits this long first.
    pub latency_ms: u64,
    /// Share of calls that are answered 500, from 0 to 1.
    pub error_rate: f64,
    /// Share of calls that are never answered, from 0 to 1.
    pub hang_rate: f64,
    /// No call is answered at all.
    pub down: bool,
    /// Each call-back is sent twice.
    pub duplicate_callbacks: bool,
    /// Call-backs are sent out of order.
    pub shuffle_callbacks: bool,
}

/// The sandbox's door for faults.
#[derive(Debug, Clone)]
pub struct SandboxFaults {
    http: reqwest::Client,
    url: BaseUrl,
}

impl SandboxFaults {
    /// # Errors
    /// The machine's TLS can't be set up.
    pub fn new(url: BaseUrl) -> Result<Self, reqwest::Error> {
        Ok(Self { http: http(TIMEOUT)?, url })
    }

    /// The faults that are on.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn read(&self) -> Result<Faults, GatewayError> {
        read(&accepted(self.http.get(self.url.join(PATH)), PATH).await?)
    }

    /// Replaces all faults.
    ///
    /// # Errors
    /// [`GatewayError`]: then it may have been done all the same.
    pub async fn replace(&self, faults: Faults) -> Result<(), GatewayError> {
        let request = self.http.put(self.url.join(PATH)).json(&faults);
        accepted(request, PATH).await.map(|_shown| ())
    }
}
