//! Who did what to what, from where and with which credential: what an entry of the audit log is made of.
//!
//! Nothing that a client writes freely gets into an entry but the name of its program, cut and cleaned: no address that was
//! typed, no text of a body, no URL. So there is no place for a secret in it.

mod act;

use std::net::IpAddr;

use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

pub use self::act::Act;
pub use super::access::Credential;
use super::access::Principal;
use super::ids::{
    ApiKeyId, AuditEntryId, ClientId, JobId, MessageId, OrderId, PaymentId, ProductId, UserId,
    WebhookEndpointId,
};

/// Who asks for a change, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    pub actor: Actor,
    pub origin: Origin,
}

impl Author {
    /// Whoever has a terminal on a machine of ours.
    pub fn operator() -> Self {
        Self { actor: Actor::Operator, origin: Origin::default() }
    }

    /// Somebody who proves nothing, such as with a password that is wrong.
    pub fn stranger(origin: Origin) -> Self {
        Self { actor: Actor::Stranger, origin }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    User { id: UserId, credential: Credential },
    Operator,
    Stranger,
}

impl From<&Principal> for Actor {
    fn from(principal: &Principal) -> Self {
        Self::User { id: principal.user_id, credential: principal.credential }
    }
}

impl Actor {
    pub fn kind(self) -> &'static str {
        match self {
            Self::User { .. } => "user",
            Self::Operator => "operator",
            Self::Stranger => "stranger",
        }
    }

    pub fn user(self) -> Option<UserId> {
        match self {
            Self::User { id, .. } => Some(id),
            Self::Operator | Self::Stranger => None,
        }
    }

    pub fn credential(self) -> Option<Credential> {
        match self {
            Self::User { credential, .. } => Some(credential),
            Self::Operator | Self::Stranger => None,
        }
    }
}

/// From where: empty for what no request asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    pub address: Option<IpAddr>,
    pub user_agent: Option<UserAgent>,
    pub request_id: Option<String>,
}

/// What a client calls its program, on one line and no longer than it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserAgent(String);

impl UserAgent {
    const LONGEST: usize = 200;

    /// Whatever is no visible ASCII becomes a question mark, and what is beyond 200 characters is left out.
    pub fn clean(sent: &[u8]) -> Self {
        let cleaned = sent.iter().take(Self::LONGEST).map(|byte| match byte {
            b' '..=b'~' => char::from(*byte),
            _ => '?',
        });
        Self(cleaned.collect())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What it was done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Nothing that is there, such as an account that somebody guessed.
    Nothing,
    User(UserId),
    ApiKey(ApiKeyId),
    OauthClient(ClientId),
    Product(ProductId),
    Job(JobId),
    Order(OrderId),
    Payment(PaymentId),
    WebhookEndpoint(WebhookEndpointId),
    Message(MessageId),
    SigningKey(String),
}

impl Target {
    /// Kind and id, where there is something.
    pub fn named(&self) -> Option<(&'static str, String)> {
        let (kind, id) = match self {
            Self::Nothing => return None,
            Self::User(id) => ("user", id.to_string()),
            Self::ApiKey(id) => ("api_key", id.to_string()),
            Self::OauthClient(id) => ("oauth_client", id.to_string()),
            Self::Product(id) => ("product", id.to_string()),
            Self::Job(id) => ("job", id.to_string()),
            Self::Order(id) => ("order", id.to_string()),
            Self::Payment(id) => ("payment", id.to_string()),
            Self::WebhookEndpoint(id) => ("webhook_endpoint", id.to_string()),
            Self::Message(id) => ("message", id.to_string()),
            Self::SigningKey(kid) => ("signing_key", kid.clone()),
        };
        Some((kind, id))
    }
}

/// One thing that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub act: Act,
    pub target: Target,
}

/// An entry as it is remembered: what was true then stays as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct PastEntry {
    pub id: AuditEntryId,
    pub action: String,
    pub actor: PastActor,
    /// Kind and id.
    pub target: Option<(String, String)>,
    pub details: Value,
    pub address: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
    pub recorded_at: OffsetDateTime,
}

/// Who it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastActor {
    pub kind: String,
    pub id: Option<UserId>,
    /// Kind and id.
    pub credential: Option<(String, Uuid)>,
}

/// Which entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    pub actor: Option<UserId>,
    pub action: Option<&'static str>,
    /// The id of what it was done to, whatever it is.
    pub target: Option<String>,
    pub recorded_after: Option<OffsetDateTime>,
    pub recorded_before: Option<OffsetDateTime>,
}

#[cfg(test)]
mod tests {
    use super::UserAgent;

    #[test]
    fn what_a_client_calls_itself_is_one_short_line_whatever_it_sends() {
        let cleaned = |sent: &[u8]| UserAgent::clean(sent).as_str().to_owned();
        assert_eq!(cleaned(b"curl/8.5.0"), "curl/8.5.0");
        assert_eq!(cleaned(b"a\r\nb\x1b[31m\x00\xff"), "a??b?[31m??");
        assert_eq!(cleaned("zo\u{eb}".as_bytes()), "zo??");
        assert_eq!(cleaned(&[b'x'; 10_000]).len(), 200);
    }
}
