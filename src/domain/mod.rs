//! The rules of the business: pure types and functions without I/O, async or a clock of their own.

pub mod access;
pub mod account_token;
pub mod ambient;
pub mod api_key;
pub mod audit;
pub mod clock;
pub mod entropy;
pub mod event;
pub mod html;
pub mod idempotency;
pub mod ids;
pub mod import;
pub mod job;
pub mod ledger;
pub mod message;
pub mod metadata;
pub mod money;
pub mod oauth;
pub mod order;
pub mod page;
pub mod payment;
pub mod permission;
pub mod product;
pub mod rate;
pub mod refund;
pub mod report;
pub mod stock;
pub mod thousands;
pub mod trace_parent;
pub mod user;
pub mod utc;
pub mod version;
pub mod violation;
pub mod webhook;

pub use violation::Violation;
