//! Sends call-backs, a few at a time, and repeats them; changes no charge.

use std::{sync::Arc, time::Duration};

use hmac::digest::InvalidLength;
use reqwest::{
    StatusCode,
    header::{CONTENT_TYPE, HeaderMap},
    redirect,
};
use secrecy::SecretSlice;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use tracing::{Instrument, Span, debug_span, field::Empty};

use super::{Delivery, Message, Purpose, signature};
use crate::sandbox::{Gateway, entry::CallbackOutcome, log::LogError, settings::CallbackPolicy};
use crate::trace_context;

/// Speaks to the receivers of call-backs.
#[derive(Debug)]
pub struct Sender {
    http: reqwest::Client,
    secret: SecretSlice<u8>,
}

/// Why a try failed.
#[derive(Debug, thiserror::Error)]
enum DeliveryError {
    #[error("the receiver could not be reached or did not answer in time")]
    Unreachable(#[source] reqwest::Error),
    #[error("the receiver answered {0}")]
    Refused(StatusCode),
    #[error("the message could not be signed")]
    Unsigned(#[source] InvalidLength),
    #[error("the change is not on disk")]
    Unrecorded(#[source] LogError),
}

impl DeliveryError {
    /// In a word, for traces; bounded.
    fn kind(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Refused(_) => "refused",
            Self::Unsigned(_) => "unsigned",
            Self::Unrecorded(_) => "unrecorded",
        }
    }
}

impl Sender {
    /// A sender that follows no redirect and takes no proxy from the environment.
    ///
    /// # Errors
    /// The TLS set-up of the machine.
    pub fn new(secret: SecretSlice<u8>, timeout: Duration) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .connect_timeout(timeout)
            .timeout(timeout)
            .user_agent("till-gateway")
            .build()?;
        Ok(Self { http, secret })
    }

    async fn send(&self, message: &Message, timestamp: i64) -> Result<(), DeliveryError> {
        let signature = signature::sign(&self.secret, message.id, timestamp, &message.body)
            .map_err(DeliveryError::Unsigned)?;
        let mut context = HeaderMap::new();
        trace_context::inject(&mut context);
        let answer = self
            .http
            .post(message.url.url().clone())
            .headers(context)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", message.id.to_string())
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature)
            .body(message.body.to_string())
            .send()
            .await
            .map_err(DeliveryError::Unreachable)?;
        let status = i64::from(answer.status().as_u16());
        Span::current().record("http.response.status_code", status);
        if answer.status().is_success() {
            Ok(())
        } else {
            Err(DeliveryError::Refused(answer.status()))
        }
    }
}

/// Delivers what is due until the provider stops.
pub async fn run(gateway: Gateway) {
    let slots = Arc::new(Semaphore::new(gateway.callback_policy().at_once));
    let stopping = gateway.stopping();
    loop {
        let next = async {
            let slot = Arc::clone(&slots).acquire_owned().await.ok()?;
            Some((slot, gateway.outbox().next().await))
        };
        let next = tokio::select! {
            () = stopping.cancelled() => None,
            next = next => next,
        };
        let Some((slot, delivery)) = next else { return };
        gateway.spawn(deliver(gateway.clone(), delivery, slot));
    }
}

async fn deliver(gateway: Gateway, delivery: Delivery, slot: OwnedSemaphorePermit) {
    let stopping = gateway.stopping();
    let outcome = tokio::select! {
        // It stays unended in the record, so the next start sends it.
        () = stopping.cancelled() => return,
        outcome = attempt(&gateway, &delivery.message) => outcome,
    };
    drop(slot);
    match outcome {
        _ if delivery.purpose == Purpose::Duplicate => {}
        Ok(()) => gateway.end_callback(delivery.message.id, CallbackOutcome::Delivered),
        Err(error) => again(&gateway, delivery, &error),
    }
}

async fn attempt(gateway: &Gateway, message: &Message) -> Result<(), DeliveryError> {
    gateway.durable(message.recorded).await.map_err(DeliveryError::Unrecorded)?;
    let span = span(message);
    let sent = gateway.sender().send(message, gateway.now().unix_timestamp());
    sent.instrument(span.clone())
        .await
        .inspect_err(|error| trace_context::fail(&span, error.kind()))
}

/// Part of the trace of the call that led to the message.
fn span(message: &Message) -> Span {
    let url = message.url.url();
    let span = debug_span!(
        "http.client",
        otel.kind = "client",
        http.request.method = "POST",
        server.address = url.host_str(),
        server.port = url.port_or_known_default().map(i64::from),
        http.response.status_code = Empty,
        trace_id = Empty,
    );
    trace_context::continue_carried(&span, message.trace_parent.as_deref());
    span
}

fn again(gateway: &Gateway, mut delivery: Delivery, error: &DeliveryError) {
    let error: &dyn std::error::Error = error;
    let policy = gateway.callback_policy();
    delivery.failed += 1;
    let Message { id, kind, .. } = delivery.message;
    if delivery.failed >= policy.attempts {
        tracing::warn!(%id, ?kind, tries = delivery.failed, error, "gave a call-back up");
        gateway.end_callback(id, CallbackOutcome::GivenUp);
        return;
    }
    tracing::debug!(%id, ?kind, tries = delivery.failed, error, "a call-back failed; it is tried again");
    let longest = wait(&policy, delivery.failed);
    let due = Instant::now() + longest / 2 + gateway.dice().part_of(longest / 2);
    gateway.outbox().push(due, delivery);
}

/// The wait after so many failures, before jitter.
fn wait(policy: &CallbackPolicy, failed: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(failed.saturating_sub(1));
    policy.first_wait.saturating_mul(doubled).min(policy.longest_wait)
}
