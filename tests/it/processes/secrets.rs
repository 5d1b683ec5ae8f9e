//! What the programs write about those who show secrets: that they came, and nothing that lets another in.

use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use serde_json::{Value, json};

use crate::support::processes::{Deployment, PASSWORD, Process};

const NEW: &str = "a quite new password";

#[tokio::test]
async fn a10_no_secret_of_a_person_or_a_program_is_in_a_line_of_the_log() {
    let shop = Deployment::up().await;
    let talkative = [("RUST_LOG", "debug,till=trace".to_owned())];
    let mut api = shop.api_with(&talkative).await;
    let mut worker = shop.worker_with(&talkative).await;
    api.ready().await;
    worker.ready().await;

    let token = api.customer("ada").await;
    let wish = json!({ "name": "A program", "scopes": ["orders:read"] });
    let made = api.post_keyed("/v1/api-keys", &token, "k", &wish).await.unwrap();
    let made: Value = made.json().await.unwrap();
    let (id, first) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let rotate = format!("/v1/api-keys/{id}/rotate");
    let rotated = api.post_keyed(&rotate, &token, "k", &json!({})).await.unwrap();
    let rotated: Value = rotated.json().await.unwrap();
    let second = rotated["secret"].as_str().unwrap();
    for secret in [first, second] {
        assert_eq!(api.get("/v1/orders", secret).await.unwrap().status(), 200);
    }
    let forged = format!("{}AAAA", first.get(..65).unwrap());
    assert_eq!(api.get("/v1/orders", &forged).await.unwrap().status(), 401);

    let who = json!({ "email": "ada@example.com" });
    assert_eq!(api.post("/v1/auth/password-reset", &who).await.status(), 202);
    let mails = shop.sink.wait_for(2).await;
    let texts: Vec<_> = mails.iter().map(|mail| mail.read().text).collect();
    let mailed = |prefix: &str| {
        let mut words = texts.iter().flat_map(|text| text.split_whitespace());
        words.find(|word| word.starts_with(prefix)).unwrap().to_owned()
    };
    let (verification, reset) = (mailed("tillev_"), mailed("tillpr_"));
    let verified = api.post("/v1/auth/verify-email", &json!({ "token": verification })).await;
    assert_eq!(verified.status(), 204);
    let choice = json!({ "token": reset, "password": NEW });
    let chosen = api.post("/v1/auth/password-reset/confirm", &choice).await;
    assert_eq!(chosen.status(), 204);

    assert!(api.count_said("/v1/orders") > 0 && worker.count_said("password_reset") > 0);
    for secret in [first, second, &forged, &verification, &reset, &token, PASSWORD, NEW] {
        assert_says_nothing_of(&api, secret);
        assert_says_nothing_of(&worker, secret);
    }
}

fn assert_says_nothing_of(process: &Process, secret: &str) {
    // The part that nobody else has.
    let part = secret.get(secret.len().saturating_sub(20)..).unwrap();
    assert_eq!(process.count_said(part), 0, "{part} is in the log");
}

/// What an application asks with (RFC 7636, appendix B).
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const BACK: &str = "https://app.example/back";

/// A browser that follows nobody and keeps the cookie that it was given last.
struct Browser {
    client: reqwest::Client,
    at: String,
    cookies: Vec<String>,
}

impl Browser {
    fn at(api: &Process) -> Self {
        let client = reqwest::Client::builder().no_proxy();
        let client = client.redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { client, at: format!("http://{}", api.http), cookies: Vec::new() }
    }

    /// The address it is sent to, and the page.
    async fn go(&mut self, request: reqwest::RequestBuilder) -> (String, String) {
        let request = match self.cookies.last() {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        };
        let answered = request.send().await.unwrap();
        assert!(answered.status().is_success() || answered.status().is_redirection());
        for given in answered.headers().get_all(SET_COOKIE) {
            self.cookies.push(given.to_str().unwrap().split(';').next().unwrap().to_owned());
        }
        let to = answered.headers().get(LOCATION).map(|to| to.to_str().unwrap().to_owned());
        (to.unwrap_or_default(), answered.text().await.unwrap())
    }

