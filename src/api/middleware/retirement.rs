//! Counts who still calls what is on its way out, and refuses it past its sunset; dates and switch stand in `api::versions`.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use futures_util::future::Either;
use std::future::ready;

use super::around::{Around, Inner};
use crate::api::extract::caller::Credentials;
use crate::api::state::ApiState;
use crate::api::versions::policy::Deprecation;
use crate::service::auth::shown::Shown;

/// Inside [`RateLimited`](super::rate_limit::RateLimited), which says who calls, and [`Deprecations`](super::deprecation::Deprecations),
/// which says what.
#[derive(Debug, Clone)]
pub(super) struct Retired(pub ApiState);

impl Around for Retired {
    fn answer<I: Inner>(
        &self,
        request: Request,
        inner: &mut I,
    ) -> impl Future<Output = Response> + Send + 'static + use<I> {
        let Some(deprecation) = request.extensions().get::<&'static Deprecation>() else {
            return Either::Left(inner.begin(request));
        };
        let credentials = request.extensions().get::<Credentials>();
        let user = credentials.and_then(Credentials::shown).and_then(Shown::user);
        let (versions, now) = (&self.0.versions, self.0.services.ambient.now());
        versions.count(deprecation, user, now);
        match versions.admit(deprecation, now) {
            Ok(()) => Either::Left(inner.begin(request)),
            Err(problem) => Either::Right(ready(problem.into_response())),
        }
    }
}
