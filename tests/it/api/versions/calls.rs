//! `GET /v1/deprecated-calls`: an owner learns whom to write to before something ends.

use axum::http::Request;
use serde_json::{Value, json};
use till::config::AfterSunset;
use till::domain::ids::Id;
use till::telemetry::Metrics;
use time::Duration;
use tokio_util::sync::CancellationToken;

use super::{Scene, anonymous};
use crate::api::shop::Actor;
use crate::api::support::{router_with_versions, send, versions};

const LIST: &str = "/v1/deprecated-calls";

impl Scene {
    /// Writes down what was counted, and shows it to an administrator as (operation, address, calls).
    async fn listed(&self, admin: &Actor, query: &str) -> Vec<(String, Value, i64)> {
        self.versions.calls.flush(&self.test.services).await.unwrap();
        let answered = admin.get(&format!("{LIST}{query}")).await;
        assert_eq!(answered.status, 200, "{}", answered.text);
        let lines = answered.json()["data"].as_array().unwrap().clone();
        let line = |line: Value| {
            let operation = line["operation"].as_str().unwrap().to_owned();
            (operation, line["email"].clone(), line["calls"].as_i64().unwrap())
        };
        let mut lines: Vec<_> = lines.into_iter().map(line).collect();
        lines.sort_by_key(|(operation, email, _)| (operation.clone(), email.to_string()));
        lines
    }
}

fn line(operation: &str, email: Option<&str>, calls: i64) -> (String, Value, i64) {
    (operation.to_owned(), json!(email), calls)
}

#[tokio::test]
async fn who_calls_what_is_on_its_way_out_is_counted_by_account_and_strangers_by_their_number() {
    let scene = Scene::open(AfterSunset::Answer).await;
    let (ada, admin) = (scene.person("ada").await, scene.admin().await);
    let own = format!("/v1/users/{}", ada.id);
    ada.get("/v1/users/me").await;
    ada.get("/v1/users/me").await;
    ada.get(&own).await;
    admin.get(&own).await;
    ada.get("/v2/users/me").await;
    let head =
        Request::head("/v1/users/me").header("authorization", format!("Bearer {}", ada.token));
    send(&scene.router, head.body(axum::body::Body::empty()).unwrap()).await;
    for token in ["", "e30.e30.e30"] {
        let request =
            Request::get("/v1/users/me").header("authorization", format!("Bearer {token}"));
        send(&scene.router, request.body(axum::body::Body::empty()).unwrap()).await;
    }
    let (ada_line, admin_line) = (Some("ada@example.com"), Some("admin@example.com"));
    let all = [
        line("GET /v1/users/me", ada_line, 3),
        line("GET /v1/users/me", None, 2),
        line("GET /v1/users/{id}", ada_line, 1),
        line("GET /v1/users/{id}", admin_line, 1),
    ];
    assert_eq!(scene.listed(&admin, "").await, all);
    let of_one = scene.listed(&admin, "?operation=GET%20%2Fv1%2Fusers%2F%7Bid%7D").await;
    assert_eq!(of_one, all[2..]);
    let unknown = admin.get(&format!("{LIST}?operation=GET%20%2Fv2")).await;
    unknown.problem(422, "validation_failed");
    ada.get(LIST).await.problem(403, "insufficient_scope");
}

#[tokio::test]
async fn counts_of_all_instances_add_up_and_tell_the_first_and_the_last_call() {
    let scene = Scene::open(AfterSunset::Answer).await;
    let (ada, admin) = (scene.person("ada").await, scene.admin().await);
    let elsewhere = versions(AfterSunset::Answer);
    let other = router_with_versions(&scene.test, elsewhere.clone());
    ada.get("/v1/users/me").await;
    scene.versions.calls.flush(&scene.test.services).await.unwrap();
    scene.test.clock.advance(Duration::minutes(5));
    for instance in [&scene.router, &other, &other] {
        ada.at(instance).get("/v1/users/me").await;
    }
    let (here, there) = (&scene.versions.calls, &elsewhere.calls);
    let (one, two) =
        tokio::join!(here.flush(&scene.test.services), there.flush(&scene.test.services));
    one.and(two).unwrap();
    // Nothing is counted twice.
    here.flush(&scene.test.services).await.unwrap();
    let lines = admin.get(LIST).await.json()["data"].clone();
    assert_eq!(lines.as_array().unwrap().len(), 1);
    let line = &lines[0];
    assert_eq!(json!([line["calls"], line["userId"]]), json!([4, ada.id.to_string()]));
    assert_eq!(line["firstCalledAt"], "2026-03-02T12:00:00.000Z");
    assert_eq!(line["lastCalledAt"], "2026-03-02T12:05:00.000Z");
}

