//! What happens around every request, assembled once; it knows no resource and no route.
//!
//! How a layer is written stands in `around`. From the outside in, each layer where it is for a reason:
//! 1. `request_id`: everything further in names the request by it, and even a refusal carries it.
//! 2. `span`: every line that is logged further in stands within it.
//! 3. `metrics`: counts what clients see, so it wraps whatever may still change the status.
//! 4. `security_headers`: on every response, whoever made it.
//! 5. `cors`: a browser must be able to read errors too, and a preflight request needs no more than this.
//! 6. `limit_headers`: whatever becomes of a request after it was counted, its answer says how the limits stand.
//! 7. `deprecation`: an answer of what is on its way out says so, a refusal too: whoever is refused is to be told as well.
//! 8. `problems`: everything below may answer an error in any form; here it gets its final one.
//! 9. `host` and `url_limit`: the cheapest refusals first.
//! 10. `load_shed`: before anything is read, asked or decided, so that a refusal costs next to nothing; inside `problems`,
//!     so that it is an answer like any other, and inside `metrics`, which counts what clients see.
//! 11. `catch_panic`: turns a panic into what `problems` understands.
//! 12. `deadline`: bounds handler and extractors, the reading of the body among them.
//! 13. the body limit, which extractors heed; a route that takes more sets its own.
//! 14. `rate_limit`: knows callers; who is beyond their limit costs a look at their token and one at the limits, nothing more.
//! 15. `retirement`: counts those of them that still call what is on its way out, and refuses it past its sunset.
//! 16. `json_only`: for routes whose one representation is JSON.
//!
//! They are put around a route all at once: axum keeps what is put around by itself in a box that each request copies.

mod around;
mod catch_panic;
mod cors;
mod deadline;
mod deprecation;
mod host;
mod json_only;
mod limit_headers;
mod load_shed;
mod metrics;
mod problems;
mod rate_limit;
mod request_id;
mod retirement;
mod security_headers;
mod settings;
mod span;
mod url_limit;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use tower::ServiceBuilder;

use crate::api::state::ApiState;
use crate::domain::ambient::Ambient;
use around::around;
use catch_panic::CatchPanic;
use deadline::Deadlines;
use deprecation::Deprecations;
use host::OneHost;
use json_only::Representations;
use limit_headers::LimitHeaders;
use load_shed::Shedding;
use metrics::Measured;
use problems::Bounds;
use rate_limit::RateLimited;
use request_id::RequestIds;
use retirement::Retired;
use security_headers::Hsts;
use span::Spans;
use url_limit::UrlLimit;

pub use request_id::{RequestId, X_REQUEST_ID};
pub use settings::EdgeSettings;
pub use url_limit::MAX_URL;

/// What the layers go around.
#[derive(Debug)]
pub struct Routes {
    /// Those whose one representation is JSON.
    pub json: Router,
    pub others: Router,
}

impl Routes {
    /// Nothing but these, which choose their representations themselves.
    pub fn other(routes: Router) -> Self {
        Self { json: Router::new(), others: routes }
    }
}

/// Puts the layers around these routes and their fallback. Without a state no caller is known, and nobody limited.
pub fn wrap(
    routes: Routes,
    state: Option<ApiState>,
    settings: EdgeSettings,
    ambient: &Ambient,
) -> Router {
    let EdgeSettings { body_limit, deadline, route_deadlines, cors_origins, hsts, load_shed } =
        settings;
    let deadlines = Deadlines { all: deadline, routes: route_deadlines };
    // One gate for all that this process does.
    let shedding = load_shed.map(|bounds| Shedding::new(bounds, ambient.clone()));
    let measured = Measured::default();
    let (limited, retired) = (state.clone().map(RateLimited), state.map(Retired));
    let stack = |representations| {
        ServiceBuilder::new()
            .layer(around(RequestIds(ambient.clone())))
            .layer(around(Spans))
            .layer(around(measured.clone()))
            .layer(around(Hsts(hsts)))
            .option_layer(cors::layer(cors_origins.clone()))
            .layer(around(LimitHeaders(ambient.clone())))
            .layer(around(Deprecations))
            .layer(around(Bounds { body_limit }))
            .layer(around(OneHost))
            .layer(around(UrlLimit))
            .option_layer(shedding.clone().map(around))
            .layer(around(CatchPanic))
            .layer(around(deadlines))
            .layer(DefaultBodyLimit::max(body_limit))
            .option_layer(limited.clone().map(around))
            .option_layer(retired.clone().map(around))
            .layer(around(representations))
    };
    let Routes { json, others } = routes;
    json.layer(stack(Representations::Json)).merge(others.layer(stack(Representations::Own)))
}
