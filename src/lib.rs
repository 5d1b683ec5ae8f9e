//! Till: an order and payments API that is built to survive.

pub mod api;
pub mod app;
pub mod cli;
pub mod clients;
pub mod config;
pub mod domain;
pub mod embedded;
pub mod ops;
pub mod resilience;
pub mod sandbox;
pub mod service;
pub mod shutdown;
pub mod store;
pub mod telemetry;
pub mod worker;
