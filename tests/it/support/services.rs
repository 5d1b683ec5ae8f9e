//! The use cases over a database of their own and a clock that only the test moves.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use secrecy::SecretString;
use sqlx::PgPool;
use till::api::limits::Limits;
use till::clients::payment_gateway::{
    CallbackVerifier, GatewayRecord, GuardedGateway, SandboxGateway,
};
use till::clients::webhook_sender::WebhookSender;
use till::config::{BaseUrl, DerivedKey, RateLimits, RootKey, TrustedProxies};
use till::domain::ambient::Ambient;
use till::domain::audit::Author;
use till::domain::clock::{Clock, ManualClock, SystemClock};
use till::domain::entropy::SystemEntropy;
use till::resilience::cache::tier::CacheTier;
use till::resilience::rate_limit::RateLimiter;
use till::service::auth::{
    ACCOUNT_TOKENS_LABEL, API_KEYS_LABEL, Auth, AuthSettings, CLIENT_SECRETS_LABEL,
    OAUTH_FORMS_LABEL, SIGNING_KEYS_LABEL,
};
use till::service::jobs::{Jobs, Pace};
use till::service::orders::Gatherer;
use till::service::payments::Payments;
use till::service::pool::Pool;
use till::service::products::{Catalogue, CatalogueSettings};
use till::service::webhooks::{WEBHOOK_SECRETS_LABEL, Webhooks};
use till::service::{Cause, Services};
use time::macros::datetime;
use tokio_util::task::TaskTracker;

use super::db::database;
use super::files::FilesFolder;
use super::lookup::TestLookup;
use super::receiver::Receiver;
use crate::sandbox::support::{API_KEY, SIGNING_SECRET};

/// What a test of the service layer is given.
#[derive(Debug)]
pub struct TestServices {
    pub services: Services,
    pub clock: Arc<ManualClock>,
    /// Where reports and lists lie.
    pub files: Arc<FilesFolder>,
}

/// How long a test's shop waits for the gateway; `pm_timeout` must hang for longer.
pub const GATEWAY_DEADLINE: Duration = Duration::from_secs(3);

/// How long a test's shop waits for a webhook endpoint.
pub const WEBHOOK_DEADLINE: Duration = Duration::from_secs(10);

/// Whoever does something of which it doesn't matter who it is.
pub fn author() -> &'static Author {
    static AUTHOR: LazyLock<Author> = LazyLock::new(Author::operator);
    &AUTHOR
}

/// Services on a new database, at noon of an ordinary day.
pub async fn services() -> TestServices {
    let clock = Arc::new(ManualClock::starting_at(datetime!(2026-03-02 12:00 UTC)));
    let ambient = Ambient::new(clock.clone(), Arc::new(SystemEntropy));
    let catalogue = catalogue(&ambient, None);
    let services = of_a_process(database().await.into(), ambient, catalogue);
    TestServices { services, clock, files: FilesFolder::new() }
}

/// Services on a database that others use too, at the present time.
pub fn over(pool: PgPool) -> TestServices {
    let clock = Arc::new(ManualClock::starting_at(SystemClock.now()));
    let ambient = Ambient::new(clock.clone(), Arc::new(SystemEntropy));
    let (files, catalogue) = (FilesFolder::new(), catalogue(&ambient, None));
    TestServices { services: of_a_process(pool.into(), ambient, catalogue), clock, files }
}

/// What a process of its own has over this database.
fn of_a_process(pool: Pool, ambient: Ambient, catalogue: Catalogue) -> Services {
    Services { pool, ambient, auth: auth(), catalogue, gatherer: Gatherer::new(32) }
}

/// The cache of a process of its own, with or without a tier that others share.
pub fn catalogue(ambient: &Ambient, tier: Option<Arc<dyn CacheTier>>) -> Catalogue {
    let day = Duration::from_secs(24 * 3_600);
    let ttl = Duration::from_secs(60);
    let settings = CatalogueSettings { ttl, stale: day, entries: 1_000, places: 5 };
    Catalogue::new(&settings, ambient, tier)
}

