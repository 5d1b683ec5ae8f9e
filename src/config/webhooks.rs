//! Webhooks: how long an endpoint may take, and which endpoints may be where customers' may not.

use std::time::Duration;

use super::reader::{Noted, Reader};
use super::value::{duration, list};
use super::{BaseUrl, Exposure, Setting};

pub const WEBHOOKS_TIMEOUT: Setting = Setting {
    name: "TILL_WEBHOOKS_TIMEOUT",
    exposure: Exposure::Plain { flag: "webhooks-timeout" },
    expects: "a duration from 15s to 30s",
    default: Some("15s"),
    example: "20s",
    help: "Longest time of one webhook, connecting included; an endpoint that has not answered by then is tried again later.",
};

pub const WEBHOOKS_ALLOW_PRIVATE: Setting = Setting {
    name: "TILL_WEBHOOKS_ALLOW_PRIVATE",
    exposure: Exposure::Plain { flag: "webhooks-allow-private" },
    expects: "a list of origins, each scheme, host and port alone",
    default: None,
    example: "http://10.0.0.7:8080,https://hooks.internal.example",
    help: "Origins of webhook endpoints that may have private addresses, or be reached without TLS, separated by commas. Unset: none.",
};

/// What is sent to webhook endpoints, and where they may be.
#[derive(Debug)]
pub struct Webhooks {
    /// Longest time of one try, 15 s to 30 s (`TILL_WEBHOOKS_TIMEOUT`).
    pub timeout: Duration,
    /// Origins that may be private or unencrypted (`TILL_WEBHOOKS_ALLOW_PRIVATE`).
    pub allow_private: Vec<BaseUrl>,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<Webhooks, Noted> {
    let bounds = Duration::from_secs(15)..=Duration::from_secs(30);
    let timeout = reader.defaulted(&WEBHOOKS_TIMEOUT, |text| duration(text, bounds));
    let allow_private = reader.optional(&WEBHOOKS_ALLOW_PRIVATE, |text| list(text, BaseUrl::parse));
    Ok(Webhooks { timeout: timeout?, allow_private: allow_private?.unwrap_or_default() })
}
