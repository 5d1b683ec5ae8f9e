//! Who may call what, held against every operation of the OpenAPI document: nobody, the wrong role, another customer.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use till::domain::ids::Id;
use uuid::Uuid;

use super::api_keys::make;
use super::document::operations;
use super::reports::ask;
use super::shop::{Actor, Shop};
use super::support::send;

/// What no client says of itself or of money; where it may be said at all, the body declares it.
const NOT_THE_CLIENTS: [&str; 7] =
    ["role", "status", "totalAmount", "unitAmount", "customerId", "id", "createdAt"];

/// An id that is nobody's.
const ABSENT: &str = "01890a5d-ac96-774b-bcce-b302099affff";

#[tokio::test]
async fn a5_every_operation_that_needs_a_token_refuses_whoever_has_none() {
    let shop = Shop::open().await;
    let mut checked = 0;
    for operation in operations().iter().filter(|operation| operation.scopes().is_some()) {
        for (credentials, code) in [
            (None, "unauthenticated"),
            (Some("Basic YWRhOnNlY3JldA=="), "unauthenticated"),
            (Some("Bearer e30.e30.e30"), "token_invalid"),
        ] {
            let mut request = Request::builder()
                .method(operation.method.clone())
                .uri(operation.example_path())
                .header("content-type", "application/json");
            if let Some(credentials) = credentials {
                request = request.header("authorization", credentials);
            }
            // A bad body, too: who calls is asked first.
            let answered = send(&shop.router, request.body(Body::from("{")).unwrap()).await;
            answered.problem(401, code);
            let challenge = answered.header("www-authenticate");
            assert!(challenge.starts_with("Bearer "), "{}", operation.name());
            assert_eq!(challenge.contains("error="), code == "token_invalid");
        }
        checked += 1;
    }
    assert!(checked > 10, "{checked}");
}

#[tokio::test]
async fn a5_every_scope_that_an_operation_declares_is_asked_for() {
    let shop = Shop::open().await;
    let admin = shop.staff("admin").await;
    let narrow = shop.without_scopes(&admin).await;
    for operation in operations().iter().filter(|one| !one.is_one_of(&["revoke_all"])) {
        let Some(scopes) = operation.scopes() else { continue };
        let answered = operation.send(&narrow, &operation.example_path(), "k", &Value::Null).await;
        let Some(scope) = scopes.first() else {
            assert_ne!(answered.status, 403, "{}", operation.name());
            continue;
        };
        answered.problem(403, "insufficient_scope");
        let named = format!("error=\"insufficient_scope\", scope=\"{scope}\"");
        let challenge = answered.header("www-authenticate");
        assert!(challenge.ends_with(&named), "{}: {challenge}", operation.name());
    }
}

/// An application that somebody lets act for them.
async fn application_of(shop: &Shop, user: &Actor) -> String {
    let id = Uuid::from_u128(0x7000_8000_0000_0000_0002);
    for statement in [
        "INSERT INTO oauth_clients (id, name, kind, redirect_uris, grants, scope, created_at, updated_at)
         SELECT $1, 'App', 'public', '{}', '{}', '', created_at, created_at FROM users WHERE id = $2",
        "INSERT INTO oauth_consents (client_id, user_id, scope, granted_at, updated_at)
         SELECT $1, $2, 'orders:read', created_at, created_at FROM users WHERE id = $2",
    ] {
        let insert = sqlx::query(statement).bind(id).bind(user.id.as_uuid());
        insert.execute(&*shop.test.services.pool).await.unwrap();
    }
    id.to_string()
}

