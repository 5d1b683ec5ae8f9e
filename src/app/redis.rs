//! Redis as a part of a process: one client, whatever for.

use secrecy::SecretString;

use super::AppError;
use crate::clients::redis::Redis;
use crate::config::Config;

/// The client, where there is a Redis; nothing is called yet.
///
/// # Errors
/// The address can't be read.
pub fn open(config: &Config) -> Result<Option<Redis>, AppError> {
    let open = |url: &SecretString| Redis::new(url, &config.redis.prefix, config.redis.timeout);
    config.redis.url.as_ref().map(open).transpose().map_err(|error| AppError::Part(error.into()))
}
