//! The one integration binary: each module tests a part over its real interface; helpers live beside what they help.
#![expect(
    clippy::indexing_slicing,
    clippy::unreachable,
    clippy::unwrap_used,
    reason = "a test stops the moment something is not as it says"
)]

mod api;
mod cache;
mod check;
mod commands;
mod connections;
mod console;
mod crash;
mod embedded;
mod examples;
mod files;
mod limits;
mod load;
mod money;
mod ops;
mod processes;
mod readme;
mod sandbox;
mod service;
mod storm;
mod support;
mod telemetry;
mod up;
mod webhooks;
mod worker;
