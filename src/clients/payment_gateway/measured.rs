//! How long the provider takes for one request, in the names of OpenTelemetry's conventions for HTTP clients; it changes none.

use metrics::{Label, histogram};
use reqwest::{Request, RequestBuilder, Response};
use tokio::time::Instant;

/// Sends it, and records how long the answer took to begin, or to fail.
pub(super) async fn send(request: RequestBuilder) -> Result<Response, reqwest::Error> {
    let (client, request) = request.build_split();
    let request = request?;
    let mut labels = labels(&request);
    let began = Instant::now();
    let result = client.execute(request).await;
    match &result {
        Ok(answer) => {
            let status = answer.status();
            let code = status.as_str().to_owned();
            if status.is_client_error() || status.is_server_error() {
                labels.push(Label::new("error_type", code.clone()));
            }
            labels.push(Label::new("http_response_status_code", code));
        }
        Err(error) => labels.push(Label::from_static_parts("error_type", kind(error))),
    }
    histogram!("http_client_request_duration_seconds", labels).record(began.elapsed());
    result
}

fn labels(request: &Request) -> Vec<Label> {
    let url = request.url();
    let port = url.port_or_known_default().unwrap_or_default();
    vec![
        Label::new("http_request_method", request.method().to_string()),
        Label::new("server_address", url.host_str().unwrap_or_default().to_owned()),
        Label::new("server_port", port.to_string()),
        Label::new("url_template", template(url.path())),
    ]
}

/// The path with the provider's name of a charge taken out: `/v1/charges/{id}/capture`.
fn template(path: &str) -> String {
    let mut of_charges = false;
    let segments = path.split('/').map(|segment| {
        let is_id = std::mem::replace(&mut of_charges, segment == "charges");
        if is_id { "{id}" } else { segment }
    });
    segments.collect::<Vec<_>>().join("/")
}

fn kind(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "timeout"
    } else if error.is_connect() {
        "connect"
    } else {
        "broken"
    }
}

#[cfg(test)]
mod tests {
    use super::template;

    #[test]
    fn no_id_of_a_charge_becomes_a_label() {
        assert_eq!(template("/v1/charges"), "/v1/charges");
        assert_eq!(template("/v1/charges/ch_123/capture"), "/v1/charges/{id}/capture");
        assert_eq!(template("/sandbox/charges"), "/sandbox/charges");
    }
}
