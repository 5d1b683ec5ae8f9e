//! The composition root: turns configuration into running parts; the only place that sees every layer, and no place for rules.

pub mod api;
pub mod check;
mod connections;
pub mod console;
pub mod database;
pub mod dead_letters;
pub mod dependencies;
pub mod documents;
pub mod gateway;
pub mod install;
pub mod jobs;
pub mod keys;
pub mod limits;
mod lingering;
pub mod ops;
pub mod payments;
pub mod program;
pub mod redis;
pub mod seed;
pub mod serve;
pub mod services;
mod traffic;
pub mod up;
pub mod versions;
pub mod webhooks;
pub mod worker;
mod worker_switch;

use std::error::Error;

/// Why a program could not start or had to end; already in words for whoever started it.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error(transparent)]
    Bind(#[from] crate::config::BindError),
    #[error(transparent)]
    Embedded(#[from] crate::embedded::EmbeddedError),
    #[error("the sandbox gateway cannot start: {0}")]
    Gateway(#[source] crate::sandbox::GatewayError),
    #[error("the database cannot be brought up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error("the database does not answer: {0}")]
    Database(#[from] sqlx::Error),
    #[error("DATABASE_URL is not set")]
    NoDatabase,
    #[error(transparent)]
    Keys(#[from] crate::service::auth::keys::KeysError),
    #[error(transparent)]
    FirstAdmin(#[from] crate::service::users::first_admin::FirstAdminError),
    #[error("the demo's webhook endpoints can't be made: {0}")]
    DemoWebhooks(#[from] crate::service::webhooks::WebhookError),
    #[error(transparent)]
    Demo(#[from] crate::service::demo::DemoError),
    #[error(transparent)]
    Seed(#[from] crate::cli::seed::SeedError),
    #[error(transparent)]
    KeysCommand(#[from] crate::cli::keys::KeysCommandError),
    #[error(transparent)]
    Mailer(#[from] crate::clients::mailer::MailerError),
    #[error("the store of files cannot be used: {0}")]
    Files(#[from] crate::clients::files::FileError),
    #[error("signals cannot be watched: {0}")]
    Signals(#[source] std::io::Error),
    #[error("a part stopped by itself: {0}")]
    Part(#[source] Box<dyn Error + Send + Sync>),
}
