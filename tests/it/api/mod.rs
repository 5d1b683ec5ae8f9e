//! The HTTP interface as its clients see it, over the real router in process.

mod auth;
mod categories;
mod contention;
mod declared;
mod edge;
mod idempotency_keys;
mod openapi;
mod orders;
mod pages;
mod payments;
mod products;
pub mod shop;
pub mod support;
mod users;
