//! The operators' commands of the real `till` program: what they do to a database, and what they say of wrong settings.

use std::process::Output;

use sqlx::PgPool;

use crate::support::db::{database, url_of};
use crate::support::program::{output_of, till};

const KEY: &str = "kPn0z3Tq1m8XcBvJr5yLwE2hUoSgAaDfYiK7Nx6Rt9M=";
const SECRET: &str = "hunter2hunter2-is-a-secret";

/// Runs a command on a database with these settings beside.
async fn run(
    pool: &PgPool,
    arguments: &[&str],
    more: &[(&str, &str)],
) -> (Output, Vec<String>, String) {
    let url = url_of(pool);
    let mut settings =
        vec![("DATABASE_URL", url.as_str()), ("TILL_SECRET_KEY", KEY), ("RUST_LOG", "error")];
    settings.extend(more);
    let (output, errors) = output_of(till(arguments, &settings)).await;
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    (output, errors, said)
}

async fn count(pool: &PgPool, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn migrate_makes_one_key_and_one_administrator_however_often_it_runs_at_once() {
    let pool = database().await;
    let owner = [
        ("TILL_ADMIN_EMAIL", "owner@example.com"),
        ("TILL_ADMIN_PASSWORD", "a password of one's own"),
    ];
    let migrate = || run(&pool, &["migrate"], &owner);
    let (one, two, three) = tokio::join!(migrate(), migrate(), migrate());
    for (output, errors, _) in [one, two, three] {
        assert!(output.status.success(), "{errors:?}");
    }
    assert_eq!(count(&pool, "SELECT count(*) FROM signing_keys").await, 1);
    assert_eq!(count(&pool, "SELECT count(*) FROM users WHERE role = 'admin'").await, 1);
    assert_eq!(count(&pool, "SELECT count(*) FROM users").await, 1, "no demo sign-in");
}

#[tokio::test]
async fn keys_rotate_says_which_key_is_new_and_from_when_on_it_signs() {
    let pool = database().await;
    let (output, errors, said) = run(&pool, &["keys", "rotate"], &[]).await;
    assert!(output.status.success(), "{errors:?}");
    let (kid, signs_from): (String, String) = sqlx::query_as(
        "SELECT kid, to_char(signs_from AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')
         FROM signing_keys WHERE retired_at IS NULL",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert!(said.contains(&kid) && said.contains(&signs_from), "{said}");
    let signing =
        "SELECT count(*) FROM signing_keys WHERE signs_from <= created_at AND retired_at > now()";
    assert_eq!(count(&pool, signing).await, 1, "until then another one signs");
}

#[tokio::test]
async fn a_database_that_was_never_migrated_is_told_in_one_line() {
    let pool = database().await;
    sqlx::query("DROP SCHEMA public CASCADE").execute(&pool).await.unwrap();
    sqlx::query("CREATE SCHEMA public").execute(&pool).await.unwrap();
    for arguments in [&["keys", "rotate"][..], &["seed"]] {
        let (output, errors, _) = run(&pool, arguments, &[]).await;
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(errors[0].contains("does not exist"), "{errors:?}");
    }
}

#[tokio::test]
async fn seed_refuses_production_in_one_line_and_writes_nothing() {
    let pool = database().await;
    let (output, errors, _) = run(&pool, &["seed"], &[("TILL_ENV", "production")]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(errors.len() == 1 && errors[0].contains("TILL_ENV=production"), "{errors:?}");
    assert_eq!(count(&pool, "SELECT count(*) FROM users").await, 0);
}

#[tokio::test]
async fn seed_without_a_gateway_says_which_setting_names_it() {
    let pool = database().await;
    let nowhere = ("TILL_GATEWAY_URL", "http://127.0.0.1:9");
    let (output, errors, _) = run(&pool, &["seed"], &[nowhere]).await;
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(errors.len(), 1, "{errors:?}");
    for expected in ["http://127.0.0.1:9", "TILL_GATEWAY_URL", "can't be reached"] {
        assert!(errors[0].contains(expected), "{errors:?}");
    }
}

/// A wrong value of each kind, and what its line must say beside the setting's name.
const WRONG: [(&str, &str, &str); 12] = [
    ("TILL_ENV", "staging", "development or production"),
    ("TILL_LISTEN", "8080", "an IP address and a port"),
    ("TILL_PUBLIC_URL", "shop.example.com", "http"),
    ("TILL_BODY_LIMIT", "lots", "512KiB"),
    ("TILL_REQUEST_DEADLINE", "soon", "15s"),
    ("TILL_SECRET_KEY", SECRET, "32 bytes in base64"),
    ("DATABASE_URL", "mysql://root:hunter2hunter2-is-a-secret@db/till", "postgres://"),
    ("TILL_DATABASE_POOL_MAX", "1", "20"),
    ("AMQP_URL", "hunter2hunter2-is-a-secret", "amqp"),
    ("TILL_GATEWAY_LISTEN", "localhost", "an IP address and a port"),
    ("TILL_ADMIN_PASSWORD", "hunter2", "12 to 128 characters"),
    ("TILL_LISTENN", "127.0.0.1:1", "TILL_LISTEN"),
];

#[tokio::test]
async fn each_wrong_setting_gets_a_line_with_its_name_its_fault_and_an_example() {
    let settings: Vec<_> = WRONG.iter().map(|(name, value, _)| (*name, *value)).collect();
    for command in [&["up"][..], &["migrate"], &["seed"], &["gateway"], &["keys", "rotate"]] {
        let (output, errors) = output_of(till(command, &settings)).await;
        assert_eq!(output.status.code(), Some(2), "{command:?}");
        assert!(output.stdout.is_empty());
        assert_eq!(errors.len(), WRONG.len(), "{command:?}: {errors:#?}");
        for (name, _, expected) in WRONG {
            let begins = format!("till: {name}");
            let fits = |line: &&String| {
                line.strip_prefix(&begins).is_some_and(|rest| rest.starts_with([':', ' ']))
            };
            let line = errors.iter().find(fits).unwrap();
            assert!(line.contains(expected), "{line}");
        }
        let all = errors.join("\n");
        assert!(!all.contains("hunter2") && !all.contains("panicked"), "{all}");
    }
}

#[tokio::test]
async fn what_must_be_set_and_is_not_is_named() {
    for (command, env, missing) in [
        (&["migrate"][..], "development", &["DATABASE_URL"][..]),
        (&["seed"], "development", &["DATABASE_URL"]),
        (&["keys", "rotate"], "production", &["DATABASE_URL", "TILL_SECRET_KEY"]),
    ] {
        let folder = std::env::temp_dir().join("till-it-nothing-is-written-here");
        let settings = [("TILL_ENV", env), ("TILL_DATA_DIR", folder.to_str().unwrap())];
        let (output, errors) = output_of(till(command, &settings)).await;
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(errors.len(), missing.len(), "{errors:?}");
        for name in missing {
            assert!(
                errors.iter().any(|line| line.contains(&format!("{name}: is not set"))),
                "{errors:?}"
            );
        }
    }
}
