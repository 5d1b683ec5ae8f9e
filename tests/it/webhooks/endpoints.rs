//! Registering and changing endpoints: what is refused, and where it stands.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Stand, now, path_of, register};
use crate::api::api_keys::make;

#[tokio::test]
async fn a12_an_address_that_leads_into_a_private_network_is_refused_at_registration() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    let endpoint = stand.endpoint(&ada).await;
    stand.lookup.lead("inside.test", &["10.1.2.3"]);
    stand.lookup.lead("mixed.test", &["93.184.216.34", "192.168.0.1"]);
    stand.lookup.lead("mapped.test", &["::ffff:127.0.0.1"]);
    stand.lookup.lead("nowhere.test", &[]);
    let port = stand.receiver.address.port();
    for (url, code) in [
        ("https://127.0.0.1/", "not_public"),
        ("https://2130706433/", "not_public"),
        ("https://0x7f.1/", "not_public"),
        ("https://0177.0.0.1/", "not_public"),
        ("https://[::ffff:7f00:1]/", "not_public"),
        ("https://[::1]/", "not_public"),
        ("https://169.254.169.254/latest/meta-data/", "not_public"),
        ("https://10.0.0.1/", "not_public"),
        ("https://[fe80::1]/", "not_public"),
        ("https://inside.test/", "not_public"),
        ("https://mixed.test/", "not_public"),
        ("https://mapped.test/", "not_public"),
        ("https://nowhere.test/", "not_public"),
        ("http://hooks.test/", "not_encrypted"),
        // The operator named the receiver's origin, and nothing like it.
        (&format!("https://127.0.0.1:{port}/"), "not_public"),
        (&format!("http://localhost:{port}/"), "not_encrypted"),
        ("https://user:secret@hooks.test/", "invalid_url"),
        ("ftp://hooks.test/", "invalid_url"),
        ("/hooks", "invalid_url"),
        ("", "invalid_url"),
    ] {
        let refused = register(&ada, &json!({ "url": url, "events": ["*"] })).await;
        let problem = refused.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], "/url", "{url}");
        assert_eq!(problem["errors"][0]["code"], code, "{url}");
        let changed = ada.patch(&path_of(&endpoint), &json!({ "url": url })).await;
        let problem = changed.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["code"], code, "{url}");
    }
    let mut unchanged = endpoint.clone();
    unchanged.as_object_mut().unwrap().remove("secret");
    assert_eq!(now(&ada, &endpoint).await, unchanged);
    assert_eq!(stand.shop.count("SELECT count(*) FROM webhook_endpoints").await, 1);
}

#[tokio::test]
async fn an_endpoint_is_made_read_listed_changed_and_removed() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    let wish = json!({
        "url": "https://hooks.test/till?shop=1", "events": ["order.paid", "refund.succeeded"],
        "description": "The shop's own books 📚",
    });
    let made = register(&ada, &wish).await;
    let mut endpoint = made.json();
    assert_eq!(made.header("location"), path_of(&endpoint));
    endpoint.as_object_mut().unwrap().remove("secret");
    for (member, value) in wish.as_object().unwrap() {
        assert_eq!(&endpoint[member], value);
    }
    assert_eq!(endpoint["status"], "enabled");
    assert_eq!(now(&ada, &endpoint).await, endpoint);
    assert_eq!(ada.get("/v1/webhook-endpoints").await.json()["data"], json!([endpoint]));
    let change = json!({ "events": ["*"], "description": "", "url": "https://other.test/" });
    let changed = ada.patch(&path_of(&endpoint), &change).await.json();
    for (member, value) in change.as_object().unwrap() {
        assert_eq!(&changed[member], value);
    }
    assert_eq!(ada.delete(&path_of(&endpoint)).await.status, 204);
    ada.get(&path_of(&endpoint)).await.problem(404, "not_found");
    ada.delete(&path_of(&endpoint)).await.problem(404, "not_found");
}

