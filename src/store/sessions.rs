//! Sessions and their refresh tokens, of which only hashes are kept; who may use them is decided elsewhere.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use super::row::RowKey;
use super::{browser_sessions, oauth_codes};
use crate::domain::Violation;
use crate::domain::access::{Mandate, Role, ScopeSet};
use crate::domain::ids::{ClientId, Id, SessionId, UserId};
use crate::domain::user::UserStatus;

/// SHA-256 of a refresh token.
pub type TokenHash = [u8; 32];

/// A sign-in that is about to be written.
#[derive(Debug)]
pub struct NewSession {
    pub id: SessionId,
    pub user_id: UserId,
    /// Whose it is, where it is an application's.
    pub application: Option<(ClientId, Mandate)>,
    pub scopes: ScopeSet,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
}

/// The application that a session is of, as it is right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Application {
    pub client: ClientId,
    pub mandate: Mandate,
    /// All that it may ask for.
    pub scopes: ScopeSet,
}

/// A session together with the user it belongs to, as both are right now.
#[derive(Debug, Clone, Copy)]
pub struct SessionAccess {
    pub role: Role,
    pub status: UserStatus,
    /// `None`: somebody signed in themselves.
    pub application: Option<Application>,
    pub access_epoch: i64,
    pub expires_at: OffsetDateTime,
    pub revoked_at: Option<OffsetDateTime>,
}

impl SessionAccess {
    /// Whether the session may be used at `now`: neither over nor revoked, its user active.
    pub fn is_live(&self, now: OffsetDateTime) -> bool {
        self.revoked_at.is_none() && now < self.expires_at && self.status == UserStatus::Active
    }

    /// The application that it is of, and by what right.
    pub fn holder(&self) -> Option<(ClientId, Mandate)> {
        self.application.map(|application| (application.client, application.mandate))
    }

    /// What of these scopes may be used right now: no more than the role allows, nor than the application may ask for.
    pub fn allowed(&self, scopes: ScopeSet) -> ScopeSet {
        let by_role = scopes.intersection(self.role.scopes());
        match self.application {
            None => by_role,
            Some(application) => by_role.intersection(application.scopes),
        }
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

struct RefreshRow {
    session_id: Uuid,
    used_at: Option<OffsetDateTime>,
    user_id: Uuid,
    scope: String,
    expires_at: OffsetDateTime,
    revoked_at: Option<OffsetDateTime>,
    client_id: Option<Uuid>,
    mandate: Option<String>,
    role: String,
    status: String,
    access_epoch: i64,
    client_scope: Option<String>,
}

impl TryFrom<RefreshRow> for RefreshRecord {
    type Error = StoreError;

    fn try_from(row: RefreshRow) -> Result<Self, StoreError> {
        let named = RowKey { table: "users", key: &row.user_id };
        Ok(Self {
            session_id: row.session_id.into(),
            scopes: ScopeSet::parse_known(&row.scope),
            used_at: row.used_at,
            access: SessionAccess {
                role: named.believe("role", row.role.parse())?,
                status: named.believe("status", row.status.parse())?,
                application: application(row.client_id, row.mandate, row.client_scope)?,
                access_epoch: row.access_epoch,
                expires_at: row.expires_at,
                revoked_at: row.revoked_at,
            },
            user_id: row.user_id.into(),
        })
    }
}

/// `None` of a session that is no application's.
fn application(
    client: Option<Uuid>,
    mandate: Option<String>,
    scope: Option<String>,
) -> Result<Option<Application>, StoreError> {
    // A row that says half of it is no sign-in of somebody's own.
    let Some(client) = client else { return Ok(None) };
    let named = RowKey { table: "sessions", key: &client };
    let absent = || Violation::new("required", "is absent");
    let mandate = named.believe("mandate", mandate.ok_or_else(absent))?;
    let scope = named.believe("client_id", scope.ok_or_else(absent))?;
    Ok(Some(Application {
        mandate: named.believe("mandate", mandate.parse())?,
        client: client.into(),
        scopes: ScopeSet::parse_known(&scope),
    }))
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.sessions.insert", level = "debug", skip_all)]
pub async fn insert(conn: &mut PgConnection, session: &NewSession) -> Result<(), StoreError> {
    let (client, mandate) = session.application.unzip();
    sqlx::query!(
        "INSERT INTO sessions (id, user_id, client_id, mandate, scope, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        session.id.as_uuid(),
        session.user_id.as_uuid(),
        client.map(Id::as_uuid),
        mandate.map(Mandate::as_str),
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
                  seen.role AS "role?", seen.status AS "status?", seen.access_epoch AS "access_epoch?",
                  seen.client_id, seen.mandate, seen.client_scope AS "client_scope?"
           FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS wanted (session_id, user_id, place)
           LEFT JOIN LATERAL (
               SELECT s.expires_at, s.revoked_at, u.role, u.status, u.access_epoch, s.client_id, s.mandate,
                      c.scope AS client_scope
               FROM sessions s JOIN users u ON u.id = s.user_id LEFT JOIN oauth_clients c ON c.id = s.client_id
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
            application: application(row.client_id, row.mandate, row.client_scope)?,
            access_epoch,
            expires_at,
            revoked_at: row.revoked_at,
        }))
    });
    Ok(believed.collect())
}