/// Something of Ada's in every place where a customer owns something, by the path that leads to it.
async fn belongings(shop: &Shop, ada: &Actor) -> BTreeMap<&'static str, String> {
    let order = ada.order(&shop.product("MUG", 5).await, 1).await;
    let body = json!({ "amount": 100, "currency": "MYR", "paymentMethod": "pm_ok" });
    let paid = ada.pay("pay", &body).await.json();
    let wish = json!({ "url": "https://hooks.example/", "events": ["*"] }).to_string();
    let endpoint = ada.post_with("/v1/webhook-endpoints", &[], &wish).await.json();
    let event = Uuid::from_u128(0x7000_8000_0000_0000_0001);
    sqlx::query("INSERT INTO events (id, type, customer_id, data, created_at) VALUES ($1, 'order.created', $2, '{}', $3)")
        .bind(event)
        .bind(ada.id.as_uuid())
        .bind(shop.test.services.ambient.now())
        .execute(&*shop.test.services.pool)
        .await
        .unwrap();
    let client = application_of(shop, ada).await;
    BTreeMap::from([
        ("/v1/consents/", client.clone()),
        ("/v1/oauth-clients/", client),
        ("/v1/orders/", order["id"].as_str().unwrap().to_owned()),
        ("/v1/payments/", paid["id"].as_str().unwrap().to_owned()),
        ("/v1/users/", ada.id.to_string()),
        ("/v2/users/", ada.id.to_string()),
        ("/v1/reports/", ask(ada, "orders", "csv").await),
        ("/v1/events/", event.to_string()),
        ("/v1/webhook-endpoints/", endpoint["id"].as_str().unwrap().to_owned()),
        ("/v1/api-keys/", make(ada, &["orders:read"]).await.id),
        ("/v1/idempotency-keys/", "pay".to_owned()),
    ])
}

#[tokio::test]
async fn a5_what_is_another_customers_is_as_if_it_were_not_there() {
    let shop = Shop::open().await;
    let (ada, eve) = (shop.customer("ada").await, shop.customer("eve").await);
    let belongings = belongings(&shop, &ada).await;
    let secured = |operation: &&super::document::Operation| {
        operation.scopes().is_some() && operation.names_one()
    };
    let mut checked = 0;
    for operation in operations().iter().filter(secured) {
        let name = operation.name();
        // The catalogue is nobody's: whoever may change it may change all of it.
        if operation.path.starts_with("/v1/products/") {
            continue;
        }
        let found = belongings.iter().find(|(prefix, _)| operation.path.starts_with(**prefix));
        assert!(found.is_some(), "{name}: say in `belongings` what Ada has there");
        let (_, id) = found.unwrap();
        let body = operation.example_body();
        let hidden = operation.send(&eve, &operation.path_to(id), "k1", &body).await;
        let absent = operation.send(&eve, &operation.path_to(ABSENT), "k2", &body).await;
        // Whoever may never do it is told so, whatever it is about.
        assert!(matches!(hidden.status.as_u16(), 403 | 404), "{name}: {}", hidden.text);
        assert_eq!(hidden.status, absent.status, "{name}");
        for member in ["code", "detail", "title", "errors"] {
            assert_eq!(hidden.json().get(member), absent.json().get(member), "{name}");
        }
        let size = |answered: &super::support::Answered, id: &str| {
            answered.text.replace(&operation.path_to(id), "").len()
        };
        assert_eq!(size(&hidden, id), size(&absent, ABSENT), "{name}");
        checked += 1;
    }
    assert!(checked > 5, "{checked}");
    let unchanged = ada.get(&format!("/v1/orders/{}", belongings["/v1/orders/"])).await.json();
    assert_eq!(unchanged["status"], "pending");
    assert_eq!(ada.get("/v1/users/me").await.json()["name"], "ada");
}

/// Every list that needs a token, the one of oneself among them: Ada finds something of hers there, and Eve nothing of it.
#[tokio::test]
async fn a5_no_list_shows_what_is_another_customers() {
    let shop = Shop::open().await;
    let (ada, eve) = (shop.customer("ada").await, shop.customer("eve").await);
    let belongings = belongings(&shop, &ada).await;
    let mut checked = 0;
    for operation in operations() {
        let one_of_many = operation.names_one() || operation.method != Method::GET;
        if one_of_many || operation.scopes().is_none() {
            continue;
        }
        let name = operation.name();
        let answered = operation.send(&eve, &operation.path, "k", &Value::Null).await;
        if answered.status == 403 {
            continue;
        }
        assert_eq!(answered.status, 200, "{name}: {}", answered.text);
        let hers = operation.send(&ada, &operation.path, "k", &Value::Null).await.text;
        let ids = || belongings.values().filter(|id| id.len() == ABSENT.len());
        let shows = |text: &str| ids().filter(|id| text.contains(*id)).count();
        assert!(shows(&hers) > 0, "{name}: say in `belongings` what Ada has there");
        assert_eq!(shows(&answered.text), 0, "{name}: {}", answered.text);
        checked += 1;
    }
    assert!(checked > 5, "{checked}");
}

