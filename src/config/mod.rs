//! Settings: read once from the environment and flags, all faults reported together; nothing else reads the environment.
//!
//! Each section is a file that declares its settings (`const LISTEN: Setting`) and reads them into a
//! struct. One table, [`SETTINGS`], is made of those constants; the flags, the look-out for typing errors
//! in `TILL_*` names and `.env.example` all come from it.
//!
//! A program calls [`Config::load`] with what it is and with an [`Environment`]; a value given as a flag
//! wins over the same value in the environment, and an empty value counts as none.

mod admin;
mod audit_log;
mod bind;
mod broker;
mod cache;
mod connections;
mod data_dir;
mod database;
mod embedded;
mod error;
mod example;
mod files;
mod gateway;
mod http;
mod load_shed;
mod log;
mod mail;
mod network;
mod ops;
mod orders;
mod rate_limits;
mod reader;
mod redis;
mod secret_key;
mod setting;
mod shutdown;
mod source;
mod stage;
#[cfg(test)]
mod tests;
mod traces;
mod value;
mod versions;
mod webhooks;

pub use admin::FirstAdministrator;
pub use audit_log::AuditLog;
pub use bind::{BindError, bind};
pub use broker::Broker;
pub use cache::Cache;
pub use connections::Connections;
pub use data_dir::DataDir;
pub use database::Database;
pub use embedded::Embedded;
pub use error::{ConfigErrors, Fault};
pub use example::env_example;
pub use files::{Files, FilesPlace};
pub use gateway::Gateway;
pub use http::Http;
pub use load_shed::LoadShed;
pub use log::{Log, LogFormat};
pub use mail::Mail;
pub use network::{IpNetwork, TrustedProxies};
pub use ops::Ops;
pub use orders::Orders;
pub use rate_limits::RateLimits;
pub use redis::Redis;
pub use secret_key::{DerivedKey, RootKey};
pub use setting::{Exposure, Setting};
pub use shutdown::Shutdown;
pub use source::{Environment, flags};
pub use stage::Stage;
pub use traces::{Callers, Sampling, Traces};
pub use value::BaseUrl;
pub use versions::AfterSunset;
pub use webhooks::Webhooks;

use reader::{Noted, Reader};

/// Every setting there is, in the order of `.env.example`.
pub const SETTINGS: &[&Setting] = &[
    &stage::ENV,
    &http::LISTEN,
    &http::PUBLIC_URL,
    &http::BODY_LIMIT,
    &http::REQUEST_DEADLINE,
    &http::CORS_ORIGINS,
    &http::HSTS,
    &http::TRUSTED_PROXIES,
    &versions::RETIRE_AFTER_SUNSET,
    &connections::MAX_CONNECTIONS,
    &connections::HEADER_DEADLINE,
    &load_shed::LOAD_SHED,
    &load_shed::LEAST,
    &load_shed::MOST,
    &ops::OPS_LISTEN,
    &shutdown::SHUTDOWN_DELAY,
    &shutdown::SHUTDOWN_GRACE,
    &secret_key::SECRET_KEY,
    &data_dir::DATA_DIR,
    &files::FILES_URL,
    &database::DATABASE_URL,
    &database::POOL_MIN,
    &database::POOL_MAX,
    &database::IDLE_TIMEOUT,
    &database::ACQUIRE_TIMEOUT,
    &database::STATEMENT_TIMEOUT,
    &database::LOCK_TIMEOUT,
    &database::SLOW_STATEMENT,
    &orders::PER_COMMIT,
    &embedded::PG_BIN,
    &redis::REDIS_URL,
    &redis::REDIS_PREFIX,
    &redis::REDIS_TIMEOUT,
    &rate_limits::ANONYMOUS,
    &rate_limits::USER,
    &rate_limits::ADMIN,
    &rate_limits::API_KEY_STANDARD,
    &rate_limits::API_KEY_PREMIUM,
    &rate_limits::API_KEY_DAILY,
    &rate_limits::LOGIN,
    &rate_limits::REPORTS,
    &cache::TTL,
    &cache::STALE,
    &cache::ENTRIES,
    &broker::AMQP_URL,
    &broker::AMQP_PREFIX,
    &mail::SMTP_URL,
    &mail::MAIL_FROM,
    &gateway::GATEWAY_LISTEN,
    &gateway::GATEWAY_URL,
    &gateway::GATEWAY_CALLBACK_URL,
    &gateway::GATEWAY_TIMEOUT,
    &webhooks::WEBHOOKS_TIMEOUT,
    &webhooks::WEBHOOKS_ALLOW_PRIVATE,
    &audit_log::AUDIT_LOG_KEEP,
    &admin::ADMIN_EMAIL,
    &admin::ADMIN_PASSWORD,
    &log::LOG_FORMAT,
    &log::RUST_LOG,
    &traces::OTLP_ENDPOINT,
    &traces::OTLP_HEADERS,
    &traces::SAMPLER,
    &traces::SAMPLER_ARG,
    &traces::SERVICE_NAME,
    &traces::SDK_DISABLED,
];

/// The listeners' settings, for the message of [`bind`] when a port is taken.
pub mod listeners {
    pub use super::gateway::GATEWAY_LISTEN;
    pub use super::http::LISTEN;
    pub use super::ops::OPS_LISTEN;
}

/// Which program asks for its settings; it decides what must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// `till up`: everything in one process; brings a database of its own unless one is given.
    Up,
    /// `api`.
    Api,
    /// `worker`.
    Worker,
    /// `till gateway`.
    Gateway,
    /// `till migrate`.
    Migrate,
    /// `till seed`.
    Seed,
    /// `till doctor`.
    Doctor,
    /// `till check`.
    Check,
    /// `till keys …`.
    Keys,
    /// `till dead-letters …`.
    DeadLetters,
}

