//! Who may call, as a type in a handler's signature: `Caller<may::PlaceOrders>` exists only for a caller whose token holds the scope.

use std::marker::PhantomData;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use crate::api::problem::{Problem, ProblemCode};
use crate::api::state::ApiState;
use crate::domain::access::{Principal, Scope};
use crate::service::auth::tokens;

/// A scope as a type.
pub trait Permission: Send + Sync + 'static {
    const SCOPE: Scope;
}

/// The permissions that handlers name.
pub mod may {
    use super::Permission;
    use crate::domain::access::Scope;

    macro_rules! permissions {
        ($($name:ident = $scope:ident),+ $(,)?) => {$(
            #[doc = concat!("Holds the scope [`Scope::", stringify!($scope), "`].")]
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl Permission for $name {
                const SCOPE: Scope = Scope::$scope;
            }
        )+};
    }

    permissions! {
        ReadProfile = ProfileRead,
        ReadOrders = OrdersRead,
        WriteOrders = OrdersWrite,
        WriteCatalog = CatalogWrite,
        ReadPayments = PaymentsRead,
        WritePayments = PaymentsWrite,
        WriteRefunds = RefundsWrite,
    }
}

/// An authenticated caller who may do `P`.
#[derive(Debug, Clone)]
pub struct Caller<P> {
    pub principal: Principal,
    permission: PhantomData<P>,
}

impl<S, P> FromRequestParts<S> for Caller<P>
where
    S: Send + Sync,
    ApiState: FromRef<S>,
    P: Permission,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let token = bearer(parts)?;
        let ApiState { services, .. } = ApiState::from_ref(state);
        let principal = tokens::verify(&services, token).await?;
        if !principal.scopes.contains(P::SCOPE) {
            return Err(Problem::insufficient_scope(P::SCOPE.as_str()));
        }
        Ok(Self { principal, permission: PhantomData })
    }
}

/// The token of `Authorization: Bearer …` (RFC 6750 §2.1); the scheme's case does not matter.
fn bearer(parts: &Parts) -> Result<&str, Problem> {
    let mut values = parts.headers.get_all(AUTHORIZATION).iter();
    let value = values.next().and_then(|value| value.to_str().ok());
    let credentials = value.and_then(|value| value.split_once(' '));
    match (credentials, values.next()) {
        (Some((scheme, token)), None) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(Problem::new(ProblemCode::Unauthenticated)),
    }
}
