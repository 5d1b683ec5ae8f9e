//! The sandbox payment provider over a real socket, as its clients meet it.

mod callbacks;
mod faults;
mod idempotency;
mod import;
mod methods;
mod protocol;
mod record;
mod refunds;
pub mod support;
