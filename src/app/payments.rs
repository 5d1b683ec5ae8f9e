//! Payments as a part of a process, made alike for each program: the guarded gateway and the tasks that the ordered stop waits for.

use std::sync::Arc;

use super::AppError;
use crate::clients::payment_gateway::{CallbackVerifier, GuardedGateway, SandboxGateway};
use crate::config::{BaseUrl, Config};
use crate::domain::clock::SystemClock;
use crate::ops::{Importance, Probe};
use crate::service::Services;
use crate::service::health::ping_gateway;
use crate::service::payments::{CALLBACK_PATH, Payments};
use crate::shutdown::Shutdown;

/// `gateway`: where this process reaches it. Nothing is called yet.
///
/// # Errors
/// The machine's TLS set-up.
pub fn open(
    config: &Config,
    services: &Services,
    gateway: &BaseUrl,
    shutdown: &Shutdown,
) -> Result<Payments, AppError> {
    let timeout = config.gateway.timeout;
    let api_key = config.root_key.gateway_api_key();
    let client = SandboxGateway::new(gateway.clone(), api_key, timeout)
        .map_err(|error| AppError::Part(error.into()))?;
    let clock = services.ambient.clock().clone();
    let callback_base = config.gateway.callback_url.as_ref().unwrap_or(&config.http.public_url);
    // The gateway signs with the world's time, which a moved test clock isn't.
    let callbacks =
        CallbackVerifier::new(config.root_key.gateway_signing_key(), Arc::new(SystemClock));
    Ok(Payments {
        services: services.clone(),
        gateway: GuardedGateway::new(Arc::new(client), clock, timeout),
        tasks: shutdown.vital().clone(),
        callback_url: Some(callback_base.join(CALLBACK_PATH)),
        callbacks,
    })
}

/// Without the gateway orders are still taken, so it is no part that the process can't do without.
pub fn gateway_probe(config: &Config, gateway: &BaseUrl) -> Probe {
    let (url, api_key) = (gateway.clone(), config.root_key.gateway_api_key());
    Probe::new("payment_gateway", Importance::Optional, move || {
        let (url, api_key) = (url.clone(), api_key.clone());
        async move { ping_gateway(&url, &api_key).await }
    })
}
