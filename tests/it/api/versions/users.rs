//! `/v2/users`: the accounts of `/v1/users`, under other names.

use serde_json::json;
use till::config::{AfterSunset, RateLimits};
use till::domain::ids::Id;

use super::{Scene, anonymous};
use crate::api::rate_limits::{limited, rate, send_from};
use crate::api::shop::{PASSWORD, call};

#[tokio::test]
async fn an_account_is_one_in_both_versions_and_only_looks_another_way() {
    let scene = Scene::open(AfterSunset::Answer).await;
    let ada = scene.person("ada").await;
    let (old, new) = (ada.get("/v1/users/me").await, ada.get("/v2/users/me").await);
    assert_eq!((old.status.as_u16(), new.status.as_u16()), (200, 200), "{}", new.text);
    let mut expected = old.json();
    let members = expected.as_object_mut().unwrap();
    let (name, role) = (members.remove("name").unwrap(), members.remove("role").unwrap());
    members.insert("displayName".to_owned(), name);
    members.insert("roles".to_owned(), json!([role]));
    members.insert("emailVerified".to_owned(), json!(false));
    assert_eq!(new.json(), expected);
    assert_eq!(ada.get(&format!("/v2/users/{}", ada.id)).await.json(), expected);
    assert_eq!(new.header("cache-control"), "private, no-store");

    sqlx::query("UPDATE users SET email_verified_at = created_at WHERE id = $1")
        .bind(ada.id.as_uuid())
        .execute(&*scene.test.services.pool)
        .await
        .unwrap();
    assert_eq!(ada.get("/v2/users/me").await.json()["emailVerified"], true);
}

#[tokio::test]
async fn a_tag_seen_in_one_version_serves_a_change_in_the_other() {
    let scene = Scene::open(AfterSunset::Answer).await;
    let ada = scene.person("ada").await;
    let tag = ada.get("/v1/users/me").await.header("etag").to_owned();
    let change = json!({ "displayName": "Ada King", "defaultPaymentMethod": "pm_ok" });
    let changed = ada.patch_if("/v2/users/me", &tag, &change).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(changed.json()["displayName"], "Ada King");
    assert_eq!(ada.get("/v1/users/me").await.json()["name"], "Ada King");
    ada.patch_if("/v2/users/me", &tag, &change).await.problem(412, "precondition_failed");
}

#[tokio::test]
async fn each_version_knows_its_own_names_alone_and_points_at_them() {
    let scene = Scene::open(AfterSunset::Answer).await;
    let ada = scene.person("ada").await;
    for (path, own, foreign) in
        [("/v1/users/me", "name", "displayName"), ("/v2/users/me", "displayName", "name")]
    {
        let unknown = ada.patch(path, &json!({ foreign: "Ada" })).await;
        let problem = unknown.problem(422, "unknown_field");
        assert_eq!(problem["errors"][0]["pointer"], format!("/{foreign}"));
        let empty = ada.patch(path, &json!({ own: "" })).await.problem(422, "validation_failed");
        assert_eq!(empty["errors"][0]["pointer"], format!("/{own}"));
    }
    let account = json!({ "email": "eve", "password": "short", "displayName": "" });
    let problem = call(&scene.router, "/v2/users", &account).await;
    let problem = problem.problem(422, "validation_failed");
    let pointers = [0, 1, 2].map(|error| problem["errors"][error]["pointer"].clone());
    assert_eq!(pointers, ["/displayName", "/email", "/password"]);
}

#[tokio::test]
async fn an_address_that_has_an_account_in_one_version_is_taken_in_the_other() {
    let scene = Scene::open(AfterSunset::Answer).await;
    let account = json!({ "email": "Ada@example.com", "password": PASSWORD, "displayName": "Ada" });
    let registered = call(&scene.router, "/v2/users", &account).await;
    let id = registered.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(registered.header("location"), format!("/v2/users/{id}"));
    let again = json!({ "email": "ada@example.com", "password": PASSWORD, "name": "Eve" });
    call(&scene.router, "/v1/users", &again).await.problem(409, "email_taken");
    call(&scene.router, "/v2/users", &account).await.problem(409, "email_taken");
}

#[tokio::test]
async fn others_are_not_there_in_version_2_either_but_for_administrators() {
    let scene = Scene::open(AfterSunset::Answer).await;
    let (ada, eve, admin) =
        (scene.person("ada").await, scene.person("eve").await, scene.admin().await);
    let place = format!("/v2/users/{}", ada.id);
    eve.get(&place).await.problem(404, "not_found");
    assert_eq!(admin.get(&place).await.json()["displayName"], "ada");
    assert_eq!(admin.get("/v2/users/me").await.json()["roles"], json!(["admin"]));
    anonymous(&scene.router, "GET", &place, &json!(null)).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn signing_up_is_limited_alike_in_both_versions_and_together() {
    let login = rate("sliding_window:2/60s");
    let (_test, router) = limited(RateLimits { login, ..RateLimits::default() }).await;
    let sign_up = async |path: &str, name: &str, member: &str| {
        let email = format!("{name}@example.com");
        let account = json!({ "email": email, "password": PASSWORD, member: name }).to_string();
        let request = http::Request::post(path).header("content-type", "application/json");
        send_from(&router, "192.0.2.9", request, &account).await
    };
    assert_eq!(sign_up("/v1/users", "ada", "name").await.status, 201);
    assert_eq!(sign_up("/v2/users", "bob", "displayName").await.status, 201);
    sign_up("/v2/users", "eve", "displayName").await.problem(429, "rate_limited");
    sign_up("/v1/users", "eve", "name").await.problem(429, "rate_limited");
}
