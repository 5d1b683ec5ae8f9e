//! A message between the parts of Till, as it travels: an event, and what it was caused by; it knows no broker.

use serde_json::Value;

use super::ids::MessageId;

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
