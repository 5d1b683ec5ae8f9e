//! A shop as its clients meet it: the shipped router, a database and a sandbox gateway of its own, and people who signed in.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use till::config::BaseUrl;
use till::domain::ids::{Id, UserId};
use till::domain::product::Product;
use till::sandbox::Settings;
use till::service::payments::{Payments, reconcile_due};
use uuid::Uuid;

use super::support::{Answered, router_with, send};
use crate::sandbox::support::{Folder, Sandbox};
use crate::support::db::until_waiting;
use crate::support::factories::{customer, product};
use crate::support::{TestServices, services};

pub const PASSWORD: &str = "correct horse battery";

/// One instance of the API with all that it stands on.
pub struct Shop {
    pub test: TestServices,
    pub sandbox: Sandbox,
    pub payments: Payments,
    pub router: Router,
}

/// Somebody who is signed in, at one instance.
#[derive(Clone)]
pub struct Actor {
    pub id: UserId,
    pub token: String,
    pub refresh_token: String,
    router: Router,
}

impl Shop {
    pub async fn open() -> Self {
        Self::open_with(|_| {}).await
    }

    /// Its gateway is set up in another way.
    pub async fn open_with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = Folder::new();
        let mut settings = folder.settings();
        settings.delays.hang = Duration::from_secs(30);
        change(&mut settings);
        let sandbox = Sandbox::start_with(folder, settings).await;
        let test = services().await;
        let payments = test.payments(BaseUrl::of(sandbox.address));
        let router = router_with(&test, payments.clone());
        Self { test, sandbox, payments, router }
    }

    /// A second instance over the same database, gateway and clock, with nothing else in common.
    pub async fn twin(&self) -> Router {
        let test = self.test.twin().await;
        let payments = test.payments(BaseUrl::of(self.sandbox.address));
        router_with(&test, payments)
    }

    /// A customer who registered and signed in.
    pub async fn customer(&self, name: &str) -> Actor {
        let email = format!("{name}@example.com");
        let account = json!({ "email": email, "password": PASSWORD, "name": name });
        let registered = call(&self.router, "/v1/users", &account).await;
        assert_eq!(registered.status, 201, "{}", registered.text);
        let id: Uuid = registered.json()["id"].as_str().unwrap().parse().unwrap();
        self.sign_in(id.into(), &email).await
    }

    /// Somebody who works here: `support` or `admin`.
    pub async fn staff(&self, role: &str) -> Actor {
        let hired = self.customer(role).await;
        let promote = sqlx::query("UPDATE users SET role = $1 WHERE id = $2").bind(role);
        promote.bind(hired.id.as_uuid()).execute(&*self.test.services.pool).await.unwrap();
        self.sign_in(hired.id, &format!("{role}@example.com")).await
    }

    pub async fn sign_in(&self, id: UserId, email: &str) -> Actor {
        let credentials = json!({ "email": email, "password": PASSWORD });
        let answered = call(&self.router, "/v1/auth/token", &credentials).await;
        Actor::of(&self.router, id, &answered)
    }

    /// The same person with a token that may do nothing.
    pub async fn without_scopes(&self, actor: &Actor) -> Actor {
        self.with_scope(actor, "").await
    }

    /// The same person with a token that holds this scope alone.
    pub async fn with_scope(&self, actor: &Actor, scope: &str) -> Actor {
        let narrow = sqlx::query("UPDATE sessions SET scope = $1 WHERE user_id = $2").bind(scope);
        narrow.bind(actor.id.as_uuid()).execute(&*self.test.services.pool).await.unwrap();
        let request = json!({ "refreshToken": actor.refresh_token });
        let answered = call(&self.router, "/v1/auth/refresh", &request).await;
        Actor::of(&self.router, actor.id, &answered)
    }

    /// A product at MYR 19.90 with so many pieces in stock.
    pub async fn product(&self, sku: &str, pieces: i64) -> Product {
        let keeper = customer(&self.test).await;
        product(&self.test, sku, pieces, keeper).await
    }

    /// Settles what is due by now; how many payments were looked at.
    pub async fn reconcile(&self) -> usize {
        reconcile_due(&self.payments, 100).await.unwrap()
    }

    /// Both at once: the second is asked for when the first has done all but tell the audit log of it.
    pub async fn beside(
        &self,
        first: impl Future<Output = Answered>,
        second: impl Future<Output = Answered>,
    ) -> (Answered, Answered) {
        let pool = &*self.test.services.pool;
        let mut held = pool.begin().await.unwrap();
        sqlx::query("LOCK TABLE audit_log IN SHARE MODE").execute(&mut *held).await.unwrap();
        let then = async {
            until_waiting(pool, 1).await;
            let release = async {
                until_waiting(pool, 2).await;
                held.rollback().await.unwrap();
            };
            tokio::join!(second, release).0
        };
        tokio::join!(first, then)
    }

    pub async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&*self.test.services.pool).await.unwrap()
    }
}

