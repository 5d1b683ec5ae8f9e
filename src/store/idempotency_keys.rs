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
    let got = sqlx::query_scalar!(
        r#"SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS "got!""#,
        lock_name(request)
    )
    .fetch_one(conn)
    .await?;
    Ok(got)
}

/// A key as it was found when it was asked for.
#[derive(Debug, Clone)]
pub struct LockedKey {
    /// Whether it is this transaction's; `false` while another one has it.
    pub got: bool,
    pub record: Option<KeyRecord>,
}

/// Takes these keys for the rest of this transaction, without waiting, and tells what is known of each, in their order; no
/// two may be the same. Where another transaction is done with one between the look and the lock, storing its outcome
/// is refused with [`StoreError::Retry`].
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or a row can't be believed.
#[tracing::instrument(name = "store.idempotency_keys.try_lock_all", level = "debug", skip_all)]
pub async fn try_lock_all(
    conn: &mut PgConnection,
    requests: &[&KeyedRequest],
) -> Result<Vec<LockedKey>, StoreError> {
    let names: Vec<String> = requests.iter().map(|request| lock_name(request)).collect();
    let principals: Vec<Uuid> = requests.iter().map(|request| request.principal).collect();
    let keys: Vec<String> = requests.iter().map(|r| r.key.as_str().to_owned()).collect();
    // LIMIT: one look-up for each key, never a join with the whole table.
    let rows = sqlx::query!(
        r#"SELECT pg_try_advisory_xact_lock(hashtextextended(wanted.name, 0)) AS "got!",
                  wanted.principal_id AS "principal_id!", seen.fingerprint AS "fingerprint?", seen.attempt_id,
                  seen.outcome, seen.request_id AS "request_id?", seen.created_at AS "created_at?",
                  seen.expires_at AS "expires_at?"
           FROM unnest($1::text[], $2::uuid[], $3::text[]) WITH ORDINALITY
                AS wanted (name, principal_id, key, place)
           LEFT JOIN LATERAL (
               SELECT * FROM idempotency_keys
               WHERE principal_id = wanted.principal_id AND key = wanted.key LIMIT 1) AS seen ON true
           ORDER BY wanted.place"#,
        &names,
        &principals,
        &keys
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let (Some(fingerprint), Some(request_id), Some(created_at), Some(expires_at)) =
                (row.fingerprint, row.request_id, row.created_at, row.expires_at)
            else {
                return Ok(LockedKey { got: row.got, record: None });
            };
            let found = KeyRow {
                fingerprint,
                attempt_id: row.attempt_id,
                outcome: row.outcome,
                request_id,
                created_at,
                expires_at,
            };
            Ok(LockedKey { got: row.got, record: Some(found.believed(row.principal_id)?) })
        })
        .collect()
}

fn lock_name(request: &KeyedRequest) -> String {
    format!("idempotency:{}:{}", request.principal, request.key.as_str())
}

struct KeyRow {
    fingerprint: Vec<u8>,
    attempt_id: Option<Uuid>,
    outcome: Option<Value>,
    request_id: String,
    created_at: OffsetDateTime,
    expires_at: OffsetDateTime,
}

impl KeyRow {
    fn believed(self, principal: Uuid) -> Result<KeyRecord, StoreError> {
        let named = RowKey { table: "idempotency_keys", key: &principal };
        let fingerprint =
            named.believe("fingerprint", <[u8; 32]>::try_from(self.fingerprint.as_slice()))?;
        let state = match (self.outcome, self.attempt_id) {
            (Some(outcome), _) => KeyState::Done(outcome),
            (None, attempt) => {
                KeyState::Running(named.believe("attempt_id", attempt.ok_or(()))?.into())
            }
        };
        Ok(KeyRecord {
            fingerprint: Fingerprint(fingerprint),
            state,
            request_id: self.request_id,
            created_at: self.created_at,
            expires_at: self.expires_at,
        })
    }
}

/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.idempotency_keys.find", level = "debug", skip_all)]
pub async fn find(
    conn: &mut PgConnection,
    principal: Uuid,
    key: &str,
) -> Result<Option<KeyRecord>, StoreError> {
    let row = sqlx::query_as!(
        KeyRow,
        "SELECT fingerprint, attempt_id, outcome, request_id, created_at, expires_at
         FROM idempotency_keys WHERE principal_id = $1 AND key = $2",
        principal,
        key
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| row.believed(principal)).transpose()
}

/// When a key was first used and until when it is remembered.
#[derive(Debug, Clone, Copy)]
pub struct KeyLifetime {
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
}

/// What became of a request.
#[derive(Debug, Clone)]
pub struct DoneKey<'a> {
    pub request: &'a KeyedRequest,
    pub outcome: Value,
}

/// Stores what became of requests.
///
/// # Errors
/// [`StoreError::Retry`] where one is known already, or the database doesn't answer.
#[tracing::instrument(name = "store.idempotency_keys.insert_done", level = "debug", skip_all)]
pub async fn insert_done(
    conn: &mut PgConnection,
    done: &[DoneKey<'_>],
    lifetime: KeyLifetime,
) -> Result<(), StoreError> {
    let requests = || done.iter().map(|done| done.request);
    let principals: Vec<Uuid> = requests().map(|request| request.principal).collect();
    let keys: Vec<String> = requests().map(|request| request.key.as_str().to_owned()).collect();
    let fingerprints: Vec<Vec<u8>> = requests().map(|r| r.fingerprint.0.to_vec()).collect();
    let outcomes: Vec<Value> = done.iter().map(|done| done.outcome.clone()).collect();
    let request_ids: Vec<String> = requests().map(|request| request.request_id.clone()).collect();
    sqlx::query!(
        "INSERT INTO idempotency_keys
             (principal_id, key, fingerprint, state, outcome, request_id, created_at, expires_at)
         SELECT principal_id, key, fingerprint, 'done', outcome, request_id, $6, $7
         FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::jsonb[], $5::text[])
              AS done (principal_id, key, fingerprint, outcome, request_id)",
        &principals,
        &keys,
        &fingerprints,
        &outcomes,
        &request_ids,
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
