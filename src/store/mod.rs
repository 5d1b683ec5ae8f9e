//! All SQL: plain async functions on a connection; no transaction begins or ends here and no rule is decided.
//!
//! Row structs are private and become domain values on the way out; a row that breaks a domain rule is
//! reported by table, column and key. Absence is `Option`, a broken constraint is a [`error::StoreError`].
//!
//! Rows that are to be locked up to a limit are chosen by `= ANY (ARRAY(SELECT … LIMIT … SKIP LOCKED))`, which is evaluated
//! once. Behind `IN` the planner may evaluate it again and again, and lock other rows each time: more than the limit.

pub mod account_tokens;
pub mod api_keys;
pub mod audit_log;
pub mod browser_sessions;
pub mod check;
pub mod dead_letters;
pub mod demo;
pub mod deprecated_calls;
pub mod error;
pub mod events;
pub mod health;
pub mod idempotency_keys;
pub mod inbox;
pub mod job_files;
pub mod jobs;
pub mod journal;
pub mod mail_deliveries;
pub mod oauth_clients;
pub mod oauth_codes;
pub mod oauth_consents;
pub mod orders;
pub mod outbox;
pub mod payment_attempts;
pub mod payments;
pub mod products;
pub mod quarantined_callbacks;
pub mod refunds;
pub mod reports;
pub mod row;
pub mod sessions;
pub mod signing_keys;
pub mod stock;
pub mod users;
pub mod waiting;
pub mod webhook_deliveries;
pub mod webhook_endpoints;
pub mod webhook_queue;

pub use error::StoreError;

/// Lets the statements of this transaction take as long as they need.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.lift_time_limit", level = "debug", skip_all)]
pub async fn lift_time_limit(conn: &mut sqlx::PgConnection) -> Result<(), StoreError> {
    sqlx::query!("SET LOCAL statement_timeout = 0").execute(conn).await?;
    Ok(())
}
