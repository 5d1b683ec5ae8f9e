//! Outgoing mail: the server that takes it.

use secrecy::SecretString;

use super::reader::{Noted, Reader};
use super::value::url_of;
use super::{Exposure, Setting};

pub const SMTP_URL: Setting = Setting {
    name: "SMTP_URL",
    exposure: Exposure::Secret,
    expects: "an smtp:// or smtps:// URL",
    default: None,
    example: "smtps://till:PASSWORD@mail.example.com:465",
    help: "Server for outgoing mail. Unset: mails are files in TILL_DATA_DIR/mail.",
};

/// Where mail is handed over, if anywhere.
#[derive(Debug)]
pub struct Mail {
    /// Its address (`SMTP_URL`).
    pub url: Option<SecretString>,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<Mail, Noted> {
    let url = reader.optional(&SMTP_URL, |text| url_of(text, &["smtp", "smtps"]))?;
    Ok(Mail { url: url.map(SecretString::from) })
}
