//! Whether a read is spared its body because the client has it already (RFC 9110 §13.2.2); knows no resource.

use axum::extract::FromRequestParts;
use axum::http::header::IF_MODIFIED_SINCE;
use axum::http::request::Parts;

use super::preconditions::{EntityTag, IfNoneMatch};
use crate::api::http_date::HttpDate;
use crate::api::problem::Problem;

/// `If-None-Match`, and `If-Modified-Since` where that is absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadConditions {
    if_none_match: IfNoneMatch,
    if_modified_since: Option<HttpDate>,
}

impl ReadConditions {
    /// 304 is due.
    pub fn spare(&self, tag: &EntityTag, last_modified: Option<HttpDate>) -> bool {
        if self.if_none_match.is_sent() {
            return self.if_none_match.has(tag);
        }
        match (self.if_modified_since, last_modified) {
            (Some(seen), Some(changed)) => changed <= seen,
            _ => false,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ReadConditions {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let if_none_match = IfNoneMatch::from_request_parts(parts, state).await?;
        // What is no date is passed over (RFC 9110 §13.1.3).
        let date = parts.headers.get(IF_MODIFIED_SINCE).and_then(|value| value.to_str().ok());
        Ok(Self { if_none_match, if_modified_since: date.and_then(HttpDate::parse) })
    }
}
