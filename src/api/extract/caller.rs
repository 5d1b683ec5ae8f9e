//! Who may call, as a type in a handler's signature: `Caller<may::PlaceOrders>` exists only for a caller who may.

use axum::extract::{FromRef, FromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};

use super::origin::origin;
use crate::api::problem::{Problem, ProblemCode};
use crate::api::state::ApiState;
use crate::domain::access::Principal;
use crate::domain::audit::Author;
use crate::domain::permission::{Granted, Permission};
use crate::service::Services;
use crate::service::auth::api_keys;
use crate::service::auth::shown::{self, Shown};

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
        let state = ApiState::from_ref(state);
        let services = &state.services;
        let credentials = match parts.extensions.remove::<Credentials>() {
            Some(credentials) => credentials,
            // Where nothing is limited nobody has looked yet.
            None => Credentials::read(&parts.headers, services).await,
        };
        let principal = shown::admit(services, &credentials.into_shown()?).await?;
        let granted = principal.granted()?;
        let author = Author { actor: (&principal).into(), origin: origin(parts, &state.limits) };
        Ok(Self { principal, granted, author })
    }
}

/// A key by itself; it may stand in `Authorization` as well.
pub const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// What a request says of who sends it; read once, by whoever needs it first.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// It says nothing, or nothing that can be read.
    Absent,
    /// A token or a key of ours, good by what can be seen of it.
    Good(Shown),
    /// One that is no good, or could not be checked; or more than one.
    Refused(Problem),
}

impl Credentials {
    /// Looks at `Authorization: Bearer …` and at `X-Api-Key: …`.
    pub async fn read(headers: &HeaderMap, services: &Services) -> Self {
        let mut keys = headers.get_all(X_API_KEY).iter();
        let identified = match (keys.next(), bearer(headers)) {
            (None, None) => return Self::Absent,
            (None, Some(text)) => shown::identify(services, text).await,
            (Some(key), _) => {
                if keys.next().is_some() || headers.contains_key(AUTHORIZATION) {
                    return Self::Refused(ambiguous());
                }
                let key = api_keys::identify(services, key.to_str().unwrap_or_default()).await;
                key.map(Shown::ApiKey)
            }
        };
        match identified {
            Ok(shown) => Self::Good(shown),
            Err(error) => Self::Refused(error.into()),
        }
    }

    pub fn shown(&self) -> Option<&Shown> {
        match self {
            Self::Good(shown) => Some(shown),
            Self::Absent | Self::Refused(_) => None,
        }
    }

    /// Nobody, or somebody whose session lives or whose key is good.
    ///
    /// # Errors
    /// The credential is no good, or could not be checked.
    pub async fn admitted(self, services: &Services) -> Result<Option<Principal>, Problem> {
        match self {
            Self::Absent => Ok(None),
            Self::Good(shown) => Ok(Some(shown::admit(services, &shown).await?)),
            Self::Refused(problem) => Err(problem),
        }
    }

    fn into_shown(self) -> Result<Shown, Problem> {
        match self {
            Self::Good(shown) => Ok(shown),
            Self::Refused(problem) => Err(problem),
            Self::Absent => Err(Problem::new(ProblemCode::Unauthenticated)),
        }
    }
}

/// Which of them counts would be a guess, and one of them may be somebody else's (RFC 6750 §2).
fn ambiguous() -> Problem {
    Problem::new(ProblemCode::Unauthenticated)
        .detail("Send one credential: an Authorization header or an X-Api-Key header, once.")
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
