//! How a user looks on the wire from version 2 on; no password hash ever comes near.

use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::extract::EntityTag;
use crate::api::problem::Problem;
use crate::api::representation::Representation;
use crate::api::timestamp::Timestamp;
use crate::domain::ids::Id;
use crate::domain::user::User;

/// The name of a role.
#[derive(Debug, ToSchema)]
#[schema(max_length = 16, example = "customer")]
pub struct RoleName(pub String);

/// Somebody who can sign in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User)]
pub struct UserBody {
    pub id: Uuid,
    #[schema(max_length = 254)]
    pub email: String,
    /// Whether the address was shown to be theirs.
    pub email_verified: bool,
    #[schema(max_length = 200)]
    pub display_name: String,
    /// Of `customer`, `support` and `admin`; one at present, and more may come.
    #[schema(value_type = Vec<RoleName>, min_items = 1, max_items = 8)]
    pub roles: [&'static str; 1],
    /// `active`, `disabled` or `erased`.
    #[schema(max_length = 16)]
    pub status: &'static str,
    #[schema(max_length = 64)]
    pub default_payment_method: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl From<User> for UserBody {
    fn from(user: User) -> Self {
        Self {
            id: user.id.as_uuid(),
            email: user.email,
            email_verified: user.email_verified_at.is_some(),
            display_name: user.name,
            roles: [user.role.as_str()],
            status: user.status.as_str(),
            default_payment_method: user
                .default_payment_method
                .map(|method| method.as_str().to_owned()),
            created_at: user.created_at.into(),
            updated_at: user.updated_at.into(),
        }
    }
}

/// One user, with the tag that a change of it may name.
pub fn shown(user: User) -> Result<Response, Problem> {
    let tag = EntityTag::of_version(user.id, user.version);
    Ok(Representation::versioned(&UserBody::from(user), tag)?.personal())
}
