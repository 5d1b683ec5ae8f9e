//! Mail over SMTP: a small pool of connections, a bound on every step, and which answer is final; repeats nothing.

use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use lettre::message::Mailbox;
use lettre::transport::smtp::{self, PoolConfig};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing::field::Empty;
use tracing::{Instrument, Span, debug_span};
use url::Url;

use super::letter::letter;
use super::{Mail, MailError, Mailer, MailerError};

/// Longest wait for one answer of the server.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Longest time for a whole mail, the wait for a connection included; below the lease of its delivery.
const SENT_WITHIN: Duration = Duration::from_secs(20);
/// The pool itself only bounds how many idle ones it keeps.
const MOST_CONNECTIONS: u16 = 8;
const IDLE: Duration = Duration::from_secs(30);

/// Answers 5xx that speak of our sign-in, not of the mail (RFC 4954 §6): they end when the settings are mended.
const NOT_THE_MAILS_FAULT: [u16; 4] = [530, 534, 535, 538];

/// The answer of a server that closes (RFC 5321 §3.8).
const GOING_AWAY: u16 = 421;

/// Hands mail to an SMTP server.
#[derive(Debug)]
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    connections: Semaphore,
    /// Its name, without user and password.
    server: Option<String>,
}

impl SmtpMailer {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// The address can't be used.
    pub fn new(url: &SecretString, from: Mailbox) -> Result<Self, MailerError> {
        let pool = PoolConfig::new().max_size(MOST_CONNECTIONS.into()).idle_timeout(IDLE);
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret())?
            .timeout(Some(ANSWER_WITHIN))
            .pool_config(pool)
            .build();
        let connections = Semaphore::new(MOST_CONNECTIONS.into());
        let server = Url::parse(url.expose_secret()).ok();
        let server = server.and_then(|url| url.host_str().map(str::to_owned));
        Ok(Self { transport, from, connections, server })
    }

    async fn hand_over(&self, mail: &Mail) -> Result<(), MailError> {
        let letter = letter(mail, &self.from)?;
        let reach = Reach::of(&letter);
        let sending = async {
            let _one_of_few = self.connections.acquire().await;
            self.transport.send(letter).await
        };
        match timeout(SENT_WITHIN, sending).await {
            Ok(Ok(_taken)) => Ok(()),
            Ok(Err(error)) if is_final(&error, reach) => Err(MailError::Permanent(error.into())),
            Ok(Err(error)) if is_about_the_mail(&error) => Err(MailError::Temporary(error.into())),
            Ok(Err(error)) => Err(MailError::Away(error.into())),
            Err(elapsed) => Err(MailError::Away(elapsed.into())),
        }
    }
}

/// Which servers can take a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    All,
    /// Its address needs more than ASCII (RFC 6531).
    Some,
}

impl Reach {
    fn of(letter: &Message) -> Self {
        let plain = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
        if letter.envelope().to().iter().all(plain) { Self::All } else { Self::Some }
    }
}

fn is_final(error: &smtp::Error, reach: Reach) -> bool {
    // The library itself refuses what this server can't take; anything else of its own is about our settings.
    if error.is_client() {
        return reach == Reach::Some;
    }
    error.is_permanent()
        && !error.status().is_some_and(|code| NOT_THE_MAILS_FAULT.contains(&code.into()))
}

/// Whether the server is there and only doesn't take this one for now.
fn is_about_the_mail(error: &smtp::Error) -> bool {
    error.is_transient() && error.status().is_some_and(|code| u16::from(code) != GOING_AWAY)
}

/// Bounded, and nothing of the server's own words.
fn kind_of(error: &MailError) -> &'static str {
    match error {
        MailError::Away(_) | MailError::Open(_) => "away",
        MailError::Temporary(_) => "temporary",
        MailError::Permanent(_) => "permanent",
    }
}

impl Mailer for SmtpMailer {
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), MailError>> {
        // Not to whom: an address is nobody's business but the mail's.
        let span = debug_span!(
            "smtp.send",
            otel.kind = "client",
            otel.status_code = Empty,
            server.address = self.server.as_deref(),
            error.type = Empty,
        );
        async {
            let result = self.hand_over(mail).await;
            if let Err(error) = &result {
                let span = Span::current();
                span.record("otel.status_code", "ERROR").record("error.type", kind_of(error));
            }
            result
        }
        .instrument(span)
        .boxed()
    }
}