#[tokio::test]
async fn a_call_that_is_refused_is_counted_too() {
    let scene = Scene::open(AfterSunset::Retire).await;
    scene.test.clock.set(till::api::versions::DEPRECATIONS[0].sunset_at);
    let admin = scene.admin().await;
    anonymous(&scene.router, "POST", "/v1/users", &json!({})).await.problem(410, "version_retired");
    assert_eq!(scene.listed(&admin, "").await, [line("POST /v1/users", None, 1)]);
}

#[tokio::test]
async fn what_cannot_be_written_down_now_is_written_later_and_a_stop_writes_first() {
    let scene = Scene::open(AfterSunset::Answer).await;
    let (ada, admin) = (scene.person("ada").await, scene.admin().await);
    ada.get("/v1/users/me").await;
    let away = scene.test.twin().await;
    away.services.pool.close().await;
    scene.versions.calls.flush(&away.services).await.unwrap_err();
    ada.get("/v1/users/me").await;
    let stop = CancellationToken::new();
    stop.cancel();
    scene.versions.calls.clone().keep_flushing(scene.test.services.clone(), stop).await;
    let lines = admin.get(LIST).await.json()["data"].clone();
    assert_eq!(lines[0]["calls"], 2, "{lines}");
}

#[tokio::test]
async fn nothing_of_an_erased_account_stays_in_the_list_or_comes_into_it() {
    let scene = Scene::open(AfterSunset::Answer).await;
    let (ada, eve, admin) =
        (scene.person("ada").await, scene.person("eve").await, scene.admin().await);
    ada.get("/v1/users/me").await;
    eve.get("/v1/users/me").await;
    scene.versions.calls.flush(&scene.test.services).await.unwrap();
    // Counted, and not written down when the account goes.
    ada.get("/v1/users/me").await;
    assert_eq!(ada.delete("/v1/users/me").await.status, 204);
    let left =
        [line("GET /v1/users/me", Some("eve@example.com"), 1), line("GET /v1/users/me", None, 1)];
    assert_eq!(scene.listed(&admin, "").await, left);
    let of_ada: i64 =
        sqlx::query_scalar("SELECT count(*) FROM deprecated_calls WHERE user_id = $1")
            .bind(ada.id.as_uuid())
            .fetch_one(&*scene.test.services.pool)
            .await
            .unwrap();
    assert_eq!(of_ada, 0);
}

#[tokio::test]
async fn the_list_is_read_by_cursor_each_line_once() {
    let scene = Scene::open(AfterSunset::Answer).await;
    let admin = scene.admin().await;
    for name in ["ada", "bob", "eve"] {
        let person = scene.person(name).await;
        person.get("/v1/users/me").await;
        person.get(&format!("/v1/users/{}", person.id)).await;
        scene.test.clock.advance(Duration::SECOND);
    }
    scene.versions.calls.flush(&scene.test.services).await.unwrap();
    let (mut seen, mut path) = (Vec::new(), format!("{LIST}?limit=4"));
    loop {
        let page = admin.get(&path).await.json();
        let lines = page["data"].as_array().unwrap().iter();
        seen.extend(lines.map(|line| (line["email"].clone(), line["operation"].clone())));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        path = format!("{LIST}?limit=4&cursor={cursor}");
    }
    assert_eq!(seen.len(), 6);
    assert_eq!(seen[0].0, "eve@example.com");
    seen.sort_by_key(|(email, operation)| format!("{email}{operation}"));
    seen.dedup();
    assert_eq!(seen.len(), 6);
}

#[tokio::test]
async fn the_metric_knows_operation_and_kind_of_caller_and_nobody_by_name() {
    let metrics = Metrics::shared();
    let scene = Scene::open(AfterSunset::Answer).await;
    let ada = scene.person("ada").await;
    ada.get("/v1/users/me").await;
    anonymous(&scene.router, "GET", "/v1/users/me", &Value::Null).await;
    let text = metrics.render();
    for caller in ["user", "anonymous"] {
        let series = text.lines().any(|line| {
            line.starts_with("till_deprecated_calls_total{")
                && line.contains("operation=\"GET /v1/users/me\"")
                && line.contains(&format!("caller=\"{caller}\""))
                && !line.ends_with(" 0")
        });
        assert!(series, "{caller}");
    }
    assert!(!text.contains(&ada.id.as_uuid().to_string()));
}
