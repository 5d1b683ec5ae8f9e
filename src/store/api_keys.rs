//! API key rows, with keyed hashes of their secrets; who may use a key is decided elsewhere.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use super::row::RowKey;
use crate::domain::access::{Role, ScopeSet};
use crate::domain::api_key::{ApiKey, KeyName, KeyTier};
use crate::domain::ids::{ApiKeyId, Id, UserId};
use crate::domain::page::PageRequest;
use crate::domain::user::UserStatus;

/// HMAC-SHA-256 of a secret.
pub type SecretHash = [u8; 32];

/// A key together with its owner, as both are right now: all that its use is decided by.
#[derive(Debug, Clone)]
pub struct KeyAccess {
    pub owner_id: UserId,
    pub role: Role,
    pub status: UserStatus,
    pub tier: KeyTier,
    pub scopes: ScopeSet,
    pub secret_hash: Vec<u8>,
    pub old_secret: Option<OldSecret>,
    pub expires_at: Option<OffsetDateTime>,
    pub last_used_at: Option<OffsetDateTime>,
}

impl KeyAccess {
    /// Whether the key may be used at `now` by whoever shows its secret: it is not over, its owner active.
    pub fn is_live(&self, now: OffsetDateTime) -> bool {
        self.expires_at.is_none_or(|end| now < end) && self.status == UserStatus::Active
    }

    /// What it may be used for right now: no more than its owner's role allows.
    pub fn allowed(&self) -> ScopeSet {
        self.scopes.intersection(self.role.scopes())
    }
}

/// The secret before the present one.
#[derive(Debug, Clone)]
pub struct OldSecret {
    pub hash: Vec<u8>,
    pub until: OffsetDateTime,
}

/// A secret that is about to take the place of another.
#[derive(Debug)]
pub struct NewSecret<'a> {
    pub hash: &'a SecretHash,
    pub hint: &'a str,
    /// Until when the one before it stays good.
    pub old_until: OffsetDateTime,
}

struct ApiKeyRow {
    id: Uuid,
    owner_id: Uuid,
    name: String,
    tier: String,
    scope: String,
    hint: String,
    old_secret_until: Option<OffsetDateTime>,
    expires_at: Option<OffsetDateTime>,
    last_used_at: Option<OffsetDateTime>,
    created_at: OffsetDateTime,
}

impl TryFrom<ApiKeyRow> for ApiKey {
    type Error = StoreError;

    fn try_from(row: ApiKeyRow) -> Result<Self, StoreError> {
        let named = RowKey { table: "api_keys", key: &row.id };
        Ok(Self {
            name: named.believe("name", KeyName::parse(&row.name))?,
            tier: named.believe("tier", row.tier.parse())?,
            id: row.id.into(),
            owner_id: row.owner_id.into(),
            scopes: ScopeSet::parse_known(&row.scope),
            hint: row.hint,
            old_secret_until: row.old_secret_until,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            created_at: row.created_at,
        })
    }
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.api_keys.insert", level = "debug", skip_all)]
pub async fn insert(
    conn: &mut PgConnection,
    key: &ApiKey,
    hash: &SecretHash,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO api_keys (id, owner_id, name, tier, scope, secret_hash, hint, expires_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        key.id.as_uuid(),
        key.owner_id.as_uuid(),
        key.name.as_str(),
        key.tier.as_str(),
        key.scopes.to_string(),
        hash,
        key.hint,
        key.expires_at,
        key.created_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How many keys somebody has.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.api_keys.count", level = "debug", skip_all)]
pub async fn count(conn: &mut PgConnection, owner: UserId) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM api_keys WHERE owner_id = $1"#,
        owner.as_uuid()
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}

/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.api_keys.find", level = "debug", skip_all)]
pub async fn find(
    conn: &mut PgConnection,
    id: ApiKeyId,
    owner: UserId,
) -> Result<Option<ApiKey>, StoreError> {
    sqlx::query_as!(
        ApiKeyRow,
        "SELECT id, owner_id, name, tier, scope, hint, old_secret_until, expires_at, last_used_at, created_at
         FROM api_keys WHERE id = $1 AND owner_id = $2",
        id.as_uuid(),
        owner.as_uuid()
    )
    .fetch_optional(conn)
    .await?
    .map(ApiKey::try_from)
    .transpose()
}

/// Somebody's keys, newest first, one row more than the page has.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or a row can't be believed.
#[tracing::instrument(name = "store.api_keys.list", level = "debug", skip_all)]
pub async fn list(
    conn: &mut PgConnection,
    owner: UserId,
    page: PageRequest,
) -> Result<Vec<ApiKey>, StoreError> {
    let rows = sqlx::query_as!(
        ApiKeyRow,
        "SELECT id, owner_id, name, tier, scope, hint, old_secret_until, expires_at, last_used_at, created_at
         FROM api_keys
         WHERE owner_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3))
         ORDER BY created_at DESC, id DESC LIMIT $4",
        owner.as_uuid(),
        page.after.map(|position| position.created_at),
        page.after.map(|position| position.id),
        page.size.rows_and_one_more()
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(ApiKey::try_from).collect()
}

/// What the use of these keys is decided by; one answer for each, in their order, `None` where there is none. A row that
/// can't be believed is the failure of whoever asked for it.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.api_keys.list_access", level = "debug", skip_all)]
pub async fn list_access(
    conn: &mut PgConnection,
    wanted: &[ApiKeyId],
) -> Result<Vec<Result<Option<KeyAccess>, StoreError>>, StoreError> {
    let ids: Vec<Uuid> = wanted.iter().map(|id| id.as_uuid()).collect();
    // LIMIT: one look-up for each key, never a join of whole tables.
    let rows = sqlx::query!(
        r#"SELECT wanted.id AS "id!", seen.owner_id AS "owner_id?", seen.tier AS "tier?", seen.scope AS "scope?",
                  seen.secret_hash AS "secret_hash?", seen.old_secret_hash, seen.old_secret_until,
                  seen.expires_at, seen.last_used_at, seen.role AS "role?", seen.status AS "status?"
           FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place)
           LEFT JOIN LATERAL (
               SELECT k.owner_id, k.tier, k.scope, k.secret_hash, k.old_secret_hash, k.old_secret_until,
                      k.expires_at, k.last_used_at, u.role, u.status
               FROM api_keys k JOIN users u ON u.id = k.owner_id
               WHERE k.id = wanted.id LIMIT 1) AS seen ON true
           ORDER BY wanted.place"#,
        &ids
    )
    .fetch_all(conn)
    .await?;
    let believed = rows.into_iter().map(|row| {
        let (Some(owner), Some(tier), Some(scope), Some(secret_hash), Some(role), Some(status)) =
            (row.owner_id, row.tier, row.scope, row.secret_hash, row.role, row.status)
        else {
            return Ok(None);
        };
        let named = RowKey { table: "api_keys", key: &row.id };
        let owner_row = RowKey { table: "users", key: &owner };
        let old = row.old_secret_hash.zip(row.old_secret_until);
        Ok(Some(KeyAccess {
            role: owner_row.believe("role", role.parse())?,
            status: owner_row.believe("status", status.parse())?,
            tier: named.believe("tier", tier.parse())?,
            owner_id: owner.into(),
            scopes: ScopeSet::parse_known(&scope),
            secret_hash,
            old_secret: old.map(|(hash, until)| OldSecret { hash, until }),
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        }))
    });
    Ok(believed.collect())
}

