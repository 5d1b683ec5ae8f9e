//! Whether a request that changes something comes from our own page or from no page at all; it knows no control.
//!
//! The operators' listener asks for no password, so a page of somebody else, open in the same browser, must not be able to
//! press its buttons. A browser says where a request comes from (`Sec-Fetch-Site`, else `Origin`); programs say neither and
//! are let through, since whoever runs one here needs no trick. A name that its owner has pointed at this machine (DNS
//! rebinding) would count as our own origin, so the host must be an address or `localhost`.

use std::net::IpAddr;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, header};

pub(super) fn is_our_own(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let Some(host) = text(header::HOST.as_str()).filter(|host| is_address(host)) else {
        return false;
    };
    match (text("sec-fetch-site"), text(header::ORIGIN.as_str())) {
        // `none`: typed or bookmarked, by a person.
        (Some(site), _) => site == "same-origin" || site == "none",
        (None, Some(origin)) => {
            ["http://", "https://"].iter().any(|scheme| origin.strip_prefix(scheme) == Some(host))
        }
        (None, None) => true,
    }
}

/// An address or `localhost`, with or without a port.
fn is_address(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host();
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderName, HeaderValue};

    use super::is_our_own;

    fn sent(fields: &[(&str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        }
        is_our_own(&headers)
    }

    #[test]
    fn our_own_page_and_programs_are_let_through() {
        let here = ("host", "127.0.0.1:9090");
        for fields in [
            &[here][..],
            &[here, ("sec-fetch-site", "same-origin"), ("origin", "http://127.0.0.1:9090")],
            &[here, ("sec-fetch-site", "none")],
            &[here, ("origin", "http://127.0.0.1:9090")],
            &[("host", "localhost:9090"), ("sec-fetch-site", "same-origin")],
            &[("host", "[::1]:9090"), ("origin", "http://[::1]:9090")],
        ] {
            assert!(sent(fields), "{fields:?}");
        }
    }

    #[test]
    fn pages_of_others_are_not() {
        let here = ("host", "127.0.0.1:9090");
        for fields in [
            &[][..],
            &[here, ("sec-fetch-site", "cross-site")],
            &[here, ("sec-fetch-site", "same-site"), ("origin", "http://127.0.0.1:9090")],
            &[here, ("origin", "http://127.0.0.1:8080")],
            &[here, ("origin", "null")],
            &[here, ("origin", "http://127.0.0.1:9090.evil.example")],
            // The owner of a name points it at this machine.
            &[("host", "evil.example:9090"), ("sec-fetch-site", "same-origin")],
            &[("host", "evil.example:9090")],
            &[("host", "127.0.0.1.evil.example")],
        ] {
            assert!(!sent(fields), "{fields:?}");
        }
    }
}
