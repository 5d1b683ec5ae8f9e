//! Webhooks: endpoints that customers and staff register, and the deliveries of events to them.
//!
//! 1. *Register* ([`create`], [`update`], [`rotate`]): an endpoint belongs to whoever made it; nobody else sees it. Its
//!    secret is shown once and kept sealed.
//! 2. *Fan out* (`events::record`): an event becomes one delivery for each endpoint that wants it and whose owner may
//!    hear of it.
//! 3. *Deliver* ([`lease_due`], [`deliver`]): a due delivery is leased, sent without a transaction and marked. At least
//!    once, in no promised order, always under the same `webhook-id`. A failed try is repeated with growing waits for three
//!    days; an endpoint that took nothing meanwhile, or answers 410, is disabled.
//!
//! 4. *Clear* ([`clear`]): what is owed to endpoints that were disabled or removed goes a batch at a time.
//!
//! One endpoint's trouble is its own: each has a circuit breaker ([`Circuit`](crate::domain::webhook::Circuit)) and a few
//! places, both kept in the database, so that they hold however many workers there are.

mod clear;
mod create;
mod deliver;
mod error;
mod read;
mod redeliver;
mod rotate;
mod settle;
mod update;
mod verify;

use std::fmt;
use std::sync::Arc;

use secrecy::SecretString;
use time::Duration;

use super::Services;
use super::seal::{self, SealError};
use crate::clients::webhook_sender::{SigningSecret, WebhookSender, shown};
use crate::config::DerivedKey;
use crate::domain::ids::WebhookEndpointId;
use crate::domain::webhook::WebhookEndpoint;

pub use crate::clients::webhook_sender::AddressRefused;
pub use crate::store::webhook_queue::QueuedDelivery;
pub use clear::clear;
pub use create::{CreateEndpoint, create};
pub use deliver::{Batch, deliver, give_back, lease_due};
pub use error::WebhookError;
pub use read::{find, list, list_deliveries};
pub use redeliver::{TEST_TOPIC, redeliver, test};
pub use rotate::rotate;
pub use update::{UpdateEndpoint, remove, update};
pub use verify::{SignedRequest, is_ours};

/// What the key of endpoints' secrets is derived from the root key by.
pub const WEBHOOK_SECRETS_LABEL: &str = "till webhook secrets";

/// How long the secret before a new one goes on signing.
pub const OLD_SECRET_LIVES: Duration = Duration::DAY;

/// Endpoints that one owner may have.
pub const MOST_ENDPOINTS: i64 = 16;

/// What the use cases about webhooks are given.
#[derive(Clone)]
pub struct Webhooks {
    pub services: Services,
    pub sender: WebhookSender,
    vault: Arc<DerivedKey>,
}

impl Webhooks {
    /// `vault` seals the endpoints' secrets.
    pub fn new(services: Services, sender: WebhookSender, vault: DerivedKey) -> Self {
        Self { services, sender, vault: Arc::new(vault) }
    }

    /// A new secret, and the same as it is kept.
    fn new_secret(&self, id: WebhookEndpointId) -> Result<(SigningSecret, Vec<u8>), SealError> {
        let ambient = &self.services.ambient;
        let secret = SigningSecret::init_with(|| ambient.bytes());
        let sealed = seal::seal(&self.vault, ambient, &id.to_string(), &secret)?;
        Ok((secret, sealed))
    }

    /// A new secret that nobody is shown.
    pub(in crate::service) fn sealed_secret(
        &self,
        id: WebhookEndpointId,
    ) -> Result<Vec<u8>, SealError> {
        self.new_secret(id).map(|(_, sealed)| sealed)
    }

    fn open_secret(
        &self,
        id: WebhookEndpointId,
        sealed: &[u8],
    ) -> Result<SigningSecret, SealError> {
        seal::open(&self.vault, &id.to_string(), sealed)
    }
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhooks").field("sender", &self.sender).finish_non_exhaustive()
    }
}

/// An endpoint with the secret that is shown this once.
#[derive(Debug, Clone)]
pub struct EndpointWithSecret {
    pub endpoint: WebhookEndpoint,
    /// `whsec_…`.
    pub secret: SecretString,
}

impl EndpointWithSecret {
    fn new(endpoint: WebhookEndpoint, secret: &SigningSecret) -> Self {
        Self { endpoint, secret: shown(secret) }
    }
}
