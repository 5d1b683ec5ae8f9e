//! Mails to customers: one per message and kind, however often the message comes.
//!
//! 1. *Claim* ([`send`]): in one transaction the facts are read and the delivery's row is leased; a mail that was sent,
//!    or is being sent, stops here.
//! 2. *Send*: outside any transaction, under a `Message-ID` that every copy bears.
//! 3. *Mark*: the row and the consumer's inbox row in one commit.
//!
//! A process that dies between the server's yes and the mark leaves a mail that is sent once more: the one copy that
//! can't be avoided, since no transaction spans both. It is counted where it can be seen.
//!
//! A kind is a file here, with its two templates beside it, and a line in [`KINDS`]; its consumer and its queue follow
//! from that line.

mod email_verification;
mod kind;
mod order_confirmation;
mod password_reset;
mod payment_receipt;
mod refund_notice;
mod report_ready;
mod send;
mod token;
mod webhook_endpoint_disabled;
mod welcome;

use std::sync::Arc;

use time::Duration;
use uuid::Uuid;

use super::Services;
use crate::clients::mailer::{MailError, Mailer};
use crate::config::BaseUrl;
use crate::store::StoreError;

pub use crate::clients::mailer::{FiledMail, MailFolder};
pub use kind::MailKind;
pub use send::{Wish, send};

/// Every mail there is.
pub static KINDS: [&MailKind; 8] = [
    &welcome::KIND,
    &order_confirmation::KIND,
    &payment_receipt::KIND,
    &refund_notice::KIND,
    &report_ready::KIND,
    &webhook_endpoint_disabled::KIND,
    &password_reset::KIND,
    &email_verification::KIND,
];

/// What the use cases about mails are given.
#[derive(Debug, Clone)]
pub struct Mails {
    pub services: Services,
    pub mailer: Arc<dyn Mailer>,
    /// Where links lead.
    pub public_url: BaseUrl,
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailOutcome {
    Sent,
    /// A copy of the message: its mail is out.
    SentBefore,
    /// The account is gone or disabled: nobody wants this mail any more.
    NobodyToWriteTo,
    /// What it would tell of was taken back in the usual course of things.
    NothingToTell,
}

/// Why a mail isn't out.
#[derive(Debug, thiserror::Error)]
pub enum SendMailError {
    /// Somebody else is sending it; after so long it is known whether they could.
    #[error("the mail is being sent by somebody else")]
    BeingSent { known_after: Duration },
    /// The server is away; it is asked again after so long.
    #[error("the mail server is away")]
    ServerAway { known_after: Duration },
    /// The message is not one that this kind tells of.
    #[error("it tells of no {expected}")]
    OtherEvent { expected: &'static str },
    /// It is none that this program can read.
    #[error(transparent)]
    Unreadable(#[from] serde_json::Error),
    /// What the message names isn't in the database, though nothing ever removes it from there.
    #[error("there is no {what} {id}")]
    SubjectGone { what: &'static str, id: Uuid },
    #[error("the template can't be filled: {0}")]
    Template(#[from] askama::Error),
    #[error(transparent)]
    Mail(#[from] MailError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl super::transact::AsStoreError for SendMailError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::BeingSent { .. }
            | Self::ServerAway { .. }
            | Self::OtherEvent { .. }
            | Self::Unreadable(_)
            | Self::SubjectGone { .. }
            | Self::Template(_)
            | Self::Mail(_) => None,
        }
    }
}
