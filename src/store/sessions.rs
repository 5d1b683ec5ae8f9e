//! Sessions and their refresh tokens, of which only hashes are kept; who may use them is decided elsewhere.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use super::row::RowKey;
use crate::domain::access::{Role, ScopeSet};
use crate::domain::ids::{Id, SessionId, UserId};
use crate::domain::user::UserStatus;

/// SHA-256 of a refresh token.
pub type TokenHash = [u8; 32];

/// A sign-in that is about to be written.
#[derive(Debug)]
pub struct NewSession {
    pub id: SessionId,
    pub user_id: UserId,
    pub scopes: ScopeSet,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
}

/// A session together with the user it belongs to, as both are right now.
#[derive(Debug, Clone, Copy)]
pub struct SessionAccess {
    pub role: Role,
    pub status: UserStatus,
    pub access_epoch: i64,
    pub expires_at: OffsetDateTime,
    pub revoked_at: Option<OffsetDateTime>,
}

impl SessionAccess {
    /// Whether the session may be used at `now`: neither over nor revoked, its user active.
    pub fn is_live(&self, now: OffsetDateTime) -> bool {
        self.revoked_at.is_none() && now < self.expires_at && self.status == UserStatus::Active
    }
}

/// A refresh token and all that its use is decided by.
#[derive(Debug, Clone, Copy)]
pub struct RefreshRecord {
    pub session_id: SessionId,
    pub user_id: UserId,
    pub scopes: ScopeSet,
    pub used_at: Option<OffsetDateTime>,
    pub access: SessionAccess,
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.sessions.insert", level = "debug", skip_all)]
pub async fn insert(conn: &mut PgConnection, session: &NewSession) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO sessions (id, user_id, scope, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5)",
        session.id.as_uuid(),
        session.user_id.as_uuid(),
        session.scopes.to_string(),
        session.created_at,
        session.expires_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.sessions.insert_refresh_token", level = "debug", skip_all)]
pub async fn insert_refresh_token(
    conn: &mut PgConnection,
    session: SessionId,
    hash: &TokenHash,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO refresh_tokens (token_hash, session_id, issued_at) VALUES ($1, $2, $3)",
        hash,
        session.as_uuid(),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The sessions of these users, for checking access tokens; one answer for each, in their order, `None` where there is none.
/// A row that can't be believed is the failure of whoever asked for it.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.sessions.list_access", level = "debug", skip_all)]
pub async fn list_access(
    conn: &mut PgConnection,
    wanted: &[(SessionId, UserId)],
) -> Result<Vec<Result<Option<SessionAccess>, StoreError>>, StoreError> {
    let sessions: Vec<Uuid> = wanted.iter().map(|(session, _)| session.as_uuid()).collect();
    let users: Vec<Uuid> = wanted.iter().map(|(_, user)| user.as_uuid()).collect();
    // LIMIT: one look-up for each session, never a join of whole tables.
    let rows = sqlx::query!(
        r#"SELECT wanted.user_id AS "user_id!", seen.expires_at AS "expires_at?", seen.revoked_at,
                  seen.role AS "role?", seen.status AS "status?", seen.access_epoch AS "access_epoch?"
           FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS wanted (session_id, user_id, place)
           LEFT JOIN LATERAL (
               SELECT s.expires_at, s.revoked_at, u.role, u.status, u.access_epoch
               FROM sessions s JOIN users u ON u.id = s.user_id
               WHERE s.id = wanted.session_id AND u.id = wanted.user_id LIMIT 1) AS seen ON true
           ORDER BY wanted.place"#,
        &sessions,
        &users
    )
    .fetch_all(conn)
    .await?;
    let believed = rows.into_iter().map(|row| {
        let (Some(expires_at), Some(role), Some(status), Some(access_epoch)) =
            (row.expires_at, row.role, row.status, row.access_epoch)
        else {
            return Ok(None);
        };
        let named = RowKey { table: "users", key: &row.user_id };
        Ok(Some(SessionAccess {
            role: named.believe("role", role.parse())?,
            status: named.believe("status", status.parse())?,
            access_epoch,
            expires_at,
            revoked_at: row.revoked_at,
        }))
    });
    Ok(believed.collect())
}

/// The refresh token with its session, both locked: of two uses at once, the second sees the first.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(
    name = "store.sessions.find_refresh_token_for_update",
    level = "debug",
    skip_all
)]
pub async fn find_refresh_token_for_update(
    conn: &mut PgConnection,
    hash: &TokenHash,
) -> Result<Option<RefreshRecord>, StoreError> {
    let row = sqlx::query!(
        "SELECT t.session_id, t.used_at, s.user_id, s.scope, s.expires_at, s.revoked_at,
                u.role, u.status, u.access_epoch
         FROM refresh_tokens t
         JOIN sessions s ON s.id = t.session_id
         JOIN users u ON u.id = s.user_id
         WHERE t.token_hash = $1
         FOR UPDATE OF s, t",
        hash
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let named = RowKey { table: "users", key: &row.user_id };
    Ok(Some(RefreshRecord {
        session_id: row.session_id.into(),
        scopes: ScopeSet::parse_known(&row.scope),
        used_at: row.used_at,
        access: SessionAccess {
            role: named.believe("role", row.role.parse())?,
            status: named.believe("status", row.status.parse())?,
            access_epoch: row.access_epoch,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
        },
        user_id: row.user_id.into(),
    }))
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.sessions.update_refresh_token_used", level = "debug", skip_all)]
pub async fn update_refresh_token_used(
    conn: &mut PgConnection,
    hash: &TokenHash,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!("UPDATE refresh_tokens SET used_at = $2 WHERE token_hash = $1", hash, now)
        .execute(conn)
        .await?;
    Ok(())
}

/// Revokes one session; `false` where it was revoked before.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.sessions.update_revoked", level = "debug", skip_all)]
pub async fn update_revoked(
    conn: &mut PgConnection,
    session: SessionId,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE sessions SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL",
        session.as_uuid(),
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Revokes every session of a user; how many.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.sessions.update_all_revoked", level = "debug", skip_all)]
pub async fn update_all_revoked(
    conn: &mut PgConnection,
    user: UserId,
    now: OffsetDateTime,
) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "UPDATE sessions SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL",
        user.as_uuid(),
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Forgets up to `limit` sessions that are over at `now`, with their refresh tokens; how many.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.sessions.delete_expired", level = "debug", skip_all)]
pub async fn delete_expired(
    conn: &mut PgConnection,
    now: OffsetDateTime,
    limit: i64,
) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM sessions WHERE id = ANY (ARRAY(
             SELECT id FROM sessions WHERE expires_at <= $1
             ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
        now,
        limit
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
