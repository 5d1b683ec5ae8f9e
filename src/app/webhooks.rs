//! Webhooks as a part of a process: the sender and the key of the endpoints' secrets, made alike for each program.

use std::sync::Arc;

use super::AppError;
use crate::clients::webhook_sender::{SystemLookup, WebhookSender};
use crate::config::{BaseUrl, Config};
use crate::service::Services;
use crate::service::webhooks::{WEBHOOK_SECRETS_LABEL, Webhooks};

/// `own`: an origin of this process itself that may be sent to. Nothing is called yet.
///
/// # Errors
/// The machine's TLS set-up.
pub fn open(
    config: &Config,
    services: &Services,
    own: Option<BaseUrl>,
) -> Result<Webhooks, AppError> {
    let allowed = config.webhooks.allow_private.iter().cloned().chain(own).collect();
    let sender = WebhookSender::new(config.webhooks.timeout, allowed, Arc::new(SystemLookup))
        .map_err(|error| AppError::Part(error.into()))?;
    let vault = config.root_key.derive(WEBHOOK_SECRETS_LABEL);
    Ok(Webhooks::new(services.clone(), sender, vault))
}
