//! Traces as a collector gets them, from the programs as they are deployed.

mod checkout;
mod outage;
mod sampling;

use serde_json::Value;

use crate::support::collector::Collector;
use crate::support::processes::Process;

/// What a program is told to export to this collector.
pub fn exporting_to(collector: &Collector) -> Vec<(&'static str, String)> {
    vec![("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint())]
}

/// A trace as its caller names it, recorded (`01`) or not (`00`).
pub fn trace_parent(trace: &str, flags: &str) -> String {
    format!("00-{trace}-00f067aa0ba902b7-{flags}")
}

/// What a caller posts with a token, a key and these header fields; the answer's status and body.
pub async fn post_traced(
    api: &Process,
    path: &str,
    (token, key): (&str, &str),
    (fields, body): (&[(&str, &str)], &Value),
) -> (u16, Value) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(format!("http://{}{path}", api.http));
    let mut request = request.bearer_auth(token).header("idempotency-key", key);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let answer = request.json(body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}
