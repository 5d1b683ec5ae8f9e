//! What is asked of the payment gateway, one row per operation: leased before the call, settled once after it.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use super::row::RowKey;
use crate::domain::ids::{AttemptId, Id, LeaseToken, PaymentId, RefundId, UserId};
use crate::domain::money::Amount;
use crate::domain::payment::GatewayOperation;

/// The right to act on an attempt until a time; whoever comes later has another token.
#[derive(Debug, Clone, Copy)]
pub struct Lease {
    pub token: LeaseToken,
    pub until: OffsetDateTime,
}

/// Something that is about to be asked for.
#[derive(Debug, Clone)]
pub struct NewAttempt {
    pub id: AttemptId,
    pub payment_id: PaymentId,
    pub operation: GatewayOperation,
    pub amount: Amount,
    pub gateway_key: String,
    /// Others may take it over from its end on: at once where nobody makes the call now.
    pub lease: Lease,
    /// Whether a client's idempotency key waits for the outcome.
    pub keyed: bool,
    pub request_id: String,
    pub created_at: OffsetDateTime,
}

/// An attempt whose lease is held.
#[derive(Debug, Clone)]
pub struct LeasedAttempt {
    pub id: AttemptId,
    pub payment_id: PaymentId,
    pub operation: GatewayOperation,
    pub amount: Amount,
    pub gateway_key: String,
    pub token: LeaseToken,
    /// How often it was taken over so far.
    pub tries: i32,
    pub request_id: String,
}

impl LeasedAttempt {
    /// A new attempt as its maker holds it.
    pub fn of(new: NewAttempt) -> Self {
        Self {
            id: new.id,
            payment_id: new.payment_id,
            operation: new.operation,
            amount: new.amount,
            gateway_key: new.gateway_key,
            token: new.lease.token,
            tries: 0,
            request_id: new.request_id,
        }
    }
}

struct AttemptRow {
    id: Uuid,
    payment_id: Uuid,
    refund_id: Option<Uuid>,
    kind: String,
    amount: i64,
    gateway_key: String,
    tries: i32,
    request_id: String,
}

impl AttemptRow {
    fn leased(self, token: LeaseToken) -> Result<LeasedAttempt, StoreError> {
        let named = RowKey { table: "payment_attempts", key: &self.id };
        let operation = GatewayOperation::parse(&self.kind, self.refund_id.map(RefundId::from));
        Ok(LeasedAttempt {
            id: self.id.into(),
            payment_id: self.payment_id.into(),
            operation: named.believe("kind", operation)?,
            amount: named.believe("amount", Amount::new(self.amount))?,
            gateway_key: self.gateway_key,
            token,
            tries: self.tries,
            request_id: self.request_id,
        })
    }
}

/// # Errors
/// [`StoreError`]; `AttemptLive` where the payment has a live one already, other than a refund.
#[tracing::instrument(name = "store.payment_attempts.insert", level = "debug", skip_all)]
pub async fn insert(conn: &mut PgConnection, attempt: &NewAttempt) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO payment_attempts (id, payment_id, refund_id, kind, amount, gateway_key, state,
                                       lease_token, leased_until, next_try_at, keyed, request_id,
                                       created_at)
         VALUES ($1, $2, $3, $4, $5, $6, 'live', $7, $8, $8, $9, $10, $11)",
        attempt.id.as_uuid(),
        attempt.payment_id.as_uuid(),
        attempt.operation.refund_id().map(Id::as_uuid),
        attempt.operation.as_str(),
        attempt.amount.get(),
        attempt.gateway_key,
        attempt.lease.token.as_uuid(),
        attempt.lease.until,
        attempt.keyed,
        attempt.request_id,
        attempt.created_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What an attempt is made for, and when others may act on it.
#[derive(Debug, Clone, Copy)]
pub struct Waiting {
    pub payment_id: PaymentId,
    pub refund_id: Option<RefundId>,
    pub leased_until: OffsetDateTime,
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.payment_attempts.find", level = "debug", skip_all)]
pub async fn find(conn: &mut PgConnection, id: AttemptId) -> Result<Option<Waiting>, StoreError> {
    let row = sqlx::query!(
        "SELECT payment_id, refund_id, leased_until FROM payment_attempts WHERE id = $1",
        id.as_uuid()
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Waiting {
        payment_id: row.payment_id.into(),
        refund_id: row.refund_id.map(RefundId::from),
        leased_until: row.leased_until,
    }))
}

