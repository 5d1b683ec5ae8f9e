//! Webhooks: who is told of which events, and when a delivery that failed is tried again; sends nothing.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use url::{Host, Url};

use super::Violation;
use super::event::Event;
use super::ids::{DeliveryId, EventId, UserId, WebhookEndpointId};
use super::violation::text;

/// Where events are sent: an absolute `https:` or `http:` URL of at most 2000 characters, encoded, without a user or a
/// fragment. What it leads to is looked at by whoever sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointUrl(Url);

impl EndpointUrl {
    /// # Errors
    /// `too_long` or `invalid_url`.
    pub fn parse(input: &str) -> Result<Self, Violation> {
        // `Url::parse` drops line breaks and blanks around; what is refused can't be misread later.
        let plain = !input.chars().any(|letter| letter.is_control() || letter.is_whitespace());
        let url = Url::parse(input).ok().filter(|_| plain);
        let usable = url.filter(|url| {
            matches!(url.scheme(), "https" | "http")
                && url.host().is_some_and(|host| host != Host::Domain(""))
                && url.username().is_empty()
                && url.password().is_none()
                && url.fragment().is_none()
        });
        let url = usable.ok_or_else(|| {
            let detail = "must be an absolute https: URL without a user or a fragment";
            Violation::new("invalid_url", detail)
        })?;
        // As it is kept: characters that a URL may not hold take up to six times their space.
        if url.as_str().len() > 2_000 {
            let detail = "must have at most 2000 characters, those counted that it is encoded with";
            return Err(Violation::new("too_long", detail));
        }
        Ok(Self(url))
    }

    pub fn as_url(&self) -> &Url {
        &self.0
    }

    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// Which events an endpoint hears of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopicFilter {
    All,
    /// Each once, in the order of [`Event::TOPICS`]; never none.
    Some(Vec<&'static str>),
}

impl TopicFilter {
    /// The one name that stands for all.
    pub const EVERY: &'static str = "*";

    /// Reads names of events, or `*` alone.
    ///
    /// # Errors
    /// `too_short` without a name, `too_many_items` with more than 64, `unknown_event`.
    pub fn parse(names: &[String]) -> Result<Self, Violation> {
        if names.is_empty() {
            return Err(Violation::new("too_short", "must name at least one event"));
        }
        if names.len() > 64 {
            return Err(Violation::new("too_many_items", "must have at most 64 members"));
        }
        if names == [Self::EVERY] {
            return Ok(Self::All);
        }
        if let Some(place) = names.iter().position(|name| !Event::TOPICS.contains(&name.as_str())) {
            let detail = format!("member {place} is no event's name; `*` alone stands for all");
            return Err(Violation::new("unknown_event", detail));
        }
        let named =
            Event::TOPICS.into_iter().filter(|topic| names.iter().any(|name| name == topic));
        Ok(Self::Some(named.collect()))
    }

    /// As it is written by clients.
    pub fn names(&self) -> Vec<String> {
        match self {
            Self::All => vec![Self::EVERY.to_owned()],
            Self::Some(topics) => topics.iter().map(|&topic| topic.to_owned()).collect(),
        }
    }
}

/// What an owner notes of an endpoint: at most 500 characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointDescription(String);

impl EndpointDescription {
    /// # Errors
    /// `too_long` or `invalid_character`.
    pub fn parse(input: &str) -> Result<Self, Violation> {
        text(input, 0, 500)?;
        Ok(Self(input.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why nothing is sent to an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisabledReason {
    /// Its owner wishes so.
    Owner,
    /// It answered 410: it wants no more.
    Gone,
    /// It took nothing for [`GIVE_UP_AFTER`].
    Failing,
}

impl DisabledReason {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Gone => "gone",
            Self::Failing => "failing",
        }
    }
}

impl FromStr for DisabledReason {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        [Self::Owner, Self::Gone, Self::Failing]
            .into_iter()
            .find(|reason| reason.as_str() == text)
            .ok_or_else(|| Violation::new("invalid_value", "must be owner, gone or failing"))
    }
}

/// Whether an endpoint is sent anything, as its owner may wish it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointStatus {
    Enabled,
    Disabled,
}

impl EndpointStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        }
    }
}

impl FromStr for EndpointStatus {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        match text {
            "enabled" => Ok(Self::Enabled),
            "disabled" => Ok(Self::Disabled),
            _ => Err(Violation::new("invalid_value", "must be enabled or disabled")),
        }
    }
}

/// An address that is told of events; its secrets are not part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookEndpoint {
    pub id: WebhookEndpointId,
    pub owner_id: UserId,
    pub url: EndpointUrl,
    pub description: EndpointDescription,
    pub topics: TopicFilter,
    /// `None`: it is enabled.
    pub disabled: Option<DisabledReason>,
    /// When it began to lead to this URL.
    pub url_since: OffsetDateTime,
    /// Until when the secret before the present one signs, too.
    pub old_secret_until: Option<OffsetDateTime>,
    pub circuit: Circuit,
    /// Raised by each change that its owner makes, and when it is disabled.
    pub version: i64,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

