//! The operations of the OpenAPI documents, for tests that hold all of them to one rule: a new one is covered by itself.

use axum::http::Method;
use serde_json::Value;

use super::shop::Actor;
use super::support::Answered;

/// One operation as its version's document has it.
pub struct Operation {
    pub method: Method,
    /// With `{id}` in it.
    pub path: String,
    pub described: Value,
    schemas: Value,
}

pub fn operations() -> Vec<Operation> {
    let mut all = Vec::new();
    for document in till::api::documents() {
        let document = serde_json::to_value(document).unwrap();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, described) in item.as_object().unwrap() {
                all.push(Operation {
                    method: method.to_uppercase().parse().unwrap(),
                    path: path.clone(),
                    described: described.clone(),
                    schemas: document["components"]["schemas"].clone(),
                });
            }
        }
    }
    all
}

impl Operation {
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The scopes that its token must hold; `None` where it takes no token.
    pub fn scopes(&self) -> Option<Vec<String>> {
        let held = self.described["security"][0]["bearer"].as_array()?.iter();
        Some(held.map(|scope| scope.as_str().unwrap().to_owned()).collect())
    }

    pub fn is_one_of(&self, ids: &[&str]) -> bool {
        ids.iter().any(|id| self.described["operationId"] == *id)
    }

    /// Whether it declares this problem.
    pub fn declares(&self, status: &str, code: &str) -> bool {
        let content = &self.described["responses"][status]["content"]["application/problem+json"];
        content["examples"][code].is_object()
    }

    /// Whether it says that an API key will do.
    pub fn takes_keys(&self) -> bool {
        let mut choices = self.described["security"].as_array().into_iter().flatten();
        choices.any(|choice| choice["apiKey"].is_array())
    }

    fn parameters(&self, place: &'static str) -> impl Iterator<Item = &Value> {
        let all = self.described["parameters"].as_array().into_iter().flatten();
        all.filter(move |parameter| parameter["in"] == place)
    }

    /// Whether it is about one thing that its path names.
    pub fn names_one(&self) -> bool {
        self.parameters("path").next().is_some()
    }

    /// The path with this in place of its parameter; where it has more, with their examples.
    pub fn path_to(&self, id: &str) -> String {
        let first = self.path.replacen(&self.first_gap(), id, 1);
        self.parameters("path").skip(1).fold(first, |path, parameter| {
            let gap = format!("{{{}}}", parameter["name"].as_str().unwrap());
            path.replace(&gap, parameter["example"].as_str().unwrap())
        })
    }

    fn first_gap(&self) -> String {
        let first = self.parameters("path").next();
        first.map_or("{}".to_owned(), |named| format!("{{{}}}", named["name"].as_str().unwrap()))
    }

    /// The path with the example in place of its parameter.
    pub fn example_path(&self) -> String {
        let example = self.parameters("path").next().map(|parameter| &parameter["example"]);
        self.path_to(example.and_then(Value::as_str).unwrap_or_default())
    }

    /// The schema of its body, where it takes one.
    pub fn body_schema(&self) -> Option<&Value> {
        let schema = &self.described["requestBody"]["content"]["application/json"]["schema"];
        let name = schema["$ref"].as_str()?.rsplit('/').next()?;
        Some(&self.schemas[name])
    }

    /// The body that the document shows; empty where it takes none.
    pub fn example_body(&self) -> Value {
        self.body_schema().map_or(Value::Null, |schema| schema["example"].clone())
    }

    /// Sends it as the document shows it, but to this path and with this body, under a key of this name.
    pub async fn send(&self, actor: &Actor, path: &str, key: &str, body: &Value) -> Answered {
        let takes_key = self.parameters("header").any(|header| header["name"] == "Idempotency-Key");
        let headers = [("idempotency-key", key.as_bytes())];
        let text = if body.is_null() { String::new() } else { body.to_string() };
        actor.send(self.method.clone(), path, &headers[..usize::from(takes_key)], &text).await
    }
}
