//! `/oauth`: how applications come by tokens, look at them and give them back, by the forms of RFC 6749, 7009 and 7662, and
//! the document that tells them where (RFC 8414); beside it the pages on which people let them in. It decides nothing.

mod authorize;
mod client;
pub mod edge;
mod form;
mod introspect;
mod metadata;
mod refusal;
mod revoke;
mod token;

use axum::Router;
use axum::routing::{get, post};

use crate::api::state::ApiState;

pub fn routes() -> Router<ApiState> {
    Router::new()
        .route("/oauth/token", post(token::grant_tokens))
        .route("/oauth/revoke", post(revoke::revoke_tokens))
        .route("/oauth/introspect", post(introspect::introspect_token))
        .route("/.well-known/oauth-authorization-server", get(metadata::get_metadata))
        .merge(authorize::routes())
}