    async fn see(&mut self, path: &str) -> (String, String) {
        let request = self.client.get(format!("{}{path}", self.at));
        self.go(request).await
    }

    /// Sends the first form of this page, as it was shown, with these fields besides.
    async fn send(&mut self, path: &str, page: &str, fields: &[(&str, &str)]) -> (String, String) {
        let shown = |name: &str| {
            let from = page.split(&format!("name=\"{name}\" value=\"")).nth(1);
            from.and_then(|from| from.split('"').next())
                .unwrap_or_default()
                .replace("&amp;", "&")
                .replace("&#38;", "&")
        };
        let hidden = ["request", "form", "shown"].map(|name| (name, shown(name)));
        let fields = fields.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let form: Vec<_> = hidden.into_iter().chain(fields).collect();
        let request = self.client.post(format!("{}{path}", self.at));
        self.go(filled(request, &form)).await
    }
}

/// With a form.
fn filled<V: AsRef<str>>(
    request: reqwest::RequestBuilder,
    fields: &[(&str, V)],
) -> reqwest::RequestBuilder {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
}

#[tokio::test]
async fn a10_no_secret_of_an_application_or_a_browser_is_in_a_line_of_the_log() {
    let shop = Deployment::up().await;
    let mut api = shop.api_with(&[("RUST_LOG", "debug,till=trace".to_owned())]).await;
    api.ready().await;
    api.customer("ada").await;
    sqlx::query("UPDATE users SET role = 'admin'").execute(&shop.pool).await.unwrap();
    let who = json!({ "email": "ada@example.com", "password": PASSWORD });
    let session: Value = api.post("/v1/auth/token", &who).await.json().await.unwrap();
    let wish = json!({
        "name": "Ledger", "kind": "confidential", "redirectUris": [BACK], "scopes": ["orders:read"],
        "grants": ["authorization_code", "refresh_token"],
    });
    let token = session["accessToken"].as_str().unwrap();
    let client = api.post_keyed("/v1/oauth-clients", token, "k", &wish).await.unwrap();
    let client: Value = client.json().await.unwrap();
    let (id, secret) = (client["id"].as_str().unwrap(), client["secret"].as_str().unwrap());

    let mut browser = Browser::at(&api);
    let ask = format!(
        "/oauth/authorize?response_type=code&client_id={id}&code_challenge={CHALLENGE}&code_challenge_method=S256&state=a-state-of-its-own"
    );
    let (_, page) = browser.see(&ask).await;
    let who = [("email", "ada@example.com"), ("password", PASSWORD)];
    let (next, _) = browser.send("/oauth/sign-in", &page, &who).await;
    let (_, page) = browser.see(&next).await;
    let (back, _) = browser.send("/oauth/authorize", &page, &[("decision", "allow")]).await;
    let code = back.split("code=").nth(1).unwrap().split('&').next().unwrap();

    let trade = [("grant_type", "authorization_code"), ("code", code), ("code_verifier", VERIFIER)];
    let request = browser.client.post(format!("{}/oauth/token", browser.at));
    let traded = filled(request.basic_auth(id, Some(secret)), &trade).send().await.unwrap();
    assert_eq!(traded.status(), 200);
    let traded: Value = traded.json().await.unwrap();
    let (access, refresh) =
        (traded["access_token"].as_str().unwrap(), traded["refresh_token"].as_str().unwrap());
    assert_eq!(api.get("/v1/orders", access).await.unwrap().status(), 200);

    assert!(api.count_said("/oauth/token") > 0 && browser.cookies.len() == 2);
    let cookies: [&str; 2] = std::array::from_fn(|nth| browser.cookies[nth].as_str());
    for secret in [secret, code, VERIFIER, access, refresh, PASSWORD].into_iter().chain(cookies) {
        assert_says_nothing_of(&api, secret);
    }
}
