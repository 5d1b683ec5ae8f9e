//! cargo add reqwest --features json; cargo add serde --features derive; cargo add serde_json; cargo add url;
//! cargo add base64 rand sha2; cargo add tokio --features full

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Client, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;
use url::form_urlencoded::Serializer;

type Failure = Box<dyn std::error::Error>;

#[derive(Deserialize)]
struct Application {
    id: String,
    secret: String,
    name: String,
    kind: String,
}

#[tokio::main]
pub async fn main() -> Result<(), Failure> {
    let till = std::env::var("TILL").unwrap_or("http://127.0.0.1:8080".to_owned());
    let client = Client::new();
    let credentials = json!({ "email": "admin@example.com", "password": "till-demo-password" });
    let sent = client.post(format!("{till}/v1/auth/token")).json(&credentials).send().await?;
    let session: Value = sent.error_for_status()?.json().await?;
    let admin = session["accessToken"].as_str().unwrap_or_default();

    let register = async |wish: &Value| -> Result<Application, Failure> {
        let request = client.post(format!("{till}/v1/oauth-clients")).bearer_auth(admin);
        Ok(request.json(wish).send().await?.error_for_status()?.json().await?)
    };
    let ledger = json!({
        "name": "Ledger",
        "kind": "confidential",
        "redirectUris": ["https://ledger.example/back"],
        "grants": ["authorization_code", "refresh_token"],
        "scopes": ["orders:read", "payments:read"],
    });
    let ledger = register(&ledger).await?;
    println!("{} {}", ledger.name, ledger.kind);

    // == Ask somebody
    let secret = || URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
    let (state, verifier) = (secret(), secret());
    let question = [
        ("response_type", "code"),
        ("client_id", &ledger.id),
        ("redirect_uri", "https://ledger.example/back"),
        ("scope", "orders:read payments:read"),
        ("state", &state),
        ("code_challenge", &URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier))),
        ("code_challenge_method", "S256"),
    ];
    let question = Url::parse_with_params(&format!("{till}/oauth/authorize"), question)?;
    let page = client.get(question.clone()).send().await?.text().await?;
    println!("{}", page.lines().find(|line| line.contains("<h1>")).unwrap_or_default());

    // == Without a browser
    fn field<'a>(page: &'a str, name: &str) -> &'a str {
        let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_default();
        rest.split('"').next().unwrap_or_default()
    }

    fn cookie(answer: &Response) -> String {
        let set = answer.headers().get("set-cookie").and_then(|value| value.to_str().ok());
        set.and_then(|value| value.split(';').next()).unwrap_or_default().to_owned()
    }

    let browser = Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let send = async |path: &str, cookie: &str, fields: &[(&str, &str)]| {
        let form = Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = browser.post(format!("{till}{path}")).header("cookie", cookie).body(form);
        request.header("content-type", "application/x-www-form-urlencoded").send().await
    };
    let asked = ("request", question.query().unwrap_or_default());

    let shown = browser.get(question.clone()).send().await?;
    let (nobody, page) = (cookie(&shown), shown.text().await?);
    let (email, password) = (("email", "demo@example.com"), ("password", "till-demo-password"));
    let form = [asked, ("form", field(&page, "form")), email, password];
    let demo = cookie(&send("/oauth/sign-in", &nobody, &form).await?);

    let shown = browser.get(question.clone()).header("cookie", &demo).send().await?;
    let page = shown.text().await?;
    let scopes = ("shown", field(&page, "shown"));
    let form = [asked, ("form", field(&page, "form")), scopes, ("decision", "allow")];
    let allowed = send("/oauth/authorize", &demo, &form).await?;
    let back = allowed.headers().get("location").ok_or("it was not allowed")?;
    let back = Url::parse(back.to_str()?)?;
    println!("{}{}", back.origin().ascii_serialization(), back.path());

    // == Trade the code
    #[derive(Deserialize)]
    struct Tokens {
        access_token: String,
        refresh_token: Option<String>,
        token_type: String,
        scope: String,
    }

    let ask = async |who: &Application, path: &str, form: &[(&str, &str)]| {
        let form = Serializer::new(String::new()).extend_pairs(form).finish();
        let request = client.post(format!("{till}{path}")).basic_auth(&who.id, Some(&who.secret));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.body(form).send().await?.error_for_status()
    };

    let metadata = client.get(format!("{till}/.well-known/oauth-authorization-server"));
    let metadata: Value = metadata.send().await?.error_for_status()?.json().await?;
    let part = |name: &str| {
        let mut parts = back.query_pairs();
        parts.find_map(|(known, value)| (known == name).then(|| value.into_owned()))
    };
    if part("state") != Some(state) || part("iss").as_deref() != metadata["issuer"].as_str() {
        return Err("this is no answer to what was asked".into());
    }
    let trade = [
        ("grant_type", "authorization_code"),
        ("code", &part("code").ok_or("there is no code")?),
        ("redirect_uri", "https://ledger.example/back"),
        ("code_verifier", &verifier),
    ];
    let tokens: Tokens = ask(&ledger, "/oauth/token", &trade).await?.json().await?;
    println!("{} {}", tokens.token_type, tokens.scope);
    let orders = client.get(format!("{till}/v1/orders")).bearer_auth(tokens.access_token);
    println!("orders: {}", orders.send().await?.status().as_u16());

    // == Renew the pair
    let refresh = tokens.refresh_token.ok_or("there is no refresh token")?;
    let renew =
        [("grant_type", "refresh_token"), ("refresh_token", &refresh), ("scope", "orders:read")];
    let tokens: Tokens = ask(&ledger, "/oauth/token", &renew).await?.json().await?;
    println!("{} {}", tokens.token_type, tokens.scope);

    // == Act by itself
    let me = client.get(format!("{till}/v1/users/me")).bearer_auth(admin).send().await?;
    let account: Value = me.error_for_status()?.json().await?;
    let program = json!({
        "name": "Nightly books",
        "kind": "confidential",
        "redirectUris": [],
        "grants": ["client_credentials"],
        "scopes": ["orders:read"],
        "accountId": account["id"],
    });
    let program = register(&program).await?;
    let form = [("grant_type", "client_credentials")];
    let tokens: Tokens = ask(&program, "/oauth/token", &form).await?.json().await?;
    println!("{} {}", tokens.token_type, tokens.scope);

    // == Look at a token, and give it back
    let form = [("token", tokens.access_token.as_str())];
    let good: Value = ask(&program, "/oauth/introspect", &form).await?.json().await?;
    println!("{}", good["active"]);
    ask(&program, "/oauth/revoke", &form).await?;
    println!("{}", ask(&program, "/oauth/introspect", &form).await?.text().await?);

    // == Removed
    for one in [ledger, program] {
        let this = client.delete(format!("{till}/v1/oauth-clients/{}", one.id));
        println!("{}", this.bearer_auth(admin).send().await?.status().as_u16());
    }
    Ok(())
}
