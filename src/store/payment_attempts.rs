//! What is asked of the payment gateway, one row per operation: leased before the call, settled once after it.

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::StoreError;
use crate::domain::ids::{AttemptId, Id, LeaseToken, PaymentId};

/// The right to act on an attempt until a time; whoever comes later has another token.
#[derive(Debug, Clone, Copy)]
pub struct Lease {
    pub token: LeaseToken,
    pub until: OffsetDateTime,
}

/// A charge that is about to be asked for.
#[derive(Debug, Clone)]
pub struct NewCharge {
    pub id: AttemptId,
    pub payment_id: PaymentId,
    /// Minor units.
    pub amount: i64,
    pub gateway_key: String,
    pub lease: Lease,
    pub request_id: String,
    pub created_at: OffsetDateTime,
}

/// An attempt whose lease is held.
#[derive(Debug, Clone)]
pub struct LeasedAttempt {
    pub id: AttemptId,
    pub payment_id: PaymentId,
    pub gateway_key: String,
    pub token: LeaseToken,
    /// How often it was taken over so far.
    pub tries: i32,
    pub request_id: String,
}

/// # Errors
/// [`StoreError`]; `AttemptLive` where the payment has a live one already.
pub async fn insert_charge(conn: &mut PgConnection, charge: &NewCharge) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO payment_attempts (id, payment_id, kind, amount, gateway_key, state, lease_token,
                                       leased_until, next_try_at, request_id, created_at)
         VALUES ($1, $2, 'charge', $3, $4, 'live', $5, $6, $6, $7, $8)",
        charge.id.as_uuid(),
        charge.payment_id.as_uuid(),
        charge.amount,
        charge.gateway_key,
        charge.lease.token.as_uuid(),
        charge.lease.until,
        charge.request_id,
        charge.created_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The payment that an attempt is made for, and until when the attempt is leased.
#[derive(Debug, Clone, Copy)]
pub struct AttemptLease {
    pub payment_id: PaymentId,
    pub leased_until: OffsetDateTime,
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn find_lease(
    conn: &mut PgConnection,
    id: AttemptId,
) -> Result<Option<AttemptLease>, StoreError> {
    let row = sqlx::query!(
        "SELECT payment_id, leased_until FROM payment_attempts WHERE id = $1",
        id.as_uuid()
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| AttemptLease {
        payment_id: row.payment_id.into(),
        leased_until: row.leased_until,
    }))
}

/// Takes over the charge that has waited longest for its next try, if one is due.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn lease_due_charge(
    conn: &mut PgConnection,
    lease: Lease,
    now: OffsetDateTime,
) -> Result<Option<LeasedAttempt>, StoreError> {
    let row = sqlx::query!(
        "UPDATE payment_attempts SET lease_token = $1, leased_until = $2, next_try_at = $2,
                                     tries = tries + 1
         WHERE id = (SELECT id FROM payment_attempts
                     WHERE state = 'live' AND kind = 'charge'
                       AND next_try_at <= $3 AND leased_until <= $3
                     ORDER BY next_try_at LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING id, payment_id, gateway_key, tries, request_id",
        lease.token.as_uuid(),
        lease.until,
        now
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| LeasedAttempt {
        id: row.id.into(),
        payment_id: row.payment_id.into(),
        gateway_key: row.gateway_key,
        token: lease.token,
        tries: row.tries,
        request_id: row.request_id,
    }))
}

/// Settles the attempt for the holder of its lease; `false` where somebody else has the lease or settled it.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn update_settled(
    conn: &mut PgConnection,
    id: AttemptId,
    token: LeaseToken,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE payment_attempts SET state = 'settled', settled_at = $3
         WHERE id = $1 AND lease_token = $2 AND state = 'live'",
        id.as_uuid(),
        token.as_uuid(),
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// When an attempt without an answer is tried again, and what went wrong.
#[derive(Debug, Clone, Copy)]
pub struct Postponement<'a> {
    pub now: OffsetDateTime,
    pub next_try_at: OffsetDateTime,
    pub last_error: &'a str,
}

/// Gives the lease back without a result; nothing happens where it was lost meanwhile.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn update_postponed(
    conn: &mut PgConnection,
    id: AttemptId,
    token: LeaseToken,
    postponement: Postponement<'_>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE payment_attempts SET leased_until = $3, next_try_at = $4, last_error = $5
         WHERE id = $1 AND lease_token = $2 AND state = 'live'",
        id.as_uuid(),
        token.as_uuid(),
        postponement.now,
        postponement.next_try_at,
        postponement.last_error
    )
    .execute(conn)
    .await?;
    Ok(())
}
