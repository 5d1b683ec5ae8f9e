//! User rows: people, how they sign in and which access tokens still count; no rule is decided here.

use secrecy::{ExposeSecret, SecretString};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use super::row::RowKey;
use crate::domain::access::Role;
use crate::domain::ids::{Id, UserId};
use crate::domain::page::PageRequest;
use crate::domain::user::{Email, PaymentMethod, PersonName, User, UserStatus};

/// A user that is about to be written.
#[derive(Debug)]
pub struct NewUser<'a> {
    pub id: UserId,
    pub email: &'a Email,
    pub name: &'a PersonName,
    pub password_hash: &'a SecretString,
    pub role: Role,
}

/// What signing in is decided by.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub user_id: UserId,
    pub password_hash: SecretString,
    pub role: Role,
    pub status: UserStatus,
    /// Access tokens of an older epoch are refused.
    pub access_epoch: i64,
}

/// What a user may change about themselves, complete.
#[derive(Debug)]
pub struct ProfileUpdate<'a> {
    pub name: &'a str,
    pub default_payment_method: Option<&'a PaymentMethod>,
    /// A new one raises the access epoch.
    pub password_hash: Option<&'a SecretString>,
}

impl ProfileUpdate<'_> {
    /// Whether this user looks like that already.
    pub fn changes_nothing_of(&self, user: &User) -> bool {
        self.password_hash.is_none()
            && self.name == user.name
            && self.default_payment_method == user.default_payment_method.as_ref()
    }
}

/// What stays of an account whose personal data goes.
#[derive(Debug)]
pub struct Erasure<'a> {
    /// Takes the place of the address, which may be used again.
    pub email: &'a str,
    pub name: &'a str,
    /// Matches no password.
    pub password_hash: &'a str,
}

struct UserRow {
    id: Uuid,
    email: String,
    name: String,
    role: String,
    status: String,
    default_payment_method: Option<String>,
    email_verified_at: Option<OffsetDateTime>,
    version: i64,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        let named = RowKey { table: "users", key: &row.id };
        let method = row.default_payment_method.as_deref().map(PaymentMethod::parse).transpose();
        Ok(Self {
            role: named.believe("role", row.role.parse())?,
            status: named.believe("status", row.status.parse())?,
            default_payment_method: named.believe("default_payment_method", method)?,
            id: row.id.into(),
            email: row.email,
            name: row.name,
            email_verified_at: row.email_verified_at,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

struct CredentialsRow {
    id: Uuid,
    password_hash: String,
    role: String,
    status: String,
    access_epoch: i64,
}

impl TryFrom<CredentialsRow> for Credentials {
    type Error = StoreError;

    fn try_from(row: CredentialsRow) -> Result<Self, StoreError> {
        let named = RowKey { table: "users", key: &row.id };
        Ok(Self {
            role: named.believe("role", row.role.parse())?,
            status: named.believe("status", row.status.parse())?,
            user_id: row.id.into(),
            password_hash: row.password_hash.into(),
            access_epoch: row.access_epoch,
        })
    }
}

/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.users.find", level = "debug", skip_all)]
pub async fn find(conn: &mut PgConnection, id: UserId) -> Result<Option<User>, StoreError> {
    sqlx::query_as!(
        UserRow,
        "SELECT id, email, name, role, status, default_payment_method, email_verified_at, version,
                created_at, updated_at
         FROM users WHERE id = $1",
        id.as_uuid()
    )
    .fetch_optional(conn)
    .await?
    .map(User::try_from)
    .transpose()
}

/// The user, whom nobody else can change until this transaction ends.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.users.find_for_update", level = "debug", skip_all)]
pub async fn find_for_update(
    conn: &mut PgConnection,
    id: UserId,
) -> Result<Option<User>, StoreError> {
    sqlx::query_as!(
        UserRow,
        "SELECT id, email, name, role, status, default_payment_method, email_verified_at, version,
                created_at, updated_at
         FROM users WHERE id = $1 FOR UPDATE",
        id.as_uuid()
    )
    .fetch_optional(conn)
    .await?
    .map(User::try_from)
    .transpose()
}

/// All active administrators, whom nobody else can change until this transaction ends; locked in id order, so that
/// nobody waits in a circle.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(
    name = "store.users.list_administrators_for_update",
    level = "debug",
    skip_all
)]
pub async fn list_administrators_for_update(
    conn: &mut PgConnection,
) -> Result<Vec<UserId>, StoreError> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM users WHERE role = 'admin' AND status = 'active' ORDER BY id FOR UPDATE"
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(UserId::from).collect())
}

