//! People who signed in at the page where applications are let in, by hashes of their cookies; decides nothing.

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::StoreError;
use crate::domain::ids::{Id, SessionId, UserId};

/// SHA-256 of a cookie.
pub type TokenHash = [u8; 32];

/// One browser in which somebody signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrowserSession {
    /// What the audit log calls it; no token is of it.
    pub id: SessionId,
    pub user_id: UserId,
    /// The user's at sign-in: whose access changed since is signed out here as well.
    pub access_epoch: i64,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.browser_sessions.insert", level = "debug", skip_all)]
pub async fn insert(
    conn: &mut PgConnection,
    hash: &TokenHash,
    session: &BrowserSession,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO browser_sessions (token_hash, id, user_id, access_epoch, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        hash,
        session.id.as_uuid(),
        session.user_id.as_uuid(),
        session.access_epoch,
        session.created_at,
        session.expires_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.browser_sessions.find", level = "debug", skip_all)]
pub async fn find(
    conn: &mut PgConnection,
    hash: &TokenHash,
) -> Result<Option<BrowserSession>, StoreError> {
    let row = sqlx::query!(
        "SELECT id, user_id, access_epoch, created_at, expires_at FROM browser_sessions WHERE token_hash = $1",
        hash
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| BrowserSession {
        id: row.id.into(),
        user_id: row.user_id.into(),
        access_epoch: row.access_epoch,
        created_at: row.created_at,
        expires_at: row.expires_at,
    }))
}

/// [`find`], so that it stays until this transaction ends: whoever signs out everywhere waits, and then ends what came of it.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.browser_sessions.find_for_share", level = "debug", skip_all)]
pub async fn find_for_share(
    conn: &mut PgConnection,
    hash: &TokenHash,
) -> Result<Option<BrowserSession>, StoreError> {
    let row = sqlx::query!(
        "SELECT id, user_id, access_epoch, created_at, expires_at FROM browser_sessions
         WHERE token_hash = $1 FOR SHARE",
        hash
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| BrowserSession {
        id: row.id.into(),
        user_id: row.user_id.into(),
        access_epoch: row.access_epoch,
        created_at: row.created_at,
        expires_at: row.expires_at,
    }))
}

/// Signs one browser out; whether somebody was signed in there.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.browser_sessions.delete", level = "debug", skip_all)]
pub async fn delete(conn: &mut PgConnection, hash: &TokenHash) -> Result<bool, StoreError> {
    let done = sqlx::query!("DELETE FROM browser_sessions WHERE token_hash = $1", hash)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Signs a user out in every browser.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.browser_sessions.delete_all_of", level = "debug", skip_all)]
pub async fn delete_all_of(conn: &mut PgConnection, user: UserId) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM browser_sessions WHERE user_id = $1", user.as_uuid())
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets up to `limit` sessions that are over at `now`; how many.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.browser_sessions.delete_expired", level = "debug", skip_all)]
pub async fn delete_expired(
    conn: &mut PgConnection,
    now: OffsetDateTime,
    limit: i64,
) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM browser_sessions WHERE token_hash = ANY (ARRAY(
             SELECT token_hash FROM browser_sessions WHERE expires_at <= $1
             ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
        now,
        limit
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
