//! `POST /oauth/introspect`: the truth about its own tokens, and nothing about those of others.

use serde_json::{Value, json};
use time::Duration;

use super::{Scene, batch, register, tokens, web};

async fn look(client: &super::Application, token: &str) -> Value {
    let answered = client.post("/oauth/introspect", &[("token", token)]).await;
    assert_eq!(answered.status, 200, "{}", answered.text);
    assert_eq!(answered.header("cache-control"), "no-store");
    answered.json()
}

#[tokio::test]
async fn a_client_learns_what_its_tokens_are_good_for() {
    let scene = Scene::open().await;
    let program = scene.granted().await;
    let now = 1_772_452_800;
    let access = look(&scene.ledger, &program.token).await;
    let expected = json!({
        "active": true, "scope": "profile:read orders:read", "client_id": scene.ledger.id,
        "token_type": "Bearer", "sub": scene.ada.id.to_string(), "iss": "https://till.test",
        "aud": "https://till.test", "iat": now, "exp": now + 600,
    });
    assert_eq!(access, expected);
    let refresh = look(&scene.ledger, &program.refresh_token).await;
    let expected = json!({
        "active": true, "scope": "profile:read orders:read", "client_id": scene.ledger.id,
        "sub": scene.ada.id.to_string(), "iss": "https://till.test", "exp": now + 30 * 86_400,
    });
    assert_eq!(refresh, expected);
    let client = register(&scene.shop, &scene.admin, &batch(&scene.ada, &["orders:read"])).await;
    let alone = tokens(&scene.shop, &scene.ada, &client.by_itself().await);
    assert_eq!(look(&client, &alone.token).await["sub"], client.id);
}

#[tokio::test]
async fn of_what_is_over_or_is_not_its_own_it_learns_nothing() {
    let scene = Scene::open().await;
    let nothing = json!({ "active": false });
    let other = register(&scene.shop, &scene.admin, &web(&["orders:read"])).await;
    let program = scene.granted().await;
    for token in [&program.token, &program.refresh_token] {
        assert_eq!(look(&other, token).await, nothing);
    }
    let foreign = [&scene.ada.token, &scene.ada.refresh_token];
    for token in foreign.into_iter().map(String::as_str).chain(["x", "a.b.c", "tillrt_x"]) {
        assert_eq!(look(&scene.ledger, token).await, nothing, "{token}");
    }
    let used = program.refresh_token.clone();
    let next = tokens(&scene.shop, &scene.ada, &scene.ledger.refresh(&used).await);
    assert_eq!(look(&scene.ledger, &used).await, nothing);
    assert_eq!(look(&scene.ledger, &next.refresh_token).await["active"], true);
    scene.shop.test.clock.advance(Duration::minutes(11));
    assert_eq!(look(&scene.ledger, &next.token).await, nothing);
    scene.shop.test.clock.advance(Duration::days(30));
    assert_eq!(look(&scene.ledger, &next.refresh_token).await, nothing);
}

#[tokio::test]
async fn it_tells_what_may_be_done_now_and_not_what_once_could() {
    let scene = Scene::open().await;
    let program = scene.granted().await;
    let place = format!("/v1/oauth-clients/{}", scene.ledger.id);
    let less = json!({ "scopes": ["profile:read"] });
    assert_eq!(scene.admin.patch(&place, &less).await.status, 200);
    for token in [&program.token, &program.refresh_token] {
        assert_eq!(look(&scene.ledger, token).await["scope"], "profile:read");
    }
}
