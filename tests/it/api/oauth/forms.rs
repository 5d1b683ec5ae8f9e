//! What applications send to `/oauth`: forms, each parameter once; errors are by RFC 6749 §5.2 and no problem documents.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use super::{Scene, batch, refused, register, trade};
use crate::api::support::send;

#[tokio::test]
async fn a_parameter_that_is_sent_twice_is_refused_and_one_that_nobody_knows_is_ignored() {
    let scene = Scene::open().await;
    let code = scene.code().await;
    let good = trade(&code);
    for name in ["grant_type", "code", "redirect_uri", "code_verifier"] {
        let value = good.iter().find(|(known, _)| *known == name).unwrap().1;
        let twice = [&good[..], &[(name, value)]].concat();
        refused(&scene.ledger.token(&twice).await, 400, "invalid_request");
    }
    let twice = [&good[..], &[("client_id", "x"), ("client_id", "x")]].concat();
    refused(&scene.ledger.token(&twice).await, 400, "invalid_request");
    let more = [("resource", "https://a.example"), ("resource", "https://b.example"), ("x", "")];
    let answered = scene.ledger.token(&[&good[..], &more].concat()).await;
    assert_eq!(answered.status, 200, "{}", answered.text);
}

#[tokio::test]
async fn what_is_missing_or_empty_is_named_and_an_unknown_grant_is_said_to_be_one() {
    let scene = Scene::open().await;
    for parameters in [
        &[][..],
        &[("grant_type", "")],
        &[("grant_type", "authorization_code")],
        &[("grant_type", "authorization_code"), ("code", "x")],
        &[("grant_type", "authorization_code"), ("code", ""), ("code_verifier", "x")],
        &[("grant_type", "refresh_token")],
    ] {
        refused(&scene.ledger.token(parameters).await, 400, "invalid_request");
    }
    for unknown in ["password", "implicit", "urn:ietf:params:oauth:grant-type:device_code", "CODE"]
    {
        let answered = scene.ledger.token(&[("grant_type", unknown)]).await;
        refused(&answered, 400, "unsupported_grant_type");
    }
    for path in ["/oauth/revoke", "/oauth/introspect"] {
        refused(&scene.ledger.post(path, &[]).await, 400, "invalid_request");
    }
}

#[tokio::test]
async fn nothing_but_a_form_is_read_and_the_address_holds_no_parameters() {
    let scene = Scene::open().await;
    let client = register(&scene.shop, &scene.admin, &batch(&scene.ada, &["orders:read"])).await;
    let form = "grant_type=client_credentials";
    let ask = async |kind: Option<&str>, path: &str, body: String| {
        let mut request = Request::post(path).header("authorization", client.basic());
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        send(&scene.shop.router, request.body(Body::from(body)).unwrap()).await
    };
    let encoded = "application/x-www-form-urlencoded";
    for kind in [encoded, "Application/X-WWW-Form-Urlencoded; charset=UTF-8"] {
        assert_eq!(ask(Some(kind), "/oauth/token", form.to_owned()).await.status, 200);
    }
    let json = json!({ "grant_type": "client_credentials" }).to_string();
    for (kind, body) in [
        (Some("application/json"), json),
        (Some("text/plain"), form.to_owned()),
        (None, form.to_owned()),
    ] {
        refused(&ask(kind, "/oauth/token", body).await, 400, "invalid_request");
    }
    let in_address = format!("/oauth/token?{form}");
    refused(&ask(Some(encoded), &in_address, String::new()).await, 400, "invalid_request");
    let long = format!("{form}&x={}", "y".repeat(300 * 1024));
    refused(&ask(Some(encoded), "/oauth/token", long).await, 413, "invalid_request");
}

#[tokio::test]
async fn an_idempotency_key_is_ignored_where_the_answer_holds_a_secret() {
    let scene = Scene::open().await;
    let client = register(&scene.shop, &scene.admin, &batch(&scene.ada, &["orders:read"])).await;
    let ask = async || {
        let request = Request::post("/oauth/token")
            .header("authorization", client.basic())
            .header("content-type", "application/x-www-form-urlencoded")
            .header("idempotency-key", "once");
        send(&scene.shop.router, request.body(Body::from("grant_type=client_credentials")).unwrap())
            .await
    };
    let (one, other) = (ask().await.json(), ask().await.json());
    assert_ne!(one["access_token"], other["access_token"]);
    assert_eq!(scene.shop.count("SELECT count(*) FROM idempotency_keys").await, 0);
}

#[tokio::test]
async fn another_method_is_405_and_another_address_404() {
    let scene = Scene::open().await;
    let looked = crate::api::support::get(&scene.shop.router, "/oauth/token").await;
    assert_eq!((looked.status.as_u16(), looked.header("allow")), (405, "POST"));
    assert_eq!(looked.header("content-type"), "application/json");
    assert_eq!(looked.json()["error"], "invalid_request");
    let nothing = crate::api::support::get(&scene.shop.router, "/oauth/nothing").await;
    assert_eq!(
        (nothing.status.as_u16(), &nothing.json()["error"]),
        (404, &json!("invalid_request"))
    );
}
