//! Authorisation codes, of which only hashes are kept; who may trade one in is decided elsewhere.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use super::row::RowKey;
use crate::domain::access::ScopeSet;
use crate::domain::ids::{ClientId, Id, SessionId, UserId};
use crate::domain::oauth::pkce::CodeChallenge;

/// SHA-256 of a code.
pub type CodeHash = [u8; 32];

/// A code that is about to be written.
#[derive(Debug)]
pub struct NewCode<'a> {
    pub hash: &'a CodeHash,
    pub client: ClientId,
    pub user_id: UserId,
    pub redirect_uri: &'a str,
    /// Whether the application named it.
    pub redirect_uri_given: bool,
    pub scopes: ScopeSet,
    pub challenge: &'a CodeChallenge,
    pub access_epoch: i64,
    pub issued_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
}

/// A code and all that trading it in is decided by.
#[derive(Debug, Clone)]
pub struct CodeRecord {
    pub client: ClientId,
    pub user_id: UserId,
    pub redirect_uri: String,
    pub redirect_uri_given: bool,
    pub scopes: ScopeSet,
    pub challenge: CodeChallenge,
    pub access_epoch: i64,
    pub expires_at: OffsetDateTime,
    pub used_at: Option<OffsetDateTime>,
    pub session: Option<SessionId>,
}

struct CodeRow {
    client_id: Uuid,
    user_id: Uuid,
    redirect_uri: String,
    redirect_uri_given: bool,
    scope: String,
    code_challenge: String,
    access_epoch: i64,
    expires_at: OffsetDateTime,
    used_at: Option<OffsetDateTime>,
    session_id: Option<Uuid>,
}

impl TryFrom<CodeRow> for CodeRecord {
    type Error = StoreError;

    fn try_from(row: CodeRow) -> Result<Self, StoreError> {
        let named = RowKey { table: "oauth_codes", key: &row.user_id };
        let challenge = CodeChallenge::parse(&row.code_challenge).ok_or(());
        Ok(Self {
            challenge: named.believe("code_challenge", challenge)?,
            client: row.client_id.into(),
            user_id: row.user_id.into(),
            redirect_uri: row.redirect_uri,
            redirect_uri_given: row.redirect_uri_given,
            scopes: ScopeSet::parse_known(&row.scope),
            access_epoch: row.access_epoch,
            expires_at: row.expires_at,
            used_at: row.used_at,
            session: row.session_id.map(SessionId::from),
        })
    }
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.oauth_codes.insert", level = "debug", skip_all)]
pub async fn insert(conn: &mut PgConnection, code: &NewCode<'_>) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO oauth_codes (code_hash, client_id, user_id, redirect_uri, redirect_uri_given, scope,
                                  code_challenge, access_epoch, issued_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        code.hash,
        code.client.as_uuid(),
        code.user_id.as_uuid(),
        code.redirect_uri,
        code.redirect_uri_given,
        code.scopes.to_string(),
        code.challenge.as_str(),
        code.access_epoch,
        code.issued_at,
        code.expires_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.oauth_codes.find", level = "debug", skip_all)]
pub async fn find(
    conn: &mut PgConnection,
    hash: &CodeHash,
) -> Result<Option<CodeRecord>, StoreError> {
    sqlx::query_as!(
        CodeRow,
        "SELECT client_id, user_id, redirect_uri, redirect_uri_given, scope, code_challenge, access_epoch, expires_at,
                used_at, session_id
         FROM oauth_codes WHERE code_hash = $1",
        hash
    )
    .fetch_optional(conn)
    .await?
    .map(CodeRecord::try_from)
    .transpose()
}

/// The code, locked: of two who trade it in at once, the second sees the first.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.oauth_codes.find_for_update", level = "debug", skip_all)]
pub async fn find_for_update(
    conn: &mut PgConnection,
    hash: &CodeHash,
) -> Result<Option<CodeRecord>, StoreError> {
    sqlx::query_as!(
        CodeRow,
        "SELECT client_id, user_id, redirect_uri, redirect_uri_given, scope, code_challenge, access_epoch, expires_at,
                used_at, session_id
         FROM oauth_codes WHERE code_hash = $1 FOR UPDATE",
        hash
    )
    .fetch_optional(conn)
    .await?
    .map(CodeRecord::try_from)
    .transpose()
}

/// Notes what came of a code.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.oauth_codes.update_used", level = "debug", skip_all)]
pub async fn update_used(
    conn: &mut PgConnection,
    hash: &CodeHash,
    session: SessionId,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE oauth_codes SET used_at = $2, session_id = $3 WHERE code_hash = $1",
        hash,
        now,
        session.as_uuid()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets what nobody has traded in yet of this user's codes.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.oauth_codes.delete_unused_of", level = "debug", skip_all)]
pub async fn delete_unused_of(conn: &mut PgConnection, user: UserId) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM oauth_codes WHERE user_id = $1 AND used_at IS NULL", user.as_uuid())
        .execute(conn)
        .await?;
    Ok(())
}

/// The same of those that one client was to get.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.oauth_codes.delete_unused_for", level = "debug", skip_all)]
pub async fn delete_unused_for(
    conn: &mut PgConnection,
    (user, client): (UserId, ClientId),
) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM oauth_codes WHERE user_id = $1 AND client_id = $2 AND used_at IS NULL",
        user.as_uuid(),
        client.as_uuid()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets up to `limit` codes that were over at `before`; how many.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.oauth_codes.delete_expired", level = "debug", skip_all)]
pub async fn delete_expired(
    conn: &mut PgConnection,
    before: OffsetDateTime,
    limit: i64,
) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM oauth_codes WHERE code_hash = ANY (ARRAY(
             SELECT code_hash FROM oauth_codes WHERE expires_at <= $1
             ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
        before,
        limit
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
