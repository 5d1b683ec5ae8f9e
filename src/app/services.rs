//! The use cases as a part of a process, made alike for each program.

use sqlx::PgPool;

use crate::config::Config;
use crate::domain::ambient::Ambient;
use crate::service::Services;
use crate::service::auth::{Auth, AuthSettings, SIGNING_KEYS_LABEL};

/// Nothing is asked of the database yet.
pub fn open(config: &Config, pool: &PgPool, ambient: &Ambient) -> Services {
    let auth = Auth::new(AuthSettings {
        issuer: config.http.public_url.as_str().to_owned(),
        audience: config.http.public_url.as_str().to_owned(),
        key_encryption_key: config.root_key.derive(SIGNING_KEYS_LABEL),
    });
    Services { pool: pool.clone(), ambient: ambient.clone(), auth }
}
