//! Questions about the database itself: does it answer, which version, which migrations, what time; it changes nothing.

use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};
use sqlx::migrate::{Migrate, MigrateError, Migrator};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use time::OffsetDateTime;

/// The migrations this program was built with.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// How the database's schema compares with this program's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaState {
    /// Migrations of this program that the database lacks.
    pub pending: usize,
    /// Migrations that differ from this program's of the same number.
    pub changed: usize,
    /// Migrations of a newer program, which this one does not know.
    pub unknown: usize,
}

/// A connection of its own, outside any pool.
///
/// # Errors
/// The database is not reached or refuses.
#[tracing::instrument(name = "store.health.connect", level = "debug", skip_all)]
pub async fn connect(url: &SecretString) -> Result<PgConnection, sqlx::Error> {
    // That something exists already is no news.
    let quiet = [("client_min_messages", "warning")];
    let options = PgConnectOptions::from_str(url.expose_secret())?.options(quiet);
    PgConnection::connect_with(&options).await
}

/// Connects and asks something.
///
/// # Errors
/// It is not reached, refuses, or does not answer.
#[tracing::instrument(name = "store.health.answers", level = "debug", skip_all)]
pub async fn answers(options: &PgConnectOptions) -> Result<(), sqlx::Error> {
    let mut conn = PgConnection::connect_with(options).await?;
    ping(&mut conn).await?;
    conn.close().await
}

/// Succeeds while the database answers.
///
/// # Errors
/// It does not.
#[tracing::instrument(name = "store.health.ping", level = "debug", skip_all)]
pub async fn ping(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT 1 AS "one!""#).fetch_one(conn).await.map(|_one| ())
}

/// The server's version as one number, such as 170002 for 17.2.
///
/// # Errors
/// The database does not answer.
#[tracing::instrument(name = "store.health.find_version", level = "debug", skip_all)]
pub async fn find_version(conn: &mut PgConnection) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT current_setting('server_version_num')::int AS "version!""#)
        .fetch_one(conn)
        .await
}

/// What time the server has.
///
/// # Errors
/// The database does not answer.
#[tracing::instrument(name = "store.health.find_time", level = "debug", skip_all)]
pub async fn find_time(conn: &mut PgConnection) -> Result<OffsetDateTime, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT clock_timestamp() AS "time!""#).fetch_one(conn).await
}

/// How many signing keys are in use.
///
/// # Errors
/// The database does not answer, or lacks the table.
#[tracing::instrument(name = "store.health.count_signing_keys", level = "debug", skip_all)]
pub async fn count_signing_keys(
    conn: &mut PgConnection,
    now: OffsetDateTime,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM signing_keys
           WHERE signs_from <= $1 AND (retired_at IS NULL OR retired_at > $1)"#,
        now
    )
    .fetch_one(conn)
    .await
}

/// Compares the database's migrations with this program's, without changing either.
///
/// # Errors
/// The database does not answer.
#[tracing::instrument(name = "store.health.compare_schema", level = "debug", skip_all)]
pub async fn compare_schema(conn: &mut PgConnection) -> Result<SchemaState, MigrateError> {
    let known = MIGRATIONS.iter().filter(|migration| !migration.migration_type.is_down_migration());
    let exists = sqlx::query_scalar!(
        r#"SELECT to_regclass($1) IS NOT NULL AS "exists!""#,
        &*MIGRATIONS.table_name
    )
    .fetch_one(&mut *conn)
    .await?;
    if !exists {
        return Ok(SchemaState { pending: known.count(), changed: 0, unknown: 0 });
    }
    let applied = conn.list_applied_migrations(&MIGRATIONS.table_name).await?;
    let mut state = SchemaState { pending: 0, changed: 0, unknown: 0 };
    for migration in known {
        match applied.iter().find(|done| done.version == migration.version) {
            None => state.pending += 1,
            Some(done) if done.checksum != migration.checksum => state.changed += 1,
            Some(_) => {}
        }
    }
    let is_known = |version| MIGRATIONS.iter().any(|migration| migration.version == version);
    state.unknown = applied.iter().filter(|done| !is_known(done.version)).count();
    Ok(state)
}
