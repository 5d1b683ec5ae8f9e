//! How consents look on the wire.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::timestamp::Timestamp;
use crate::api::v1::api_keys::body::ScopeName;
use crate::domain::access::Scope;
use crate::domain::ids::Id;
use crate::domain::oauth::Consent;

/// What the caller lets an application do for them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Consent)]
pub struct ConsentBody {
    pub client_id: Uuid,
    /// What the application is called now.
    #[schema(max_length = 100)]
    pub client_name: String,
    #[schema(value_type = Vec<ScopeName>, max_items = 32)]
    pub scopes: Vec<&'static str>,
    pub created_at: Timestamp,
    /// When it was last given.
    pub updated_at: Timestamp,
}

impl From<Consent> for ConsentBody {
    fn from(consent: Consent) -> Self {
        Self {
            client_id: consent.client.as_uuid(),
            client_name: consent.client_name.as_str().to_owned(),
            scopes: consent.scopes.iter().map(Scope::as_str).collect(),
            created_at: consent.granted_at.into(),
            updated_at: consent.updated_at.into(),
        }
    }
}
