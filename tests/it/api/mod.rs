//! The HTTP interface as its clients see it, over the real router in process.

mod access;
mod audit_log;
mod auth;
mod bodies;
mod categories;
mod contention;
mod declared;
mod document;
mod edge;
pub mod gateway;
mod idempotency_keys;
mod load_shedding;
mod methods;
mod openapi;
mod orders;
mod pages;
mod payments;
pub mod pools;
pub mod products;
pub mod rate_limits;
pub mod reports;
pub mod shop;
mod strain;
pub mod support;
mod users;
mod versions;
