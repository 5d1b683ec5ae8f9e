//! The journal: entries are written once, whole, and never touched again.

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::StoreError;
use crate::domain::ids::{EntryId, Id, PaymentId};
use crate::domain::ledger::{Entry, Movement};

/// Writes an entry with its lines; Postgres checks the balance when the transaction commits.
///
/// # Errors
/// [`StoreError`]; also where this movement is in the journal already.
#[tracing::instrument(name = "store.journal.insert", level = "debug", skip_all)]
pub async fn insert(
    conn: &mut PgConnection,
    id: EntryId,
    entry: &Entry,
    recorded_at: OffsetDateTime,
) -> Result<(), StoreError> {
    let (kind, payment_id, refund_id) = match entry.movement() {
        Movement::Capture { payment_id } => ("capture", payment_id, None),
        Movement::Refund { payment_id, refund_id } => ("refund", payment_id, Some(refund_id)),
    };
    sqlx::query!(
        "INSERT INTO journal_entries (id, kind, payment_id, refund_id, order_id, recorded_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        id.as_uuid(),
        kind,
        payment_id.as_uuid(),
        refund_id.map(Id::as_uuid),
        entry.order_id().map(Id::as_uuid),
        recorded_at
    )
    .execute(&mut *conn)
    .await?;
    let accounts: Vec<_> =
        entry.lines().iter().map(|line| line.account.as_str().to_owned()).collect();
    let currencies: Vec<_> =
        entry.lines().iter().map(|line| line.currency.code().to_owned()).collect();
    let amounts: Vec<_> = entry.lines().iter().map(|line| line.amount).collect();
    sqlx::query!(
        "INSERT INTO journal_lines (entry_id, line, account, currency, amount)
         SELECT $1, line::int, account, currency, amount
         FROM unnest($2::text[], $3::text[], $4::bigint[])
              WITH ORDINALITY AS new (account, currency, amount, line)",
        id.as_uuid(),
        &accounts,
        &currencies,
        &amounts
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// When the payment's money came in.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.journal.find_capture_time", level = "debug", skip_all)]
pub async fn find_capture_time(
    conn: &mut PgConnection,
    payment: PaymentId,
) -> Result<Option<OffsetDateTime>, StoreError> {
    let recorded_at = sqlx::query_scalar!(
        "SELECT recorded_at FROM journal_entries WHERE payment_id = $1 AND kind = 'capture'",
        payment.as_uuid()
    )
    .fetch_optional(conn)
    .await?;
    Ok(recorded_at)
}