/// The authentication of a process of its own.
pub fn auth() -> Auth {
    Auth::new(AuthSettings {
        issuer: "https://till.test".to_owned(),
        audience: "https://till.test".to_owned(),
        key_encryption_key: RootKey::new([7; 32]).derive(SIGNING_KEYS_LABEL),
        api_keys_key: RootKey::new([7; 32]).derive(API_KEYS_LABEL),
        account_tokens_key: RootKey::new([7; 32]).derive(ACCOUNT_TOKENS_LABEL),
        client_secrets_key: RootKey::new([7; 32]).derive(CLIENT_SECRETS_LABEL),
        oauth_forms_key: RootKey::new([7; 32]).derive(OAUTH_FORMS_LABEL),
    })
}

impl TestServices {
    /// A second instance over the same database and clock: its pool and its caches are its own.
    pub async fn twin(&self) -> Self {
        self.twin_sharing(None).await
    }

    /// A twin that shares this tier of the cache with others.
    pub async fn twin_sharing(&self, tier: Option<Arc<dyn CacheTier>>) -> Self {
        let options = self.services.pool.connect_options().as_ref().clone();
        let pool = self.services.pool.options().clone().connect_with(options).await.unwrap();
        let ambient = self.services.ambient.clone();
        let (clock, files) = (self.clock.clone(), self.files.clone());
        let catalogue = catalogue(&ambient, tier);
        Self { services: of_a_process(pool.into(), ambient, catalogue), clock, files }
    }

    /// Payments through the sandbox gateway at this address; nothing is called before the first charge.
    pub fn payments(&self, gateway: BaseUrl) -> Payments {
        let client = SandboxGateway::new(gateway, SecretString::from(API_KEY), GATEWAY_DEADLINE);
        let signing_key = DerivedKey::new(Box::new(SIGNING_SECRET.try_into().unwrap()));
        Payments {
            services: self.services.clone(),
            gateway: GuardedGateway::new(
                Arc::new(client.unwrap()),
                self.clock.clone(),
                GATEWAY_DEADLINE,
            ),
            tasks: TaskTracker::new(),
            callback_url: None,
            callbacks: CallbackVerifier::new(signing_key, Arc::new(SystemClock)),
        }
    }

    /// Long jobs that say something with every second row, and never without a row.
    pub fn jobs(&self, gateway: BaseUrl) -> Jobs {
        Jobs {
            services: self.services.clone(),
            files: self.files.open(),
            gateway: GatewayRecord::new(gateway, GATEWAY_DEADLINE).unwrap(),
            pace: Pace { rows: 2, heartbeat: Duration::from_secs(3_600) },
        }
    }

    /// Webhooks that reach nobody: every name leads to a public address, and nothing is sent in tests that use these.
    pub fn webhooks(&self) -> Webhooks {
        self.webhooks_at(WEBHOOK_DEADLINE, &[], Arc::default())
    }

    /// Webhooks that may be sent to these receivers.
    pub fn webhooks_at(
        &self,
        deadline: Duration,
        receivers: &[&Receiver],
        lookup: Arc<TestLookup>,
    ) -> Webhooks {
        let origin = |receiver: &&Receiver| BaseUrl::parse(&receiver.origin()).unwrap();
        let allowed = receivers.iter().map(origin).collect();
        let sender = WebhookSender::new(deadline, allowed, lookup).unwrap();
        let vault = RootKey::new([7; 32]).derive(WEBHOOK_SECRETS_LABEL);
        Webhooks::new(self.services.clone(), sender, vault)
    }

    /// No limits at all.
    pub fn limits(&self) -> Limits {
        self.limits_of(RateLimits::default())
    }

    /// These limits, kept in process and by the test's clock; 10.0.0.0/8 are proxies.
    pub fn limits_of(&self, rates: RateLimits) -> Limits {
        self.limits_in(RateLimiter::in_process(self.clock.clone()), rates)
    }

    /// These limits, kept there; 10.0.0.0/8 are proxies.
    pub fn limits_in(&self, limiter: RateLimiter, rates: RateLimits) -> Limits {
        let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
        Limits::new(limiter, rates, proxies)
    }

    /// The cause of an effect whose cause doesn't matter.
    pub fn cause(&self) -> Cause {
        Cause { request_id: "test".to_owned(), trace_parent: None }
    }
}
