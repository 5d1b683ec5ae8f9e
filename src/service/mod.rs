//! Use cases: each owns its transaction, and none knows HTTP, a broker or a status code.

pub mod api_keys;
pub mod audit;
pub mod auth;
pub mod check;
pub mod dead_letters;
pub mod demo;
pub mod deprecated_calls;
pub mod events;
pub mod health;
pub mod housekeeping;
pub mod idempotency;
pub mod imports;
pub mod inbox;
pub mod jobs;
pub mod mails;
pub mod oauth;
pub mod orders;
pub mod outbox;
pub mod outcome;
pub mod payments;
pub mod pool;
pub mod products;
pub mod rehearsal;
pub mod reports;
mod seal;
pub mod transact;
pub mod users;
pub mod waiting;
pub mod webhooks;

pub use crate::store::StoreError;

use crate::domain::ambient::Ambient;

/// What every use case is given.
#[derive(Debug, Clone)]
pub struct Services {
    pub pool: pool::Pool,
    pub ambient: Ambient,
    pub auth: auth::Auth,
    pub catalogue: products::Catalogue,
    pub gatherer: orders::Gatherer,
}

/// Who or what causes an effect, for its messages and its log lines.
#[derive(Debug, Clone)]
pub struct Cause {
    pub request_id: String,
    /// W3C `traceparent`, where the request was traced.
    pub trace_parent: Option<String>,
}