/// Lets nobody remove or change this key until the transaction ends; others may hold it so too.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.api_keys.lock_for_share", level = "debug", skip_all)]
pub async fn lock_for_share(conn: &mut PgConnection, key: ApiKeyId) -> Result<(), StoreError> {
    sqlx::query_scalar!("SELECT id FROM api_keys WHERE id = $1 FOR SHARE", key.as_uuid())
        .fetch_optional(conn)
        .await?;
    Ok(())
}

/// Gives a key of this owner another secret; the one that was old already is forgotten. The key as it is now.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.api_keys.update_secret", level = "debug", skip_all)]
pub async fn update_secret(
    conn: &mut PgConnection,
    (id, owner): (ApiKeyId, UserId),
    secret: &NewSecret<'_>,
) -> Result<Option<ApiKey>, StoreError> {
    sqlx::query_as!(
        ApiKeyRow,
        "UPDATE api_keys SET old_secret_hash = secret_hash, old_secret_until = $3, secret_hash = $4, hint = $5
         WHERE id = $1 AND owner_id = $2
         RETURNING id, owner_id, name, tier, scope, hint, old_secret_until, expires_at, last_used_at, created_at",
        id.as_uuid(),
        owner.as_uuid(),
        secret.old_until,
        secret.hash,
        secret.hint
    )
    .fetch_optional(conn)
    .await?
    .map(ApiKey::try_from)
    .transpose()
}

/// Gives a key another tier, whoever owns it. The key as it is now.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.api_keys.update_tier", level = "debug", skip_all)]
pub async fn update_tier(
    conn: &mut PgConnection,
    id: ApiKeyId,
    tier: KeyTier,
) -> Result<Option<ApiKey>, StoreError> {
    sqlx::query_as!(
        ApiKeyRow,
        "UPDATE api_keys SET tier = $2 WHERE id = $1
         RETURNING id, owner_id, name, tier, scope, hint, old_secret_until, expires_at, last_used_at, created_at",
        id.as_uuid(),
        tier.as_str()
    )
    .fetch_optional(conn)
    .await?
    .map(ApiKey::try_from)
    .transpose()
}

/// Notes a use of a key, unless one since `noted_since` was noted. It waits for nobody: who changes the key, or notes another
/// use of it, goes first.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.api_keys.update_last_used", level = "debug", skip_all)]
pub async fn update_last_used(
    conn: &mut PgConnection,
    id: ApiKeyId,
    now: OffsetDateTime,
    noted_since: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE api_keys SET last_used_at = $2 WHERE id = ANY (ARRAY(
             SELECT id FROM api_keys WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= $3)
             FOR NO KEY UPDATE SKIP LOCKED))",
        id.as_uuid(),
        now,
        noted_since
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes a key of this owner; whether there was one.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.api_keys.delete", level = "debug", skip_all)]
pub async fn delete(
    conn: &mut PgConnection,
    id: ApiKeyId,
    owner: UserId,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM api_keys WHERE id = $1 AND owner_id = $2",
        id.as_uuid(),
        owner.as_uuid()
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Removes all keys of this owner.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.api_keys.delete_all_of", level = "debug", skip_all)]
pub async fn delete_all_of(conn: &mut PgConnection, owner: UserId) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM api_keys WHERE owner_id = $1", owner.as_uuid()).execute(conn).await?;
    Ok(())
}
