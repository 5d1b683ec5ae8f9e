//! Redis: what instances share to enforce one limit and to keep one cache.

use secrecy::SecretString;

use super::reader::{Noted, Reader};
use super::value::url_of;
use super::{Exposure, Needed, Setting};

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

pub(super) fn read(reader: &mut Reader<'_>, needed: Needed) -> Result<Redis, Noted> {
    let form = |text: &str| url_of(text, &["redis", "rediss"]).map(SecretString::from);
    let url = match needed {
        Needed::Yes => reader.required(&REDIS_URL, "this program needs Redis", form).map(Some),
        Needed::No => reader.optional(&REDIS_URL, form),
    };
    Ok(Redis { url: url? })
}
