//! `POST /v1/users`: one account an address, and a `Location` that its owner can read.

use serde_json::json;

use crate::api::shop::{PASSWORD, Shop, call};

#[tokio::test]
async fn the_location_of_a_new_account_answers_its_owner() {
    let shop = Shop::open().await;
    let account = json!({ "email": "Ada@Example.com", "password": PASSWORD, "name": "Ada" });
    let registered = call(&shop.router, "/v1/users", &account).await;
    assert_eq!(registered.status, 201, "{}", registered.text);
    assert_eq!(registered.json()["email"], "ada@example.com");
    assert_eq!(registered.header("cache-control"), "no-store");
    let id: uuid::Uuid = registered.json()["id"].as_str().unwrap().parse().unwrap();
    let ada = shop.sign_in(id.into(), "ada@example.com").await;
    let read = ada.get(registered.header("location")).await;
    assert_eq!((read.status.as_u16(), read.json()), (200, registered.json()));
    assert!(!read.text.contains("argon2"));
}

#[tokio::test]
async fn an_address_has_one_account_however_it_is_written() {
    let shop = Shop::open().await;
    shop.customer("ada").await;
    let account = json!({ "email": "ADA@example.com", "password": PASSWORD, "name": "Eve" });
    call(&shop.router, "/v1/users", &account).await.problem(409, "email_taken");
    assert_eq!(shop.count("SELECT count(*) FROM users").await, 1);
}

#[tokio::test]
async fn all_that_is_wrong_with_an_account_is_said_at_once() {
    let shop = Shop::open().await;
    let account = json!({ "email": "ada", "password": "short", "name": "" });
    let problem = call(&shop.router, "/v1/users", &account).await;
    let problem = problem.problem(422, "validation_failed");
    let pointers = [0, 1, 2].map(|error| problem["errors"][error]["pointer"].clone());
    assert_eq!(pointers, ["/email", "/name", "/password"]);
}
