//! Problem bodies (RFC 9457) of the operators' listener, in the public API's form; it decides no status.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// One refusal.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub status: StatusCode,
    pub code: &'static str,
    pub title: &'static str,
    pub detail: String,
    pub instance: &'static str,
}

/// A problem with an extension member.
#[derive(Debug, Clone)]
pub(super) struct Extended {
    problem: Problem,
    member: &'static str,
    value: Value,
}

impl Problem {
    pub(super) fn with(self, member: &'static str, value: Value) -> Extended {
        Extended { problem: self, member, value }
    }

    pub(super) fn into_response_for(self, headers: &HeaderMap) -> Response {
        let status = self.status;
        render(status, self.members(headers))
    }

    fn members(self, headers: &HeaderMap) -> Map<String, Value> {
        let mut members = Map::new();
        members.insert("type".to_owned(), format!("/docs/errors/{}", self.code).into());
        members.insert("title".to_owned(), self.title.into());
        members.insert("status".to_owned(), self.status.as_u16().into());
        members.insert("code".to_owned(), self.code.into());
        members.insert("detail".to_owned(), self.detail.into());
        members.insert("instance".to_owned(), self.instance.into());
        // The public stack gives every request an id; here there is one only if the caller sent it.
        if let Some(id) = headers.get("x-request-id").and_then(|id| id.to_str().ok()) {
            members.insert("requestId".to_owned(), json!(id));
        }
        members
    }
}

impl Extended {
    pub(super) fn into_response_for(self, headers: &HeaderMap) -> Response {
        let status = self.problem.status;
        let mut members = self.problem.members(headers);
        members.insert(self.member.to_owned(), self.value);
        render(status, members)
    }
}

fn render(status: StatusCode, members: Map<String, Value>) -> Response {
    let body = Value::Object(members).to_string();
    let mut response = (status, body).into_response();
    let kind = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