impl WebhookEndpoint {
    pub fn status(&self) -> EndpointStatus {
        if self.disabled.is_some() { EndpointStatus::Disabled } else { EndpointStatus::Enabled }
    }

    /// The owner's change; to enable it forgets why it was disabled.
    pub fn change(&mut self, change: EndpointChange, now: OffsetDateTime) {
        if let Some(url) = change.url.filter(|url| *url != self.url) {
            self.url = url;
            self.url_since = now;
            self.circuit = Circuit::default();
        }
        if let Some(description) = change.description {
            self.description = description;
        }
        if let Some(topics) = change.topics {
            self.topics = topics;
        }
        match change.status {
            Some(EndpointStatus::Enabled) if self.disabled.is_some() => {
                self.disabled = None;
                self.circuit = Circuit::default();
            }
            Some(EndpointStatus::Disabled) if self.disabled.is_none() => {
                self.disabled = Some(DisabledReason::Owner);
            }
            Some(EndpointStatus::Enabled | EndpointStatus::Disabled) | None => {}
        }
        self.version += 1;
        self.updated_at = now;
    }
}

/// A circuit breaker that lives in the endpoint's row, so that all workers share it and none forgets it: after
/// [`Circuit::OPENS_AFTER`] bad answers in a row nobody tries for [`Circuit::PAUSE`], and then one at a time, until one is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Circuit {
    /// Bad answers in a row.
    pub failures: u32,
    /// Until then nobody tries.
    pub paused_until: Option<OffsetDateTime>,
}

impl Circuit {
    pub const OPENS_AFTER: u32 = 5;
    pub const PAUSE: Duration = Duration::MINUTE;

    /// The circuit after one more bad answer.
    #[must_use]
    pub fn after_failure(self, now: OffsetDateTime) -> Self {
        let failures = self.failures.saturating_add(1);
        let opens = failures >= Self::OPENS_AFTER;
        Self { failures, paused_until: opens.then_some(now + Self::PAUSE) }
    }
}

/// What an owner changes; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct EndpointChange {
    pub url: Option<EndpointUrl>,
    pub description: Option<EndpointDescription>,
    pub topics: Option<TopicFilter>,
    pub status: Option<EndpointStatus>,
}

/// How far a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// It is tried, or will be.
    Pending,
    /// The endpoint took it.
    Delivered,
    /// It is given up.
    Failed,
}

impl DeliveryStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

impl FromStr for DeliveryStatus {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        [Self::Pending, Self::Delivered, Self::Failed]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| Violation::new("invalid_value", "must be pending, delivered or failed"))
    }
}

/// One event on its way to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub id: DeliveryId,
    pub endpoint_id: WebhookEndpointId,
    pub event_id: EventId,
    pub topic: String,
    pub status: DeliveryStatus,
    pub tries: u32,
    /// When it is tried next, at the latest; `None` once it is over.
    pub due_at: Option<OffsetDateTime>,
    pub tried_at: Option<OffsetDateTime>,
    /// HTTP status of the last answer, where there was one.
    pub status_code: Option<u16>,
    /// Why the last try failed.
    pub error: Option<String>,
    pub created_at: OffsetDateTime,
    pub ended_at: Option<OffsetDateTime>,
}

/// After so long a delivery is given up, and an endpoint that took nothing meanwhile is disabled.
pub const GIVE_UP_AFTER: Duration = Duration::days(3);

/// The waits grow fourfold from the first to the longest.
const FIRST_WAIT: Duration = Duration::seconds(5);
const LONGEST_WAIT: Duration = Duration::hours(12);

/// A failed try of a delivery.
#[derive(Debug, Clone, Copy)]
pub struct FailedTry {
    /// Counts it in its round; from 1.
    pub tries: u32,
    /// When the first try of its round was, or when the endpoint began to lead where it leads, if that was later.
    pub begun_at: OffsetDateTime,
    pub now: OffsetDateTime,
    /// What the endpoint asked for (`Retry-After`).
    pub wished: Option<Duration>,
    /// Random, from 0 up to 65 535.
    pub jitter: u16,
}

