//! Call-backs of the gateway that are signed and yet impossible: kept for a human to look at.

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::StoreError;

/// A call-back that nobody acts on, and why.
#[derive(Debug, Clone, Copy)]
pub struct QuarantinedCallback<'a> {
    /// The sender's id of the message.
    pub id: &'a str,
    pub reason: &'static str,
    pub gateway_key: &'a str,
    /// Minor units, as the message says.
    pub amount: i64,
    pub currency: &'a str,
    pub received_at: OffsetDateTime,
}

/// Keeps it; `false` where a copy is kept already.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.quarantined_callbacks.insert", level = "debug", skip_all)]
pub async fn insert(
    conn: &mut PgConnection,
    callback: QuarantinedCallback<'_>,
) -> Result<bool, StoreError> {
    let kept = sqlx::query!(
        "INSERT INTO quarantined_callbacks (id, reason, gateway_key, amount, currency, received_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING",
        callback.id,
        callback.reason,
        callback.gateway_key,
        callback.amount,
        callback.currency,
        callback.received_at
    )
    .execute(conn)
    .await?;
    Ok(kept.rows_affected() == 1)
}
