//! Every route of the provider on one page; handlers decode, call the gateway once and encode.

mod charges;
mod control;
mod error;
mod extract;
mod gate;
mod refunds;
mod trace;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
    routing::{get, post},
};

use self::error::ApiError;
use super::Gateway;

const BODY_LIMIT: usize = 256 * 1024;
const IMPORT_LIMIT: usize = 16 * 1024 * 1024;

impl Gateway {
    /// The provider's HTTP interface. Served by anything but [`serve`](super::serve) it answers 503 where it should close
    /// the connection (`down`, hangs), and neither sends call-backs nor settles by itself.
    pub fn router(&self) -> Router {
        let provider = Router::new()
            .route("/charges", post(charges::create_charge).get(charges::find_charge))
            .route("/charges/{id}", get(charges::get_charge))
            .route("/charges/{id}/capture", post(charges::capture_charge))
            .route("/charges/{id}/cancel", post(charges::cancel_charge))
            .route("/charges/{id}/refunds", post(refunds::create_refund))
            .route("/refunds", get(refunds::find_refund))
            .route("/operations", get(refunds::find_operation))
            .fallback(not_found)
            // The last layer is the outermost: faults hit even those without a key, as a provider's bad day does.
            .layer(from_fn_with_state(self.clone(), gate::require_key))
            .layer(from_fn_with_state(self.clone(), gate::inject_faults));
        let sandbox = Router::new()
            .route("/faults", get(control::read_faults).put(control::replace_faults))
            .route("/charges", get(control::list_charges))
            .route("/charges/{id}/settle", post(control::settle_charge))
            .route(
                "/import",
                post(control::import_charges).layer(DefaultBodyLimit::max(IMPORT_LIMIT)),
            )
            .fallback(not_found);
        Router::new()
            .nest("/v1", provider)
            .nest("/sandbox", sandbox)
            .fallback(not_found)
            .method_not_allowed_fallback(method_not_allowed)
            .layer(DefaultBodyLimit::max(BODY_LIMIT))
            .layer(from_fn(trace::follow))
            .with_state(self.clone())
    }
}

async fn not_found() -> ApiError {
    ApiError::NotFound("resource")
}

async fn method_not_allowed() -> ApiError {
    ApiError::MethodNotAllowed
}
