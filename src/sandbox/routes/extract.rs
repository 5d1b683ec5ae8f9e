//! Reads keys, ids, queries and bodies from a request and refuses in the provider's own shape; decides nothing.

use std::{convert::Infallible, str::FromStr};

use axum::{
    Json,
    extract::{ConnectInfo, FromRequest, FromRequestParts, Path, Query, Request},
    http::{StatusCode, request::Parts},
};
use serde::de::DeserializeOwned;

use super::error::ApiError;
use crate::sandbox::{ids::Key, server::Line};

/// A JSON body whose members all fit.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        Json::from_request(request, state).await.map(|Json(body)| Self(body)).map_err(|rejection| {
            ApiError::Unreadable { status: rejection.status(), message: rejection.body_text() }
        })
    }
}

/// Query members that all fit.
pub struct QueryOf<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for QueryOf<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Query::from_request_parts(parts, state).await.map(|Query(query)| Self(query)).map_err(
            |rejection| ApiError::Unreadable {
                status: StatusCode::UNPROCESSABLE_ENTITY,
                message: rejection.body_text(),
            },
        )
    }
}

/// The `{id}` of the path; one of another form names nothing.
pub struct IdOf<T>(pub T);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for IdOf<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let id = Path::<String>::from_request_parts(parts, state).await.ok();
        id.and_then(|Path(id)| id.parse().ok()).map(Self).ok_or(ApiError::NotFound("resource"))
    }
}

/// The `Idempotency-Key` of the request.
pub struct IdempotencyKey(pub Key);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let mut given = parts.headers.get_all("idempotency-key").iter();
        let key = given.next().ok_or(ApiError::KeyMissing)?;
        if given.next().is_some() {
            return Err(ApiError::KeyInvalid);
        }
        let key = key.to_str().ok().and_then(|key| Key::try_from(key.to_owned()).ok());
        key.map(Self).ok_or(ApiError::KeyInvalid)
    }
}

/// The connection the request came by, if it came by one of [`serve`](crate::sandbox::serve).
#[derive(Clone)]
pub struct Hook(Option<Line>);

impl Hook {
    /// Ends the connection without an answer once the handler returns.
    pub fn cut(&self) {
        if let Some(line) = &self.0 {
            line.cut();
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Hook {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let line = parts.extensions.get::<ConnectInfo<Line>>();
        Ok(Self(line.map(|ConnectInfo(line)| line.clone())))
    }
}
