//! A message between the parts of Till, as it travels: an event, and what it was caused by; it knows no broker.

use serde_json::Value;
use time::OffsetDateTime;

use super::ids::{Id, MessageId};

/// One fact on its way to whoever acts on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The same for every copy.
    pub id: MessageId,
    /// What it tells of: `user.created` …
    pub topic: String,
    /// The event as it was written; a reader that doesn't know a member passes over it.
    pub payload: Value,
    /// The request that caused it.
    pub request_id: String,
    /// W3C `traceparent` of that request, where it was traced.
    pub trace_parent: Option<String>,
}

impl MessageId {
    /// When the message was written: `Ambient::id` keeps the time in the id. `None` for an id that somebody else made.
    pub fn written_at(self) -> Option<OffsetDateTime> {
        let (seconds, nanos) = self.as_uuid().get_timestamp()?.to_unix();
        let second = OffsetDateTime::from_unix_timestamp(seconds.try_into().ok()?).ok()?;
        second.replace_nanosecond(nanos).ok()
    }
}
