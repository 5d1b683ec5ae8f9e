//! Version 1 of the API: one folder a resource, one file an operation; no rule is decided here.

pub mod api_keys;
pub mod audit_log;
pub mod auth;
pub mod categories;
pub mod consents;
pub mod deprecated_calls;
pub mod events;
pub mod gateway;
pub mod idempotency_keys;
pub mod oauth_clients;
pub mod orders;
pub mod payments;
pub mod products;
pub mod rate_limits;
pub mod reports;
pub mod users;
pub mod webhook_endpoints;

use std::time::Duration;

/// Operations that take longer than others: their bodies are files.
pub const ROUTE_DEADLINES: &[(&str, Duration)] = &[products::import::DEADLINE];
