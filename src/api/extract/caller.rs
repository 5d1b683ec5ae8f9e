//! Who may call, as a type in a handler's signature: `Caller<may::PlaceOrders>` exists only for a caller who may.

use axum::extract::{FromRef, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use super::origin::origin;
use crate::api::problem::{Problem, ProblemCode};
use crate::api::state::ApiState;
use crate::domain::access::Principal;
use crate::domain::audit::Author;
use crate::domain::permission::{Granted, Permission};
use crate::service::Services;
use crate::service::auth::tokens::{self, Bearer};

pub use crate::domain::permission::may;

/// An authenticated caller who may do `P`.
#[derive(Debug, Clone)]
pub struct Caller<P> {
    pub principal: Principal,
    /// For use cases that ask for it.
    pub granted: Granted<P>,
    /// For use cases that change something.
    pub author: Author,
}

impl<S, P> FromRequestParts<S> for Caller<P>
where
    S: Send + Sync,
    ApiState: FromRef<S>,
    P: Permission,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let ApiState { services, limits, .. } = ApiState::from_ref(state);
        let credentials = match parts.extensions.remove::<Credentials>() {
            Some(credentials) => credentials,
            // Where nothing is limited nobody has looked yet.
            None => Credentials::read(&parts.headers, &services).await,
        };
        let principal = tokens::admit(&services, &credentials.into_bearer()?).await?;
        let granted = principal.granted()?;
        let author = Author { actor: (&principal).into(), origin: origin(parts, &limits) };
        Ok(Self { principal, granted, author })
    }
}

/// What a request says of who sends it; read once, by whoever needs it first.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// It says nothing, or nothing that can be read.
    Absent,
    /// A token of ours, good by its signature and its time.
    Good(Bearer),
    /// A token that is no good, or could not be checked.
    Refused(Problem),
}

impl Credentials {
    /// Looks at the token of `Authorization: Bearer …`.
    pub async fn read(headers: &HeaderMap, services: &Services) -> Self {
        let Some(token) = bearer(headers) else { return Self::Absent };
        match tokens::identify(services, token).await {
            Ok(bearer) => Self::Good(bearer),
            Err(error) => Self::Refused(error.into()),
        }
    }

    pub fn bearer(&self) -> Option<&Bearer> {
        match self {
            Self::Good(bearer) => Some(bearer),
            Self::Absent | Self::Refused(_) => None,
        }
    }

    /// Nobody, or somebody whose session lives.
    ///
    /// # Errors
    /// The token is no good, or could not be checked.
    pub async fn admitted(self, services: &Services) -> Result<Option<Principal>, Problem> {
        match self {
            Self::Absent => Ok(None),
            Self::Good(bearer) => Ok(Some(tokens::admit(services, &bearer).await?)),
            Self::Refused(problem) => Err(problem),
        }
    }

    fn into_bearer(self) -> Result<Bearer, Problem> {
        match self {
            Self::Good(bearer) => Ok(bearer),
            Self::Refused(problem) => Err(problem),
            Self::Absent => Err(Problem::new(ProblemCode::Unauthenticated)),
        }
    }
}

/// The token of `Authorization: Bearer …` (RFC 6750 §2.1); the scheme's case does not matter, and two are none.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().and_then(|value| value.to_str().ok());
    let credentials = value.and_then(|value| value.split_once(' '));
    match (credentials, values.next()) {
        (Some((scheme, token)), None) if scheme.eq_ignore_ascii_case("bearer") => {
            Some(token.trim())
        }
        (Some(_) | None, _) => None,
    }
}
