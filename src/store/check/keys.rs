//! Idempotency keys against the effects that they speak of. Keys that are purged, and stored refusals, speak of none.

use sqlx::PgConnection;

use super::Offence;
use crate::store::StoreError;

/// Keys whose effect is not there, or is another's.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.check.keys.list_without_effect", level = "debug", skip_all)]
pub async fn list_without_effect(
    conn: &mut PgConnection,
    most: i64,
) -> Result<Vec<Offence>, StoreError> {
    let rows = sqlx::query_as!(
        Offence,
        r#"WITH told AS (
               SELECT principal_id, key, attempt_id, kind, snapshot
               FROM idempotency_keys, jsonb_each(outcome -> 'outcome') AS stored (kind, snapshot)
               WHERE state = 'done' AND kind <> 'refused')
           SELECT format('key %s of %s', key, principal_id) AS "row!",
                  format('tells of %s, which is not there', kind) AS "detail!"
           FROM told
           WHERE NOT CASE
               WHEN kind LIKE 'order\_%' THEN EXISTS (
                   SELECT FROM orders WHERE id = (snapshot ->> 'id')::uuid
                      AND (kind <> 'order_cancelled' OR status = 'cancelled')
                      AND (kind <> 'order_fulfilled' OR status IN ('fulfilled', 'refunded'))
                      AND total_amount = (snapshot ->> 'total')::bigint)
               WHEN kind LIKE 'payment\_%' THEN EXISTS (
                   SELECT FROM payments WHERE id = (snapshot ->> 'id')::uuid
                      AND amount = (snapshot ->> 'amount')::bigint
                      AND amount_captured >= (snapshot ->> 'amount_captured')::bigint)
               WHEN kind = 'refund_created' THEN EXISTS (
                   SELECT FROM refunds WHERE id = (snapshot ->> 'id')::uuid
                      AND status = snapshot ->> 'status' AND amount = (snapshot ->> 'amount')::bigint)
               WHEN kind = 'product_created' THEN EXISTS (
                   SELECT FROM products WHERE id = (snapshot ->> 'id')::uuid)
               WHEN kind = 'stock_adjusted' THEN EXISTS (
                   SELECT FROM stock WHERE product_id = (snapshot ->> 'product_id')::uuid)
               WHEN kind IN ('report_requested', 'import_requested') THEN EXISTS (
                   SELECT FROM jobs WHERE id = (snapshot ->> 'job_id')::uuid)
               ELSE false END
           UNION ALL
           SELECT format('key %s of %s', key, principal_id), 'runs, and its attempt is settled'
           FROM idempotency_keys JOIN payment_attempts ON payment_attempts.id = attempt_id
           WHERE idempotency_keys.state = 'running' AND payment_attempts.state <> 'live'
           LIMIT $1"#,
        most
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// What clients ordered, or asked of the gateway, under a key that can't be forgotten yet, and no key speaks of. What the
/// demo data tells of was done under none.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(
    name = "store.check.keys.list_effects_without_key",
    level = "debug",
    skip_all
)]
pub async fn list_effects_without_key(
    conn: &mut PgConnection,
    most: i64,
) -> Result<Vec<Offence>, StoreError> {
    let rows = sqlx::query_as!(
        Offence,
        r#"WITH remembered AS (SELECT made_before AS since FROM forgotten_idempotency_keys)
           SELECT 'attempt ' || id AS "row!", format('%s without a key', kind) AS "detail!"
           FROM payment_attempts, remembered
           WHERE created_at > since AND keyed
             AND NOT EXISTS (SELECT FROM idempotency_keys WHERE attempt_id = payment_attempts.id)
           UNION ALL
           SELECT 'order ' || id, 'placed without a key'
           FROM orders, remembered
           WHERE created_at > since
             AND created_at > coalesce((SELECT told_at FROM demo_progress), '-infinity')
             AND NOT EXISTS (SELECT FROM idempotency_keys
                             WHERE outcome #>> '{outcome,order_placed,id}' = orders.id::text)
           LIMIT $1"#,
        most
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}
