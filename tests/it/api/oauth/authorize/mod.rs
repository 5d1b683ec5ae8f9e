//! `/oauth/authorize` and its pages: what an application may ask for, who says yes to it, and in whose name nobody can.

mod asks;
mod browser;
mod consent;
mod forms;
mod journey;
mod pages;
mod sessions;
mod withdrawn;

use till::domain::access::{Scope, ScopeSet};
use till::domain::ids::ClientId;
use till::domain::oauth::{Client, ClientKind, ClientName, GrantType, RedirectUri};
use till::store::oauth_clients;
use url::Url;

pub use self::browser::Browser;
use crate::api::shop::{Actor, Shop};
use crate::api::support::Answered;

/// The example of RFC 7636, appendix B.
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub const BACK: &str = "https://app.example/back";

/// An application that an administrator registered.
pub struct App {
    pub id: ClientId,
}

impl App {
    /// A confidential one that may read and write orders and give money back, and is sent back to [`BACK`].
    pub async fn register(shop: &Shop) -> Self {
        Self::register_with(shop, |_| {}).await
    }

    pub async fn register_with(shop: &Shop, change: impl FnOnce(&mut Client)) -> Self {
        let (id, now) = (shop.test.services.ambient.id(), shop.test.services.ambient.now());
        let mut client = Client {
            id,
            name: ClientName::parse("Ledger").unwrap(),
            kind: ClientKind::Confidential,
            redirect_uris: vec![RedirectUri::parse(BACK).unwrap()],
            grants: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            scopes: [Scope::OrdersRead, Scope::OrdersWrite, Scope::RefundsWrite]
                .into_iter()
                .collect(),
            account: None,
            old_secret_until: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        change(&mut client);
        let secret = (client.kind == ClientKind::Confidential).then_some([7; 32]);
        let mut conn = shop.test.services.pool.acquire().await.unwrap();
        oauth_clients::insert(&mut conn, &client, secret.as_ref()).await.unwrap();
        Self { id }
    }

    /// One that is registered already.
    pub fn known(id: ClientId) -> Self {
        Self { id }
    }

    pub async fn public(shop: &Shop) -> Self {
        Self::register_with(shop, |client| client.kind = ClientKind::Public).await
    }

    /// The address of a request that makes sense, with these parameters in the place of its own; `None` leaves one out.
    pub fn ask(&self, changes: &[(&str, Option<&str>)]) -> String {
        let id = self.id.to_string();
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", &id),
            ("redirect_uri", BACK),
            ("scope", "orders:read orders:write"),
            ("state", "the state"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in changes {
            parameters.retain(|(known, _)| known != name);
            parameters.extend(value.map(|value| (*name, value)));
        }
        let url = Url::parse_with_params("https://till.test/oauth/authorize", parameters).unwrap();
        format!("{}?{}", url.path(), url.query().unwrap())
    }
}

/// Where the browser is sent, without the query, and the query.
pub fn sent_to(answered: &Answered) -> (String, Vec<(String, String)>) {
    assert!(answered.status.is_redirection(), "{} {}", answered.status, answered.text);
    let mut url = Url::parse(answered.header("location")).unwrap();
    let pairs = url.query_pairs().into_owned().collect();
    url.set_query(None);
    (url.to_string(), pairs)
}

/// One parameter of where the browser is sent; empty where it is not there.
pub fn told(answered: &Answered, name: &str) -> String {
    let (_, pairs) = sent_to(answered);
    let mut values = pairs.into_iter().filter(|(known, _)| known == name).map(|(_, value)| value);
    let value = values.next().unwrap_or_default();
    assert_eq!(values.next(), None, "{name} twice");
    value
}

/// A browser in which this customer is signed in.
pub async fn signed_in(shop: &Shop, app: &App, user: &str) -> Browser {
    let mut browser = Browser::new(&shop.router);
    let page = browser.go(&app.ask(&[])).await;
    let there = browser.sign_in(&page, &format!("{user}@example.com")).await;
    assert_eq!(there.status, 303, "{}", there.text);
    browser
}

/// Codes that were issued, and for which scopes.
pub async fn codes(shop: &Shop) -> Vec<String> {
    sqlx::query_scalar("SELECT scope FROM oauth_codes ORDER BY issued_at, scope")
        .fetch_all(&*shop.test.services.pool)
        .await
        .unwrap()
}

pub async fn consents(shop: &Shop) -> Vec<String> {
    sqlx::query_scalar("SELECT scope FROM oauth_consents ORDER BY granted_at")
        .fetch_all(&*shop.test.services.pool)
        .await
        .unwrap()
}

pub fn scopes(all: &[Scope]) -> ScopeSet {
    all.iter().copied().collect()
}

/// Ada, an application, and a browser in which she is signed in.
pub async fn at_consent() -> (Shop, App, Browser, Actor) {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let app = App::register(&shop).await;
    let browser = signed_in(&shop, &app, "ada").await;
    (shop, app, browser, ada)
}
