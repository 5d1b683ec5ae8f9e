//! Demo data in bulk and how far it has come; only a seeding writes so, all else goes through the use cases.

pub mod past;
pub mod shop;
pub mod webhooks;

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::StoreError;

/// How far the demo data of this database has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoProgress {
    /// The moment that all of it is told from.
    pub told_at: OffsetDateTime,
    /// When sign-ins, catalogue and examples went in.
    pub opened_at: Option<OffsetDateTime>,
    /// How many orders are there; 0 or more.
    pub orders: i64,
}

/// Begins the demo data; nothing changes where it was begun before.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.demo.insert_progress", level = "debug", skip_all)]
pub async fn insert_progress(
    conn: &mut PgConnection,
    told_at: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO demo_progress (told_at) VALUES ($1) ON CONFLICT (only_row) DO NOTHING",
        told_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.demo.find_progress", level = "debug", skip_all)]
pub async fn find_progress(conn: &mut PgConnection) -> Result<Option<DemoProgress>, StoreError> {
    let row = sqlx::query_as!(DemoProgress, "SELECT told_at, opened_at, orders FROM demo_progress")
        .fetch_optional(conn)
        .await?;
    Ok(row)
}

/// The same, and no other seeding goes on before this transaction ends.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.demo.find_progress_for_update", level = "debug", skip_all)]
pub async fn find_progress_for_update(
    conn: &mut PgConnection,
) -> Result<Option<DemoProgress>, StoreError> {
    let row = sqlx::query_as!(
        DemoProgress,
        "SELECT told_at, opened_at, orders FROM demo_progress FOR UPDATE"
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.demo.update_progress", level = "debug", skip_all)]
pub async fn update_progress(
    conn: &mut PgConnection,
    progress: DemoProgress,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE demo_progress SET opened_at = $1, orders = $2",
        progress.opened_at,
        progress.orders
    )
    .execute(conn)
    .await?;
    Ok(())
}
