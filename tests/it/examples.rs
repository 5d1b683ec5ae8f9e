//! Every example of the OpenAPI documents succeeds as it stands in a shop that was just opened, sent by whoever may; and each
//! operation that changes something leaves its entry in the audit log, or it is said here why it leaves none.

use std::collections::BTreeMap;

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

/// What changes something and leaves no entry in the audit log, and why.
const NOT_IN_THE_AUDIT_LOG: [(&str, &str); 10] = [
    ("refresh_token", "the session goes on as it was opened, and its opening is in the log"),
    ("place_order", "an order keeps whose it is and when it was placed, and never forgets it"),
    ("create_payment", "so does a payment; one that staff make for a customer is in the log"),
    ("generate_report", "nothing of the shop changes, and the job keeps who asked for it"),
    ("cancel_report", "a job and its file are the caller's own, and nobody else's"),
    (
        "test_webhook_endpoint",
        "it sends something to the caller's own endpoint and changes nothing",
    ),
    ("redeliver_webhook", "so does this"),
    ("request_password_reset", "anybody may ask for any address; what comes of it is in the log"),
    ("resend_verification", "a mail goes to the caller's own address and nothing is changed"),
    ("receive_gateway_callback", "what the gateway tells is on its own record and in the journal"),
];

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

    /// By which its entry in the audit log is found.
    fn request_id(&self) -> String {
        format!("example:{}:{}", self.method, self.path)
    }

    async fn send(&self, up: &Up, body: Option<&Value>, token: Option<&str>) -> (u16, String) {
        let mut request = up.request(self.method.clone(), &self.url());
        request = request.header("x-request-id", self.request_id());
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

/// Sends it as it stands, as the first who isn't forbidden it.
async fn try_out(
    up: &Up,
    tokens: &[String],
    operation: &Operation,
    document: &Value,
) -> (u16, String) {
    let body = match operation.body(document) {
        Some(body) => Some(with_own_token(up, body).await),
        None => None,
    };
    if !operation.needs_token() {
        return operation.send(up, body.as_ref(), None).await;
    }
    let mut answer = (403, String::new());
    for token in tokens {
        // Whoever has signed out everywhere leaves the rest to others.
        let signed_out = answer.0 == 401 && LAST.contains(&operation.id.as_str());
        if answer.0 == 403 || signed_out {
            answer = operation.send_until_ready(up, body.as_ref(), token).await;
        }
    }
    answer
}

/// The actions in the audit log by the request that caused them.
async fn audited(up: &Up, admin: &str) -> BTreeMap<String, String> {
    let (mut actions, mut path) = (BTreeMap::new(), "/v1/audit-log?limit=100".to_owned());
    loop {
        let page = up.request(Method::GET, &path).bearer_auth(admin).send().await.unwrap();
        let page: Value = page.json().await.unwrap();
        for entry in page["data"].as_array().unwrap() {
            if let Some(request) = entry["requestId"].as_str() {
                actions.insert(request.to_owned(), entry["action"].as_str().unwrap().to_owned());
            }
        }
        let Some(cursor) = page["nextCursor"].as_str() else { return actions };
        path = format!("/v1/audit-log?limit=100&cursor={cursor}");
    }
}

#[tokio::test]
async fn every_example_succeeds_as_it_stands_and_every_change_is_in_the_audit_log_or_explained() {
    let directory = Directory::new("examples");
    let up = Up::start(&directory).await;
    let mut tokens = Vec::new();
    for email in SIGN_INS {
        tokens.push(up.token(email).await.unwrap());
    }
    let (mut failed, mut sent) = (Vec::new(), Vec::new());
    // The newest version first: the oldest one has what ends an account.
    for version in ["v2", "v1"] {
        let document = up.request(Method::GET, &format!("/openapi/{version}.json")).send();
        let document: Value = document.await.unwrap().json().await.unwrap();
        for operation in operations(&document) {
            if !FOR_ANOTHER.contains(&operation.id.as_str()) {
                let answer = try_out(&up, &tokens, &operation, &document).await;
                if !matches!(answer.0, 200 | 201 | 202 | 204) {
                    failed.push(format!("{version} {}: {} {}", operation.id, answer.0, answer.1));
                }
            }
            sent.push(operation);
        }
    }
    assert!(sent.len() >= 60, "{}", sent.len());
    assert!(failed.is_empty(), "{}", failed.join("\n"));

    let audited = audited(&up, tokens.last().unwrap()).await;
    let sent_here = |operation: &&Operation| !FOR_ANOTHER.contains(&operation.id.as_str());
    let changing = sent.iter().filter(|operation| operation.method != Method::GET);
    for operation in changing.filter(sent_here) {
        let explained =
            NOT_IN_THE_AUDIT_LOG.iter().any(|(id, why)| *id == operation.id && why.len() > 10);
        let told = audited.get(&operation.request_id());
        assert_eq!(told.is_none(), explained, "{}: {told:?} in the audit log", operation.id);
    }
    for (id, _) in NOT_IN_THE_AUDIT_LOG {
        assert!(sent.iter().any(|operation| operation.id == id), "{id} is gone");
    }
    assert_eq!(up.interrupt().await, Some(0));
}
