//! What a client is shown of a resource, with what it is recognised by and who may keep it (RFC 9110 §8.8, RFC 9111).

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LAST_MODIFIED, VARY};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::extract::{EntityTag, ReadConditions};
use super::http_date::HttpDate;
use super::problem::{Problem, ProblemCode};

/// The catalogue is the same for everybody, and half a minute old is good enough: orders never take a price from it.
const PUBLIC: HeaderValue =
    HeaderValue::from_static("public, max-age=30, stale-while-revalidate=60, stale-if-error=86400");

/// Somebody's own data is kept by nobody; its tag serves `If-Match`.
const PERSONAL: HeaderValue = HeaderValue::from_static("private, no-store");

/// The JSON of a resource, ready to be sent.
#[derive(Debug)]
pub struct Representation {
    json: Vec<u8>,
    tag: EntityTag,
    last_modified: Option<HttpDate>,
}

impl Representation {
    /// Of a resource that counts its changes.
    ///
    /// # Errors
    /// 500 where the body can't be written as JSON.
    pub fn versioned<T: Serialize>(body: &T, tag: EntityTag) -> Result<Self, Problem> {
        Ok(Self { json: json(body)?, tag, last_modified: None })
    }

    /// Of what has no version of its own, such as a list: recognised by its bytes.
    ///
    /// # Errors
    /// 500 where the body can't be written as JSON.
    pub fn hashed<T: Serialize>(body: &T) -> Result<Self, Problem> {
        let json = json(body)?;
        let tag = EntityTag::of_bytes(&json);
        Ok(Self { json, tag, last_modified: None })
    }

    #[must_use]
    pub fn last_modified(self, last_modified: Option<HttpDate>) -> Self {
        Self { last_modified, ..self }
    }

    /// For everybody, and for every cache on the way.
    pub fn public(self, conditions: &ReadConditions) -> Response {
        let mut headers = self.validators();
        headers.insert(CACHE_CONTROL, PUBLIC);
        // `Accept` decides between this and 406.
        headers.insert(VARY, HeaderValue::from_static("accept"));
        if conditions.spare(&self.tag, self.last_modified) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        self.whole(headers)
    }

    /// For whom it belongs to, and for staff.
    pub fn personal(self) -> Response {
        let mut headers = self.validators();
        headers.insert(CACHE_CONTROL, PERSONAL);
        self.whole(headers)
    }

    fn validators(&self) -> HeaderMap {
        let last_modified = self.last_modified.map(|date| (LAST_MODIFIED, date.to_string()));
        // Tags and dates are visible ASCII.
        let value = |(name, text): (HeaderName, String)| Some((name, text.try_into().ok()?));
        [(ETAG, self.tag.to_string())].into_iter().chain(last_modified).filter_map(value).collect()
    }

    fn whole(self, mut headers: HeaderMap) -> Response {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        (headers, Body::from(self.json)).into_response()
    }
}

fn json<T: Serialize>(body: &T) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(body)
        .map_err(|error| Problem::new(ProblemCode::InternalError).caused_by(error))
}
