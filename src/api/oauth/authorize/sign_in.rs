//! `POST /oauth/sign-in`: signs somebody in at this browser, and shows them the application's request anew.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::cookie;
use super::form::Form;
use super::page::{self, LastTry, Subject};
use super::page_error::PageError;
use super::parameters::after_sign_in;
use super::redirect::{self, After};
use crate::api::extract::{AccountLimit, RequestOrigin};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::domain::user::Email;
use crate::service::Services;
use crate::service::auth::error::SessionError;
use crate::service::auth::passwords::PasswordAttempt;
use crate::service::auth::sign_in::SignIn;
use crate::service::oauth::authorize::{Authorization, Purpose, browser, check};

const WRONG: &str = "E-mail address or password is wrong.";

pub(super) async fn sign_in_browser(
    State(state): State<ApiState>,
    attempts: AccountLimit,
    RequestOrigin(origin): RequestOrigin,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, PageError> {
    let services = &*state.services;
    let form = Form::read(services, &[Purpose::SignIn], &headers, &body)?;
    let authorization = check(services, &form.asked()?)
        .await
        .map_err(|error| PageError::of(error, After::Post, services.auth.issuer()))?;
    let email = Email::parse(form.fields.once("email").unwrap_or_default()).ok();
    if let Some(email) = &email
        && let Err(problem) = attempts.admit(email).await
    {
        return wait(services, &authorization, &form, problem);
    }
    let password = PasswordAttempt::new(form.fields.once("password").unwrap_or_default());
    let command = SignIn { email: email.clone(), password };
    match browser::open(services, &origin, &form.browser, command).await {
        Ok(token) => {
            if let Some(email) = &email {
                attempts.succeeded(email).await;
            }
            let mut response = redirect::to_authorization(&after_sign_in(&form.request))?;
            cookie::set(&mut response, &token);
            Ok(response)
        }
        Err(SessionError::InvalidCredentials) => again(services, &authorization, &form, WRONG),
        Err(error) => Err(PageError::Failed(error.into())),
    }
}

/// The page once more, with what was wrong. 403, since 401 would have to name a scheme that browsers know.
fn again(
    services: &Services,
    authorization: &Authorization,
    form: &Form,
    message: &str,
) -> Result<Response, PageError> {
    let about = Subject { authorization, request: &form.request, browser: &form.browser };
    let email = form.fields.once("email").unwrap_or_default();
    let last = LastTry { email, message: Some(message) };
    let mut response = page::sign_in(services, &about, last)?;
    *response.status_mut() = StatusCode::FORBIDDEN;
    Ok(response)
}

/// The page once more: it was tried too often.
fn wait(
    services: &Services,
    authorization: &Authorization,
    form: &Form,
    refusal: Problem,
) -> Result<Response, PageError> {
    let status = refusal.code().status();
    let wait = refusal.into_response().headers_mut().remove(RETRY_AFTER);
    let seconds = wait.as_ref().and_then(|wait| wait.to_str().ok()).unwrap_or("a few");
    let message = format!("That was tried too often. Try again in {seconds} seconds.");
    let mut response = again(services, authorization, form, &message)?;
    *response.status_mut() = status;
    if let Some(wait) = wait {
        response.headers_mut().insert(RETRY_AFTER, wait);
    }
    Ok(response)
}
