//! Sends webhooks as the Standard Webhooks specification says, and to public addresses alone; it decides no retry.
//!
//! Whoever registers an endpoint chooses where this process connects to. So that it can't be led into the network it
//! stands in, each name is looked up by [`public_address`]'s rules at registration *and* at every connection, since a name
//! may lead elsewhere by then (DNS rebinding); redirects are not followed, no proxy is taken from the environment, and only
//! origins that the operator named may be private or speak plain HTTP.

mod lookup;
mod public_address;
mod signature;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, StatusCode, Url};
use secrecy::SecretBox;
use time::OffsetDateTime;
use url::Host;

use crate::clients::http_span::{self, Path};
use crate::config::BaseUrl;
use lookup::GuardedLookup;
use public_address::is_public;
use signature::signatures;

pub use lookup::{Lookup, LookupFuture, SystemLookup};
pub use signature::{shown, verifies};

/// Longest time until a connection stands, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The most that a `Retry-After` is believed.
const LONGEST_WISH: time::Duration = time::Duration::DAY;

/// A key that signs.
pub type SigningSecret = SecretBox<[u8; 32]>;

/// What is sent once.
#[derive(Debug)]
pub struct SignedMessage<'a> {
    /// The same at every try (`webhook-id`).
    pub id: &'a str,
    pub body: &'a [u8],
    /// The present one first; each makes a signature.
    pub secrets: &'a [SigningSecret],
    /// When it is sent (`webhook-timestamp`).
    pub at: OffsetDateTime,
    /// W3C `traceparent` of what caused it, for where this process exports no span of its own.
    pub trace_parent: Option<&'a str>,
}

/// Why nothing is sent to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressRefused {
    #[error("must begin with https:")]
    NotEncrypted,
    /// Or nowhere at all: which of the two would tell what names there are inside.
    #[error("must lead to a public address")]
    NotPublic,
}

/// Why an endpoint did not take a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    #[error("the URL {0}")]
    Refused(#[from] AddressRefused),
    #[error("no answer within {} s", .0.as_secs_f32())]
    TimedOut(Duration),
    #[error("no connection could be made")]
    NoConnection,
    #[error("the connection broke")]
    Broken,
    #[error("it answered {status}")]
    Answered {
        status: u16,
        /// What it asked for by `Retry-After`.
        wished: Option<time::Duration>,
    },
}

/// Speaks to endpoints.
#[derive(Clone)]
pub struct WebhookSender {
    guarded: Client,
    /// For origins that the operator named.
    trusting: Client,
    allowed: Arc<[BaseUrl]>,
    lookup: Arc<dyn Lookup>,
    timeout: Duration,
}

impl std::fmt::Debug for WebhookSender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookSender").field("allowed", &self.allowed).finish_non_exhaustive()
    }
}

impl WebhookSender {
    /// `timeout` bounds one try, connecting included; `allowed` are origins that may be private or unencrypted.
    ///
    /// # Errors
    /// The TLS configuration can't be built.
    pub fn new(
        timeout: Duration,
        allowed: Vec<BaseUrl>,
        lookup: Arc<dyn Lookup>,
    ) -> Result<Self, reqwest::Error> {
        let client = || {
            Client::builder()
                .user_agent("Till-Webhooks/1")
                .timeout(timeout)
                .connect_timeout(CONNECT_TIMEOUT.min(timeout))
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                .no_proxy()
        };
        let guard = GuardedLookup(Arc::clone(&lookup));
        let guarded = client().https_only(true).dns_resolver(Arc::new(guard)).build()?;
        let trusting = client().build()?;
        Ok(Self { guarded, trusting, allowed: allowed.into(), lookup, timeout })
    }

    /// Whether anything would be sent to this URL now; for whoever registers it. Nothing is sent.
    ///
    /// # Errors
    /// [`AddressRefused`].
    pub async fn check(&self, url: &Url) -> Result<(), AddressRefused> {
        if self.is_allowed(url) {
            return Ok(());
        }
        refuse_by_form(url)?;
        let Some(Host::Domain(name)) = url.host() else { return Ok(()) };
        lookup::public_addresses(&*self.lookup, name).await.map(drop)
    }

