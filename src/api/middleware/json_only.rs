//! Answers 406 where `Accept` rules JSON out; for routes that have nothing else to offer, before they do anything.

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use axum::response::{IntoResponse, Response};
use futures_util::future::Either;
use std::future::ready;

use super::around::{Around, Inner};
use crate::api::problem::{Problem, ProblemCode};

/// What the routes within can answer with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Representations {
    Json,
    /// They choose themselves.
    Own,
}

impl Around for Representations {
    fn answer<I: Inner>(
        &self,
        request: Request,
        inner: &mut I,
    ) -> impl Future<Output = Response> + Send + 'static + use<I> {
        let fits = match self {
            Self::Json => wants_json(request.headers()),
            Self::Own => true,
        };
        if fits {
            return Either::Left(inner.begin(request));
        }
        let problem = Problem::new(ProblemCode::NotAcceptable)
            .detail("This address answers with application/json.");
        Either::Right(ready(problem.into_response()))
    }
}

fn wants_json(headers: &HeaderMap) -> bool {
    // What is no text names no media type.
    let fields = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepts_json(&fields.collect::<Vec<_>>().join(","))
}

/// Whether the most specific range that matches JSON has a weight above 0 (RFC 9110 §12.5.1).
fn accepts_json(accept: &str) -> bool {
    if accept.trim().is_empty() {
        return true;
    }
    accept
        .split(',')
        .filter_map(|item| {
            let mut parts = item.split(';').map(str::trim);
            let specificity = match parts.next()?.to_ascii_lowercase().as_str() {
                "*/*" => 0,
                "application/*" => 1,
                "application/json" => 2,
                _ => return None,
            };
            Some((specificity, !parts.any(is_zero_weight)))
        })
        .max()
        .is_some_and(|(_, wanted)| wanted)
}

fn is_zero_weight(parameter: &str) -> bool {
    let weight = parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q="));
    weight.is_some_and(|weight| {
        weight.starts_with('0') && weight.chars().all(|letter| matches!(letter, '0' | '.'))
    })
}

#[cfg(test)]
mod tests {
    use super::accepts_json;

    #[test]
    fn the_most_specific_range_decides() {
        for accepted in [
            "",
            "*/*",
            "application/json",
            "application/json; charset=utf-8",
            "text/html, application/*;q=0.1",
            "*/*;q=0, application/json",
            "application/json;q=0.001",
        ] {
            assert!(accepts_json(accepted), "{accepted}");
        }
        for refused in [
            "text/html",
            "application/json;q=0",
            "application/json;q=0.000, */*",
            "application/*;q=0, */*",
            "application/xml, text/*",
        ] {
            assert!(!accepts_json(refused), "{refused}");
        }
    }
}
