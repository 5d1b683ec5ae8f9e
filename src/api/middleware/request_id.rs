//! Gives every request an id and every response its header; what the id appears in is decided further in.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use uuid::Uuid;

use super::around::{Around, Inner};
use crate::domain::ambient::Ambient;

pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const MAX_LENGTH: usize = 128;

/// The id of this request, in the request's extensions: 1 to 128 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub Arc<str>);

/// Takes the client's id where it is one, else makes a UUIDv7.
#[derive(Debug, Clone)]
pub(super) struct RequestIds(pub Ambient);

impl Around for RequestIds {
    fn answer<I: Inner>(
        &self,
        mut request: Request,
        inner: &mut I,
    ) -> impl Future<Output = Response> + Send + 'static + use<I> {
        let id = sent_by_client(request.headers()).unwrap_or_else(|| self.make());
        // Visible ASCII is always a header's value.
        let value = HeaderValue::from_str(&id).ok();
        request.extensions_mut().insert(RequestId(id));
        let answer = inner.begin(request);
        async {
            let mut response = answer.await;
            if let Some(value) = value {
                response.headers_mut().insert(X_REQUEST_ID, value);
            }
            response
        }
    }
}

impl RequestIds {
    fn make(&self) -> Arc<str> {
        let mut buffer = Uuid::encode_buffer();
        Arc::from(&*self.0.uuid().hyphenated().encode_lower(&mut buffer))
    }
}

/// An id sent twice is none: nobody could say which of the two was meant.
fn sent_by_client(headers: &HeaderMap) -> Option<Arc<str>> {
    let mut values = headers.get_all(X_REQUEST_ID).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let bytes = value.as_bytes();
    let fits = (1..=MAX_LENGTH).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
    if fits { value.to_str().ok().map(Arc::from) } else { None }
}

/// The id that the outermost layer gave; empty only where that layer is missing.
pub(super) fn of(request: &Request) -> Arc<str> {
    request.extensions().get::<RequestId>().map(|id| Arc::clone(&id.0)).unwrap_or_default()
}
