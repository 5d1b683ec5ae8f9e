//! What stands before every `/v1` call: injected faults, then the API key; touches no charge.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header::AUTHORIZATION},
    middleware::Next,
    response::{IntoResponse, Response},
};
use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;

use super::{error::ApiError, extract::Hook};
use crate::sandbox::{
    Gateway,
    faults::{Fate, Moment},
};

/// Carries injected faults out.
pub async fn inject_faults(
    State(gateway): State<Gateway>,
    hook: Hook,
    request: Request,
    next: Next,
) -> Response {
    let faults = gateway.faults().read();
    let fate = faults.fate(gateway.dice());
    if fate == Fate::CutOff {
        return unanswered(&hook);
    }
    wait(&gateway, faults.latency()).await;
    match fate {
        Fate::Served => next.run(request).await,
        Fate::CutOff => unanswered(&hook),
        Fate::Fails(moment) => {
            take_effect(moment, request, next).await;
            ApiError::Injected.into_response()
        }
        Fate::Hangs(moment) => {
            take_effect(moment, request, next).await;
            hang(&gateway, &hook).await
        }
    }
}

async fn take_effect(moment: Moment, request: Request, next: Next) {
    if moment == Moment::After {
        drop(next.run(request).await);
    }
}

/// Never answers: waits, then ends the connection.
pub async fn hang(gateway: &Gateway, hook: &Hook) -> Response {
    wait(gateway, gateway.delays().hang).await;
    unanswered(hook)
}

/// Waits, but no longer than the provider runs.
pub async fn wait(gateway: &Gateway, time: Duration) {
    let stopping = gateway.stopping();
    tokio::select! {
        () = stopping.cancelled() => {}
        () = tokio::time::sleep(time) => {}
    }
}

/// Ends the connection. The response is never sent, except by a server other than ours, which cannot cut a line.
fn unanswered(hook: &Hook) -> Response {
    hook.cut();
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}

/// Lets only those through who know the API key; compares in constant time.
pub async fn require_key(State(gateway): State<Gateway>, request: Request, next: Next) -> Response {
    let mut credentials = request.headers().get_all(AUTHORIZATION).iter();
    // Of two credentials neither counts: a proxy before us might have checked the other one.
    let given = credentials.next().filter(|_| credentials.next().is_none()).and_then(bearer);
    let expected = gateway.api_key().expose_secret().as_bytes();
    if given.is_some_and(|given| bool::from(given.ct_eq(expected))) {
        next.run(request).await
    } else {
        ApiError::Unauthorized.into_response()
    }
}

fn bearer(value: &HeaderValue) -> Option<&[u8]> {
    let (scheme, key) = value.as_bytes().split_first_chunk::<7>()?;
    scheme.eq_ignore_ascii_case(b"bearer ").then_some(key)
}
