//! What clients are told of an operation that is on its way out, in the header fields of every answer; it refuses nothing.

use axum::http::header::LINK;
use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::policy::{Deprecation, GUIDE};
use crate::api::http_date::HttpDate;

/// Since when (RFC 9745).
pub const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
/// Until when (RFC 8594).
pub const SUNSET: HeaderName = HeaderName::from_static("sunset");

/// Writes `Deprecation`, `Sunset` and the links to the successor and to what people read.
pub fn write(deprecation: &Deprecation, path: &str, headers: &mut HeaderMap) {
    let since = format!("@{}", deprecation.deprecated_at.unix_timestamp());
    let until = HttpDate::at(deprecation.sunset_at).to_string();
    let successor = deprecation.successor_of(path);
    let successor = successor.map(|path| format!("<{path}>; rel=\"successor-version\""));
    let guide = format!("<{GUIDE}>; rel=\"deprecation\"; type=\"text/html\"");
    let links = successor.into_iter().chain([guide]).collect::<Vec<_>>().join(", ");
    // All of it is visible ASCII.
    let value = |text: String| HeaderValue::try_from(text).ok();
    headers.extend(value(since).map(|value| (DEPRECATION, value)));
    headers.extend(value(until).map(|value| (SUNSET, value)));
    if let Some(links) = value(links) {
        headers.append(LINK, links);
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use time::macros::datetime;

    use super::write;
    use crate::api::versions::Deprecation;

    #[test]
    fn the_fields_are_those_of_rfc_9745_and_rfc_8594_and_a_link_that_was_there_stays() {
        let deprecation = Deprecation {
            operation: "GET /v1/things/{id}",
            successor: "GET /v2/things/{id}",
            deprecated_at: datetime!(2023-06-30 23:59:59 UTC),
            sunset_at: datetime!(2024-06-30 23:59:59 UTC),
            change: "",
        };
        let mut headers = HeaderMap::new();
        headers.insert("link", "</v1/things>; rel=\"next\"".parse().unwrap());
        write(&deprecation, "/v1/things/7", &mut headers);
        // The example of RFC 9745 §4.
        assert_eq!(headers["deprecation"], "@1688169599");
        assert_eq!(headers["sunset"], "Sun, 30 Jun 2024 23:59:59 GMT");
        let links: Vec<_> = headers.get_all("link").iter().collect();
        assert_eq!(
            links,
            [
                "</v1/things>; rel=\"next\"",
                "</v2/things/7>; rel=\"successor-version\", </docs/deprecations>; rel=\"deprecation\"; type=\"text/html\"",
            ]
        );
    }
}
