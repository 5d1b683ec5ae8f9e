//! Why the demo data could not be put in, in words for whoever asked for it.

use crate::clients::payment_gateway::GatewayError;
use crate::domain::Violation;
use crate::service::auth::passwords::HashError;
use crate::service::transact::AsStoreError;
use crate::store::StoreError;
use crate::store::error::Constraint;

/// What was begun goes on when it is asked for again.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error(
        "demo data brings sign-ins with a published password, so there is none where TILL_ENV=production"
    )]
    Production,
    #[error("demo data needs {0}, and something of this database has it already")]
    Taken(&'static str),
    #[error(
        "the sandbox gateway at {url} didn't take the demo's charges (TILL_GATEWAY_URL says where it is)"
    )]
    Gateway {
        url: String,
        #[source]
        source: GatewayError,
    },
    #[error("line {line} of the demo catalogue is no product")]
    Catalogue { line: u32 },
    #[error("the demo tells of something impossible: {0}")]
    Impossible(#[from] Violation),
    #[error("the demo's progress is gone from the database")]
    Lost,
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for DemoError {
    fn from(error: StoreError) -> Self {
        match error.constraint() {
            Some(Constraint::EmailTaken) => Self::Taken("the e-mail addresses of its sign-ins"),
            Some(Constraint::SkuTaken) => Self::Taken("the SKUs of its catalogue"),
            _ => Self::Store(error),
        }
    }
}

impl AsStoreError for DemoError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}
