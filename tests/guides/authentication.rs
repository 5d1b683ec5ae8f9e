//! cargo add reqwest --features json; cargo add serde_json; cargo add tokio --features full

use reqwest::{Client, Response};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

struct Session {
    client: Client,
    till: String,
    access: String,
    refresh: String,
}

impl Session {
    async fn sign_in(till: &str, email: &str, password: &str) -> Result<Self, Failure> {
        let client = Client::new();
        let credentials = json!({ "email": email, "password": password });
        let answer = client.post(format!("{till}/v1/auth/token")).json(&credentials).send().await?;
        let tokens = answer.error_for_status()?.json().await?;
        let mut session =
            Self { client, till: till.to_owned(), access: String::new(), refresh: String::new() };
        session.keep(&tokens);
        Ok(session)
    }

    fn keep(&mut self, tokens: &Value) {
        self.access = tokens["accessToken"].as_str().unwrap_or_default().to_owned();
        self.refresh = tokens["refreshToken"].as_str().unwrap_or_default().to_owned();
    }

    /// With the refresh token in its body.
    async fn post(&self, path: &str) -> Result<Response, Failure> {
        let body = json!({ "refreshToken": self.refresh });
        let sent = self.client.post(format!("{}{path}", self.till)).json(&body).send().await?;
        Ok(sent.error_for_status()?)
    }

    async fn renew(&mut self) -> Result<(), Failure> {
        let tokens = self.post("/v1/auth/refresh").await?.json().await?;
        self.keep(&tokens);
        Ok(())
    }

    async fn me(&self) -> Result<Value, Failure> {
        let request = self.client.get(format!("{}/v1/users/me", self.till));
        Ok(request.bearer_auth(&self.access).send().await?.error_for_status()?.json().await?)
    }
}

#[tokio::main]
pub async fn main() -> Result<(), Failure> {
    let till = std::env::var("TILL").unwrap_or("http://127.0.0.1:8080".to_owned());
    let mut session = Session::sign_in(&till, "demo@example.com", "till-demo-password").await?;
    let me = session.me().await?;
    session.renew().await?;
    let gone = session.post("/v1/auth/revoke").await?.status().as_u16();
    println!("signed in as {}; renewed; signed out ({gone})", me["email"].as_str().unwrap_or("?"));
    Ok(())
}
