//! Wrong passwords: told, but by number, and so that neither the log nor the time tells a guesser anything.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use serde_json::{Value, json};
use till::service::audit::{flush_refused, keep_flushing};
use tokio_util::sync::CancellationToken;

use super::{log, open, size};
use crate::api::shop::{Actor, PASSWORD, Shop};
use crate::api::support::send;

async fn guess(shop: &Shop, address: &str, email: &str) {
    let body = json!({ "email": email, "password": "not the password" }).to_string();
    let request = Request::post("/v1/auth/token").header("content-type", "application/json");
    let mut request = request.body(Body::from(body)).unwrap();
    let peer = SocketAddr::new(address.parse().unwrap(), 4711);
    request.extensions_mut().insert(ConnectInfo(peer));
    send(&shop.router, request).await.problem(401, "invalid_credentials");
}

/// What is told of refused sign-ins: target, address, times.
async fn told(admin: &Actor) -> Vec<Value> {
    let entries = log(admin, "?action=auth.refuse_sign_in").await;
    let line = |entry: Value| {
        assert_eq!(entry["actor"], json!({ "type": "stranger", "id": null, "credential": null }));
        json!([entry["target"]["id"], entry["address"], entry["details"]["times"]])
    };
    let mut lines: Vec<_> = entries.into_iter().map(line).collect();
    lines.sort_by_key(Value::to_string);
    lines
}

#[tokio::test]
async fn failed_sign_ins_are_told_by_account_and_address_with_their_number_once_a_minute() {
    let shop = open().await;
    let (ada, admin) = (shop.customer("ada").await, shop.staff("admin").await);
    let before = size(&shop).await;
    for _ in 0..5 {
        guess(&shop, "192.0.2.1", "ada@example.com").await;
    }
    guess(&shop, "192.0.2.2", "ada@example.com").await;
    // Of accounts that are not there no name is kept.
    for email in ["nobody@example.com", "no-one@example.com", "no address at all"] {
        guess(&shop, "192.0.2.1", email).await;
    }
    assert_eq!(size(&shop).await, before, "nothing is written while somebody guesses");
    flush_refused(&shop.test.services).await.unwrap();
    flush_refused(&shop.test.services).await.unwrap();
    let ada = ada.id.to_string();
    let expected =
        [json!([ada, "192.0.2.1", 5]), json!([ada, "192.0.2.2", 1]), json!([null, "192.0.2.1", 3])];
    assert_eq!(told(&admin).await, expected);
    assert_eq!(size(&shop).await, before + 3);
}

#[tokio::test]
async fn an_account_that_may_not_sign_in_is_told_of_like_any_other() {
    let shop = open().await;
    let (ada, admin) = (shop.customer("ada").await, shop.staff("admin").await);
    admin.patch(&format!("/v1/users/{}", ada.id), &json!({ "status": "disabled" })).await;
    guess(&shop, "192.0.2.1", "ada@example.com").await;
    flush_refused(&shop.test.services).await.unwrap();
    assert_eq!(told(&admin).await, [json!([ada.id.to_string(), "192.0.2.1", 1])]);
}

#[tokio::test]
async fn a_wrong_current_password_is_told_by_who_gave_it_by_which_credential_and_how_often() {
    let shop = open().await;
    let (ada, admin) = (shop.customer("ada").await, shop.staff("admin").await);
    let elsewhere = shop.sign_in(ada.id, "ada@example.com").await;
    let before = size(&shop).await;
    let guess = json!({ "currentPassword": "not the password", "password": "another long one" });
    for actor in [&ada, &elsewhere, &elsewhere] {
        actor.patch("/v1/users/me", &guess).await.problem(422, "validation_failed");
    }
    assert_eq!(size(&shop).await, before, "nothing is written while somebody guesses");
    flush_refused(&shop.test.services).await.unwrap();
    let mut told = Vec::new();
    for entry in log(&admin, "?action=user.refuse_password_change").await {
        let (actor, target) = (&entry["actor"], &entry["target"]);
        assert_eq!((&actor["type"], &actor["id"]), (&json!("user"), &json!(ada.id.to_string())));
        assert_eq!(target, &json!({ "type": "user", "id": ada.id.to_string() }));
        assert_eq!(entry["details"]["since"], "2026-03-02T12:00:00.000Z");
        assert_eq!(actor["credential"]["type"], "session");
        told.push((entry["details"]["times"].clone(), actor["credential"]["id"].clone()));
    }
    told.sort_by_key(|(times, _)| times.to_string());
    assert_eq!(told.iter().map(|(times, _)| times).collect::<Vec<_>>(), [1, 2]);
    assert_ne!(told[0].1, told[1].1);
    // The right one is a change, and no refusal.
    let change = json!({ "currentPassword": PASSWORD, "password": "another long one" });
    assert_eq!(ada.patch("/v1/users/me", &change).await.status, 200);
    flush_refused(&shop.test.services).await.unwrap();
    assert_eq!(log(&admin, "?action=user.refuse_password_change").await.len(), 2);
}

#[tokio::test]
async fn however_many_guess_from_however_many_addresses_a_minute_writes_no_more_than_its_bound() {
    let shop = open().await;
    let admin = shop.staff("admin").await;
    let before = size(&shop).await;
    let origin = |n: u32| till::domain::audit::Origin {
        address: Some(std::net::Ipv4Addr::from_bits(n).into()),
        ..Default::default()
    };
    let refused = |n: u32| {
        let password = till::service::auth::passwords::PasswordAttempt::new("wrong");
        let command = till::service::auth::sign_in::SignIn { email: None, password };
        let (services, origin) = (&shop.test.services, origin(n));
        async move {
            till::service::auth::sign_in::sign_in(services, &origin, command).await.unwrap_err()
        }
    };
    for n in 0..1_010 {
        drop(refused(n).await);
    }
    flush_refused(&shop.test.services).await.unwrap();
    assert_eq!(size(&shop).await, before + 1_001);
    let rest = sqlx::query_scalar::<_, i64>(
        "SELECT (details->>'times')::bigint FROM audit_log l WHERE action = 'auth.refuse_sign_in'
         AND NOT EXISTS (SELECT FROM audit_origins o WHERE o.entry_id = l.id)",
    );
    let rest = rest.fetch_all(&*shop.test.services.pool).await.unwrap();
    assert_eq!(rest, [10]);
    drop(admin);
}

#[tokio::test]
async fn what_cannot_be_written_now_is_written_later_and_a_stop_writes_first() {
    let shop = open().await;
    let (ada, admin) = (shop.customer("ada").await, shop.staff("admin").await);
    guess(&shop, "192.0.2.1", "ada@example.com").await;
    let pool = shop.test.twin().await.services.pool.clone();
    pool.close().await;
    let away = till::service::Services { pool, ..shop.test.services.clone() };
    flush_refused(&away).await.unwrap_err();
    guess(&shop, "192.0.2.1", "ada@example.com").await;
    let stop = CancellationToken::new();
    stop.cancel();
    keep_flushing(shop.test.services.clone(), stop).await;
    assert_eq!(told(&admin).await, [json!([ada.id.to_string(), "192.0.2.1", 2])]);
}
