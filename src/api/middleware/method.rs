//! The name of a method for metrics and spans: bounded, whatever a client sends.

use axum::http::Method;

/// The method's name; `_OTHER` for one that HTTP does not define (OpenTelemetry's HTTP conventions).
pub(super) fn name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        _ => "_OTHER",
    }
}