impl Program {
    /// Whether it can do without `DATABASE_URL`.
    const fn database(self) -> Needed {
        match self {
            Self::Api
            | Self::Worker
            | Self::Migrate
            | Self::Seed
            | Self::Check
            | Self::Keys
            | Self::DeadLetters => Needed::Yes,
            Self::Up | Self::Gateway | Self::Doctor => Needed::No,
        }
    }

    /// Whether it can do without `REDIS_URL` and `AMQP_URL`: several processes share what is behind them.
    const fn shared_parts(self) -> Needed {
        match self {
            Self::Api | Self::Worker => Needed::Yes,
            Self::Up
            | Self::Gateway
            | Self::Migrate
            | Self::Seed
            | Self::Check
            | Self::Doctor
            | Self::Keys
            | Self::DeadLetters => Needed::No,
        }
    }
}

/// Whether a program cannot do without a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needed {
    Yes,
    No,
}

/// All settings of one process, checked.
#[derive(Debug)]
pub struct Config {
    /// Development or production.
    pub stage: Stage,
    /// The public listener and what it lets through.
    pub http: Http,
    /// How operations past their sunset are treated.
    pub after_sunset: AfterSunset,
    /// The connections of each listener.
    pub connections: Connections,
    /// Which requests are refused under strain; `None` refuses none.
    pub load_shed: Option<LoadShed>,
    /// The operators' listener.
    pub ops: Ops,
    /// How the process stops.
    pub shutdown: Shutdown,
    /// The root of all keys.
    pub root_key: RootKey,
    /// Where local files are kept.
    pub data_dir: DataDir,
    /// Where reports and uploads are kept.
    pub files: Files,
    /// Postgres and the pool of connections to it.
    pub database: Database,
    /// How many orders may share a transaction.
    pub orders: Orders,
    /// Where the programs of a private Postgres are looked for.
    pub embedded: Embedded,
    /// Redis, if there is one.
    pub redis: Redis,
    /// How many requests each kind of caller may make.
    pub rate_limits: RateLimits,
    /// The cache of the public catalogue.
    pub cache: Cache,
    /// RabbitMQ, if there is one.
    pub broker: Broker,
    /// Outgoing mail.
    pub mail: Mail,
    /// The payment gateway: the sandbox's listener and where it is reached.
    pub gateway: Gateway,
    /// What is sent to webhook endpoints, and where they may be.
    pub webhooks: Webhooks,
    /// For how long the audit log is kept.
    pub audit_log: AuditLog,
    /// The account that is made where no administrator exists yet.
    pub first_administrator: Option<FirstAdministrator>,
    /// What is logged, and how.
    pub log: Log,
    /// Where spans are exported to; `None` exports none.
    pub traces: Option<Traces>,
}

impl Config {
    /// Reads and checks every setting.
    ///
    /// In development a root key is made and kept in the data directory when none is given; nothing else is
    /// written.
    ///
    /// # Errors
    /// Names every wrong setting at once, one line each, and never shows a secret.
    pub fn load(program: Program, environment: &Environment) -> Result<Self, ConfigErrors> {
        let mut reader = Reader::new(environment);
        reader.refuse_unknown(SETTINGS);
        let config = Self::read(program, &mut reader);
        match (config, reader.finish(SETTINGS)) {
            (Ok(config), None) => Ok(config),
            (_, Some(errors)) => Err(errors),
            // Unreachable: a `Noted` is only made by noting a fault.
            (Err(Noted), None) => Err(ConfigErrors::default()),
        }
    }

    fn read(program: Program, reader: &mut Reader<'_>) -> Result<Self, Noted> {
        // Every section is read before the first fault stops us, so that all faults are reported.
        let stage = stage::read(reader);
        // With a wrong stage the stricter rules still find what they find.
        let assumed = stage.as_ref().copied().unwrap_or(Stage::Production);
        let http = http::read(reader);
        let after_sunset = versions::read(reader);
        let connections = connections::read(reader);
        let load_shed = load_shed::read(reader);
        let ops = ops::read(reader);
        let shutdown = shutdown::read(reader);
        let data_dir = data_dir::read(reader);
        let files = files::read(reader, data_dir.as_ref().map_err(|noted| *noted));
        let database = database::read(reader, program.database());
        let orders = orders::read(reader);
        let embedded = embedded::read(reader);
        let redis = redis::read(reader, program.shared_parts());
        let rate_limits = rate_limits::read(reader);
        let cache = cache::read(reader);
        let broker = broker::read(reader, program.shared_parts());
        let mail = mail::read(reader);
        let gateway = gateway::read(reader);
        let webhooks = webhooks::read(reader);
        let audit_log = audit_log::read(reader);
        let first_administrator = admin::read(reader, assumed);
        let log = log::read(reader, assumed);
        let traces = traces::read(reader, program);
        // Last, because it may write a file: not where another setting is wrong.
        let root_key = secret_key::read(reader, assumed, data_dir.as_ref().ok());
        Ok(Self {
            stage: stage?,
            http: http?,
            after_sunset: after_sunset?,
            connections: connections?,
            load_shed: load_shed?,
            ops: ops?,
            shutdown: shutdown?,
            root_key: root_key?,
            data_dir: data_dir?,
            files: files?,
            database: database?,
            orders: orders?,
            embedded: embedded?,
            redis: redis?,
            rate_limits: rate_limits?,
            cache: cache?,
            broker: broker?,
            mail: mail?,
            gateway: gateway?,
            webhooks: webhooks?,
            audit_log: audit_log?,
            first_administrator: first_administrator?,
            log: log?,
            traces: traces?,
        })
    }
}
