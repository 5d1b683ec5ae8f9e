//! Counts and times requests; every label is bounded, so that no client can grow the set of series.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};

use axum::extract::{MatchedPath, Request};
use axum::http::StatusCode;
use axum::response::Response;
use metrics::{Gauge, Histogram, Label, gauge, histogram};
use tokio::time::Instant;

use super::around::{Around, Inner};
use crate::trace_context;

/// Records how long the answer took until its head, and how many requests are being answered.
#[derive(Clone, Default)]
pub(super) struct Measured(Arc<Figures>);

/// The series that were needed so far: looking one up in the recorder costs more than recording.
#[derive(Default)]
struct Figures {
    active: Known<&'static str, Gauge>,
    /// By method and status; within that by route, of which none is "".
    durations: Known<(&'static str, StatusCode), Arc<OfRoutes>>,
}

/// By route.
type OfRoutes = Known<Box<str>, Histogram>;

impl Around for Measured {
    fn answer<I: Inner>(
        &self,
        request: Request,
        inner: &mut I,
    ) -> impl Future<Output = Response> + Send + 'static + use<I> {
        let method = trace_context::method_name(request.method());
        let route = request.extensions().get::<MatchedPath>().cloned();
        let active = self.0.begin(method);
        let begun = Instant::now();
        let answer = inner.begin(request);
        let Self(figures) = self.clone();
        async move {
            let response = answer.await;
            let route = route.as_ref().map(MatchedPath::as_str);
            figures.duration(method, response.status(), route).record(begun.elapsed());
            drop(active);
            response
        }
    }
}

impl Figures {
    fn begin(&self, method: &'static str) -> Active {
        let series = || gauge!("http_server_active_requests", "http_request_method" => method);
        let active = self.active.find(method, || method, series);
        active.increment(1.0);
        Active(active)
    }

    fn duration(&self, method: &'static str, status: StatusCode, route: Option<&str>) -> Histogram {
        let of_status = self.durations.find(&(method, status), || (method, status), Arc::default);
        let name = route.unwrap_or_default();
        of_status.find(name, || name.into(), || duration(method, status, route))
    }
}

fn duration(method: &'static str, status: StatusCode, route: Option<&str>) -> Histogram {
    let mut labels = vec![
        Label::from_static_parts("http_request_method", method),
        Label::new("http_response_status_code", status.as_str().to_owned()),
        // A proxy may have spoken another one; this is what was heard here.
        Label::from_static_parts("url_scheme", "http"),
    ];
    if status.is_server_error() {
        labels.push(Label::new("error_type", status.as_str().to_owned()));
    }
    if let Some(route) = route {
        labels.push(Label::new("http_route", route.to_owned()));
    }
    histogram!("http_server_request_duration_seconds", labels)
}

/// What was made once for each key and is there for all who come after.
struct Known<K, V>(RwLock<HashMap<K, V>>);

impl<K: Eq + Hash, V: Clone> Known<K, V> {
    fn find<Q>(&self, key: &Q, owned: impl FnOnce() -> K, make: impl FnOnce() -> V) -> V
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        if let Some(known) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(key) {
            return known.clone();
        }
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.entry(owned()).or_insert_with(make).clone()
    }
}

impl<K, V> Default for Known<K, V> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

/// Counts itself out again when it is dropped, so that a client that goes away is not counted for ever.
struct Active(Gauge);

impl Drop for Active {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
