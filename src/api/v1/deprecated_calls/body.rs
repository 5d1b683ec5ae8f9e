//! How a caller of something that is on its way out looks on the wire.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::timestamp::Timestamp;
use crate::domain::ids::Id;
use crate::service::deprecated_calls::DeprecatedCaller;

/// Somebody who calls a deprecated operation, or all those of whom nothing is known.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DeprecatedCall)]
pub struct DeprecatedCallBody {
    /// Method and route: `GET /v1/users/{id}`.
    #[schema(max_length = 200)]
    pub operation: String,
    /// Whose token the calls bring; null for all that bring none.
    pub user_id: Option<Uuid>,
    /// Where to write to.
    #[schema(max_length = 254)]
    pub email: Option<String>,
    /// How many there were.
    #[schema(minimum = 1)]
    pub calls: i64,
    pub first_called_at: Timestamp,
    pub last_called_at: Timestamp,
}

impl From<DeprecatedCaller> for DeprecatedCallBody {
    fn from(caller: DeprecatedCaller) -> Self {
        let (user_id, email) = caller.user.map(|user| (user.id.as_uuid(), user.email)).unzip();
        Self {
            operation: caller.operation,
            user_id,
            email,
            calls: caller.calls,
            first_called_at: caller.first_called_at.into(),
            last_called_at: caller.last_called_at.into(),
        }
    }
}
