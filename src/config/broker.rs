//! RabbitMQ: what carries messages from the outbox to consumers.

use secrecy::SecretString;

use super::reader::{Noted, Reader};
use super::value::url_of;
use super::{Exposure, Needed, Setting};

pub const AMQP_URL: Setting = Setting {
    name: "AMQP_URL",
    exposure: Exposure::Secret,
    expects: "an amqp:// or amqps:// URL",
    default: None,
    example: "amqp://till:PASSWORD@localhost:5672/%2f",
    help: "RabbitMQ, between API and worker. Unset: the worker's loop reads the outbox itself.",
};

pub const AMQP_PREFIX: Setting = Setting {
    name: "TILL_AMQP_PREFIX",
    exposure: Exposure::Plain { flag: "amqp-prefix" },
    expects: "1 to 60 letters, digits, dots, dashes or underscores",
    default: Some("till"),
    example: "till-staging",
    help: "What the names of all queues and exchanges begin with; installations that share a broker differ in it.",
};

/// Where RabbitMQ is, if anywhere.
#[derive(Debug)]
pub struct Broker {
    /// Its address (`AMQP_URL`).
    pub url: Option<SecretString>,
    /// The beginning of all names there, 1 to 60 characters (`TILL_AMQP_PREFIX`).
    pub prefix: String,
}

pub(super) fn read(reader: &mut Reader<'_>, needed: Needed) -> Result<Broker, Noted> {
    let form = |text: &str| url_of(text, &["amqp", "amqps"]).map(SecretString::from);
    let url = match needed {
        Needed::Yes => reader.required(&AMQP_URL, "this program needs a broker", form).map(Some),
        Needed::No => reader.optional(&AMQP_URL, form),
    };
    let prefix = reader.defaulted(&AMQP_PREFIX, |text| is_prefix(text).then(|| text.to_owned()));
    Ok(Broker { url: url?, prefix: prefix? })
}

fn is_prefix(text: &str) -> bool {
    (1..=60).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}
