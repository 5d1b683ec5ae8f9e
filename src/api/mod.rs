//! HTTP only: decodes a request, calls one use case, encodes its answer; knows no SQL and no broker.

pub mod client_address;
pub mod docs;
pub mod error;
pub mod extract;
pub mod http_date;
pub mod limits;
pub mod list;
pub mod middleware;
pub mod oauth;
pub mod openapi;
pub mod outcome;
pub mod priority;
pub mod problem;
pub mod profile;
pub mod representation;
pub mod state;
pub mod timestamp;
pub mod v1;
pub mod v2;
pub mod versions;

use axum::Router;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::domain::ambient::Ambient;
use middleware::{EdgeSettings, Routes};
use openapi::Version;
use state::ApiState;

/// The table of contents: every resource is one line, `.merge(v1::<resource>::routes())`.
fn resources() -> OpenApiRouter<ApiState> {
    OpenApiRouter::with_openapi(openapi::base(Version::One))
        .merge(v1::auth::routes())
        .merge(v1::api_keys::routes())
        .merge(v1::oauth_clients::routes())
        .merge(v1::consents::routes())
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
        .merge(v1::deprecated_calls::routes())
        .merge(v1::audit_log::routes())
}

/// The same from version 2 on; what is not there has not changed.
fn resources_of_version_2() -> OpenApiRouter<ApiState> {
    OpenApiRouter::with_openapi(openapi::base(Version::Two)).merge(v2::users::routes())
}

/// What answers with files; else it is a resource like the others.
fn files() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().merge(v1::reports::files())
}

/// The public API: resources, documents and pages, inside the layers of `middleware`.
pub fn router(state: ApiState, edge: EdgeSettings, ambient: &Ambient) -> Router {
    router_beside(Router::new(), state, edge, ambient)
}

/// [`router`], with routes of another part, such as the probes, inside the same layers.
pub fn router_beside(
    others: Router,
    state: ApiState,
    edge: EdgeSettings,
    ambient: &Ambient,
) -> Router {
    let resources = Router::from(resources()).merge(Router::from(resources_of_version_2()));
    let others = Router::from(files())
        .merge(oauth::routes())
        .with_state(state.clone())
        .merge(openapi::routes(&documents()))
        .merge(docs::routes())
        .merge(others);
    let routes = Routes { json: resources.with_state(state.clone()), others };
    middleware::wrap(routes, Some(state), edge, ambient)
}

/// The OpenAPI documents, as they are served and committed, the oldest version first.
pub fn documents() -> [OpenApi; 2] {
    let one = resources().merge(files()).into_openapi();
    [one, resources_of_version_2().into_openapi()].map(openapi::complete)
}
