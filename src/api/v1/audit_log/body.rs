//! How an entry of the audit log looks on the wire.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::timestamp::Timestamp;
use crate::domain::audit::{PastActor, PastEntry};
use crate::domain::ids::Id;

/// Something that somebody did.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditEntry)]
pub struct AuditEntryBody {
    pub id: Uuid,
    /// What was done: `user.change_access`, `payment.refund` …
    #[schema(max_length = 64)]
    pub action: String,
    pub actor: AuditActorBody,
    /// What it was done to; null where there is nothing, such as an account that somebody guessed.
    pub target: Option<AuditTargetBody>,
    /// What else is worth knowing of it; members may be added.
    #[schema(value_type = Object)]
    pub details: Value,
    /// From where, for 90 days; null for what no request asked for.
    #[schema(max_length = 64)]
    pub address: Option<String>,
    /// What the client calls itself, cut and cleaned, for 90 days.
    #[schema(max_length = 200)]
    pub user_agent: Option<String>,
    /// Finds the request in the logs; null where an entry tells of many.
    #[schema(max_length = 128)]
    pub request_id: Option<String>,
    pub created_at: Timestamp,
}

/// Who did it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditActor)]
pub struct AuditActorBody {
    /// `user`, `operator` (at the command line), or `stranger`, who proved nothing.
    #[schema(max_length = 16)]
    pub r#type: String,
    /// The user's.
    pub id: Option<Uuid>,
    pub credential: Option<AuditCredentialBody>,
}

/// What an actor proved themselves with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditCredential)]
pub struct AuditCredentialBody {
    /// `session`, `api_key` or `application`.
    #[schema(max_length = 16)]
    pub r#type: String,
    pub id: Uuid,
}

/// What something was done to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditTarget)]
pub struct AuditTargetBody {
    /// `user`, `api_key`, `oauth_client`, `product`, `job`, `order`, `payment`, `webhook_endpoint`, `message` or `signing_key`.
    #[schema(max_length = 32)]
    pub r#type: String,
    #[schema(max_length = 64)]
    pub id: String,
}

impl From<PastActor> for AuditActorBody {
    fn from(actor: PastActor) -> Self {
        Self {
            r#type: actor.kind,
            id: actor.id.map(Id::as_uuid),
            credential: actor.credential.map(|(r#type, id)| AuditCredentialBody { r#type, id }),
        }
    }
}

impl From<PastEntry> for AuditEntryBody {
    fn from(entry: PastEntry) -> Self {
        Self {
            id: entry.id.as_uuid(),
            action: entry.action,
            actor: entry.actor.into(),
            target: entry.target.map(|(r#type, id)| AuditTargetBody { r#type, id }),
            details: entry.details,
            address: entry.address,
            user_agent: entry.user_agent,
            request_id: entry.request_id,
            created_at: entry.recorded_at.into(),
        }
    }
}