impl Actor {
    /// Whoever was handed these tokens.
    pub fn of(router: &Router, id: UserId, tokens: &Answered) -> Self {
        assert_eq!(tokens.status, 200, "{}", tokens.text);
        let body = tokens.json();
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        let (token, refresh_token) = (text("accessToken"), text("refreshToken"));
        Self { id, token, refresh_token, router: router.clone() }
    }

    /// A program of the same person's, which shows this in place of a token.
    pub fn with_key(&self, secret: &str) -> Self {
        Self { token: secret.to_owned(), ..self.clone() }
    }

    /// The same person, speaking to another instance.
    pub fn at(&self, router: &Router) -> Self {
        Self { router: router.clone(), ..self.clone() }
    }

    pub async fn get(&self, path: &str) -> Answered {
        self.send(Method::GET, path, &[], "").await
    }

    /// With a key.
    pub async fn post(&self, path: &str, key: &str, body: &Value) -> Answered {
        self.post_with(path, &[("idempotency-key", key.as_bytes())], &body.to_string()).await
    }

    /// With a key and no body at all.
    pub async fn post_empty(&self, path: &str, key: &str) -> Answered {
        let request = Request::post(path)
            .header("authorization", format!("Bearer {}", self.token))
            .header("idempotency-key", key);
        send(&self.router, request.body(Body::empty()).unwrap()).await
    }

    /// With these headers and this text as the body.
    pub async fn post_with(&self, path: &str, headers: &[(&str, &[u8])], body: &str) -> Answered {
        self.send(Method::POST, path, headers, body).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answered {
        self.send(Method::PATCH, path, &[], &body.to_string()).await
    }

    /// If that is still the entity tag.
    pub async fn patch_if(&self, path: &str, tag: &str, body: &Value) -> Answered {
        let headers = [("if-match", tag.as_bytes())];
        self.send(Method::PATCH, path, &headers, &body.to_string()).await
    }

    pub async fn delete(&self, path: &str) -> Answered {
        self.send(Method::DELETE, path, &[], "").await
    }

    /// With these headers and this text as the body.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &[u8])],
        body: &str,
    ) -> Answered {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", self.token));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        send(&self.router, request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// A pending order of so many pieces of a product.
    pub async fn order(&self, product: &Product, quantity: i64) -> Value {
        let items = json!([{ "productId": product.id.to_string(), "quantity": quantity }]);
        let key = format!("order-{}-{quantity}", product.sku.as_str());
        let placed = self.post("/v1/orders", &key, &json!({ "items": items })).await;
        assert_eq!(placed.status, 201, "{}", placed.text);
        placed.json()
    }

    pub async fn pay(&self, key: &str, body: &Value) -> Answered {
        self.post("/v1/payments", key, body).await
    }
}

/// A charge of all that an order costs.
pub fn all_of(order: &Value, method: &str) -> Value {
    json!({
        "orderId": order["id"], "amount": order["totalAmount"], "currency": order["currency"],
        "paymentMethod": method,
    })
}

/// What somebody without a token posts.
pub async fn call(router: &Router, path: &str, body: &Value) -> Answered {
    let request = Request::post(path).header("content-type", "application/json");
    send(router, request.body(Body::from(body.to_string())).unwrap()).await
}
