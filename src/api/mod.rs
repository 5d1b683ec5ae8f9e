//! HTTP only: decodes a request, calls one use case, encodes its answer; knows no SQL and no broker.

pub mod client_address;
pub mod docs;
pub mod error;
pub mod extract;
pub mod http_date;
pub mod limits;
pub mod list;
pub mod middleware;
pub mod openapi;
pub mod outcome;
pub mod priority;
pub mod problem;
pub mod representation;
pub mod state;
pub mod timestamp;
pub mod v1;

use axum::Router;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::domain::ambient::Ambient;
use middleware::EdgeSettings;
use middleware::around::around;
use middleware::json_only::JsonOnly;
use middleware::rate_limit::RateLimited;
use state::ApiState;

/// The table of contents: every resource is one line, `.merge(v1::<resource>::routes())`.
fn resources() -> OpenApiRouter<ApiState> {
    OpenApiRouter::with_openapi(openapi::base())
        .merge(v1::auth::routes())
        .merge(v1::api_keys::routes())
        .merge(v1::users::routes())
        .merge(v1::products::routes())
        .merge(v1::categories::routes())
        .merge(v1::orders::routes())
        .merge(v1::payments::routes())
        .merge(v1::reports::routes())
        .merge(v1::events::routes())
        .merge(v1::webhook_endpoints::routes())
        .merge(v1::gateway::routes())
        .merge(v1::idempotency_keys::routes())
        .merge(v1::rate_limits::routes())
}

/// What answers with files; else it is a resource like the others.
fn files() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().merge(v1::reports::files())
}

/// The public API: resources, documents and pages, inside the layers of `middleware`.
pub fn router(state: ApiState, edge: EdgeSettings, ambient: Ambient) -> Router {
    router_beside(Router::new(), state, edge, ambient)
}

/// [`router`], with routes of another part, such as the probes, inside the same layers.
pub fn router_beside(
    others: Router,
    state: ApiState,
    edge: EdgeSettings,
    ambient: Ambient,
) -> Router {
    let document = document();
    let (resources, files) = (Router::from(resources()), Router::from(files()));
    let routes = resources
        .layer(around(JsonOnly))
        .merge(files)
        .with_state(state.clone())
        .merge(openapi::routes(&document))
        .merge(docs::routes())
        .merge(others);
    let limited = routes.layer(around(RateLimited(state)));
    middleware::wrap(limited, edge, ambient)
}

/// The OpenAPI document of version 1, as it is served and committed.
pub fn document() -> OpenApi {
    openapi::complete(resources().merge(files()).into_openapi())
}
