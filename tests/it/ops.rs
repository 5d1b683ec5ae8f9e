//! The operators' listener as its callers see it: balancers, scrapers, and whoever moves the test clock.

use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use till::clients::mailer::{Mail, Mailer};
use till::domain::clock::ShiftedClock;
use till::ops::{
    Console, ConsoleParts, Health, Importance, MetricsText, OpsParts, Probe, Program, Readiness,
    probe_routes, router,
};
use till::service::mails::MailFolder;
use till::telemetry::Metrics;
use time::macros::datetime;
use tower::ServiceExt;

use crate::sandbox::support::Folder;

struct Answered {
    status: StatusCode,
    kind: String,
    policy: String,
    text: String,
}

impl Answered {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

async fn send(router: &Router, request: Request<Body>) -> Answered {
    let response = router.clone().oneshot(request).await.unwrap();
    let header = |name: &str| {
        let value = response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        value.unwrap_or_default()
    };
    let (kind, policy) = (header("content-type"), header("content-security-policy"));
    let status = response.status();
    let body = to_bytes(response.into_body(), 1 << 24).await.unwrap();
    Answered { status, kind, policy, text: String::from_utf8(body.into()).unwrap() }
}

async fn get(router: &Router, path: &str) -> Answered {
    send(router, Request::get(path).body(Body::empty()).unwrap()).await
}

async fn advance(router: &Router, kind: &str, body: &str) -> Answered {
    let request = Request::post("/sandbox/clock").header("content-type", kind);
    send(router, request.body(Body::from(body.to_owned())).unwrap()).await
}

fn up(name: &'static str, importance: Importance) -> Probe {
    Probe::new(name, importance, || ready(Ok::<(), Infallible>(())))
}

fn down(name: &'static str, importance: Importance) -> Probe {
    Probe::new(name, importance, || ready(Err::<(), _>("the password is hunter2")))
}

fn with_clock(test_clock: Option<Arc<ShiftedClock>>) -> Router {
    with_parts(test_clock, None)
}

fn with_parts(test_clock: Option<Arc<ShiftedClock>>, mail: Option<MailFolder>) -> Router {
    let shared = Metrics::shared();
    let metrics = MetricsText::new(move || shared.render());
    let health = Health::new(Readiness::default(), Vec::new());
    let console = Console::new(ConsoleParts {
        program: Program::Up,
        metrics: metrics.clone(),
        health: health.clone(),
        panel: None,
    });
    router(OpsParts { health, metrics, console, test_clock, mail, webhooks: None })
}

#[tokio::test]
async fn readiness_follows_the_process_from_start_to_drain() {
    let readiness = Readiness::default();
    let parts = vec![up("postgres", Importance::Required)];
    let probes = probe_routes(Health::new(readiness.clone(), parts));
    for path in ["/readyz", "/readyz?for=traffic"] {
        assert_eq!(get(&probes, path).await.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
    }
    readiness.ready();
    let answer = get(&probes, "/readyz").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.json(),
        json!({ "status": "ready", "checks": { "postgres": { "status": "up" } } })
    );
    assert_eq!(get(&probes, "/readyz?for=traffic").await.status, StatusCode::OK);
    readiness.drain();
    for path in ["/readyz", "/readyz?for=traffic"] {
        let answer = get(&probes, path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(answer.json()["code"], "shutting_down");
    }
    assert_eq!(get(&probes, "/livez").await.status, StatusCode::OK);
}

#[tokio::test]
async fn without_postgres_only_balancers_still_send_traffic() {
    let readiness = Readiness::default();
    readiness.ready();
    let parts = vec![down("postgres", Importance::Required), up("redis", Importance::Optional)];
    let probes = probe_routes(Health::new(readiness, parts));
    let answer = get(&probes, "/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.kind, "application/problem+json");
    assert_eq!(answer.json()["checks"]["postgres"]["status"], "down");
    assert!(!answer.text.contains("hunter2"), "causes stand in the log alone");
    assert_eq!(get(&probes, "/readyz?for=traffic").await.status, StatusCode::OK);
    assert_eq!(get(&probes, "/livez").await.status, StatusCode::OK);
    assert_eq!(get(&probes, "/readyz?for=trafic").await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn an_optional_part_that_is_away_is_shown_and_changes_no_status() {
    let readiness = Readiness::default();
    readiness.ready();
    let parts = vec![up("postgres", Importance::Required), down("redis", Importance::Optional)];
    let answer = get(&probe_routes(Health::new(readiness, parts)), "/readyz").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["status"], "degraded");
    assert_eq!(answer.json()["checks"]["redis"]["status"], "degraded");
}

#[tokio::test]
async fn metrics_are_prometheus_text() {
    let answer = get(&with_clock(None), "/metrics").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.kind.starts_with("text/plain; version=0.0.4"));
    assert!(answer.text.contains("# TYPE till_build_info gauge"));
}

#[tokio::test]
async fn the_test_clock_moves_forward_by_what_is_asked() {
    let clock = Arc::new(ShiftedClock::default());
    let ops = with_clock(Some(clock.clone()));
    let answer = advance(&ops, "application/json", r#"{"advance":"PT30M"}"#).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["aheadSeconds"], 1_800);
    assert_eq!(clock.shift().whole_minutes(), 30);
}

#[tokio::test]
async fn a_wrong_advance_is_refused_and_moves_nothing() {
    let clock = Arc::new(ShiftedClock::default());
    let ops = with_clock(Some(clock.clone()));
    let long = format!(r#"{{"advance":"{}"}}"#, "P".repeat(2_000));
    let wrong = [
        ("application/json", r#"{"advance":"PT0S"}"#, 422),
        ("application/json", r#"{"advance":"-PT1M"}"#, 422),
        ("application/json", r#"{"advance":"P3661D"}"#, 422),
        ("application/json", r#"{"advance":"PT1M","by":1}"#, 422),
        ("application/json", "{", 400),
        ("application/json", long.as_str(), 413),
        ("text/plain", r#"{"advance":"PT30M"}"#, 415),
    ];
    for (kind, body, status) in wrong {
        let answer = advance(&ops, kind, body).await;
        assert_eq!(answer.status.as_u16(), status, "{body}");
        assert_eq!(answer.kind, "application/problem+json", "{body}");
    }
    assert!(clock.shift().is_zero());
}

#[tokio::test]
async fn without_a_test_clock_there_is_no_such_route() {
    let ops = with_clock(None);
    let answer = advance(&ops, "application/json", r#"{"advance":"PT30M"}"#).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.json()["code"], "not_found");
    let request = Request::post("/livez").body(Body::empty()).unwrap();
    let answer = send(&ops, request).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.kind, "application/problem+json");
}

fn mail(id: &str, name: &str) -> Mail {
    Mail {
        id: id.to_owned(),
        to_name: name.to_owned(),
        to_address: "ada@example.com".to_owned(),
        subject: format!("Welcome, {name}"),
        text: format!("Hello {name}"),
        html: "<p>Hello</p><script>alert(1)</script>".to_owned(),
        date: datetime!(2026-03-02 12:00 UTC),
    }
}

#[tokio::test]
async fn filed_mails_are_listed_and_shown_as_text_whatever_stands_in_them() {
    let folder = Folder::new();
    let mails = MailFolder::new(folder.path().join("mail"), "Till <a@till.test>".parse().unwrap());
    let ops = with_parts(None, Some(mails.clone()));
    let empty = get(&ops, "/mail").await;
    assert_eq!(empty.status, StatusCode::OK);
    assert!(empty.text.contains("There is none yet"));

    mails.send(&mail("welcome.1", "<b>Ada</b>")).await.unwrap();
    // A copy replaces the first one.
    mails.send(&mail("welcome.1", "<b>Ada</b>")).await.unwrap();
    for page in ["/mail", "/mail/welcome.1"] {
        let shown = get(&ops, page).await;
        assert_eq!(shown.status, StatusCode::OK);
        assert!(shown.text.contains("&lt;b&gt;Ada&lt;/b&gt;"), "{}", shown.text);
        assert!(!shown.text.contains("<b>Ada</b>") && !shown.text.contains("<script>"));
        assert!(shown.policy.contains("default-src 'none'"), "{}", shown.policy);
    }
    assert_eq!(get(&ops, "/mail").await.text.matches("/mail/welcome.1").count(), 1);
    let frame = get(&ops, "/mail/welcome.1/html").await;
    assert!(frame.policy.starts_with("sandbox; default-src 'none'"), "{}", frame.policy);
    let letter = get(&ops, "/mail/welcome.1/letter").await;
    assert!(letter.kind.starts_with("text/plain"), "{}", letter.kind);
    assert!(letter.text.contains("Message-ID: <welcome.1@till.test>"), "{}", letter.text);
}

#[tokio::test]
async fn a_mail_is_looked_for_in_its_folder_alone() {
    let folder = Folder::new();
    std::fs::write(folder.path().join("secret.json"), "{}").unwrap();
    std::fs::write(folder.path().join("secret.eml"), "secret").unwrap();
    let mails = MailFolder::new(folder.path().join("mail"), "Till <a@till.test>".parse().unwrap());
    mails.send(&mail("welcome.1", "Ada")).await.unwrap();
    let ops = with_parts(None, Some(mails));
    for path in ["..%2Fsecret", "%2e%2e%2fsecret", "welcome.2", "..", "%00"] {
        for page in [String::new(), "/html".to_owned(), "/letter".to_owned()] {
            let answer = get(&ops, &format!("/mail/{path}{page}")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}{page}");
        }
    }
    assert_eq!(get(&with_clock(None), "/mail").await.status, StatusCode::NOT_FOUND);
}
