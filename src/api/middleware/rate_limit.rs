//! Counts a request against the limits of whom it comes from, and refuses what is beyond them before anything else is done
//! for it; whose limits they are stands in `api::limits`.

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::api::extract::caller::Credentials;
use crate::api::limits::Limits;
use crate::api::limits::told::{self, Tally};
use crate::api::state::ApiState;

/// Leaves [`Credentials`] and the [`Subject`](crate::api::limits::Subject) for whoever needs to know them.
pub async fn layer(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    if !Limits::apply_to(request.uri().path()) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let credentials = Credentials::read(&parts.headers, &state.services).await;
    let subject = state.limits.subject(&parts, credentials.bearer());
    let route = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
    let told = state.limits.take(&subject, &parts.method, route).await;
    let refusal = told::refusal(&told, &[]);
    if let Some(tally) = parts.extensions.get::<Tally>() {
        tally.add(told);
    }
    if let Some(problem) = refusal {
        return problem.into_response();
    }
    parts.extensions.insert(credentials);
    parts.extensions.insert(subject);
    next.run(Request::from_parts(parts, body)).await
}
