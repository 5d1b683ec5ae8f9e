//! The journal against itself, and against the payments and refunds that it tells of.

use sqlx::PgConnection;

use super::Offence;
use crate::store::StoreError;

/// Entries whose lines do not sum to zero in each currency, or that have none.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.check.journal.list_unbalanced", level = "debug", skip_all)]
pub async fn list_unbalanced(
    conn: &mut PgConnection,
    most: i64,
) -> Result<Vec<Offence>, StoreError> {
    let rows = sqlx::query_as!(
        Offence,
        r#"SELECT 'journal entry ' || journal_entries.id AS "row!",
                  format('%s lines with a sum of %s', count(entry_id), coalesce(sum(amount), 0)) AS "detail!"
           FROM journal_entries LEFT JOIN journal_lines ON entry_id = journal_entries.id
           GROUP BY journal_entries.id, currency
           HAVING count(entry_id) = 0 OR sum(amount) <> 0
           LIMIT $1"#,
        most
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Captures and refunds that the journal doesn't have, or has with another amount, currency or account.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.check.journal.list_unrecorded", level = "debug", skip_all)]
pub async fn list_unrecorded(
    conn: &mut PgConnection,
    most: i64,
) -> Result<Vec<Offence>, StoreError> {
    let rows = sqlx::query_as!(
        Offence,
        r#"WITH moved AS (
               SELECT 'payment ' || id AS row, id AS payment_id, NULL::uuid AS refund_id, currency,
                      amount_captured AS amount, 'gateway_receivable' AS debit,
                      CASE WHEN applied THEN 'sales' ELSE 'unapplied_cash' END AS credit
               FROM payments WHERE amount_captured > 0
               UNION ALL
               SELECT 'refund ' || refunds.id, payment_id, refunds.id, refunds.currency, refunds.amount,
                      CASE WHEN applied THEN 'refunds' ELSE 'unapplied_cash' END, 'gateway_receivable'
               FROM refunds JOIN payments ON payments.id = payment_id
               WHERE refunds.status = 'succeeded')
           SELECT moved.row AS "row!",
                  format('%s %s is not in the journal as it is', moved.amount, moved.currency) AS "detail!"
           FROM moved
           LEFT JOIN journal_entries ON journal_entries.payment_id = moved.payment_id
                                    AND journal_entries.refund_id IS NOT DISTINCT FROM moved.refund_id
           WHERE (SELECT count(*) FROM journal_lines
                  WHERE entry_id = journal_entries.id AND journal_lines.currency = moved.currency
                    AND (account, journal_lines.amount) IN ((debit, moved.amount), (credit, -moved.amount)))
                 <> 2
           LIMIT $1"#,
        most
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Entries for money that never moved.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.check.journal.list_unfounded", level = "debug", skip_all)]
pub async fn list_unfounded(
    conn: &mut PgConnection,
    most: i64,
) -> Result<Vec<Offence>, StoreError> {
    let rows = sqlx::query_as!(
        Offence,
        r#"SELECT 'journal entry ' || journal_entries.id AS "row!",
                  format('a %s of payment %s that is %s', kind, payments.id,
                         coalesce(refunds.status, payments.status)) AS "detail!"
           FROM journal_entries
           JOIN payments ON payments.id = journal_entries.payment_id
           LEFT JOIN refunds ON refunds.id = refund_id
           WHERE CASE kind WHEN 'capture' THEN amount_captured = 0
                           ELSE refunds.status <> 'succeeded' END
           LIMIT $1"#,
        most
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}
