//! Tells every client how its limits stand, whatever became of the request after it was counted; it counts nothing itself.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::api::limits::told::{self, Tally};
use crate::domain::ambient::Ambient;

pub(super) async fn layer(
    State(ambient): State<Ambient>,
    mut request: Request,
    next: Next,
) -> Response {
    let tally = Tally::default();
    request.extensions_mut().insert(tally.clone());
    let mut response = next.run(request).await;
    told::write(&tally.take(), ambient.now(), response.headers_mut());
    response
}