/// One row more than the page shows, newest first.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or a row can't be believed.
#[tracing::instrument(name = "store.users.list", level = "debug", skip_all)]
pub async fn list(conn: &mut PgConnection, page: &PageRequest) -> Result<Vec<User>, StoreError> {
    sqlx::query_as!(
        UserRow,
        "SELECT id, email, name, role, status, default_payment_method, email_verified_at, version,
                created_at, updated_at
         FROM users
         WHERE $1::timestamptz IS NULL OR (created_at, id) < ($1, $2::uuid)
         ORDER BY created_at DESC, id DESC LIMIT $3",
        page.after.map(|position| position.created_at),
        page.after.map(|position| position.id),
        page.size.rows_and_one_more()
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(User::try_from)
    .collect()
}

/// The same order from its `offset`th row on, which the caller bounds: whatever is passed over is read, too.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or a row can't be believed.
#[tracing::instrument(name = "store.users.list_from", level = "debug", skip_all)]
pub async fn list_from(
    conn: &mut PgConnection,
    offset: i64,
    limit: i64,
) -> Result<Vec<User>, StoreError> {
    sqlx::query_as!(
        UserRow,
        "SELECT id, email, name, role, status, default_payment_method, email_verified_at, version,
                created_at, updated_at
         FROM users ORDER BY created_at DESC, id DESC OFFSET $1 LIMIT $2",
        offset,
        limit
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(User::try_from)
    .collect()
}

/// How many users there are; the counting stops at `most`.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.users.count", level = "debug", skip_all)]
pub async fn count(conn: &mut PgConnection, most: i64) -> Result<i64, StoreError> {
    let counted = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM (SELECT FROM users LIMIT $1) AS counted"#,
        most
    )
    .fetch_one(conn)
    .await?;
    Ok(counted)
}

/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.users.find_credentials_by_email", level = "debug", skip_all)]
pub async fn find_credentials_by_email(
    conn: &mut PgConnection,
    email: &Email,
) -> Result<Option<Credentials>, StoreError> {
    sqlx::query_as!(
        CredentialsRow,
        "SELECT id, password_hash, role, status, access_epoch FROM users WHERE email = $1",
        email.as_str()
    )
    .fetch_optional(conn)
    .await?
    .map(Credentials::try_from)
    .transpose()
}

/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.users.find_credentials", level = "debug", skip_all)]
pub async fn find_credentials(
    conn: &mut PgConnection,
    id: UserId,
) -> Result<Option<Credentials>, StoreError> {
    sqlx::query_as!(
        CredentialsRow,
        "SELECT id, password_hash, role, status, access_epoch FROM users WHERE id = $1",
        id.as_uuid()
    )
    .fetch_optional(conn)
    .await?
    .map(Credentials::try_from)
    .transpose()
}

/// The credentials, which nobody can change until this transaction ends; others may read them so too.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.users.find_credentials_for_share", level = "debug", skip_all)]
pub async fn find_credentials_for_share(
    conn: &mut PgConnection,
    id: UserId,
) -> Result<Option<Credentials>, StoreError> {
    sqlx::query_as!(
        CredentialsRow,
        "SELECT id, password_hash, role, status, access_epoch FROM users WHERE id = $1 FOR SHARE",
        id.as_uuid()
    )
    .fetch_optional(conn)
    .await?
    .map(Credentials::try_from)
    .transpose()
}

/// Makes whoever else wants to make the first administrator wait until this transaction ends.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.users.lock_first_admin", level = "debug", skip_all)]
pub async fn lock_first_admin(conn: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended('till first administrator', 0))")
        .execute(conn)
        .await?;
    Ok(())
}

