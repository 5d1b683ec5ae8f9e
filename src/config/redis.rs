//! Redis: what instances share to enforce one limit and to keep one cache.

use secrecy::SecretString;

use super::reader::{Noted, Reader};
use super::value::url_of;
use super::{Exposure, Setting};

pub const REDIS_URL: Setting = Setting {
    name: "REDIS_URL",
    exposure: Exposure::Secret,
    expects: "a redis:// or rediss:// URL",
    default: None,
    example: "redis://:PASSWORD@localhost:6379/0",
    help: "Redis, shared by all instances for limits and caches. Unset: each process keeps its own.",
};

/// Where Redis is, if anywhere.
#[derive(Debug)]
pub struct Redis {
    /// Its address (`REDIS_URL`).
    pub url: Option<SecretString>,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<Redis, Noted> {
    let url = reader.optional(&REDIS_URL, |text| url_of(text, &["redis", "rediss"]))?;
    Ok(Redis { url: url.map(SecretString::from) })
}
