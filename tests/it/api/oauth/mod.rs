//! OAuth 2.1 as applications meet it: how they come by tokens, what these may do, and when they are good for nothing.

mod authentication;
mod authorize;
mod code;
mod consents;
mod credentials;
mod forms;
mod introspect;
mod kept;
mod metadata;
mod outage;
mod refresh;
mod registered;
mod revoke;
mod tokens;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use till::domain::access::ScopeSet;
use till::domain::ids::{ClientId, Id};
use till::domain::oauth::pkce::CodeChallenge;
use till::service::oauth::CodeGrant;
use till::service::oauth::codes::issue;
use till::store::oauth_consents;
use url::form_urlencoded;
use uuid::Uuid;

use super::shop::{Actor, Shop};
use super::support::{Answered, send};

pub const REDIRECT: &str = "https://app.example/callback";
pub const VERIFIER: &str = "a-verifier-that-is-long-enough-for-everybody-0123";

/// A registered application and how it proves itself.
#[derive(Clone)]
pub struct Application {
    pub id: String,
    /// Empty of a public one.
    pub secret: String,
    router: Router,
}

/// Registers what is wished for.
pub async fn register(shop: &Shop, admin: &Actor, wish: &Value) -> Application {
    let answered = admin.post_with("/v1/oauth-clients", &[], &wish.to_string()).await;
    assert_eq!(answered.status, 201, "{}", answered.text);
    let body = answered.json();
    Application {
        id: body["id"].as_str().unwrap().to_owned(),
        secret: body["secret"].as_str().unwrap_or_default().to_owned(),
        router: shop.router.clone(),
    }
}

/// What asks people: with these scopes, and refresh tokens.
pub fn web(scopes: &[&str]) -> Value {
    json!({ "name": "Ledger", "kind": "confidential", "redirectUris": [REDIRECT],
            "grants": ["authorization_code", "refresh_token"], "scopes": scopes })
}

/// What acts by itself on this account.
pub fn batch(account: &Actor, scopes: &[&str]) -> Value {
    json!({ "name": "Batch", "kind": "confidential", "grants": ["client_credentials"],
            "scopes": scopes, "accountId": account.id.to_string() })
}

/// What runs at people's own.
pub fn app(scopes: &[&str]) -> Value {
    json!({ "name": "App", "kind": "public", "redirectUris": ["http://127.0.0.1/back"],
            "grants": ["authorization_code", "refresh_token"], "scopes": scopes })
}

pub fn challenge(verifier: &str) -> CodeChallenge {
    CodeChallenge::parse(&URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))).unwrap()
}

/// Somebody's consent to these scopes, as the page writes it, and the code that comes of it.
pub async fn consent(shop: &Shop, user: &Actor, client: &Application, scopes: &str) -> String {
    let scopes = ScopeSet::parse_known(scopes);
    let epoch: i64 = sqlx::query_scalar("SELECT access_epoch FROM users WHERE id = $1")
        .bind(user.id.as_uuid())
        .fetch_one(&*shop.test.services.pool)
        .await
        .unwrap();
    let client: ClientId = client.id.parse::<Uuid>().unwrap().into();
    let grant = CodeGrant {
        client,
        user_id: user.id,
        access_epoch: epoch,
        redirect_uri: REDIRECT.to_owned(),
        redirect_uri_given: true,
        scopes,
        challenge: challenge(VERIFIER),
    };
    issue_as(shop, &grant).await
}

pub async fn issue_as(shop: &Shop, grant: &CodeGrant) -> String {
    let mut conn = shop.test.services.pool.acquire().await.unwrap();
    let now = shop.test.services.ambient.now();
    let pair = (grant.user_id, grant.client);
    oauth_consents::upsert(&mut conn, pair, grant.scopes, now).await.unwrap();
    issue(&mut conn, &shop.test.services, grant).await.unwrap().expose().to_owned()
}

impl Application {
    /// With this secret in the place of its own.
    pub fn showing(&self, secret: &str) -> Self {
        Self { secret: secret.to_owned(), ..self.clone() }
    }

    pub fn basic(&self) -> String {
        format!("Basic {}", STANDARD.encode(format!("{}:{}", self.id, self.secret)))
    }

    /// Proves itself in the header, or says its name in the form where it keeps no secret.
    pub async fn post(&self, path: &str, parameters: &[(&str, &str)]) -> Answered {
        if self.secret.is_empty() {
            let named = [parameters, &[("client_id", self.id.as_str())]].concat();
            return post_form(&self.router, path, None, &named).await;
        }
        post_form(&self.router, path, Some(&self.basic()), parameters).await
    }

    pub async fn token(&self, parameters: &[(&str, &str)]) -> Answered {
        self.post("/oauth/token", parameters).await
    }

    /// Trades a code in as it should be.
    pub async fn redeem(&self, code: &str) -> Answered {
        self.token(&trade(code)).await
    }

    pub async fn refresh(&self, token: &str) -> Answered {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    pub async fn by_itself(&self) -> Answered {
        self.token(&[("grant_type", "client_credentials")]).await
    }
}

pub fn trade(code: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ]
}

pub async fn post_form(
    router: &Router,
    path: &str,
    authorization: Option<&str>,
    parameters: &[(&str, &str)],
) -> Answered {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let mut request =
        Request::post(path).header("content-type", "application/x-www-form-urlencoded");
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    send(router, request.body(Body::from(body)).unwrap()).await
}

/// Asserts a whole refusal by RFC 6749 §5.2.
pub fn refused(answered: &Answered, status: u16, error: &str) {
    assert_eq!(answered.status.as_u16(), status, "{}", answered.text);
    assert_eq!(answered.header("content-type"), "application/json");
    assert_eq!(answered.header("cache-control"), "no-store");
    let body = answered.json();
    assert_eq!(body["error"], error, "{}", answered.text);
    let told = body["error_description"].as_str().unwrap();
    assert!(told.ends_with('.') && !told.contains(['"', '\\']), "{told}");
    assert_eq!(body.as_object().unwrap().len(), 2, "{}", answered.text);
    assert_eq!(answered.headers.contains_key("www-authenticate"), status == 401);
}

/// The tokens of a grant that succeeded, as somebody to send requests with.
pub fn tokens(shop: &Shop, user: &Actor, answered: &Answered) -> Actor {
    assert_eq!(answered.status, 200, "{}", answered.text);
    let body = answered.json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(600)));
    assert_eq!(answered.header("cache-control"), "no-store");
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let mut program = user.at(&shop.router).with_key(&text("access_token"));
    program.refresh_token = text("refresh_token");
    program
}

/// The claims of a token, whoever signed it.
pub fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// Ada, an administrator, and an application that Ada lets read her orders and her profile.
pub struct Scene {
    pub shop: Shop,
    pub ada: Actor,
    pub admin: Actor,
    pub ledger: Application,
}

impl Scene {
    pub async fn open() -> Self {
        let shop = Shop::open().await;
        let (ada, admin) = (shop.customer("ada").await, shop.staff("admin").await);
        let ledger = register(&shop, &admin, &web(&["orders:read", "profile:read"])).await;
        Self { shop, ada, admin, ledger }
    }

    pub async fn code(&self) -> String {
        consent(&self.shop, &self.ada, &self.ledger, "orders:read profile:read").await
    }

    /// What the application has for Ada.
    pub async fn granted(&self) -> Actor {
        let code = self.code().await;
        tokens(&self.shop, &self.ada, &self.ledger.redeem(&code).await)
    }
}
