//! How clients prove themselves at `/oauth`: in one way, with a secret that is good, and nobody learns which of it was wrong.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use time::Duration;

use super::{Application, Scene, app, batch, post_form, refused, register};

const ALONE: (&str, &str) = ("grant_type", "client_credentials");

async fn client(scene: &Scene) -> Application {
    register(&scene.shop, &scene.admin, &batch(&scene.ada, &["orders:read"])).await
}

#[tokio::test]
async fn a_secret_is_shown_in_the_header_or_in_the_form_but_not_in_both() {
    let scene = Scene::open().await;
    let client = client(&scene).await;
    let router = &scene.shop.router;
    let (id, secret) = (client.id.as_str(), client.secret.as_str());
    assert!(secret.len() == 50 && secret.starts_with("tillcs_"));
    let basic = client.basic();
    assert_eq!(post_form(router, "/oauth/token", Some(&basic), &[ALONE]).await.status, 200);
    let named = [ALONE, ("client_id", id)];
    assert_eq!(post_form(router, "/oauth/token", Some(&basic), &named).await.status, 200);
    let posted = [ALONE, ("client_id", id), ("client_secret", secret)];
    assert_eq!(post_form(router, "/oauth/token", None, &posted).await.status, 200);
    let both = post_form(router, "/oauth/token", Some(&basic), &posted).await;
    refused(&both, 400, "invalid_request");
    let other = [ALONE, ("client_id", scene.ledger.id.as_str())];
    let mixed = post_form(router, "/oauth/token", Some(&basic), &other).await;
    refused(&mixed, 400, "invalid_request");
}

#[tokio::test]
async fn the_parts_of_the_header_are_decoded_like_a_forms() {
    let scene = Scene::open().await;
    let client = client(&scene).await;
    let encoded = client.secret.replace('_', "%5F");
    let id = client.id.replace('-', "%2d");
    let header = format!("Basic {}", STANDARD.encode(format!("{id}:{encoded}")));
    let answered = post_form(&scene.shop.router, "/oauth/token", Some(&header), &[ALONE]).await;
    assert_eq!(answered.status, 200, "{}", answered.text);
}

#[tokio::test]
async fn nobody_learns_whether_the_client_or_the_secret_was_wrong() {
    let scene = Scene::open().await;
    let client = client(&scene).await;
    let public = register(&scene.shop, &scene.admin, &app(&["orders:read"])).await;
    let absent =
        Application { id: "01890a5d-ac96-774b-bcce-b302099affff".to_owned(), ..client.clone() };
    let no_id = Application { id: "nobody".to_owned(), ..client.clone() };
    let mut seen = Vec::new();
    for wrong in [
        &client.showing("tillcs_wrong"),
        &client.showing(&scene.ledger.secret),
        &client.showing(""),
        &absent,
        &no_id,
        &scene.ledger.showing(&client.secret),
        // One that keeps no secret has none that could be right.
        &public.showing("tillcs_wrong"),
    ] {
        let answered = wrong.by_itself().await;
        refused(&answered, 401, "invalid_client");
        assert!(answered.header("www-authenticate").starts_with("Basic realm=\"till\""));
        seen.push(answered.text);
    }
    seen.dedup();
    assert_eq!(seen.len(), 1);
}

#[tokio::test]
async fn what_proves_nothing_is_nobody() {
    let scene = Scene::open().await;
    let client = client(&scene).await;
    let router = &scene.shop.router;
    refused(&post_form(router, "/oauth/token", None, &[ALONE]).await, 401, "invalid_client");
    let bearer = format!("Bearer {}", scene.ada.token);
    let no_colon = format!("Basic {}", STANDARD.encode(&client.id));
    for header in ["Basic", "Basic %%%", &no_colon, &bearer, "Negotiate abc"] {
        let answered = post_form(router, "/oauth/token", Some(header), &[ALONE]).await;
        refused(&answered, 401, "invalid_client");
    }
}

#[tokio::test]
async fn a_secret_that_was_rotated_is_good_for_a_day_and_one_that_was_old_already_is_not() {
    let scene = Scene::open().await;
    let client = client(&scene).await;
    let place = format!("/v1/oauth-clients/{}/rotate-secret", client.id);
    let rotate = async || {
        let answered = scene.admin.post_with(&place, &[], "").await;
        assert_eq!(answered.status, 201, "{}", answered.text);
        client.showing(answered.json()["secret"].as_str().unwrap())
    };
    let second = rotate().await;
    for good in [&client, &second] {
        assert_eq!(good.by_itself().await.status, 200);
    }
    scene.shop.test.clock.advance(Duration::hours(24));
    refused(&client.by_itself().await, 401, "invalid_client");
    let admin = scene.shop.sign_in(scene.admin.id, "admin@example.com").await;
    let third = admin.post_with(&place, &[], "").await.json();
    let third = client.showing(third["secret"].as_str().unwrap());
    let fourth = admin.post_with(&place, &[], "").await.json();
    let fourth = client.showing(fourth["secret"].as_str().unwrap());
    refused(&second.by_itself().await, 401, "invalid_client");
    for good in [&third, &fourth] {
        assert_eq!(good.by_itself().await.status, 200);
    }
}

#[tokio::test]
async fn a_public_client_has_no_secret_to_rotate_and_may_not_look_at_tokens() {
    let scene = Scene::open().await;
    let public = register(&scene.shop, &scene.admin, &app(&["orders:read"])).await;
    assert_eq!(public.secret, "");
    let place = format!("/v1/oauth-clients/{}/rotate-secret", public.id);
    scene.admin.post_with(&place, &[], "").await.problem(409, "client_keeps_no_secret");
    let looked = public.post("/oauth/introspect", &[("token", &scene.ada.token)]).await;
    refused(&looked, 401, "invalid_client");
}
