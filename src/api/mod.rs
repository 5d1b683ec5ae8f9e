//! HTTP only: decodes a request, calls one use case, encodes its answer; knows no SQL and no broker.

pub mod problem;
pub mod state;
