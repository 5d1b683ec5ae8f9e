//! HTTP only: decodes a request, calls one use case, encodes its answer; knows no SQL and no broker.

pub mod error;
pub mod outcome;
pub mod problem;
pub mod state;
pub mod timestamp;
pub mod v1;