    /// Sends a message once and returns the status by which it was taken.
    ///
    /// # Errors
    /// [`NotTaken`]: anything but a status from 200 to 299.
    pub async fn send(&self, url: &Url, message: &SignedMessage<'_>) -> Result<u16, NotTaken> {
        let client = if self.is_allowed(url) {
            &self.trusting
        } else {
            // Numbers are never looked up, so the guard of names does not see them.
            refuse_by_form(url)?;
            &self.guarded
        };
        let mut request = client
            .post(url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", message.id)
            .header("webhook-timestamp", message.at.unix_timestamp())
            .header("webhook-signature", signatures(message))
            .body(message.body.to_vec());
        if let Some(trace_parent) = message.trace_parent {
            request = request.header("traceparent", trace_parent);
        }
        // What it says beside the status is nobody's business here and is not read.
        let answer =
            http_span::send(request, Path::Unnamed).await.map_err(|error| self.why(&error))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(status.as_u16());
        }
        let wished = wish(status, answer.headers(), message.at);
        Err(NotTaken::Answered { status: status.as_u16(), wished })
    }

    fn is_allowed(&self, url: &Url) -> bool {
        let origin = url.origin().ascii_serialization();
        self.allowed.iter().any(|allowed| allowed.as_str() == origin)
    }

    fn why(&self, error: &reqwest::Error) -> NotTaken {
        let mut cause: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(known) = cause {
            if let Some(refused) = known.downcast_ref::<AddressRefused>() {
                return NotTaken::Refused(*refused);
            }
            cause = known.source();
        }
        if error.is_connect() {
            NotTaken::NoConnection
        } else if error.is_timeout() {
            NotTaken::TimedOut(self.timeout)
        } else {
            NotTaken::Broken
        }
    }
}

/// What can be told without looking a name up. [`Url`] has read every way to write a number by then: `0x7f.1`,
/// `2130706433` and `0177.0.0.1` are all 127.0.0.1.
fn refuse_by_form(url: &Url) -> Result<(), AddressRefused> {
    if url.scheme() != "https" {
        return Err(AddressRefused::NotEncrypted);
    }
    let address = match url.host() {
        Some(Host::Ipv4(address)) => address.into(),
        Some(Host::Ipv6(address)) => address.into(),
        Some(Host::Domain(_)) | None => return Ok(()),
    };
    if is_public(address) { Ok(()) } else { Err(AddressRefused::NotPublic) }
}

/// `Retry-After` (RFC 9110 §10.2.3) where the status is one that may bear it.
fn wish(status: StatusCode, headers: &HeaderMap, now: OffsetDateTime) -> Option<time::Duration> {
    let busy = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
    let text = headers.get(RETRY_AFTER).filter(|_| busy)?.to_str().ok()?;
    let wait = match text.parse::<u32>() {
        Ok(seconds) => time::Duration::seconds(seconds.into()),
        Err(_no_number) => crate::domain::utc::parse_http_date(text)? - now,
    };
    Some(wait.clamp(time::Duration::ZERO, LONGEST_WISH))
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};
    use reqwest::{StatusCode, Url};
    use time::Duration;
    use time::macros::datetime;

    use super::{AddressRefused, refuse_by_form, wish};

    #[test]
    fn no_way_to_write_a_private_address_is_let_through() {
        for private in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://127.1/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:a00:1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[2002:7f00:1::]/",
            "https://0.0.0.0/",
            "https://169.254.169.254/latest/meta-data/",
            "https://[fd00:ec2::254]/",
            "https://[fe80::1]/",
            "https://①②⑦.⓪.⓪.①/",
        ] {
            let url = Url::parse(private).unwrap();
            assert_eq!(refuse_by_form(&url), Err(AddressRefused::NotPublic), "{private}");
        }
        assert_eq!(refuse_by_form(&Url::parse("https://93.184.216.34/").unwrap()), Ok(()));
        let plain = Url::parse("http://93.184.216.34/").unwrap();
        assert_eq!(refuse_by_form(&plain), Err(AddressRefused::NotEncrypted));
    }

    #[test]
    fn a_wish_is_seconds_or_a_date_and_is_bounded() {
        let now = datetime!(2026-11-22 20:18:00 UTC);
        let asked = |status, text: &str| {
            let value = HeaderValue::from_str(text).unwrap();
            wish(status, &HeaderMap::from_iter([(RETRY_AFTER, value)]), now)
        };
        let busy = StatusCode::SERVICE_UNAVAILABLE;
        assert_eq!(asked(busy, "120"), Some(Duration::minutes(2)));
        assert_eq!(asked(busy, "4000000000"), Some(Duration::DAY));
        assert_eq!(asked(busy, "Sun, 22 Nov 2026 20:19:00 GMT"), Some(Duration::MINUTE));
        assert_eq!(asked(busy, "Sun, 22 Nov 2026 20:17:00 GMT"), Some(Duration::ZERO));
        assert_eq!(asked(busy, "soon"), None);
        assert_eq!(asked(StatusCode::BAD_REQUEST, "120"), None);
    }
}
