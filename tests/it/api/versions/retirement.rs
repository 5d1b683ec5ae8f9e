//! Past its sunset an operation is refused where that is switched on, and goes on where it is not.

use serde_json::{Value, json};
use till::api::versions::DEPRECATIONS;
use till::config::AfterSunset;
use time::Duration;

use super::{Scene, anonymous};

/// The status of a deprecated operation and of its successor, without a token.
async fn statuses(scene: &Scene, route: &str, method: &str) -> (u16, u16) {
    let path = route.replace("{id}", "01890a5d-ac96-774b-bcce-b302099affff");
    let status =
        async |path: &str| anonymous(&scene.router, method, path, &json!({})).await.status.as_u16();
    (status(&path).await, status(&path.replace("/v1/", "/v2/")).await)
}

#[tokio::test]
async fn from_its_sunset_on_a_retired_operation_is_gone_and_its_successor_is_there() {
    let scene = Scene::open(AfterSunset::Retire).await;
    for deprecation in DEPRECATIONS {
        let (method, route) = deprecation.operation.split_once(' ').unwrap();
        scene.test.clock.set(deprecation.sunset_at - Duration::MICROSECOND);
        let (old, new) = statuses(&scene, route, method).await;
        assert_eq!(old, new, "{route} before its sunset");
        assert!(matches!(old, 401 | 422), "{route}: {old}");
        scene.test.clock.set(deprecation.sunset_at);
        assert_eq!(statuses(&scene, route, method).await, (410, new), "{route}");
    }
}

#[tokio::test]
async fn a_retired_operation_says_what_replaces_it_and_does_nothing() {
    let scene = Scene::open(AfterSunset::Retire).await;
    scene.test.clock.set(DEPRECATIONS[0].sunset_at);
    let account =
        json!({ "email": "ada@example.com", "password": "correct horse battery", "name": "Ada" });
    let answered = anonymous(&scene.router, "POST", "/v1/users", &account).await;
    let problem = answered.problem(410, "version_retired");
    assert_eq!(problem["detail"], "POST /v1/users was retired. POST /v2/users replaces it.");
    assert!(answered.header("link").starts_with("</v2/users>; rel=\"successor-version\""));
    let users: i64 = sqlx::query_scalar("SELECT count(*) FROM users")
        .fetch_one(&*scene.test.services.pool)
        .await
        .unwrap();
    assert_eq!(users, 0);
    // What is not on its way out, on the same path.
    let removal = anonymous(&scene.router, "DELETE", "/v1/users/me", &Value::Null).await;
    removal.problem(401, "unauthenticated");
}

#[tokio::test]
async fn without_the_switch_an_operation_past_its_sunset_goes_on() {
    let scene = Scene::open(AfterSunset::Answer).await;
    scene.test.clock.set(DEPRECATIONS[0].sunset_at + Duration::days(3_650));
    for deprecation in DEPRECATIONS {
        let (method, route) = deprecation.operation.split_once(' ').unwrap();
        let (old, new) = statuses(&scene, route, method).await;
        assert_eq!(old, new, "{route}");
    }
}
