//! Rows of who still calls what is on its way out, one an operation and caller; what that is, is decided elsewhere.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use crate::domain::ids::{Id, UserId};
use crate::domain::page::PageRequest;

/// Calls that are to be added.
#[derive(Debug)]
pub struct NewCalls {
    /// Of the row, where this is the caller's first.
    pub id: Uuid,
    pub operation: &'static str,
    pub user: Option<UserId>,
    pub calls: i64,
    pub first_called_at: OffsetDateTime,
    pub last_called_at: OffsetDateTime,
}

/// Somebody who calls an operation that is on its way out, or all those of whom nothing is known.
#[derive(Debug, Clone)]
pub struct DeprecatedCaller {
    pub id: Uuid,
    /// Method and route.
    pub operation: String,
    pub user: Option<KnownCaller>,
    pub calls: i64,
    pub first_called_at: OffsetDateTime,
    pub last_called_at: OffsetDateTime,
}

/// Whom to write to, and where.
#[derive(Debug, Clone)]
pub struct KnownCaller {
    pub id: UserId,
    pub email: String,
}

/// Adds them in the order of the unique index, so that two who add at once don't wait in a circle. Calls of a user who was
/// never there, or is erased, are nobody's.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.deprecated_calls.add_all", level = "debug", skip_all)]
pub async fn add_all(conn: &mut PgConnection, new: &[NewCalls]) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = new.iter().map(|calls| calls.id).collect();
    let operations: Vec<String> = new.iter().map(|calls| calls.operation.to_owned()).collect();
    let users: Vec<Option<Uuid>> = new.iter().map(|calls| calls.user.map(Id::as_uuid)).collect();
    let counts: Vec<i64> = new.iter().map(|calls| calls.calls).collect();
    let first: Vec<OffsetDateTime> = new.iter().map(|calls| calls.first_called_at).collect();
    let last: Vec<OffsetDateTime> = new.iter().map(|calls| calls.last_called_at).collect();
    sqlx::query!(
        r#"INSERT INTO deprecated_calls (id, operation, user_id, calls, first_called_at, last_called_at)
           SELECT min(new.id::text)::uuid, new.operation, u.id, sum(new.calls)::bigint,
                  min(new.first_called_at), max(new.last_called_at)
           FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[], $5::timestamptz[], $6::timestamptz[])
                AS new (id, operation, user_id, calls, first_called_at, last_called_at)
           LEFT JOIN users u ON u.id = new.user_id AND u.status <> 'erased'
           GROUP BY new.operation, u.id
           ORDER BY new.operation, COALESCE(u.id, '00000000-0000-0000-0000-000000000000'::uuid)
           ON CONFLICT (operation, COALESCE(user_id, '00000000-0000-0000-0000-000000000000'::uuid))
           DO UPDATE SET calls = deprecated_calls.calls + excluded.calls,
                         last_called_at = greatest(deprecated_calls.last_called_at, excluded.last_called_at)"#,
        &ids,
        &operations,
        users.as_slice() as _,
        &counts,
        &first,
        &last
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whoever began last first, one row more than the page has; of one operation, where one is named.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.deprecated_calls.list", level = "debug", skip_all)]
pub async fn list(
    conn: &mut PgConnection,
    operation: Option<&str>,
    page: PageRequest,
) -> Result<Vec<DeprecatedCaller>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT c.id, c.operation, c.user_id, u.email AS "email?", c.calls, c.first_called_at, c.last_called_at
           FROM deprecated_calls c LEFT JOIN users u ON u.id = c.user_id
           WHERE ($1::text IS NULL OR c.operation = $1)
             AND ($2::timestamptz IS NULL OR (c.first_called_at, c.id) < ($2, $3::uuid))
           ORDER BY c.first_called_at DESC, c.id DESC LIMIT $4"#,
        operation,
        page.after.map(|position| position.created_at),
        page.after.map(|position| position.id),
        page.size.rows_and_one_more()
    )
    .fetch_all(conn)
    .await?;
    let callers = rows.into_iter().map(|row| DeprecatedCaller {
        id: row.id,
        operation: row.operation,
        user: row.user_id.zip(row.email).map(|(id, email)| KnownCaller { id: id.into(), email }),
        calls: row.calls,
        first_called_at: row.first_called_at,
        last_called_at: row.last_called_at,
    });
    Ok(callers.collect())
}

/// Forgets what somebody called.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.deprecated_calls.delete_of_user", level = "debug", skip_all)]
pub async fn delete_of_user(conn: &mut PgConnection, user: UserId) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM deprecated_calls WHERE user_id = $1", user.as_uuid())
        .execute(conn)
        .await?;
    Ok(())
}
