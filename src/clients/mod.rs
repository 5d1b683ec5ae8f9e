//! Adapters for everything that is reached over a network; no SQL and no business rule lives here.

pub mod broker;
pub mod files;
mod http_span;
pub mod mailer;
pub mod payment_gateway;
pub mod probes;
pub mod redis;
pub mod storefront;
pub mod webhook_sender;
