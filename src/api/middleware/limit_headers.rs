//! Tells every client how its limits stand, whatever became of the request after it was counted; it counts nothing itself.

use axum::extract::Request;
use axum::response::Response;

use super::around::{Around, Inner};
use crate::api::limits::told::{self, Tally};
use crate::domain::ambient::Ambient;

#[derive(Debug, Clone)]
pub(super) struct LimitHeaders(pub Ambient);

impl Around for LimitHeaders {
    fn answer<I: Inner>(
        &self,
        mut request: Request,
        inner: &mut I,
    ) -> impl Future<Output = Response> + Send + 'static + use<I> {
        let (ambient, tally) = (self.0.clone(), Tally::default());
        request.extensions_mut().insert(tally.clone());
        let answer = inner.begin(request);
        async move {
            let mut response = answer.await;
            told::write(&tally.take(), ambient.clock().microseconds(), response.headers_mut());
            response
        }
    }
}
