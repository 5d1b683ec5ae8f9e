//! Counts a request against the limits of whom it comes from, and refuses what is beyond them before anything else is done
//! for it; whose limits they are stands in `api::limits`.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request};
use axum::response::{IntoResponse, Response};
use futures_util::future::Either;

use super::around::{Around, Inner};
use crate::api::extract::caller::Credentials;
use crate::api::limits::Limits;
use crate::api::limits::told::{self, Tally};
use crate::api::state::ApiState;

/// Leaves the [`Credentials`] for whoever needs to know them.
#[derive(Debug, Clone)]
pub(super) struct RateLimited(pub ApiState);

impl Around for RateLimited {
    fn answer<I: Inner>(
        &self,
        request: Request,
        inner: &mut I,
    ) -> impl Future<Output = Response> + Send + 'static + use<I> {
        if !Limits::apply_to(request.uri().path()) {
            return Either::Left(inner.begin(request));
        }
        let (state, mut inner) = (Arc::clone(&self.0), inner.take());
        Either::Right(async move {
            match count(&state, request).await {
                Ok(request) => inner.begin(request).await,
                Err(refused) => refused,
            }
        })
    }
}

async fn count(state: &ApiState, request: Request) -> Result<Request, Response> {
    let (mut parts, body) = request.into_parts();
    let credentials = Credentials::read(&parts.headers, &state.services).await;
    let subject = state.limits.subject(&parts, credentials.shown());
    let route = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
    let told = state.limits.take(&subject, &parts.method, route).await;
    let refusal = told::refusal(&told, &[]);
    if let Some(tally) = parts.extensions.get::<Tally>() {
        tally.add(told);
    }
    if let Some(problem) = refusal {
        return Err(problem.into_response());
    }
    parts.extensions.insert(credentials);
    Ok(Request::from_parts(parts, body))
}