impl FailedTry {
    /// When the next try is due: 5 s, 20 s, 80 s … up to 12 h after this one, each a fifth more or less at random, and
    /// not before what the endpoint asked for. The last try is made at the end of the three days; `None` after it.
    pub fn next(self) -> Option<OffsetDateTime> {
        let end = self.begun_at + GIVE_UP_AFTER;
        if self.now >= end {
            return None;
        }
        let doublings = 2 * self.tries.saturating_sub(1).min(10);
        let wait: Duration = FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT);
        // From 80 % to 120 %.
        let percent = 80 + i32::from(self.jitter) * 40 / i32::from(u16::MAX);
        let wait: Duration = wait * percent / 100;
        let wait = wait.max(self.wished.unwrap_or_default());
        Some(end.min(self.now.saturating_add(wait)))
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::{Circuit, EndpointUrl, FailedTry, TopicFilter};

    const BEGUN: time::OffsetDateTime = datetime!(2026-11-22 20:18:00 UTC);

    fn failed(tries: u32, after: Duration) -> FailedTry {
        FailedTry { tries, begun_at: BEGUN, now: BEGUN + after, wished: None, jitter: u16::MAX / 2 }
    }

    #[test]
    fn waits_grow_fourfold_up_to_twelve_hours() {
        let waits: Vec<_> = (1..=9)
            .filter_map(|tries| failed(tries, Duration::ZERO).next())
            .map(|next| (next - BEGUN).whole_seconds())
            .collect();
        assert_eq!(waits, [4, 19, 79, 316, 1_267, 5_068, 20_275, 42_768, 42_768]);
    }

    #[test]
    fn jitter_stays_within_a_fifth() {
        let wait = |jitter| {
            let next = FailedTry { jitter, ..failed(4, Duration::ZERO) }.next().unwrap();
            (next - BEGUN).whole_seconds()
        };
        assert_eq!((wait(0), wait(u16::MAX)), (256, 384));
    }

    #[test]
    fn the_last_try_is_at_the_end_of_three_days_and_none_comes_after_it() {
        let end = BEGUN + Duration::days(3);
        assert_eq!(failed(12, Duration::hours(70)).next(), Some(end));
        assert_eq!(failed(13, Duration::days(3)).next(), None);
        let wished = FailedTry { wished: Some(Duration::MAX), ..failed(1, Duration::ZERO) };
        assert_eq!(wished.next(), Some(end));
    }

    #[test]
    fn what_the_endpoint_asks_for_is_waited_for() {
        let wished = Some(Duration::minutes(7));
        let next = FailedTry { wished, ..failed(1, Duration::ZERO) }.next();
        assert_eq!(next, Some(BEGUN + Duration::minutes(7)));
    }

    #[test]
    fn a_url_has_a_host_and_no_user_and_no_fragment() {
        for right in ["https://shop.example/hooks?for=till", "http://[::1]:80/"] {
            assert!(EndpointUrl::parse(right).is_ok(), "{right}");
        }
        for wrong in [
            "",
            "shop.example",
            "/hooks",
            "ftp://shop.example",
            "https://",
            "https://user@shop.example/",
            "https://:pass@shop.example/",
            "https://shop.example/#part",
            "https://shop.example/a b",
            "https://shop.example/\n",
            "javascript:alert(1)",
            "file:///etc/passwd",
        ] {
            assert!(EndpointUrl::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_url_is_as_long_as_it_is_kept() {
        let long = |letters: usize, letter: &str| {
            EndpointUrl::parse(&format!("https://a.example/{}", letter.repeat(letters)))
        };
        assert!(long(1_982, "x").is_ok());
        assert_eq!(long(1_983, "x").unwrap_err().code, "too_long");
        let grown = long(330, "é").unwrap();
        assert_eq!(EndpointUrl::parse(grown.as_str()).unwrap(), grown);
        assert_eq!(long(1_000, "é").unwrap_err().code, "too_long");
    }

    #[test]
    fn a_circuit_opens_after_five_bad_answers_and_again_after_each_that_follows() {
        let mut circuit = Circuit::default();
        for _bad in 0..4 {
            circuit = circuit.after_failure(BEGUN);
        }
        assert_eq!(circuit, Circuit { failures: 4, paused_until: None });
        for later in [Duration::ZERO, Duration::MINUTE] {
            circuit = circuit.after_failure(BEGUN + later);
            assert_eq!(circuit.paused_until, Some(BEGUN + later + Duration::MINUTE));
        }
    }

    #[test]
    fn topics_are_known_names_or_the_one_that_stands_for_all() {
        let parse = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
            TopicFilter::parse(&names)
        };
        assert_eq!(parse(&["*"]), Ok(TopicFilter::All));
        let twice = parse(&["order.paid", "order.created", "order.paid"]);
        assert_eq!(twice, Ok(TopicFilter::Some(vec!["order.created", "order.paid"])));
        assert_eq!(parse(&[]).unwrap_err().code, "too_short");
        assert_eq!(parse(&["order.*"]).unwrap_err().code, "unknown_event");
        assert_eq!(parse(&["order.paid", "*"]).unwrap_err().code, "unknown_event");
    }
}
