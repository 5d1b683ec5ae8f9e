//! The first administrator: one, however many ask at once, and nobody becomes it by having its address.

use std::time::Duration;

use futures_util::future::join_all;
use secrecy::SecretString;
use till::domain::access::Role;
use till::service::users::first_admin::{FirstAdmin, FirstAdminError, ensure};

use super::auth::sign_in_as;
use crate::support::factories::customer;
use crate::support::{TestServices, services};

const PROCESSES: i64 = 8;
const EMAIL: &str = "owner@example.com";
const PASSWORD: &str = "a password of one's own";

async fn ensured(test: &TestServices, email: &str) -> Result<FirstAdmin, FirstAdminError> {
    ensure(&test.services, &test.cause(), email, &SecretString::from(PASSWORD)).await
}

/// How many wait for a lock in this database.
async fn waiting(test: &TestServices) -> i64 {
    sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'",
    )
    .fetch_one(&*test.services.pool)
    .await
    .unwrap()
}

async fn admins(test: &TestServices) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM users WHERE role = 'admin'")
        .fetch_one(&*test.services.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn of_many_processes_that_start_at_once_one_makes_it() {
    let test = services().await;
    // Nobody writes before all have seen that there is none.
    let mut door = test.services.pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE").execute(&mut *door).await.unwrap();
    let opened = async {
        let mut tick = tokio::time::interval(Duration::from_millis(10));
        while waiting(&test).await < PROCESSES {
            tick.tick().await;
        }
        door.rollback().await.unwrap();
    };
    let asking = join_all((0..PROCESSES).map(|_| ensured(&test, EMAIL)));
    let (made, ()) = tokio::join!(asking, opened);
    let made = made.into_iter().map(Result::unwrap);
    assert_eq!(made.filter(|done| matches!(done, FirstAdmin::Made(_))).count(), 1);
    assert_eq!(admins(&test).await, 1);
    let pair = sign_in_as(&test.services, EMAIL, PASSWORD).await.unwrap();
    assert_eq!(pair.scopes, Role::Admin.scopes());
    let welcomed: i64 =
        sqlx::query_scalar("SELECT count(*) FROM outbox WHERE topic = 'user.created'")
            .fetch_one(&*test.services.pool)
            .await
            .unwrap();
    assert_eq!(welcomed, 1);
}

#[tokio::test]
async fn where_there_is_one_no_other_is_made() {
    let test = services().await;
    ensured(&test, EMAIL).await.unwrap();
    assert_eq!(ensured(&test, "second@example.com").await.unwrap(), FirstAdmin::Exists);
    assert_eq!(admins(&test).await, 1);
}

#[tokio::test]
async fn a_customer_who_has_the_address_is_not_promoted() {
    let test = services().await;
    let id = customer(&test).await;
    let error = ensured(&test, &format!("{id}@example.com")).await.unwrap_err();
    assert!(matches!(error, FirstAdminError::EmailTaken), "{error:?}");
    assert!(error.to_string().starts_with("TILL_ADMIN_EMAIL: "));
    assert_eq!(admins(&test).await, 0);
}

#[tokio::test]
async fn a_common_password_and_an_impossible_address_name_their_setting() {
    let test = services().await;
    let common = SecretString::from("password1234");
    let error = ensure(&test.services, &test.cause(), EMAIL, &common).await.unwrap_err();
    assert!(error.to_string().starts_with("TILL_ADMIN_PASSWORD: "), "{error}");
    let error = ensured(&test, "owner@localhost").await.unwrap_err();
    assert!(error.to_string().starts_with("TILL_ADMIN_EMAIL: "), "{error}");
}
