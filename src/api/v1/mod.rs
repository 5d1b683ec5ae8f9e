//! Version 1 of the API: one folder a resource, one file an operation; no rule is decided here.

pub mod auth;
pub mod categories;
pub mod gateway;
pub mod idempotency_keys;
pub mod orders;
pub mod payments;
pub mod products;
pub mod users;
