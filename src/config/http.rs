//! The public listener: where it is, how it is reached, and the bounds of one request.

use std::net::SocketAddr;
use std::time::Duration;

use super::reader::{Noted, Reader};
use super::value::{duration, list, parsed, size};
use super::{BaseUrl, Exposure, Setting, TrustedProxies};

pub const LISTEN: Setting = Setting {
    name: "TILL_LISTEN",
    exposure: Exposure::Plain { flag: "listen" },
    expects: "an IP address and a port",
    default: Some("127.0.0.1:8080"),
    example: "0.0.0.0:8080",
    help: "Address and port of the public API.",
};

pub const PUBLIC_URL: Setting = Setting {
    name: "TILL_PUBLIC_URL",
    exposure: Exposure::Plain { flag: "public-url" },
    expects: "an http:// or https:// URL of host and port alone",
    default: None,
    example: "https://api.example.com",
    help: "How clients reach the API: issuer of tokens, links and the gateway's call-back address. Unset: http:// and TILL_LISTEN.",
};

pub const BODY_LIMIT: Setting = Setting {
    name: "TILL_BODY_LIMIT",
    exposure: Exposure::Plain { flag: "body-limit" },
    expects: "a size from 1KiB to 16MiB",
    default: Some("256KiB"),
    example: "512KiB",
    help: "Longest request body; a longer one is answered with 413.",
};

pub const REQUEST_DEADLINE: Setting = Setting {
    name: "TILL_REQUEST_DEADLINE",
    exposure: Exposure::Plain { flag: "request-deadline" },
    expects: "a duration from 100ms to 5m",
    default: Some("10s"),
    example: "15s",
    help: "Longest time one request may take; after it the answer is 503.",
};

pub const CORS_ORIGINS: Setting = Setting {
    name: "TILL_CORS_ORIGINS",
    exposure: Exposure::Plain { flag: "cors-origins" },
    expects: "a list of origins, each scheme, host and port alone",
    default: None,
    example: "https://shop.example.com,https://admin.example.com",
    help: "Origins whose pages may call the API from a browser, separated by commas. Unset: none.",
};

pub const HSTS: Setting = Setting {
    name: "TILL_HSTS",
    exposure: Exposure::Plain { flag: "hsts" },
    expects: "a duration from 1s to 730d",
    default: None,
    example: "365d",
    help: "max-age of Strict-Transport-Security. Unset: the header is not sent.",
};

pub const TRUSTED_PROXIES: Setting = Setting {
    name: "TILL_TRUSTED_PROXIES",
    exposure: Exposure::Plain { flag: "trusted-proxies" },
    expects: "a list of addresses or address blocks",
    default: None,
    example: "10.0.0.0/8,192.0.2.7",
    help: "Proxies whose X-Forwarded-For is believed, separated by commas. Unset: none.",
};

/// The public listener.
#[derive(Debug)]
pub struct Http {
    /// Where it accepts connections (`TILL_LISTEN`); port 0 takes a free one.
    pub listen: SocketAddr,
    /// How clients reach it (`TILL_PUBLIC_URL`): issuer, audience, links, call-back address.
    pub public_url: BaseUrl,
    /// Longest request body in bytes, 1 KiB to 16 MiB (`TILL_BODY_LIMIT`).
    pub body_limit: usize,
    /// Longest time of one request, 100 ms to 5 min (`TILL_REQUEST_DEADLINE`).
    pub request_deadline: Duration,
    /// Origins that browsers may call from (`TILL_CORS_ORIGINS`).
    pub cors_origins: Vec<BaseUrl>,
    /// `max-age` of Strict-Transport-Security (`TILL_HSTS`); `None` sends no such header.
    pub hsts: Option<Duration>,
    /// Peers whose `X-Forwarded-For` is believed (`TILL_TRUSTED_PROXIES`).
    pub trusted_proxies: TrustedProxies,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<Http, Noted> {
    const DAY: u64 = 24 * 60 * 60;
    let listen = reader.defaulted(&LISTEN, parsed::<SocketAddr>);
    let public_url = reader.optional(&PUBLIC_URL, BaseUrl::parse);
    let body_limit = reader.defaulted(&BODY_LIMIT, |text| size(text, 1_024..=16 * 1_048_576));
    let request_deadline = reader.defaulted(&REQUEST_DEADLINE, |text| {
        duration(text, Duration::from_millis(100)..=Duration::from_secs(300))
    });
    let cors_origins = reader.optional(&CORS_ORIGINS, |text| list(text, BaseUrl::parse));
    let hsts = reader.optional(&HSTS, |text| {
        duration(text, Duration::from_secs(1)..=Duration::from_secs(730 * DAY))
    });
    let trusted_proxies = reader.optional(&TRUSTED_PROXIES, |text| list(text, parsed));
    let listen = listen?;
    Ok(Http {
        listen,
        public_url: public_url?.unwrap_or_else(|| BaseUrl::of(listen)),
        body_limit: body_limit?,
        request_deadline: request_deadline?,
        cors_origins: cors_origins?.unwrap_or_default(),
        hsts: hsts?,
        trusted_proxies: TrustedProxies::new(trusted_proxies?.unwrap_or_default()),
    })
}
