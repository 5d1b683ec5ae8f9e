//! Tokens that were mailed to people, of which only hashes are kept; who may use them is decided elsewhere.

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::StoreError;
use crate::domain::account_token::TokenPurpose;
use crate::domain::ids::{Id, UserId};

/// SHA-256 of a token.
pub type TokenHash = [u8; 32];

/// A token that is about to be mailed.
#[derive(Debug, Clone, Copy)]
pub struct NewToken<'a> {
    pub hash: &'a TokenHash,
    pub user_id: UserId,
    pub purpose: TokenPurpose,
    pub occasion: Occasion,
    pub issued_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
}

/// Why a token is mailed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// Somebody asked for it.
    AskedFor,
    /// Something happened.
    Event,
}

/// A token, and how far it is used.
#[derive(Debug, Clone, Copy)]
pub struct MailedToken {
    pub user_id: UserId,
    pub expires_at: OffsetDateTime,
    pub used_at: Option<OffsetDateTime>,
}

/// Keeps what is known of a token, unless it was mailed before.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.account_tokens.insert", level = "debug", skip_all)]
pub async fn insert(conn: &mut PgConnection, token: NewToken<'_>) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO account_tokens (token_hash, user_id, purpose, asked_for, issued_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (token_hash) DO NOTHING",
        token.hash,
        token.user_id.as_uuid(),
        token.purpose.as_str(),
        token.occasion == Occasion::AskedFor,
        token.issued_at,
        token.expires_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether another token of that purpose was asked for and mailed to somebody since.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.account_tokens.has_other_since", level = "debug", skip_all)]
pub async fn has_other_since(
    conn: &mut PgConnection,
    token: NewToken<'_>,
    since: OffsetDateTime,
) -> Result<bool, StoreError> {
    let has = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM account_tokens
             WHERE user_id = $1 AND purpose = $2 AND issued_at > $3 AND asked_for AND token_hash <> $4) AS "has!""#,
        token.user_id.as_uuid(),
        token.purpose.as_str(),
        since,
        token.hash
    )
    .fetch_one(conn)
    .await?;
    Ok(has)
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.account_tokens.find", level = "debug", skip_all)]
pub async fn find(
    conn: &mut PgConnection,
    hash: &TokenHash,
    purpose: TokenPurpose,
) -> Result<Option<MailedToken>, StoreError> {
    let row = sqlx::query!(
        "SELECT user_id, expires_at, used_at FROM account_tokens WHERE token_hash = $1 AND purpose = $2",
        hash,
        purpose.as_str()
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| MailedToken {
        user_id: row.user_id.into(),
        expires_at: row.expires_at,
        used_at: row.used_at,
    }))
}

/// Uses a token up; whether it was unused until now.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.account_tokens.update_used", level = "debug", skip_all)]
pub async fn update_used(
    conn: &mut PgConnection,
    hash: &TokenHash,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE account_tokens SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL",
        hash,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Uses up whatever was mailed to somebody for that purpose.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.account_tokens.update_all_used", level = "debug", skip_all)]
pub async fn update_all_used(
    conn: &mut PgConnection,
    user: UserId,
    purpose: TokenPurpose,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE account_tokens SET used_at = $3 WHERE user_id = $1 AND purpose = $2 AND used_at IS NULL",
        user.as_uuid(),
        purpose.as_str(),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets up to `limit` tokens that are over at `now`; how many.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.account_tokens.delete_expired", level = "debug", skip_all)]
pub async fn delete_expired(
    conn: &mut PgConnection,
    now: OffsetDateTime,
    limit: i64,
) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM account_tokens WHERE token_hash = ANY (ARRAY(
             SELECT token_hash FROM account_tokens WHERE expires_at <= $1
             ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
        now,
        limit
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
