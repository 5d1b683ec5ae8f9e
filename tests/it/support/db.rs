//! A fresh, migrated Postgres database for each test; it never touches one that it did not make.
//!
//! Migrating takes longer than most tests, so it happens once per set of migrations, into a template that every
//! test's database is copied from. Processes and threads take turns by an advisory lock on the admin database.

use std::str::FromStr;
use std::time::Duration;

use sha2::{Digest, Sha256};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgPool};
use till::domain::ambient::Ambient;
use till::store::health::MIGRATIONS;

/// Names the server and the database from which the others are administered.
const ADMIN_URL: &str = "TILL_TEST_DATABASE_URL";
/// The isolation of every transaction that doesn't ask for another; Postgres' own default where it is unset.
const ISOLATION: &str = "TILL_TEST_ISOLATION";
const PREFIX: &str = "till_test_";
/// Any number that no other user of the server takes.
const ADVISORY_LOCK: i64 = 0x7469_6c6c_7465_7374;
/// A database this old belongs to no test that still runs.
const LEFT_BEHIND: time::Duration = time::Duration::hours(1);

/// A pool on a new database with the present schema and no rows.
pub async fn database() -> PgPool {
    let options = admin_options();
    let mut admin = PgConnection::connect_with(&options).await.unwrap();
    let template = template_name();
    if !exists(&mut admin, &template).await {
        make_template(&mut admin, &options, &template).await;
    }
    let ambient = Ambient::system();
    let name = format!("{PREFIX}{}_{}", ambient.now().unix_timestamp(), hex(&ambient.bytes::<8>()));
    execute(&mut admin, format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
    if let Some(level) = isolation() {
        let set = format!("ALTER DATABASE {name} SET default_transaction_isolation = '{level}'");
        execute(&mut admin, set).await;
    }
    admin.close().await.unwrap();
    PgPoolOptions::new()
        .max_connections(10)
        .acquire_timeout(Duration::from_secs(60))
        .connect_with(options.database(&name))
        .await
        .unwrap()
}

/// Until so many wait for what somebody else holds.
pub async fn until_waiting(pool: &PgPool, count: i64) {
    let waiting = "SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(pool).await.unwrap() < count {
        tokio::task::yield_now().await;
    }
}

/// Where another process finds the database.
pub fn url_of(pool: &PgPool) -> String {
    pool.connect_options().to_url_lossy().to_string()
}

#[expect(
    clippy::disallowed_methods,
    clippy::panic,
    reason = "the test binary has no config; whoever runs it without Postgres must learn what is missing"
)]
fn admin_options() -> PgConnectOptions {
    let Ok(url) = std::env::var(ADMIN_URL) else {
        panic!(
            "{ADMIN_URL} is not set: it must name a Postgres database whose user may create others, \
             such as postgres://till@127.0.0.1:5432/postgres; `make test` starts one"
        );
    };
    PgConnectOptions::from_str(&url).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the test binary has no config")]
fn isolation() -> Option<&'static str> {
    let wanted = std::env::var(ISOLATION).ok()?;
    ["read committed", "repeatable read", "serializable"].into_iter().find(|one| *one == wanted)
}

/// Changes with every change of a migration, so that no test runs on an old schema.
fn template_name() -> String {
    let mut hash = Sha256::new();
    for migration in MIGRATIONS.iter() {
        hash.update(&migration.checksum);
    }
    format!("{PREFIX}template_{}", hex(&hash.finalize()[..8]))
}

async fn make_template(admin: &mut PgConnection, options: &PgConnectOptions, template: &str) {
    sqlx::query("SELECT pg_advisory_lock($1)")
        .bind(ADVISORY_LOCK)
        .execute(&mut *admin)
        .await
        .unwrap();
    if !exists(admin, template).await {
        // Renamed when it is whole: a process that dies half-way leaves no half-migrated template.
        let unfinished = format!("{template}_unfinished");
        execute(admin, format!("DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)")).await;
        execute(admin, format!("CREATE DATABASE {unfinished}")).await;
        let of_unfinished = options.clone().database(&unfinished);
        let mut connection = PgConnection::connect_with(&of_unfinished).await.unwrap();
        MIGRATIONS.run(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        execute(admin, format!("ALTER DATABASE {unfinished} RENAME TO {template}")).await;
    }
    drop_left_behind(admin).await;
    sqlx::query("SELECT pg_advisory_unlock($1)")
        .bind(ADVISORY_LOCK)
        .execute(&mut *admin)
        .await
        .unwrap();
}

/// Tests leave their database to be looked at; the next change of the schema clears those of earlier runs.
async fn drop_left_behind(admin: &mut PgConnection) {
    let names: Vec<String> =
        sqlx::query_scalar("SELECT datname FROM pg_database WHERE datname ~ $1")
            .bind(format!("^{PREFIX}[0-9]+_"))
            .fetch_all(&mut *admin)
            .await
            .unwrap();
    let oldest_kept = (Ambient::system().now() - LEFT_BEHIND).unix_timestamp();
    let born = |name: &str| name.strip_prefix(PREFIX)?.split('_').next()?.parse::<i64>().ok();
    for name in names.iter().filter(|name| born(name).is_some_and(|born| born < oldest_kept)) {
        execute(admin, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
    }
}

async fn exists(admin: &mut PgConnection, name: &str) -> bool {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(name)
        .fetch_one(admin)
        .await
        .unwrap()
}

/// Statements about databases take no parameters; the names are all made in this file.
async fn execute(admin: &mut PgConnection, statement: String) {
    sqlx::query(AssertSqlSafe(statement)).execute(admin).await.unwrap();
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn two_tests_get_databases_that_share_nothing() {
    let (one, other) = tokio::join!(database(), database());
    sqlx::query("CREATE TABLE only_here (id int)").execute(&one).await.unwrap();
    let is_there: bool = sqlx::query_scalar("SELECT to_regclass('only_here') IS NOT NULL")
        .fetch_one(&other)
        .await
        .unwrap();
    assert!(!is_there);
    let migrated: bool = sqlx::query_scalar("SELECT to_regclass('orders') IS NOT NULL")
        .fetch_one(&other)
        .await
        .unwrap();
    assert!(migrated);
}
