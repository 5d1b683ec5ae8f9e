//! Two versions side by side: one account in two representations, and what is said of, and done about, the older one.

mod calls;
mod deprecation;
mod retirement;
mod users;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use till::api::versions::Versions;
use till::config::AfterSunset;
use till::domain::ids::Id;
use uuid::Uuid;

use super::shop::{Actor, PASSWORD, call};
use super::support::{Answered, router_with_versions, send, versions};
use crate::support::{TestServices, services};

/// An instance whose counts a test can look at.
struct Scene {
    test: TestServices,
    versions: Versions,
    router: Router,
}

impl Scene {
    async fn open(after_sunset: AfterSunset) -> Self {
        let (test, versions) = (services().await, versions(after_sunset));
        let router = router_with_versions(&test, versions.clone());
        Self { test, versions, router }
    }

    /// Somebody who signed up in version 2 and signed in.
    async fn person(&self, name: &str) -> Actor {
        let email = format!("{name}@example.com");
        let account = json!({ "email": email, "password": PASSWORD, "displayName": name });
        let registered = call(&self.router, "/v2/users", &account).await;
        assert_eq!(registered.status, 201, "{}", registered.text);
        let id: Uuid = registered.json()["id"].as_str().unwrap().parse().unwrap();
        self.sign_in(id, name).await
    }

    async fn sign_in(&self, id: Uuid, name: &str) -> Actor {
        let email = format!("{name}@example.com");
        let credentials = json!({ "email": email, "password": PASSWORD });
        let answered = call(&self.router, "/v1/auth/token", &credentials).await;
        Actor::of(&self.router, id.into(), &answered)
    }

    async fn admin(&self) -> Actor {
        let hired = self.person("admin").await;
        let promote = sqlx::query("UPDATE users SET role = 'admin' WHERE id = $1");
        promote.bind(hired.id.as_uuid()).execute(&*self.test.services.pool).await.unwrap();
        self.sign_in(hired.id.as_uuid(), "admin").await
    }
}

/// What somebody without a token is answered.
async fn anonymous(router: &Router, method: &str, path: &str, body: &Value) -> Answered {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let request =
        Request::builder().method(method).uri(path).header("content-type", "application/json");
    send(router, request.body(Body::from(text)).unwrap()).await
}