/// Lets nobody end or change this session until the transaction ends; others may hold it so too.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.sessions.lock_for_share", level = "debug", skip_all)]
pub async fn lock_for_share(conn: &mut PgConnection, session: SessionId) -> Result<(), StoreError> {
    sqlx::query_scalar!("SELECT id FROM sessions WHERE id = $1 FOR SHARE", session.as_uuid())
        .fetch_optional(conn)
        .await?;
    Ok(())
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
    sqlx::query_as!(
        RefreshRow,
        r#"SELECT t.session_id, t.used_at, s.user_id, s.scope, s.expires_at, s.revoked_at, s.client_id, s.mandate,
                  u.role, u.status, u.access_epoch, c.scope AS "client_scope?"
           FROM refresh_tokens t
           JOIN sessions s ON s.id = t.session_id
           JOIN users u ON u.id = s.user_id
           LEFT JOIN oauth_clients c ON c.id = s.client_id
           WHERE t.token_hash = $1
           FOR UPDATE OF s, t"#,
        hash
    )
    .fetch_optional(conn)
    .await?
    .map(RefreshRecord::try_from)
    .transpose()
}

/// The same, to be looked at alone.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.sessions.find_refresh_token", level = "debug", skip_all)]
pub async fn find_refresh_token(
    conn: &mut PgConnection,
    hash: &TokenHash,
) -> Result<Option<RefreshRecord>, StoreError> {
    sqlx::query_as!(
        RefreshRow,
        r#"SELECT t.session_id, t.used_at, s.user_id, s.scope, s.expires_at, s.revoked_at, s.client_id, s.mandate,
                  u.role, u.status, u.access_epoch, c.scope AS "client_scope?"
           FROM refresh_tokens t
           JOIN sessions s ON s.id = t.session_id
           JOIN users u ON u.id = s.user_id
           LEFT JOIN oauth_clients c ON c.id = s.client_id
           WHERE t.token_hash = $1"#,
        hash
    )
    .fetch_optional(conn)
    .await?
    .map(RefreshRecord::try_from)
    .transpose()
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

/// Revokes every session of a user, in their browsers as well, and forgets the codes that could become new ones; how many.
///
/// In this order: whoever makes a code holds the browser's session, and whoever makes a session of a code holds the code, so
/// that what is made meanwhile is seen.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.sessions.update_all_revoked", level = "debug", skip_all)]
pub async fn update_all_revoked(
    conn: &mut PgConnection,
    user: UserId,
    now: OffsetDateTime,
) -> Result<u64, StoreError> {
    browser_sessions::delete_all_of(conn, user).await?;
    oauth_codes::delete_unused_of(conn, user).await?;
    let done = sqlx::query!(
        "UPDATE sessions SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL",
        user.as_uuid(),
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Revokes every session that an application has by this right; of this user alone, where one is named.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(
    name = "store.sessions.update_all_revoked_of_client",
    level = "debug",
    skip_all
)]
pub async fn update_all_revoked_of_client(
    conn: &mut PgConnection,
    (client, mandate): (ClientId, Mandate),
    user: Option<UserId>,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE sessions SET revoked_at = $4
         WHERE client_id = $1 AND mandate = $2 AND ($3::uuid IS NULL OR user_id = $3) AND revoked_at IS NULL",
        client.as_uuid(),
        mandate.as_str(),
        user.map(Id::as_uuid),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
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
