//! The port to whoever takes outgoing mail, in two forms: an SMTP server, or a folder; it knows no mail's content.
//!
//! A mail is handed over once per call and nothing is repeated here: who may repeat, and when, is the caller's rule.

mod folder;
mod guarded;
mod letter;
mod smtp;

use std::fmt;

use futures_util::future::BoxFuture;
use time::{Duration, OffsetDateTime};

use crate::resilience::circuit_breaker::CircuitOpen;
pub use folder::{FiledMail, MailFolder};
pub use guarded::GuardedMailer;
pub use lettre::message::Mailbox;
pub use smtp::SmtpMailer;

/// A mail to one person. Whatever stands in its texts, they end in no header but their own: headers are encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The same for every copy, such as `welcome.0199…`; letters, digits, `-` and `.` alone.
    pub id: String,
    pub to_name: String,
    pub to_address: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub date: OffsetDateTime,
}

/// Takes mail.
pub trait Mailer: Send + Sync + fmt::Debug {
    /// Returns when the mail was taken; from then on it is somebody else's to deliver.
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), MailError>>;

    /// For how long it is known that nothing is taken, so that nobody need get a mail ready for it.
    fn closed_for(&self) -> Option<Duration> {
        None
    }
}

/// Why a mail was not taken.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// No server, a broken line, or 421: the next try may fare better, with this mail or another.
    #[error("the mail server is away: {0}")]
    Away(#[source] BoxError),
    /// It was away a moment ago, and was not asked.
    #[error("the mail server is away: {0}")]
    Open(#[from] CircuitOpen),
    /// Another answer 4xx: the next try of this mail may fare better.
    #[error("the mail server did not take it for now: {0}")]
    Temporary(#[source] BoxError),
    /// An answer 5xx, or an address that no server takes: no try will fare better.
    #[error("the mail server refused it: {0}")]
    Permanent(#[source] BoxError),
}

pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The mailer can't be set up from its settings.
#[derive(Debug, thiserror::Error)]
#[error("SMTP_URL: {0}")]
pub struct MailerError(#[from] lettre::transport::smtp::Error);
