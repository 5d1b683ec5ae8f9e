//! The pages themselves and the headers that keep them whole; every text is escaped by the templates, and none runs a script.

use askama::Template;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_FRAME_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use url::{Host, Url};

use super::page_error::PageError;
use crate::domain::access::{Scope, ScopeSet};
use crate::service::Services;
use crate::service::oauth::authorize::{Authorization, BrowserToken, FormToken, Purpose, SignedIn};

const STYLE: &str = include_str!("pages/style.css");

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    client: &'a str,
    request: &'a str,
    sign_in: String,
    decide: String,
    /// What was typed, so that it need not be typed again.
    email: &'a str,
    /// Why the last try failed.
    message: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentPage<'a> {
    client: &'a str,
    email: &'a str,
    scopes: Vec<Scope>,
    /// The same as one text: nobody agrees to more than they were shown.
    shown: String,
    destination: String,
    request: &'a str,
    decide: String,
    sign_out: String,
}

#[derive(Template)]
#[template(path = "refused.html")]
struct RefusedPage<'a> {
    title: &'a str,
    what: &'a str,
    remedy: &'a str,
}

/// What the forms of a page are about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub authorization: &'a Authorization,
    /// The whole query, as it came.
    pub request: &'a str,
    /// Whose forms they are.
    pub browser: &'a BrowserToken,
}

impl Subject<'_> {
    fn token(&self, services: &Services, purpose: Purpose) -> String {
        FormToken { purpose, browser: self.browser, request: self.request }.write(services)
    }

    fn client(&self) -> &str {
        self.authorization.client.name.as_str()
    }

    fn destination(&self) -> &str {
        &self.authorization.back.redirect_uri
    }
}

/// The last try to sign in, if there was one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LastTry<'a> {
    pub email: &'a str,
    pub message: Option<&'a str>,
}

pub(super) fn sign_in(
    services: &Services,
    about: &Subject<'_>,
    last: LastTry<'_>,
) -> Result<Response, PageError> {
    let page = SignInPage {
        client: about.client(),
        request: about.request,
        sign_in: about.token(services, Purpose::SignIn),
        decide: about.token(services, Purpose::Deny),
        email: last.email,
        message: last.message,
    };
    Ok(guarded(page.render().map_err(PageError::Unrendered)?, Some(about.destination())))
}

pub(super) fn consent(
    services: &Services,
    about: &Subject<'_>,
    user: &SignedIn,
    scopes: ScopeSet,
) -> Result<Response, PageError> {
    let page = ConsentPage {
        client: about.client(),
        email: &user.email,
        scopes: scopes.iter().collect(),
        shown: scopes.to_string(),
        destination: spoken(about.destination()),
        request: about.request,
        decide: about.token(services, Purpose::Decide),
        sign_out: about.token(services, Purpose::SignOut),
    };
    Ok(guarded(page.render().map_err(PageError::Unrendered)?, Some(about.destination())))
}

/// A page that leads nowhere.
pub(super) fn refused(status: StatusCode, title: &str, words: (&str, &str)) -> Response {
    let (what, remedy) = words;
    // Texts of our own between tags of our own: an empty page is better than none, should it ever fail.
    let html = RefusedPage { title, what, remedy }.render().unwrap_or_default();
    let mut response = guarded(html, None);
    *response.status_mut() = status;
    response
}

pub(super) async fn show_style() -> Response {
    let fields =
        [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "public, max-age=300")];
    (fields, STYLE).into_response()
}

/// `destination`: where the browser may be sent once a form of the page was sent.
fn guarded(html: String, destination: Option<&str>) -> Response {
    let mut response = Html(html).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // With `no-referrer` browsers would send our own forms with `Origin: null`.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    // Sources are plain; without a policy of its own a page gets one that forbids forms.
    if let Ok(policy) = HeaderValue::from_str(&policy(destination)) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Browsers hold `form-action` against the redirect that answers a form, too.
fn policy(destination: Option<&str>) -> String {
    let forms = destination.map_or("'none'".to_owned(), |uri| format!("'self' {}", source(uri)));
    format!(
        "default-src 'none'; style-src 'self'; form-action {forms}; frame-ancestors 'none'; base-uri 'none'"
    )
}

/// The origin, where it can be written as a source: a policy knows no IPv6 address, and of an application's own scheme nothing
/// but its name.
fn source(uri: &str) -> String {
    let Ok(url) = Url::parse(uri) else { return String::new() };
    let plain = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:/".contains(&byte))
    };
    let origin = url.origin().ascii_serialization();
    match url.host() {
        Some(Host::Domain(_) | Host::Ipv4(_))
            if matches!(url.scheme(), "https" | "http") && plain(&origin) =>
        {
            origin
        }
        Some(Host::Domain(_) | Host::Ipv4(_) | Host::Ipv6(_)) | None => {
            format!("{}:", url.scheme())
        }
    }
}

/// Where it is, as somebody reads it.
fn spoken(uri: &str) -> String {
    let url = Url::parse(uri).ok();
    let host = url.as_ref().filter(|url| matches!(url.scheme(), "https" | "http"));
    match (host.and_then(Url::host_str), &url) {
        (Some("127.0.0.1" | "[::1]" | "localhost"), _) => {
            "an application on this device".to_owned()
        }
        (Some(host), _) => host.to_owned(),
        (None, Some(own)) => format!("the application behind {}:", own.scheme()),
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{policy, source, spoken};

    #[test]
    fn a_form_leads_to_us_and_to_the_application_and_nowhere_else() {
        for (uri, allowed) in [
            ("https://app.example/back?a=b", "https://app.example"),
            ("https://app.example:8443/", "https://app.example:8443"),
            ("http://127.0.0.1:4711/back", "http://127.0.0.1:4711"),
            ("http://[::1]:4711/back", "http:"),
            ("com.example.app:/back", "com.example.app:"),
            ("com.example.app://back/x", "com.example.app:"),
            ("https://a;script-src*.example/", "https:"),
        ] {
            assert_eq!(source(uri), allowed, "{uri}");
            assert!(policy(Some(uri)).contains(&format!("form-action 'self' {allowed};")));
        }
        assert!(policy(None).contains("form-action 'none';"));
    }

    #[test]
    fn people_read_where_they_are_sent() {
        assert_eq!(spoken("https://app.example/back"), "app.example");
        assert_eq!(spoken("http://127.0.0.1:1/back"), "an application on this device");
        assert_eq!(spoken("com.example.app:/back"), "the application behind com.example.app:");
    }
}