/// Whether an administrator can sign in.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.users.has_admin", level = "debug", skip_all)]
pub async fn has_admin(conn: &mut PgConnection) -> Result<bool, StoreError> {
    let has = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM users WHERE role = 'admin' AND status = 'active') AS "has!""#
    )
    .fetch_one(conn)
    .await?;
    Ok(has)
}

/// Writes an active user.
///
/// # Errors
/// [`StoreError`]: `Constraint::EmailTaken`, or the database doesn't answer.
#[tracing::instrument(name = "store.users.insert", level = "debug", skip_all)]
pub async fn insert(
    conn: &mut PgConnection,
    user: &NewUser<'_>,
    now: OffsetDateTime,
) -> Result<User, StoreError> {
    sqlx::query_as!(
        UserRow,
        "INSERT INTO users (id, email, name, password_hash, role, status, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, 'active', $6, $6)
         RETURNING id, email, name, role, status, default_payment_method, email_verified_at,
                   version, created_at, updated_at",
        user.id.as_uuid(),
        user.email.as_str(),
        user.name.as_str(),
        user.password_hash.expose_secret(),
        user.role.as_str(),
        now
    )
    .fetch_one(conn)
    .await?
    .try_into()
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.users.update_profile", level = "debug", skip_all)]
pub async fn update_profile(
    conn: &mut PgConnection,
    id: UserId,
    update: &ProfileUpdate<'_>,
    now: OffsetDateTime,
) -> Result<User, StoreError> {
    sqlx::query_as!(
        UserRow,
        "UPDATE users
         SET name = $2, default_payment_method = $3, password_hash = COALESCE($4, password_hash),
             access_epoch = access_epoch + CASE WHEN $4::text IS NULL THEN 0 ELSE 1 END,
             version = version + 1, updated_at = $5
         WHERE id = $1
         RETURNING id, email, name, role, status, default_payment_method, email_verified_at,
                   version, created_at, updated_at",
        id.as_uuid(),
        update.name,
        update.default_payment_method.map(PaymentMethod::as_str),
        update.password_hash.map(ExposeSecret::expose_secret),
        now
    )
    .fetch_one(conn)
    .await?
    .try_into()
}

/// Sets another password and raises the access epoch.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.users.update_password", level = "debug", skip_all)]
pub async fn update_password(
    conn: &mut PgConnection,
    id: UserId,
    hash: &SecretString,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE users
         SET password_hash = $2, access_epoch = access_epoch + 1, version = version + 1, updated_at = $3
         WHERE id = $1",
        id.as_uuid(),
        hash.expose_secret(),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that the address is the user's, unless that was known.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.users.update_email_verified", level = "debug", skip_all)]
pub async fn update_email_verified(
    conn: &mut PgConnection,
    id: UserId,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE users SET email_verified_at = $2, version = version + 1, updated_at = $2
         WHERE id = $1 AND email_verified_at IS NULL",
        id.as_uuid(),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets what the user may do and raises the access epoch.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.users.update_access", level = "debug", skip_all)]
pub async fn update_access(
    conn: &mut PgConnection,
    id: UserId,
    (role, status): (Role, UserStatus),
    now: OffsetDateTime,
) -> Result<User, StoreError> {
    sqlx::query_as!(
        UserRow,
        "UPDATE users
         SET role = $2, status = $3, access_epoch = access_epoch + 1, version = version + 1,
             updated_at = $4
         WHERE id = $1
         RETURNING id, email, name, role, status, default_payment_method, email_verified_at,
                   version, created_at, updated_at",
        id.as_uuid(),
        role.as_str(),
        status.as_str(),
        now
    )
    .fetch_one(conn)
    .await?
    .try_into()
}

/// Takes the personal data away and raises the access epoch; the row stays.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.users.update_erased", level = "debug", skip_all)]
pub async fn update_erased(
    conn: &mut PgConnection,
    id: UserId,
    rest: &Erasure<'_>,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE users
         SET email = $2, name = $3, password_hash = $4, status = 'erased',
             default_payment_method = NULL, email_verified_at = NULL,
             access_epoch = access_epoch + 1, version = version + 1, updated_at = $5
         WHERE id = $1",
        id.as_uuid(),
        rest.email,
        rest.name,
        rest.password_hash,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}
