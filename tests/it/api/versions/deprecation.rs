//! What is on its way out says so, in every answer and in the document, and nothing else does.

use serde_json::{Value, json};
use till::api::versions::DEPRECATIONS;
use till::config::{AfterSunset, RateLimits};

use super::{Scene, anonymous};
use crate::api::rate_limits::{get_from, limited, rate};
use crate::api::support::Answered;

/// The fields of every answer to a deprecated operation whose twin is there.
fn assert_told(answered: &Answered, successor: &str, place: &str) {
    assert_eq!(answered.header("deprecation"), "@1795910400", "{place}");
    assert_eq!(answered.header("sunset"), "Wed, 30 Jun 2027 00:00:00 GMT", "{place}");
    let links = format!(
        "<{successor}>; rel=\"successor-version\", </docs/deprecations>; rel=\"deprecation\"; type=\"text/html\""
    );
    assert_eq!(answered.header("link"), links, "{place}");
}

fn assert_silent(answered: &Answered, place: &str) {
    for name in ["deprecation", "sunset", "link"] {
        assert_eq!(answered.header(name), "", "{place}: {name}");
    }
}

#[tokio::test]
async fn every_answer_of_a_deprecated_operation_names_since_until_and_successor_errors_too() {
    let scene = Scene::open(AfterSunset::Answer).await;
    let ada = scene.person("ada").await;
    for deprecation in DEPRECATIONS {
        let (method, route) = deprecation.operation.split_once(' ').unwrap();
        let path = route.replace("{id}", &ada.id.to_string());
        let successor = path.replace("/v1/", "/v2/");
        let good = ada.send(method.parse().unwrap(), &path, &[], "{}").await;
        let unsigned = anonymous(&scene.router, method, &path, &json!({})).await;
        let absurd = anonymous(&scene.router, method, &path, &json!("{")).await;
        for answered in [good, unsigned, absurd] {
            assert_told(&answered, &successor, &format!("{method} {path} {}", answered.status));
        }
    }
    let absent = "/v1/users/01890a5d-ac96-774b-bcce-b302099affff";
    let answered = ada.get(absent).await;
    answered.problem(404, "not_found");
    assert_told(&answered, &absent.replace("/v1/", "/v2/"), absent);
}

#[tokio::test]
async fn who_is_refused_beyond_a_limit_is_told_too() {
    let anonymous = rate("fixed_window:1/60s");
    let (_test, router) = limited(RateLimits { anonymous, ..RateLimits::default() }).await;
    get_from(&router, "192.0.2.9", "/v1/users/me").await.problem(401, "unauthenticated");
    let refused = get_from(&router, "192.0.2.9", "/v1/users/me").await;
    refused.problem(429, "rate_limited");
    assert_told(&refused, "/v2/users/me", "429");
}

#[tokio::test]
async fn what_is_not_deprecated_says_nothing_of_it_on_the_same_path_either() {
    let scene = Scene::open(AfterSunset::Answer).await;
    let ada = scene.person("ada").await;
    assert_silent(&ada.get("/v2/users/me").await, "the successor");
    assert_silent(&ada.get("/v1/users").await, "GET beside POST");
    let put = anonymous(&scene.router, "PUT", "/v1/users/me", &json!({})).await;
    put.problem(405, "method_not_allowed");
    assert_silent(&put, "a method that is not there");
    assert_silent(&ada.get("/v1/orders").await, "another resource");
    assert_silent(&ada.delete("/v1/users/me").await, "DELETE beside GET");
}

#[test]
fn the_document_marks_exactly_what_the_table_has_with_a_banner_and_410() {
    for document in till::api::documents() {
        let document = serde_json::to_value(document).unwrap();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let name = format!("{} {path}", method.to_uppercase());
                let known = DEPRECATIONS.iter().find(|one| one.operation == name);
                let marked = operation["deprecated"] == true;
                assert_eq!(marked, known.is_some(), "{name}");
                let description = operation["description"].as_str().unwrap();
                assert_eq!(description.starts_with("**Deprecated since 20"), marked, "{name}");
                let codes = &operation["responses"]["410"]["content"]["application/problem+json"];
                let retires = !codes["examples"]["version_retired"].is_null();
                assert_eq!(retires, marked, "{name}");
                let told = |response: &Value| !response["headers"]["Sunset"].is_null();
                let responses = operation["responses"].as_object().unwrap();
                for (status, response) in responses {
                    // 431 is answered before there is a request.
                    assert_eq!(told(response), marked && status != "431", "{name} {status}");
                }
                if let Some(deprecation) = known {
                    assert!(
                        description.contains(&format!("`{}`", deprecation.successor)),
                        "{name}"
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn the_page_that_the_answers_lead_to_has_every_line_of_the_table() {
    let scene = Scene::open(AfterSunset::Answer).await;
    let page = anonymous(&scene.router, "GET", "/docs/deprecations", &json!(null)).await;
    assert_eq!(page.status, 200);
    for deprecation in DEPRECATIONS {
        for told in [deprecation.operation, deprecation.successor] {
            assert!(page.text.contains(&format!("<td><code>{told}</code></td>")), "{told}");
        }
    }
    assert!(page.text.contains("<td>2026-11-29</td><td>2027-06-30</td>"));
}
