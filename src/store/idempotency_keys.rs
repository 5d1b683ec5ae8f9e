//! Idempotency keys: what became of each keyed request; the meaning of an outcome is the service's.

use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use super::row::RowKey;
use crate::domain::idempotency::{Fingerprint, KeyedRequest};
use crate::domain::ids::{AttemptId, Id};

/// A key that was seen before.
#[derive(Debug, Clone)]
pub struct KeyRecord {
    pub fingerprint: Fingerprint,
    pub state: KeyState,
    /// The request that used the key first.
    pub request_id: String,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
}

#[derive(Debug, Clone)]
pub enum KeyState {
    /// An attempt at the gateway will settle it.
    Running(AttemptId),
    /// The stored outcome, as the service wrote it.
    Done(Value),
}

/// Takes the key for the rest of this transaction, without waiting; `false` while another transaction has it.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.idempotency_keys.try_lock", level = "debug", skip_all)]
pub async fn try_lock(conn: &mut PgConnection, request: &KeyedRequest) -> Result<bool, StoreError> {
    let name = format!("idempotency:{}:{}", request.principal, request.key.as_str());
    let got = sqlx::query_scalar!(
        r#"SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS "got!""#,
        name
    )
    .fetch_one(conn)
    .await?;
    Ok(got)
}

/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.idempotency_keys.find", level = "debug", skip_all)]
pub async fn find(
    conn: &mut PgConnection,
    principal: Uuid,
    key: &str,
) -> Result<Option<KeyRecord>, StoreError> {
    let row = sqlx::query!(
        "SELECT fingerprint, attempt_id, outcome, request_id, created_at, expires_at
         FROM idempotency_keys WHERE principal_id = $1 AND key = $2",
        principal,
        key
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let named = RowKey { table: "idempotency_keys", key: &principal };
    let fingerprint =
        named.believe("fingerprint", <[u8; 32]>::try_from(row.fingerprint.as_slice()))?;
    let state = match (row.outcome, row.attempt_id) {
        (Some(outcome), _) => KeyState::Done(outcome),
        (None, attempt) => {
            KeyState::Running(named.believe("attempt_id", attempt.ok_or(()))?.into())
        }
    };
    Ok(Some(KeyRecord {
        fingerprint: Fingerprint(fingerprint),
        state,
        request_id: row.request_id,
        created_at: row.created_at,
        expires_at: row.expires_at,
    }))
}

/// When a key was first used and until when it is remembered.
#[derive(Debug, Clone, Copy)]
pub struct KeyLifetime {
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
}

/// Stores what became of a request.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.idempotency_keys.insert_done", level = "debug", skip_all)]
pub async fn insert_done(
    conn: &mut PgConnection,
    request: &KeyedRequest,
    lifetime: KeyLifetime,
    outcome: &Value,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO idempotency_keys
             (principal_id, key, fingerprint, state, outcome, request_id, created_at, expires_at)
         VALUES ($1, $2, $3, 'done', $4, $5, $6, $7)",
        request.principal,
        request.key.as_str(),
        &request.fingerprint.0,
        outcome,
        request.request_id,
        lifetime.created_at,
        lifetime.expires_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Stores that an attempt at the gateway will settle this request.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.idempotency_keys.insert_running", level = "debug", skip_all)]
pub async fn insert_running(
    conn: &mut PgConnection,
    request: &KeyedRequest,
    lifetime: KeyLifetime,
    attempt: AttemptId,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO idempotency_keys
             (principal_id, key, fingerprint, state, attempt_id, request_id, created_at, expires_at)
         VALUES ($1, $2, $3, 'running', $4, $5, $6, $7)",
        request.principal,
        request.key.as_str(),
        &request.fingerprint.0,
        attempt.as_uuid(),
        request.request_id,
        lifetime.created_at,
        lifetime.expires_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Settles the key that waits for this attempt, if one does.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(
    name = "store.idempotency_keys.update_done_by_attempt",
    level = "debug",
    skip_all
)]
pub async fn update_done_by_attempt(
    conn: &mut PgConnection,
    attempt: AttemptId,
    outcome: &Value,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE idempotency_keys SET state = 'done', outcome = $2
         WHERE attempt_id = $1 AND state = 'running'",
        attempt.as_uuid(),
        outcome
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets this key where its time is over at `now` (the purge may not have come by yet).
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.idempotency_keys.delete_expired", level = "debug", skip_all)]
pub async fn delete_expired(
    conn: &mut PgConnection,
    request: &KeyedRequest,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "WITH gone AS (
             DELETE FROM idempotency_keys
             WHERE principal_id = $1 AND key = $2 AND state = 'done' AND expires_at <= $3
             RETURNING created_at)
         UPDATE forgotten_idempotency_keys SET made_before = gone.created_at
         FROM gone WHERE made_before < gone.created_at",
        request.principal,
        request.key.as_str(),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets up to `limit` keys whose time is over; how many.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(
    name = "store.idempotency_keys.delete_all_expired",
    level = "debug",
    skip_all
)]
pub async fn delete_all_expired(
    conn: &mut PgConnection,
    now: OffsetDateTime,
    limit: i64,
) -> Result<u64, StoreError> {
    let gone = sqlx::query_scalar!(
        r#"WITH gone AS (
               DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
                   SELECT ctid FROM idempotency_keys
                   WHERE state = 'done' AND expires_at <= $1
                   ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))
               RETURNING created_at),
           noted AS (
               UPDATE forgotten_idempotency_keys SET made_before = newest
               FROM (SELECT max(created_at) AS newest FROM gone) AS gone WHERE made_before < newest)
           SELECT count(*) AS "gone!" FROM gone"#,
        now,
        limit
    )
    .fetch_one(conn)
    .await?;
    Ok(gone.unsigned_abs())
}
