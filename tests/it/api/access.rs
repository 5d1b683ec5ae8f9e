//! Who may call what, held against every operation of the OpenAPI document: nobody, the wrong role, another customer.
//!
//! | row | what is tried | shown by |
//! | --- | --- | --- |
//! | A1 | forged tokens and keys | `a1_forged_tokens_are_refused`, `a1_what_is_no_key_of_ours_is_refused_wherever_it_stands` |
//! | A2 | tokens out of their time or place | `a2_a_token_expires_by_the_injected_clock`, `a2_our_own_signature_does_not_make_up_for_wrong_claims` |
//! | A3 | access that has ended | `a3_signing_out_refuses_both_tokens_at_once`, `a3_signing_out_everywhere_ends_every_session_at_every_instance`, `a3_a_new_password_refuses_all_older_tokens`, `a3_demotion_refuses_older_tokens_and_refreshing_gives_no_more_than_the_role`, `a3_the_keys_of_a_disabled_or_erased_owner_are_refused_at_once`, `a3_a_key_that_was_removed_is_refused_at_once_at_every_instance`, `a3_its_tokens_are_over_at_once_at_every_instance_when_its_client_is_removed`, `a3_its_tokens_are_over_with_a_new_password_and_with_signing_out_everywhere`, `a3_whoever_is_signed_out_disabled_or_has_another_password_is_signed_out_here_as_well` |
//! | A4 | what is good once, used twice | `a4_a_refresh_token_used_twice_ends_the_whole_session`, `a4_of_two_uses_of_one_refresh_token_at_once_at_most_one_is_served`, `a4_an_authorization_code_used_twice_ends_the_tokens_of_its_first_use` |
//! | A5 | every operation by everybody who may not | `a5_every_operation_that_needs_a_token_refuses_whoever_has_none`, `a5_every_operation_is_for_whom_the_policy_says_by_scope_and_by_role`, `a5_every_scope_that_an_operation_declares_is_asked_for`, `a5_what_is_another_customers_is_as_if_it_were_not_there`, `a5_no_list_shows_what_is_another_customers`, `a5_an_api_key_may_do_what_its_scopes_say_but_for_what_only_people_may`, `a5_what_a_program_holds_for_staff_sees_others_only_where_it_may_act_for_them` |
//! | A6 | members that are not the client's | `a6_nobody_assigns_what_is_not_theirs_to_say`, `a6_the_members_that_are_not_the_clients_are_declared_where_we_know_of` |
//! | A7 | known against unknown addresses | `a7_a_wrong_password_and_an_unknown_address_fail_alike`, `a7_a_password_reset_is_answered_alike_and_writes_alike_whether_there_is_an_account_or_not`, `a7_an_unknown_address_and_a_wrong_password_get_the_same_page` |
//! | A8 | guesses at passwords | `a8_one_account_from_many_addresses_is_limited_by_the_account_however_it_is_written`, `a8_many_accounts_from_one_address_are_limited_by_the_address`, `a8_a_stranger_can_not_lock_the_owner_out_of_where_they_sign_in`, `a8_a_token_gives_no_more_tries_at_passwords`, `a8_resets_are_limited_by_address_and_by_account_and_keep_nobody_from_signing_in`, `a8_guesses_at_this_page_count_as_they_do_at_the_api` |
//! | A9 | headers that claim something | `a9_what_a_header_claims_changes_nothing`, `a9_an_address_is_what_a_trusted_proxy_says_and_nobody_else` |
//! | A10 | secrets and foreign lines in the log | `a10_no_secret_of_a_person_or_a_program_is_in_a_line_of_the_log`, `a10_no_secret_of_an_application_or_a_browser_is_in_a_line_of_the_log`, `any_bytes_become_one_line` |
//! | A11 | strange origins | `a11_a_stranger_origin_is_told_nothing_and_a_known_one_may_read_errors_too`, `without_configured_origins_nobody_gets_a_cors_header` |
//! | A12 | webhooks that lead inside | `a12_an_address_that_leads_into_a_private_network_is_refused_at_registration`, `a12_a_name_that_leads_to_a_private_address_by_now_is_not_connected_to` |
//! | A13 | production without secrets of its own | `a13_production_refuses_missing_and_published_secrets`, `production_programs_show_the_console_and_have_no_control` |

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
use crate::support::promise::assert_rows_name_tests;

/// What no client says of itself or of money; where it may be said at all, the body declares it.
const NOT_THE_CLIENTS: [&str; 7] =
    ["role", "status", "totalAmount", "unitAmount", "customerId", "id", "createdAt"];

/// An id that is nobody's.
const ABSENT: &str = "01890a5d-ac96-774b-bcce-b302099affff";

#[tokio::test]
async fn a5_what_a_program_holds_for_staff_sees_others_only_where_it_may_act_for_them() {
    let shop = Shop::open().await;
    let (ada, staff) = (shop.customer("ada").await, shop.staff("support").await);
    let order = ada.order(&shop.product("TEA-1", 5).await, 1).await;
    let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
    assert_eq!(staff.get(&path).await.status, 200);
    let reader = make(&staff, &["orders:read"]).await.program;
    reader.get(&path).await.problem(404, "not_found");
    assert_eq!(reader.get("/v1/orders").await.json()["data"], json!([]));
    let agent = make(&staff, &["orders:read", "customers:act"]).await.program;
    assert_eq!(agent.get(&path).await.status, 200);
    assert_eq!(agent.get("/v1/orders").await.json()["data"][0]["id"], order["id"]);
}

#[test]
fn every_row_of_the_promise_names_tests_that_exist() {
    assert_rows_name_tests(include_str!("access.rs"), 'A', 13);
}

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
