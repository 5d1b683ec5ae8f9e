//! What somebody lets an application do for them.

use time::OffsetDateTime;

use super::ClientName;
use crate::domain::access::ScopeSet;
use crate::domain::ids::ClientId;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    pub client: ClientId,
    /// What the application is called now.
    pub client_name: ClientName,
    pub scopes: ScopeSet,
    pub granted_at: OffsetDateTime,
    /// When it was last given.
    pub updated_at: OffsetDateTime,
}
