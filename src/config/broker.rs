//! RabbitMQ: what carries messages from the API to the worker.

use secrecy::SecretString;

use super::reader::{Noted, Reader};
use super::value::url_of;
use super::{Exposure, Setting};

pub const AMQP_URL: Setting = Setting {
    name: "AMQP_URL",
    exposure: Exposure::Secret,
    expects: "an amqp:// or amqps:// URL",
    default: None,
    example: "amqp://till:PASSWORD@localhost:5672/%2f",
    help: "RabbitMQ, between API and worker. Unset: the worker's loop reads the outbox itself.",
};

/// Where RabbitMQ is, if anywhere.
#[derive(Debug)]
pub struct Broker {
    /// Its address (`AMQP_URL`).
    pub url: Option<SecretString>,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<Broker, Noted> {
    let url = reader.optional(&AMQP_URL, |text| url_of(text, &["amqp", "amqps"]))?;
    Ok(Broker { url: url.map(SecretString::from) })
}
