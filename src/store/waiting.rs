//! How much waits in the tables that are queues, and since when; it takes nothing out.

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::StoreError;
use super::row::RowKey;
use crate::domain::job::JobKind;

/// What waits in one queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    pub waiting: i64,
    /// Since when the oldest could have been taken; `None` where nothing waits.
    pub since: Option<OffsetDateTime>,
}

/// Long jobs that are due at `now`, by kind; a kind of which none is due is not there.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or a row can't be believed.
#[tracing::instrument(name = "store.waiting.measure_jobs", level = "debug", skip_all)]
pub async fn measure_jobs(
    conn: &mut PgConnection,
    now: OffsetDateTime,
) -> Result<Vec<(JobKind, Queue)>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT kind, count(*) AS "waiting!", min(due_at) AS since FROM jobs
           WHERE status IN ('queued', 'processing') AND due_at <= $1 GROUP BY kind"#,
        now
    )
    .fetch_all(conn)
    .await?;
    let queues = rows.into_iter().map(|row| {
        let named = RowKey { table: "jobs", key: &row.kind };
        let kind: JobKind = named.believe("kind", row.kind.parse())?;
        Ok((kind, Queue { waiting: row.waiting, since: row.since }))
    });
    queues.collect()
}

/// Webhook deliveries that are due at `now` to endpoints that are tried, counted up to `most`; the oldest is the oldest of
/// all, the first of each endpoint's in its index.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.waiting.measure_webhooks", level = "debug", skip_all)]
pub async fn measure_webhooks(
    conn: &mut PgConnection,
    now: OffsetDateTime,
    most: i64,
) -> Result<Queue, StoreError> {
    let row = sqlx::query!(
        r#"WITH tried AS (SELECT id FROM webhook_endpoints
                          WHERE disabled_reason IS NULL AND removed_at IS NULL
                            AND (paused_until <= $1) IS NOT FALSE)
           SELECT (SELECT count(*) FROM (SELECT FROM tried JOIN webhook_deliveries ON endpoint_id = tried.id
                                         WHERE status = 'pending' AND due_at <= $1 LIMIT $2) AS due) AS "waiting!",
                  (SELECT min(first.due_at) FROM tried CROSS JOIN LATERAL (
                     SELECT due_at FROM webhook_deliveries
                     WHERE endpoint_id = tried.id AND status = 'pending' AND due_at <= $1
                     ORDER BY due_at LIMIT 1) AS first) AS since"#,
        now,
        most
    )
    .fetch_one(conn)
    .await?;
    Ok(Queue { waiting: row.waiting, since: row.since })
}

/// Dead letters by consumer, counted up to `most`; a consumer that has none is not there.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.waiting.count_dead_letters", level = "debug", skip_all)]
pub async fn count_dead_letters(
    conn: &mut PgConnection,
    most: i64,
) -> Result<Vec<(String, i64)>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT consumer AS "consumer!", count(*) AS "letters!"
           FROM (SELECT consumer FROM dead_letters LIMIT $1) AS kept GROUP BY consumer"#,
        most
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.consumer, row.letters)).collect())
}
