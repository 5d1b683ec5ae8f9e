//! Outgoing mail: the server that takes it, and whom it is from.

use lettre::message::Mailbox;
use secrecy::SecretString;

use super::reader::{Noted, Reader};
use super::value::{parsed, url_of};
use super::{Exposure, Setting};

pub const SMTP_URL: Setting = Setting {
    name: "SMTP_URL",
    exposure: Exposure::Secret,
    expects: "an smtp:// or smtps:// URL",
    default: None,
    example: "smtps://till:PASSWORD@mail.example.com:465",
    help: "Server for outgoing mail. Unset: mails are files in TILL_DATA_DIR/mail.",
};

pub const MAIL_FROM: Setting = Setting {
    name: "TILL_MAIL_FROM",
    exposure: Exposure::Plain { flag: "mail-from" },
    expects: "a mailbox",
    default: Some("Till <no-reply@localhost>"),
    example: "Till <no-reply@shop.example.com>",
    help: "Sender of all mail; its domain also ends every Message-ID.",
};

/// Where mail is handed over, and whom it is from.
#[derive(Debug)]
pub struct Mail {
    /// The server's address, if there is one (`SMTP_URL`).
    pub url: Option<SecretString>,
    /// The sender (`TILL_MAIL_FROM`).
    pub from: Mailbox,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<Mail, Noted> {
    let url = reader.optional(&SMTP_URL, |text| url_of(text, &["smtp", "smtps"]));
    let from = reader.defaulted(&MAIL_FROM, parsed);
    Ok(Mail { url: url?.map(SecretString::from), from: from? })
}
