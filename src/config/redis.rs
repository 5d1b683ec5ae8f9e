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

pub const REDIS_PREFIX: Setting = Setting {
    name: "TILL_REDIS_PREFIX",
    exposure: Exposure::Plain { flag: "redis-prefix" },
    expects: "1 to 64 letters, digits, dots, colons, dashes or underscores",
    default: Some("till:"),
    example: "till-staging:",
    help: "What all keys and channels in Redis begin with; instances with the same one share limits and caches.",
};

/// Where Redis is, if anywhere.
#[derive(Debug)]
pub struct Redis {
    /// Its address (`REDIS_URL`).
    pub url: Option<SecretString>,
    /// What all keys begin with (`TILL_REDIS_PREFIX`).
    pub prefix: String,
}

pub(super) fn read(reader: &mut Reader<'_>, needed: Needed) -> Result<Redis, Noted> {
    let form = |text: &str| url_of(text, &["redis", "rediss"]).map(SecretString::from);
    let url = match needed {
        Needed::Yes => reader.required(&REDIS_URL, "this program needs Redis", form).map(Some),
        Needed::No => reader.optional(&REDIS_URL, form),
    };
    let prefix = reader.defaulted(&REDIS_PREFIX, |text| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".:-_".contains(&byte);
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(plain);
        fits.then(|| text.to_owned())
    });
    Ok(Redis { url: url?, prefix: prefix? })
}
