//! How an event looks on the wire: as webhooks bring it, with `createdAt` for their `timestamp`.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::timestamp::Timestamp;
use crate::domain::event::PastEvent;
use crate::domain::ids::Id;

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Event)]
pub struct EventBody {
    /// Also the `webhook-id` of every delivery of it.
    pub id: Uuid,
    /// `order.created`, `order.paid` …
    #[schema(max_length = 64)]
    pub r#type: String,
    /// The ids of what it concerns, and what else the type tells; members may be added.
    #[schema(value_type = Object)]
    pub data: Value,
    pub created_at: Timestamp,
}

impl From<PastEvent> for EventBody {
    fn from(event: PastEvent) -> Self {
        Self {
            id: event.id.as_uuid(),
            r#type: event.topic,
            data: event.data,
            created_at: event.created_at.into(),
        }
    }
}
