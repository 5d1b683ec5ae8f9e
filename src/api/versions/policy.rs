//! The one table of what is on its way out: since when, until when, and what replaces it. It refuses and counts nothing.
//!
//! Header fields, the OpenAPI documents, the page `/docs/deprecations` and the refusal past a sunset are all made from it.

use time::OffsetDateTime;
use time::macros::datetime;

/// Where people read what changed.
pub const GUIDE: &str = "/docs/deprecations";

/// In bytes; a UUID has 36.
const LONGEST_ID: usize = 64;

/// An operation that a newer one replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deprecation {
    /// Method and route: `GET /v1/users/{id}`.
    pub operation: &'static str,
    /// The operation that replaces it; its route has the same parameters.
    pub successor: &'static str,
    /// From then on nobody should begin to use it.
    pub deprecated_at: OffsetDateTime,
    /// From then on it may be refused: at least 180 days later.
    pub sunset_at: OffsetDateTime,
    /// What is another there, in one sentence.
    pub change: &'static str,
}

const USERS_SINCE: OffsetDateTime = datetime!(2026-11-29 00:00 UTC);
const USERS_UNTIL: OffsetDateTime = datetime!(2027-06-30 00:00 UTC);
const USERS_CHANGE: &str =
    "`name` is `displayName` there, `role` is the list `roles`, and `emailVerified` is added.";

const fn user(operation: &'static str, successor: &'static str) -> Deprecation {
    Deprecation {
        operation,
        successor,
        deprecated_at: USERS_SINCE,
        sunset_at: USERS_UNTIL,
        change: USERS_CHANGE,
    }
}

/// Every operation that is on its way out.
pub const DEPRECATIONS: &[Deprecation] = &[
    user("POST /v1/users", "POST /v2/users"),
    user("GET /v1/users/me", "GET /v2/users/me"),
    user("PATCH /v1/users/me", "PATCH /v2/users/me"),
    user("GET /v1/users/{id}", "GET /v2/users/{id}"),
];

/// What is said of the operation that this method and route lead to; nothing, as a rule.
pub fn of(method: &str, route: Option<&str>) -> Option<&'static Deprecation> {
    let route = route?;
    // Whoever asks for a head alone calls the same operation.
    let method = if method == "HEAD" { "GET" } else { method };
    DEPRECATIONS.iter().find(|deprecation| deprecation.parts() == (method, route))
}

impl Deprecation {
    /// Method and route.
    pub fn parts(&self) -> (&'static str, &'static str) {
        parts(self.operation)
    }

    /// Where the same thing is found in the newer version, for a request to `path`; `None` where the path holds what is no id
    /// or what no header field may.
    pub fn successor_of(&self, path: &str) -> Option<String> {
        let (_, route) = self.parts();
        let (_, successor) = parts(self.successor);
        let filled = |segment: &'static str| {
            if !segment.starts_with('{') {
                return Some(segment);
            }
            let place = route.split('/').position(|part| part == segment)?;
            path.split('/').nth(place).filter(|given| may_be_id(given))
        };
        let segments: Option<Vec<&str>> = successor.split('/').map(filled).collect();
        Some(segments?.join("/"))
    }
}

fn parts(operation: &'static str) -> (&'static str, &'static str) {
    operation.split_once(' ').unwrap_or_default()
}

/// Whether it may stand where ids do: what is longer than any of ours is nothing's, and would only make the answer longer.
fn may_be_id(given: &str) -> bool {
    given.len() <= LONGEST_ID && given.bytes().all(is_plain)
}

/// What may stand between the angle brackets of a `Link`.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'"' | b'\\')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use time::Duration;

    use super::{DEPRECATIONS, LONGEST_ID, of, parts};

    /// What a client is promised between the announcement and the end.
    const NOTICE: Duration = Duration::days(180);

    #[test]
    fn nothing_ends_within_180_days_of_its_announcement() {
        assert!(!DEPRECATIONS.is_empty());
        for deprecation in DEPRECATIONS {
            let notice = deprecation.sunset_at - deprecation.deprecated_at;
            assert!(notice >= NOTICE, "{}: {notice}", deprecation.operation);
        }
    }

    #[test]
    fn every_line_replaces_an_operation_that_is_there_by_another_that_is_there_with_the_same_parameters()
     {
        let mut known = BTreeSet::new();
        for document in crate::api::documents() {
            let document = serde_json::to_value(document).unwrap();
            for (path, item) in document["paths"].as_object().unwrap() {
                let methods = item.as_object().unwrap().keys();
                known.extend(methods.map(|method| format!("{} {path}", method.to_uppercase())));
            }
        }
        let mut seen = BTreeSet::new();
        for deprecation in DEPRECATIONS {
            let operation = deprecation.operation;
            assert!(seen.insert(operation), "{operation} stands twice");
            assert!(known.contains(operation), "{operation} is gone: take the line away");
            assert!(
                known.contains(deprecation.successor),
                "{} is not there",
                deprecation.successor
            );
            let (method, route) = parts(deprecation.successor);
            assert_eq!(method, deprecation.parts().0);
            let parameters = |route: &'static str| {
                route.split('/').filter(|part| part.starts_with('{')).collect::<BTreeSet<_>>()
            };
            assert_eq!(parameters(route), parameters(deprecation.parts().1), "{operation}");
        }
    }

    #[test]
    fn a_head_is_a_get_and_other_methods_of_a_path_are_not_meant() {
        let of_me = of("HEAD", Some("/v1/users/me")).unwrap();
        assert_eq!(of_me.operation, "GET /v1/users/me");
        for (method, route) in
            [("DELETE", Some("/v1/users/me")), ("GET", Some("/v2/users/me")), ("GET", None)]
        {
            assert_eq!(of(method, route), None, "{method} {route:?}");
        }
    }

    #[test]
    fn the_successor_of_a_path_has_its_ids_and_none_that_would_break_out_of_a_link() {
        let one = of("GET", Some("/v1/users/{id}")).unwrap();
        let successor = |path: &str| one.successor_of(path);
        assert_eq!(successor("/v1/users/7"), Some("/v2/users/7".to_owned()));
        assert_eq!(successor("/v1/users/a%3Eb"), Some("/v2/users/a%3Eb".to_owned()));
        for bad in ["/v1/users/a>b", "/v1/users/a\"b", "/v1/users/\u{e4}", "/v1/users/a b"] {
            assert_eq!(successor(bad), None, "{bad}");
        }
        let longest = "7".repeat(LONGEST_ID);
        assert!(successor(&format!("/v1/users/{longest}")).is_some());
        assert_eq!(successor(&format!("/v1/users/{longest}7")), None);
    }
}
