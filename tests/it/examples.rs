//! Every example of the OpenAPI document succeeds as it stands in a shop that was just opened, sent by whoever may.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::directory::Directory;
use crate::support::program::{DEMO_PASSWORD, Up};

/// The one who may least first: an example belongs to the first who isn't forbidden it.
const SIGN_INS: [&str; 3] = ["demo@example.com", "support@example.com", "admin@example.com"];

/// What only the payment gateway can send, since it signs it with the time in it, and what only somebody with a mail can.
const FOR_ANOTHER: [&str; 3] =
    ["receive_gateway_callback", "verify_email", "confirm_password_reset"];

/// What tells of another example, what the worker must have made, and what ends a session or an account is sent when all
/// else was, in this order.
const LAST: [&str; 5] =
    ["get_idempotency_key", "download_report", "revoke_token", "revoke_all", "delete_me"];

struct Operation {
    id: String,
    method: Method,
    path: String,
    description: Value,
}

/// In the order of the document, but for [`LAST`].
fn operations(document: &Value) -> Vec<Operation> {
    let of_path = |(path, item): (&String, &Value)| {
        let methods = item.as_object().unwrap().clone();
        let path = path.clone();
        methods.into_iter().map(move |(method, description)| Operation {
            id: description["operationId"].as_str().unwrap().to_owned(),
            method: method.to_uppercase().parse().unwrap(),
            path: path.clone(),
            description,
        })
    };
    let mut found: Vec<_> =
        document["paths"].as_object().unwrap().iter().flat_map(of_path).collect();
    found.sort_by_key(|operation| {
        LAST.iter().position(|id| *id == operation.id).map_or(0, |at| at + 1)
    });
    found
}

impl Operation {
    fn examples(&self, place: &str) -> impl Iterator<Item = (&str, String)> {
        let place = place.to_owned();
        let parameters = self.description["parameters"].as_array().into_iter().flatten();
        parameters.filter(move |parameter| parameter["in"] == place.as_str()).filter_map(
            |parameter| {
                let example = &parameter["example"];
                let text = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
                (!example.is_null()).then(|| (parameter["name"].as_str().unwrap(), text))
            },
        )
    }

    fn url(&self) -> String {
        let path = self.examples("path").fold(self.path.clone(), |path, (name, value)| {
            path.replace(&format!("{{{name}}}"), &value)
        });
        let query: Vec<_> =
            self.examples("query").map(|(name, value)| format!("{name}={value}")).collect();
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }

    fn body(&self, document: &Value) -> Option<Value> {
        let contents = &self.description["requestBody"]["content"];
        let content = contents.as_object().and_then(|each| each.values().next())?;
        let schema = match content["schema"]["$ref"].as_str() {
            Some(place) => document.pointer(place.trim_start_matches('#')).unwrap(),
            None => &content["schema"],
        };
        let shown = [&content["example"], &schema["example"]];
        shown.into_iter().find(|example| !example.is_null()).cloned()
    }

    fn needs_token(&self) -> bool {
        self.description["security"] != json!([{}])
    }

    /// What a worker makes may need a moment.
    async fn send_until_ready(&self, up: &Up, body: Option<&Value>, token: &str) -> (u16, String) {
        let mut looks = tokio::time::interval(std::time::Duration::from_millis(100));
        loop {
            looks.tick().await;
            let answer = self.send(up, body, Some(token)).await;
            if !(answer.0 == 409 && answer.1.contains("report_not_ready")) {
                return answer;
            }
        }
    }

    async fn send(&self, up: &Up, body: Option<&Value>, token: Option<&str>) -> (u16, String) {
        let mut request = up.request(self.method.clone(), &self.url());
        for (name, value) in self.examples("header") {
            request = request.header(name, value);
        }
        request = match body {
            Some(Value::String(list)) => {
                request.header("content-type", "text/csv").body(list.clone())
            }
            Some(body) => request.json(body),
            None => request,
        };
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

/// No document can hold a token that is good: whoever tries it out puts their own there.
async fn with_own_token(up: &Up, mut body: Value) -> Value {
    if body["refreshToken"].is_string() {
        let who = json!({ "email": SIGN_INS[0], "password": DEMO_PASSWORD });
        let answer = up.request(Method::POST, "/v1/auth/token").json(&who).send().await.unwrap();
        body["refreshToken"] = answer.json::<Value>().await.unwrap()["refreshToken"].clone();
    }
    body
}

#[tokio::test]
async fn every_example_succeeds_as_it_stands_with_a_demo_sign_in() {
    let directory = Directory::new("examples");
    let up = Up::start(&directory).await;
    let document = up.request(Method::GET, "/openapi/v1.json").send().await.unwrap();
    let document: Value = document.json().await.unwrap();
    let mut tokens = Vec::new();
    for email in SIGN_INS {
        tokens.push(up.token(email).await.unwrap());
    }
    let operations = operations(&document);
    assert!(operations.len() >= 14, "{}", operations.len());
    let mut failed = Vec::new();
    for operation in operations.iter().filter(|o| !FOR_ANOTHER.contains(&o.id.as_str())) {
        let body = match operation.body(&document) {
            Some(body) => Some(with_own_token(&up, body).await),
            None => None,
        };
        let mut answer = (403, String::new());
        if operation.needs_token() {
            for token in &tokens {
                // Whoever has signed out everywhere leaves the rest to others.
                let signed_out = answer.0 == 401 && LAST.contains(&operation.id.as_str());
                if answer.0 == 403 || signed_out {
                    answer = operation.send_until_ready(&up, body.as_ref(), token).await;
                }
            }
        } else {
            answer = operation.send(&up, body.as_ref(), None).await;
        }
        if !matches!(answer.0, 200 | 201 | 202 | 204) {
            failed.push(format!("{}: {} {}", operation.id, answer.0, answer.1));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert_eq!(up.interrupt().await, Some(0));
}
