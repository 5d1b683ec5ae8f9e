//! `GET /oauth/authorize`: shows whoever sits at the browser what an application asks for, or sends them straight back.

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;

use super::page::{self, LastTry, Subject};
use super::page_error::PageError;
use super::redirect::{self, After};
use super::{cookie, form};
use crate::api::extract::RequestOrigin;
use crate::api::state::ApiState;
use crate::service::Services;
use crate::service::oauth::authorize::{
    Authorization, AuthorizeError, BrowserToken, Next, Said, Yes, allow, browser, check, next,
};

pub(super) async fn show_authorization(
    State(state): State<ApiState>,
    RequestOrigin(origin): RequestOrigin,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let (services, issuer) = (&*state.services, state.services.auth.issuer());
    let request = query.unwrap_or_default();
    let of = |error: AuthorizeError| PageError::of(error, After::Get, issuer);
    let authorization = check(services, &form::asked(&request)?).await.map_err(of)?;
    let Some(browser) = cookie::read(&headers) else {
        // Whether nobody at all is told to go away, too, is decided in one place.
        next(services, &authorization, None).await.map_err(of)?;
        return show_sign_in(services, &authorization, &request, None);
    };
    let about = Subject { authorization: &authorization, request: &request, browser: &browser };
    let user = browser::find(services, &browser).await?;
    match next(services, &authorization, user.as_ref()).await.map_err(of)? {
        Next::SignIn => show_sign_in(services, &authorization, &request, Some(browser)),
        Next::Consent { user, scopes } => page::consent(services, &about, &user, scopes),
        // Whoever asks for a head alone changes nothing.
        Next::Code { .. } if method == Method::HEAD => redirect::to_authorization(&request),
        Next::Code { scopes } => {
            let yes = Yes { said: Said::Before, shown: scopes };
            let code = allow(services, &origin, &authorization, (&browser, yes)).await;
            match code.map_err(of)? {
                Some(code) => redirect::with_code(After::Get, &authorization.back, &code, issuer),
                None => redirect::to_authorization(&request),
            }
        }
    }
}

/// A browser that is not known yet gets a cookie, so that its form can be told from those of others.
fn show_sign_in(
    services: &Services,
    authorization: &Authorization,
    request: &str,
    known: Option<BrowserToken>,
) -> Result<Response, PageError> {
    let is_new = known.is_none();
    let browser = known.unwrap_or_else(|| BrowserToken::generate(&services.ambient));
    let about = Subject { authorization, request, browser: &browser };
    let mut response = page::sign_in(services, &about, LastTry::default())?;
    if is_new {
        cookie::set(&mut response, &browser);
    }
    Ok(response)
}