/// Whether a charge, capture or cancellation of the payment is under way.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.payment_attempts.is_live", level = "debug", skip_all)]
pub async fn is_live(conn: &mut PgConnection, payment: PaymentId) -> Result<bool, StoreError> {
    let live = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM payment_attempts
                          WHERE payment_id = $1 AND state = 'live' AND kind <> 'refund') AS "live!""#,
        payment.as_uuid()
    )
    .fetch_one(conn)
    .await?;
    Ok(live)
}

/// Takes over the attempt that has waited longest for its next try, if one is due.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.payment_attempts.lease_due", level = "debug", skip_all)]
pub async fn lease_due(
    conn: &mut PgConnection,
    lease: Lease,
    now: OffsetDateTime,
) -> Result<Option<LeasedAttempt>, StoreError> {
    sqlx::query_as!(
        AttemptRow,
        "UPDATE payment_attempts SET lease_token = $1, leased_until = $2, next_try_at = $2,
                                     tries = tries + 1
         WHERE id = (SELECT id FROM payment_attempts
                     WHERE state = 'live' AND next_try_at <= $3 AND leased_until <= $3
                     ORDER BY next_try_at LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING id, payment_id, refund_id, kind, amount, gateway_key, tries, request_id",
        lease.token.as_uuid(),
        lease.until,
        now
    )
    .fetch_optional(conn)
    .await?
    .map(|row| row.leased(lease.token))
    .transpose()
}

/// Takes over this attempt where it is due and nobody holds it.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.payment_attempts.lease_if_due", level = "debug", skip_all)]
pub async fn lease_if_due(
    conn: &mut PgConnection,
    id: AttemptId,
    lease: Lease,
    now: OffsetDateTime,
) -> Result<Option<LeasedAttempt>, StoreError> {
    sqlx::query_as!(
        AttemptRow,
        "UPDATE payment_attempts SET lease_token = $2, leased_until = $3, next_try_at = $3,
                                     tries = tries + 1
         WHERE id = $1 AND state = 'live' AND next_try_at <= $4 AND leased_until <= $4
         RETURNING id, payment_id, refund_id, kind, amount, gateway_key, tries, request_id",
        id.as_uuid(),
        lease.token.as_uuid(),
        lease.until,
        now
    )
    .fetch_optional(conn)
    .await?
    .map(|row| row.leased(lease.token))
    .transpose()
}

/// Takes over all attempts of a payment that nobody holds, due or not: there is news of them.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or a row can't be believed.
#[tracing::instrument(name = "store.payment_attempts.lease_all_of", level = "debug", skip_all)]
pub async fn lease_all_of(
    conn: &mut PgConnection,
    payment: PaymentId,
    lease: Lease,
    now: OffsetDateTime,
) -> Result<Vec<LeasedAttempt>, StoreError> {
    let rows = sqlx::query_as!(
        AttemptRow,
        "UPDATE payment_attempts SET lease_token = $2, leased_until = $3, next_try_at = $3,
                                     tries = tries + 1
         WHERE payment_id = $1 AND state = 'live' AND leased_until <= $4
         RETURNING id, payment_id, refund_id, kind, amount, gateway_key, tries, request_id",
        payment.as_uuid(),
        lease.token.as_uuid(),
        lease.until,
        now
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(|row| row.leased(lease.token)).collect()
}

/// Settles the attempt for the holder of its lease; `false` where somebody else has the lease or settled it.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.payment_attempts.update_settled", level = "debug", skip_all)]
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

/// When the gateway is asked again about an attempt that is settled; `None`: never more.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.payment_attempts.update_look_again", level = "debug", skip_all)]
pub async fn update_look_again(
    conn: &mut PgConnection,
    id: AttemptId,
    at: Option<OffsetDateTime>,
) -> Result<(), StoreError> {
    sqlx::query!("UPDATE payment_attempts SET look_again_at = $2 WHERE id = $1", id.as_uuid(), at)
        .execute(conn)
        .await?;
    Ok(())
}

/// A charge that was given up.
#[derive(Debug, Clone)]
pub struct GivenUp {
    pub id: AttemptId,
    pub payment_id: PaymentId,
    pub request_id: String,
    pub settled_at: OffsetDateTime,
}

/// The next charge to look at again, which nobody else does before `until`.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.payment_attempts.lease_given_up", level = "debug", skip_all)]
pub async fn lease_given_up(
    conn: &mut PgConnection,
    now: OffsetDateTime,
    until: OffsetDateTime,
) -> Result<Option<GivenUp>, StoreError> {
    let row = sqlx::query!(
        r#"UPDATE payment_attempts SET look_again_at = $2
           WHERE id = (SELECT id FROM payment_attempts WHERE look_again_at <= $1
                       ORDER BY look_again_at LIMIT 1 FOR UPDATE SKIP LOCKED)
           RETURNING id, payment_id, request_id, settled_at AS "settled_at!""#,
        now,
        until
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| GivenUp {
        id: Id::from_uuid(row.id),
        payment_id: Id::from_uuid(row.payment_id),
        request_id: row.request_id,
        settled_at: row.settled_at,
    }))
}

/// An attempt that is live for too long.
#[derive(Debug, Clone)]
pub struct Overdue {
    pub payment_id: PaymentId,
    pub refund_id: Option<RefundId>,
    pub customer_id: UserId,
    pub operation: String,
    pub since: OffsetDateTime,
}

/// Marks up to `limit` live attempts as reported that were made at `before` or earlier, the oldest first; each attempt
/// once.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.payment_attempts.update_reported", level = "debug", skip_all)]
pub async fn update_reported(
    conn: &mut PgConnection,
    before: OffsetDateTime,
    now: OffsetDateTime,
    limit: i64,
) -> Result<Vec<Overdue>, StoreError> {
    let rows = sqlx::query!(
        "UPDATE payment_attempts SET reported_at = $2
         FROM payments
         WHERE payments.id = payment_id AND payment_attempts.id = ANY (ARRAY(
             SELECT id FROM payment_attempts
             WHERE state = 'live' AND created_at <= $1 AND reported_at IS NULL
             ORDER BY created_at LIMIT $3 FOR UPDATE SKIP LOCKED))
         RETURNING payment_id, refund_id, customer_id, kind, payment_attempts.created_at",
        before,
        now,
        limit
    )
    .fetch_all(conn)
    .await?;
    let overdue = rows.into_iter().map(|row| Overdue {
        payment_id: row.payment_id.into(),
        refund_id: row.refund_id.map(RefundId::from),
        customer_id: row.customer_id.into(),
        operation: row.kind,
        since: row.created_at,
    });
    Ok(overdue.collect())
}

/// How many attempts are live, by the time since they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveByAge {
    /// Made at `minute_ago` or later.
    pub within_a_minute: i64,
    /// Made before that, at `hour_ago` or later.
    pub within_an_hour: i64,
    /// Made before that.
    pub older: i64,
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.payment_attempts.count_live", level = "debug", skip_all)]
pub async fn count_live(
    conn: &mut PgConnection,
    minute_ago: OffsetDateTime,
    hour_ago: OffsetDateTime,
) -> Result<LiveByAge, StoreError> {
    let live = sqlx::query_as!(
        LiveByAge,
        r#"SELECT count(*) FILTER (WHERE created_at >= $1) AS "within_a_minute!",
                  count(*) FILTER (WHERE created_at < $1 AND created_at >= $2) AS "within_an_hour!",
                  count(*) FILTER (WHERE created_at < $2) AS "older!"
           FROM payment_attempts WHERE state = 'live'"#,
        minute_ago,
        hour_ago
    )
    .fetch_one(conn)
    .await?;
    Ok(live)
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
#[tracing::instrument(name = "store.payment_attempts.update_postponed", level = "debug", skip_all)]
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
