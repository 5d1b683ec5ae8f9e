//! `/v1/oauth-clients`: what administrators register goes together, and its secret is shown once.

use serde_json::{Value, json};

use super::{REDIRECT, Scene, app, batch, register, web};

#[tokio::test]
async fn a_secret_is_in_the_answers_that_make_one_and_nowhere_else() {
    let scene = Scene::open().await;
    let wish = web(&["orders:read"]).to_string();
    let answered = scene.admin.post_with("/v1/oauth-clients", &[], &wish).await;
    assert_eq!(answered.status, 201);
    assert_eq!(answered.header("cache-control"), "no-store");
    let mut expected = answered.json();
    let id = expected["id"].as_str().unwrap().to_owned();
    assert_eq!(answered.header("location"), format!("/v1/oauth-clients/{id}"));
    expected.as_object_mut().unwrap().remove("secret");
    let place = format!("/v1/oauth-clients/{id}");
    assert_eq!(scene.admin.get(&place).await.json(), expected);
    let list = scene.admin.get("/v1/oauth-clients").await;
    assert_eq!(list.json()["data"].as_array().unwrap().len(), 2);
    assert!(!list.text.contains("tillcs_"), "{}", list.text);
}

#[tokio::test]
async fn what_does_not_go_together_is_refused_with_a_pointer() {
    let scene = Scene::open().await;
    let but = |mut wish: Value, member: &str, value: Value| {
        wish[member] = value;
        wish
    };
    let (web, app) = (web(&["orders:read"]), app(&["orders:read"]));
    let batch = batch(&scene.ada, &["orders:read"]);
    let nobody = json!("01890a5d-ac96-774b-bcce-b302099affff");
    for (wish, pointer, code) in [
        (but(web.clone(), "name", json!("a\u{202e}b")), "/name", "invalid_character"),
        (but(web.clone(), "name", json!("")), "/name", "too_short"),
        (but(web.clone(), "kind", json!("secret")), "/kind", "invalid_value"),
        (but(web.clone(), "redirectUris", json!([])), "/redirectUris", "required"),
        (
            but(web.clone(), "redirectUris", json!([REDIRECT, "http://app.example/"])),
            "/redirectUris/1",
            "invalid_redirect_uri",
        ),
        (
            but(web.clone(), "redirectUris", json!(["javascript:alert(1)"])),
            "/redirectUris/0",
            "invalid_redirect_uri",
        ),
        (but(web.clone(), "grants", json!([])), "/grants", "too_short"),
        (but(web.clone(), "grants", json!(["password"])), "/grants/0", "invalid_value"),
        (but(web.clone(), "grants", json!(["refresh_token"])), "/redirectUris", "not_used"),
        (but(web.clone(), "scopes", json!([])), "/scopes", "too_short"),
        (but(web.clone(), "scopes", json!(["keys:manage"])), "/scopes/0", "not_for_clients"),
        (but(web.clone(), "scopes", json!(["openid"])), "/scopes/0", "unknown_scope"),
        (but(web, "accountId", nobody.clone()), "/accountId", "not_used"),
        (
            but(app, "grants", json!(["authorization_code", "client_credentials"])),
            "/grants",
            "invalid_value",
        ),
        (but(batch.clone(), "accountId", json!(null)), "/accountId", "required"),
        (but(batch.clone(), "accountId", nobody), "/accountId", "unknown_user"),
        (but(batch, "redirectUris", json!([REDIRECT])), "/redirectUris", "not_used"),
    ] {
        let text = wish.to_string();
        let refused = scene.admin.post_with("/v1/oauth-clients", &[], &text).await;
        let problem = refused.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{wish}");
        assert_eq!(problem["errors"][0]["code"], code, "{wish}");
    }
    assert_eq!(scene.shop.count("SELECT count(*) FROM oauth_clients").await, 1);
}

#[tokio::test]
async fn a_change_is_made_from_what_was_seen_and_told_by_the_names_of_what_changed() {
    let scene = Scene::open().await;
    let place = format!("/v1/oauth-clients/{}", scene.ledger.id);
    let tag = scene.admin.get(&place).await.header("etag").to_owned();
    let change =
        json!({ "name": "Ledger 2", "redirectUris": [REDIRECT], "scopes": ["orders:read"] });
    let changed = scene.admin.patch_if(&place, &tag, &change).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(changed.json()["name"], "Ledger 2");
    let late = json!({ "name": "Ledger 3" });
    scene.admin.patch_if(&place, &tag, &late).await.problem(412, "precondition_failed");
    let entry = scene.admin.get("/v1/audit-log?action=oauth_client.update").await.json();
    assert_eq!(
        entry["data"][0]["details"],
        json!({ "members": ["name", "scopes"], "accountId": null })
    );
    let null = scene.admin.patch(&place, &json!({ "scopes": null })).await;
    null.problem(422, "validation_failed");
    let unchanged = scene.admin.patch(&place, &json!({ "name": "Ledger 2" })).await;
    assert_eq!(unchanged.header("etag"), changed.header("etag"));
}

#[tokio::test]
async fn clients_are_for_administrators() {
    let scene = Scene::open().await;
    let support = scene.shop.staff("support").await;
    let place = format!("/v1/oauth-clients/{}", scene.ledger.id);
    for somebody in [&scene.ada, &support] {
        somebody.get("/v1/oauth-clients").await.problem(403, "insufficient_scope");
        somebody.get(&place).await.problem(403, "insufficient_scope");
        somebody.delete(&place).await.problem(403, "insufficient_scope");
        let wish = web(&["orders:read"]).to_string();
        let refused = somebody.post_with("/v1/oauth-clients", &[], &wish).await;
        refused.problem(403, "insufficient_scope");
    }
}

#[tokio::test]
async fn no_secret_code_token_name_or_address_is_in_the_audit_log() {
    let scene = Scene::open().await;
    let code = scene.code().await;
    let program = super::tokens(&scene.shop, &scene.ada, &scene.ledger.redeem(&code).await);
    let client = register(&scene.shop, &scene.admin, &batch(&scene.ada, &["orders:read"])).await;
    assert_eq!(client.by_itself().await.status, 200);
    super::refused(&scene.ledger.redeem(&code).await, 400, "invalid_grant");
    let rows: Vec<String> = sqlx::query_scalar("SELECT l::text FROM audit_log l")
        .fetch_all(&*scene.shop.test.services.pool)
        .await
        .unwrap();
    let whole = rows.join("\n");
    let secrets = ["Ledger", "app.example", "tillcs_", "tillac_", "tillrt_", "eyJ"];
    let tokens = [&code, &program.token, &program.refresh_token, &client.secret];
    for secret in secrets.into_iter().chain(tokens.map(String::as_str)) {
        assert!(!whole.contains(secret), "{secret} is in the log:\n{whole}");
    }
}
