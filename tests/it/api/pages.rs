//! The pages and documents for people and programs, over the router as it is shipped.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use axum::Router;
use till::api::problem::ProblemCode;

use super::support::{get, router_over};
use crate::support::services;

async fn router() -> Router {
    router_over(&services().await)
}

#[tokio::test]
async fn the_type_of_every_problem_leads_to_a_page_that_explains_it() {
    let router = router().await;
    let list = get(&router, "/docs/errors").await.text;
    for code in ProblemCode::ALL.iter().copied() {
        let page = get(&router, &code.type_uri()).await;
        assert_eq!(page.status, 200, "{}", code.as_str());
        assert!(page.header("content-type").starts_with("text/html"));
        assert!(page.text.contains(&format!("<code>{}</code>", code.as_str())));
        assert!(list.contains(&format!("href=\"{}\"", code.type_uri())));
    }
}

#[tokio::test]
async fn every_page_forbids_scripts_and_frames_and_every_link_on_it_resolves() {
    let router = router().await;
    let mut pages: Vec<String> =
        ["/", "/docs/errors", "/docs/errors/not_found", "/docs/deprecations"]
            .map(str::to_owned)
            .into();
    pages.extend(guides().iter().map(|name| address(name)));
    for path in &pages {
        let page = get(&router, path).await;
        assert_eq!(page.status, 200, "{path}");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{path}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(!page.text.contains("<script") && !page.text.contains("style="), "{path}");
        for rest in page.text.split("href=\"").skip(1) {
            let link = rest.split(['"', '#']).next().unwrap();
            if link.starts_with('/') {
                assert_eq!(get(&router, link).await.status, 200, "{path} -> {link}");
            }
        }
    }
}

/// The files of `docs/guides/`, without their ending.
fn guides() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guides");
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.to_str().unwrap().strip_suffix(".md").unwrap().to_owned()).collect()
}

fn address(guide: &str) -> String {
    if guide == "README" { "/docs".to_owned() } else { format!("/docs/{guide}") }
}

#[tokio::test]
async fn every_guide_is_a_page_a_text_and_a_line_of_the_index() {
    let router = router().await;
    let index = get(&router, "/docs").await.text;
    for name in guides() {
        let text = fs::read_to_string(
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/guides/{name}.md")),
        );
        let raw = get(&router, &format!("/docs/{name}.md")).await;
        assert_eq!(raw.header("content-type"), "text/markdown; charset=utf-8");
        assert_eq!(raw.text, text.unwrap());
        let title = raw.text.lines().next().unwrap().strip_prefix("# ").unwrap().to_owned();
        let page = get(&router, &address(&name)).await;
        assert!(page.text.contains(&format!("<h1>{title}</h1>")), "{name}");
        assert!(page.text.contains("aria-current=\"page\""), "{name}");
        assert!(name == "README" || index.contains(&format!("href=\"/docs/{name}\"")), "{name}");
    }
    for unknown in ["/docs/README", "/docs/no-such-guide", "/docs/no-such-guide.md"] {
        let page = get(&router, unknown).await;
        assert_eq!((page.status.as_u16(), page.header("cache-control")), (404, "no-store"));
    }
}

#[tokio::test]
async fn a_page_for_an_unknown_code_is_a_page_that_says_so() {
    let page = get(&router().await, "/docs/errors/no_such_code").await;
    assert_eq!(page.status, 404);
    assert!(page.header("content-type").starts_with("text/html"));
    assert_eq!(page.header("cache-control"), "no-store");
}

#[tokio::test]
async fn each_version_has_an_openapi_document_3_1_that_asks_for_a_token_by_default() {
    let router = router().await;
    for version in ["1", "2"] {
        let document = get(&router, &format!("/openapi/v{version}.json")).await.json();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        assert_eq!(document["info"]["version"], version);
        assert_eq!(document["security"][0]["bearer"], serde_json::json!([]));
        assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
        let codes = &document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"];
        assert_eq!(codes.as_array().unwrap().len(), ProblemCode::ALL.len());
        let paths = document["paths"].as_object().unwrap();
        let others = if version == "1" { "/v2/" } else { "/v1/" };
        assert!(paths.len() > 2 && !paths.keys().any(|path| path.starts_with(others)));
    }
}

#[tokio::test]
async fn swagger_ui_loads_our_documents_under_a_policy_that_lets_it_work() {
    let router = router().await;
    let page = get(&router, "/swagger-ui/").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-security-policy").contains("script-src 'self'"));
    let start = get(&router, "/swagger-ui/swagger-initializer.js").await;
    for version in ["/openapi/v1.json", "/openapi/v2.json"] {
        assert!(start.text.contains(version), "{}", start.text);
    }
    assert!(start.text.contains("\"persistAuthorization\": true"), "{}", start.text);
    assert!(start.text.contains("\"tryItOutEnabled\": true"), "{}", start.text);
}
