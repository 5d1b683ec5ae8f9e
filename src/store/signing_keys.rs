//! Signing keys as rows; the private halves come and go encrypted, and nothing here can open them.

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::StoreError;

/// One Ed25519 key.
#[derive(Debug, Clone)]
pub struct SigningKeyRow {
    /// JWK thumbprint (RFC 7638).
    pub kid: String,
    /// 32 bytes.
    pub public_key: Vec<u8>,
    /// Nonce first, then cipher text and tag (AES-256-GCM).
    pub private_key_encrypted: Vec<u8>,
    /// Published from creation, used for signing from here on.
    pub signs_from: OffsetDateTime,
    /// No longer accepted or published from here on.
    pub retired_at: Option<OffsetDateTime>,
}

/// Makes whoever else wants to add a key wait until this transaction ends.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.signing_keys.lock", level = "debug", skip_all)]
pub async fn lock(conn: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended('till signing keys', 0))")
        .execute(conn)
        .await?;
    Ok(())
}

/// All keys that are not retired at `now`, oldest first.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.signing_keys.list_published", level = "debug", skip_all)]
pub async fn list_published(
    conn: &mut PgConnection,
    now: OffsetDateTime,
) -> Result<Vec<SigningKeyRow>, StoreError> {
    let rows = sqlx::query_as!(
        SigningKeyRow,
        "SELECT kid, public_key, private_key_encrypted, signs_from, retired_at
         FROM signing_keys
         WHERE retired_at IS NULL OR retired_at > $1
         ORDER BY signs_from, kid",
        now
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.signing_keys.insert", level = "debug", skip_all)]
pub async fn insert(
    conn: &mut PgConnection,
    key: &SigningKeyRow,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO signing_keys
             (kid, algorithm, public_key, private_key_encrypted, created_at, signs_from, retired_at)
         VALUES ($1, 'EdDSA', $2, $3, $4, $5, $6)",
        key.kid,
        key.public_key,
        key.private_key_encrypted,
        now,
        key.signs_from,
        key.retired_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets when all keys but one retire, where that is not settled yet.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.signing_keys.update_others_retired", level = "debug", skip_all)]
pub async fn update_others_retired(
    conn: &mut PgConnection,
    kid: &str,
    retired_at: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE signing_keys SET retired_at = $2 WHERE kid <> $1 AND retired_at IS NULL",
        kid,
        retired_at
    )
    .execute(conn)
    .await?;
    Ok(())
}
