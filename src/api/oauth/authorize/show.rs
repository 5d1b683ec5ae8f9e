//! `GET /oauth/authorize`: shows whoever sits at the browser what an application asks for, or sends them straight back.

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::page::{self, LastTry, Subject};
use super::page_error::PageError;
use super::redirect::{self, After};
use super::{cookie, form};
use crate::api::extract::RequestOrigin;
use crate::api::state::ApiState;
use crate::service::oauth::authorize::{
    Authorization, AuthorizeError, BrowserToken, Next, SignedIn, allow, browser, check, next,
};

pub(super) async fn show_authorization(
    State(state): State<ApiState>,
    RequestOrigin(origin): RequestOrigin,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let (services, issuer) = (&state.services, state.services.auth.issuer());
    let request = query.unwrap_or_default();
    let of = |error: AuthorizeError| PageError::of(error, issuer);
    let authorization = check(services, &form::asked(&request)?).await.map_err(of)?;
    let shown = cookie::read(&headers);
    let user = match &shown {
        Some(token) => browser::find(services, token).await?,
        None => None,
    };
    match next(services, &authorization, user.as_ref()).await.map_err(of)? {
        Next::Code { user } => {
            let code = allow(services, &origin, &authorization, &user).await.map_err(of)?;
            redirect::with_code(After::Get, &authorization.back, &code, issuer)
        }
        Next::SignIn => sign_in(&state, &authorization, &request, shown),
        Next::Consent { user, scopes } => {
            // Nobody is signed in without one.
            let browser = shown.ok_or(PageError::Forged)?;
            let about =
                Subject { authorization: &authorization, request: &request, browser: &browser };
            page::consent(services, &about, &user, scopes)
        }
    }
}
