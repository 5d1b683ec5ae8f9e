//! The payment gateway: where the sandbox listens and where the API finds it.

use std::net::SocketAddr;
use std::time::Duration;

use super::reader::{Noted, Reader};
use super::value::{duration, parsed};
use super::{BaseUrl, Exposure, Setting};

pub const GATEWAY_LISTEN: Setting = Setting {
    name: "TILL_GATEWAY_LISTEN",
    exposure: Exposure::Plain { flag: "gateway-listen" },
    expects: "an IP address and a port",
    default: Some("127.0.0.1:8090"),
    example: "0.0.0.0:8090",
    help: "Address and port of the sandbox gateway (`till gateway`, `till up`).",
};

pub const GATEWAY_URL: Setting = Setting {
    name: "TILL_GATEWAY_URL",
    exposure: Exposure::Plain { flag: "gateway-url" },
    expects: "an http:// or https:// URL of host and port alone",
    default: None,
    example: "http://gateway:8090",
    help: "Where the API and the worker find the gateway. Unset: http:// and TILL_GATEWAY_LISTEN.",
};

pub const GATEWAY_TIMEOUT: Setting = Setting {
    name: "TILL_GATEWAY_TIMEOUT",
    exposure: Exposure::Plain { flag: "gateway-timeout" },
    expects: "a duration from 100ms to 10s",
    default: Some("4s"),
    example: "4s",
    help: "Longest time of one call to the gateway; a charge not answered by then is settled later.",
};

pub const GATEWAY_CALLBACK_URL: Setting = Setting {
    name: "TILL_GATEWAY_CALLBACK_URL",
    exposure: Exposure::Plain { flag: "gateway-callback-url" },
    expects: "an http:// or https:// URL of host and port alone",
    default: None,
    example: "http://proxy:8080",
    help: "Where the gateway reaches the API with its call-backs. Unset: TILL_PUBLIC_URL.",
};

/// The payment gateway.
#[derive(Debug)]
pub struct Gateway {
    /// Where the sandbox accepts connections (`TILL_GATEWAY_LISTEN`); port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where it is reached (`TILL_GATEWAY_URL`).
    pub url: BaseUrl,
    /// Where it reaches the API (`TILL_GATEWAY_CALLBACK_URL`); `None`: at the public address.
    pub callback_url: Option<BaseUrl>,
    /// Longest time of one call, 100 ms to 10 s, so that two calls end within the lease of an attempt (`TILL_GATEWAY_TIMEOUT`).
    pub timeout: Duration,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<Gateway, Noted> {
    let listen = reader.defaulted(&GATEWAY_LISTEN, parsed::<SocketAddr>);
    let url = reader.optional(&GATEWAY_URL, BaseUrl::parse);
    let bounds = Duration::from_millis(100)..=Duration::from_secs(10);
    let timeout = reader.defaulted(&GATEWAY_TIMEOUT, |text| duration(text, bounds));
    let callback_url = reader.optional(&GATEWAY_CALLBACK_URL, BaseUrl::parse);
    let listen = listen?;
    Ok(Gateway {
        listen,
        url: url?.unwrap_or_else(|| BaseUrl::of(listen)),
        callback_url: callback_url?,
        timeout: timeout?,
    })
}