#[tokio::test]
async fn what_is_no_wish_is_refused_where_it_stands() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    let url = "https://hooks.test/";
    let long = "x".repeat(501);
    for (body, pointer, code) in [
        (json!({ "url": url }), "/events", "required"),
        (json!({ "url": url, "events": [] }), "/events", "too_short"),
        (json!({ "url": url, "events": ["order.*"] }), "/events", "unknown_event"),
        (json!({ "url": url, "events": vec!["order.paid"; 65] }), "/events", "too_many_items"),
        (json!({ "url": url, "events": ["*", "order.paid"] }), "/events", "unknown_event"),
        (json!({ "url": url, "events": ["webhook_endpoint.test"] }), "/events", "unknown_event"),
        (json!({ "events": ["*"] }), "/url", "required"),
        (json!({ "url": url, "events": ["*"], "description": long }), "/description", "too_long"),
    ] {
        let problem = register(&ada, &body).await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
        assert_eq!(problem["errors"][0]["code"], code, "{body}");
    }
    let endpoint = stand.endpoint(&ada).await;
    let change = json!({ "status": "paused", "url": Value::Null });
    let problem = ada.patch(&path_of(&endpoint), &change).await.problem(422, "validation_failed");
    assert_eq!(problem["errors"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn nobody_has_more_than_sixteen_endpoints_however_many_they_ask_for_at_once() {
    let stand = Stand::open().await;
    let (ada, eve) = (stand.customer("ada").await, stand.customer("eve").await);
    let wish = json!({ "url": "https://hooks.test/", "events": ["*"] });
    let answers = join_all((0..24).map(|_| register(&ada, &wish))).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 16);
    for refused in answers.iter().filter(|answer| answer.status != 201) {
        refused.problem(409, "too_many_webhook_endpoints");
    }
    assert_eq!(register(&eve, &wish).await.status, 201);
    // The list is walked, and each is seen once.
    let (mut seen, mut path) = (Vec::new(), "/v1/webhook-endpoints?limit=5".to_owned());
    loop {
        let page = ada.get(&path).await.json();
        let ids = page["data"].as_array().unwrap().iter();
        seen.extend(ids.map(|endpoint| endpoint["id"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        path = format!("/v1/webhook-endpoints?limit=5&cursor={cursor}");
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 16);
}

#[tokio::test]
async fn a_change_of_what_has_changed_meanwhile_is_refused() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    let path = path_of(&stand.endpoint(&ada).await);
    let tag = ada.get(&path).await.header("etag").to_owned();
    let (first, second) = (json!({ "description": "first" }), json!({ "description": "second" }));
    let changed = ada.patch_if(&path, &tag, &first).await;
    assert_eq!((changed.status.as_u16(), &changed.json()["description"]), (200, &json!("first")));
    ada.patch_if(&path, &tag, &second).await.problem(412, "precondition_failed");
    assert_eq!(ada.get(&path).await.json()["description"], "first");
    let newer = changed.header("etag");
    assert_ne!(newer, tag);
    assert_eq!(ada.patch_if(&path, newer, &second).await.status, 200);
}

#[tokio::test]
async fn an_address_that_grows_when_it_is_encoded_is_as_long_as_it_is_kept() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    let url = |letters: usize| format!("https://hooks.test/{}", "é".repeat(letters));
    let long = register(&ada, &json!({ "url": url(1_000), "events": ["*"] })).await;
    assert_eq!(long.problem(422, "validation_failed")["errors"][0]["code"], "too_long");
    let made = stand.endpoint_at(&ada, &url(300)).await;
    assert_eq!(ada.get("/v1/webhook-endpoints").await.json()["data"][0]["url"], made["url"]);
}

#[tokio::test]
async fn a3_an_endpoint_that_is_asked_for_while_its_credential_ends_is_not_made() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    let wish = json!({ "url": "https://hooks.test/", "events": ["*"] });
    let key = make(&ada, &["webhooks:manage"]).await;
    let removal = format!("/v1/api-keys/{}", key.id);
    let (removed, made) =
        stand.shop.beside(ada.delete(&removal), register(&key.program, &wish)).await;
    assert_eq!(removed.status, 204, "{}", removed.text);
    made.problem(401, "token_invalid");
    let end = ada.post_with("/v1/auth/revoke-all", &[], "");
    let (ended, made) = stand.shop.beside(end, register(&ada, &wish)).await;
    assert_eq!(ended.status, 204, "{}", ended.text);
    made.problem(401, "token_invalid");
    assert_eq!(stand.shop.count("SELECT count(*) FROM webhook_endpoints").await, 0);
}

#[tokio::test]
async fn a3_an_endpoint_keeps_its_secret_where_the_credential_ends_that_would_change_it() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    let made = register(&ada, &json!({ "url": "https://hooks.test/", "events": ["*"] })).await;
    let rotation = format!("{}/rotate", path_of(&made.json()));
    let end = ada.post_with("/v1/auth/revoke-all", &[], "");
    let (ended, rotated) = stand.shop.beside(end, ada.post_with(&rotation, &[], "")).await;
    assert_eq!(ended.status, 204, "{}", ended.text);
    rotated.problem(401, "token_invalid");
    let changed = "SELECT count(*) FROM webhook_endpoints WHERE old_secret_until IS NOT NULL";
    assert_eq!(stand.shop.count(changed).await, 0);
}