#[tokio::test]
async fn a6_nobody_assigns_what_is_not_theirs_to_say() {
    let shop = Shop::open().await;
    let admin = shop.staff("admin").await;
    for operation in operations() {
        let Some(schema) = operation.body_schema() else { continue };
        let name = operation.name();
        assert_eq!(schema["additionalProperties"], false, "{name}: the schema must say so");
        let declared = schema["properties"].as_object().cloned().unwrap_or_default();
        for member in NOT_THE_CLIENTS.into_iter().filter(|member| !declared.contains_key(*member)) {
            let mut body = operation.example_body();
            body[member] = json!("01890a5d-ac96-774b-bcce-b302099a8003");
            let path = operation.example_path();
            let answered = operation.send(&admin, &path, member, &body).await;
            let problem = answered.problem(422, "unknown_field");
            let pointers = json!([{ "pointer": format!("/{member}"), "code": "unknown_field",
                "detail": "is not a member of this request" }]);
            assert_eq!(problem["errors"], pointers, "{name}");
        }
    }
}

#[test]
fn a6_the_members_that_are_not_the_clients_are_declared_where_we_know_of() {
    let mut declared = Vec::new();
    for operation in operations() {
        let properties =
            operation.body_schema().and_then(|schema| schema["properties"].as_object());
        for member in properties.into_iter().flat_map(|properties| properties.keys()) {
            if NOT_THE_CLIENTS.contains(&member.as_str()) {
                declared.push(format!("{}: {member}", operation.name()));
            }
        }
    }
    declared.sort();
    let known = [
        "PATCH /v1/products/{id}: unitAmount",
        "PATCH /v1/users/{id}: role",
        "PATCH /v1/users/{id}: status",
        "PATCH /v1/webhook-endpoints/{id}: status",
        "POST /v1/orders: customerId",
        "POST /v1/payments: customerId",
        "POST /v1/products: unitAmount",
    ];
    assert_eq!(declared, known);
}

#[tokio::test]
async fn a9_what_a_header_claims_changes_nothing() {
    let shop = Shop::open().await;
    let (ada, eve) = (shop.customer("ada").await, shop.customer("eve").await);
    let eves = eve.id.to_string();
    let mut claims: Vec<(&str, &[u8])> = ["x-user-id", "x-customer-id", "x-forwarded-user"]
        .map(|name| (name, eves.as_bytes()))
        .to_vec();
    for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
        claims.push((name, b"DELETE"));
    }
    for name in ["x-role", "x-scope", "x-scopes"] {
        claims.push((name, b"users:admin admin"));
    }
    for name in ["x-original-url", "x-rewrite-url", "x-forwarded-prefix"] {
        claims.push((name, b"/v1/users"));
    }
    for name in ["host", "x-forwarded-host", "forwarded"] {
        claims.push((name, b"evil.example"));
    }
    let plain = ada.get("/v1/users/me").await;
    let claimed = ada.send(Method::GET, "/v1/users/me", &claims, "").await;
    assert_eq!((claimed.status, &claimed.text), (plain.status, &plain.text));
    let refused = ada.send(Method::GET, &format!("/v1/users/{eves}"), &claims, "").await;
    refused.problem(404, "not_found");
    let wish = json!({ "url": "https://hooks.example/", "events": ["*"] }).to_string();
    let made = ada.post_with("/v1/webhook-endpoints", &claims, &wish).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let said = format!("{:?} {}", made.headers, made.text);
    assert!(!said.contains("evil.example"), "{said}");
}
