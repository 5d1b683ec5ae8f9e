//! What a client is shown of a resource, with what it is recognised by and who may keep it (RFC 9110 §8.8, RFC 9111).

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LAST_MODIFIED, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;
use time::OffsetDateTime;

use super::extract::{EntityTag, ReadConditions};
use super::http_date::HttpDate;
use super::problem::{Problem, ProblemCode};

/// The catalogue is the same for everybody, and half a minute old is good enough: orders never take a price from it.
const PUBLIC: HeaderValue =
    HeaderValue::from_static("public, max-age=30, stale-while-revalidate=60, stale-if-error=86400");

/// Somebody's own data is kept by nobody; its tag serves `If-Match`.
const PERSONAL: HeaderValue = HeaderValue::from_static("private, no-store");

/// Fields of the fullest answer, so that the map is made once: these and those of the layers.
const FIELDS: usize = 24;

/// The JSON of a resource, ready to be sent, any number of times.
#[derive(Debug, Clone)]
pub struct Representation {
    json: Bytes,
    tag: EntityTag,
    /// The tag as it is written.
    etag: HeaderValue,
    last_modified: Option<LastModified>,
}

#[derive(Debug, Clone)]
struct LastModified {
    date: HttpDate,
    written: HeaderValue,
}

impl Representation {
    /// Of a resource that counts its changes.
    ///
    /// # Errors
    /// 500 where the body can't be written as JSON.
    pub fn versioned<T: Serialize>(body: &T, tag: EntityTag) -> Result<Self, Problem> {
        Self::new(json(body)?, tag)
    }

    /// Of what has no version of its own, such as a list: recognised by its bytes.
    ///
    /// # Errors
    /// 500 where the body can't be written as JSON.
    pub fn hashed<T: Serialize>(body: &T) -> Result<Self, Problem> {
        let json = json(body)?;
        let tag = EntityTag::of_bytes(&json);
        Self::new(json, tag)
    }

    fn new(json: Bytes, tag: EntityTag) -> Result<Self, Problem> {
        let etag = HeaderValue::try_from(tag.to_string()).map_err(unwritten)?;
        Ok(Self { json, tag, etag, last_modified: None })
    }

    /// `change`: when it was last changed; shown once [its date](HttpDate::after) has come.
    ///
    /// # Errors
    /// 500 where that is beyond the years that can be written.
    pub fn last_modified(self, change: OffsetDateTime) -> Result<Self, Problem> {
        let written = |date: HttpDate| -> Result<_, Problem> {
            let written = HeaderValue::try_from(date.to_string()).map_err(unwritten)?;
            Ok(LastModified { date, written })
        };
        let last_modified = HttpDate::after(change).map(written).transpose()?;
        Ok(Self { last_modified, ..self })
    }

    /// Bytes in memory, about.
    pub fn weight(&self) -> u32 {
        u32::try_from(self.json.len() + 512).unwrap_or(u32::MAX)
    }

    /// The same as it is shown now: without a date that has not come.
    #[must_use]
    pub fn as_of(self, now: OffsetDateTime) -> Self {
        let last_modified = self.last_modified.filter(|shown| shown.date.has_come(now));
        Self { last_modified, ..self }
    }

    /// For everybody, and for every cache on the way.
    pub fn public(self, conditions: &ReadConditions) -> Response {
        let Self { json, tag, etag, last_modified } = self;
        let spared = conditions.spare(&tag, last_modified.as_ref().map(|shown| shown.date));
        let mut headers = validated(etag);
        headers.extend(last_modified.map(|shown| (LAST_MODIFIED, shown.written)));
        headers.insert(CACHE_CONTROL, PUBLIC);
        // `Accept` decides between this and 406.
        headers.insert(VARY, HeaderValue::from_static("accept"));
        if !spared {
            return whole(json, headers);
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.headers_mut() = headers;
        response
    }

    /// For whom it belongs to, and for staff.
    pub fn personal(self) -> Response {
        let mut headers = validated(self.etag);
        headers.insert(CACHE_CONTROL, PERSONAL);
        whole(self.json, headers)
    }
}

fn validated(etag: HeaderValue) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(FIELDS);
    headers.insert(ETAG, etag);
    headers
}

fn whole(json: Bytes, mut headers: HeaderMap) -> Response {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut response = Response::new(Body::from(json));
    *response.headers_mut() = headers;
    response
}

fn json<T: Serialize>(body: &T) -> Result<Bytes, Problem> {
    let json = serde_json::to_vec(body);
    json.map(Bytes::from).map_err(unwritten)
}

fn unwritten(error: impl std::error::Error + Send + Sync + 'static) -> Problem {
    Problem::new(ProblemCode::InternalError).caused_by(error)
}
