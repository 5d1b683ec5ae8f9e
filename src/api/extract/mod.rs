//! What a handler's parameters are made from: each extractor reads one part of a request strictly; none knows a resource.

pub mod account_limit;
pub mod caller;
pub mod cause;
pub mod fields;
pub mod id;
pub mod idempotency_key;
pub mod json;
pub mod keyed_call;
pub mod origin;
pub mod page;
pub mod patch;
pub mod preconditions;
pub mod query;
pub mod range;
pub mod read_conditions;

pub use account_limit::AccountLimit;
pub use fields::{Fields, Parse};
pub use id::{PathId, PathIds, parse_id};
pub use idempotency_key::{OptionalKey, PathKey, RequiredKey, fingerprint};
pub use json::{EmptyBody, EmptyRequest, JsonBody, ValidJson};
pub use keyed_call::{KeyedCall, MaybeKeyedCall};
pub use origin::RequestOrigin;
pub use page::{AskedPage, CursorKey, ListScope, next_link};
pub use patch::Patch;
pub use preconditions::{EntityTag, IfMatch, IfNoneMatch};
pub use query::ValidQuery;
pub use read_conditions::ReadConditions;
