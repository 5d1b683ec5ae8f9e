//! The cookie by which these pages know a browser; what it is good for is decided elsewhere.
//!
//! `__Host-` binds it to this host and to TLS (browsers take a loopback address for as safe): no other host of the domain and
//! nobody on the way can put one of their own in its place. `Lax`, because applications send browsers here.

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;

use crate::service::oauth::authorize::BrowserToken;

const NAME: &str = "__Host-till-browser";

const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Lax";

/// The token that this browser shows; `None` where it shows none, or more than one.
pub(super) fn read(headers: &HeaderMap) -> Option<BrowserToken> {
    let sent = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = sent.flat_map(|value| value.split(';')).filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(name, _)| name.trim() == NAME).map(|(_, value)| value.trim());
    match (values.next(), values.next()) {
        (Some(value), None) => BrowserToken::parse(value),
        (Some(_) | None, _) => None,
    }
}

/// Until the browser is closed: whoever shares it with others is not to be found signed in.
pub(super) fn set(response: &mut Response, token: &BrowserToken) {
    // Letters and digits alone: there is always a value.
    if let Ok(mut value) =
        HeaderValue::from_str(&format!("{NAME}={}; {ATTRIBUTES}", token.expose()))
    {
        value.set_sensitive(true);
        response.headers_mut().append(SET_COOKIE, value);
    }
}

pub(super) fn clear(response: &mut Response) {
    if let Ok(value) = HeaderValue::from_str(&format!("{NAME}=; {ATTRIBUTES}; Max-Age=0")) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::read;

    fn of(fields: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append("cookie", HeaderValue::from_str(field).unwrap());
        }
        read(&headers).map(|token| token.expose().to_owned())
    }

    #[test]
    fn a_browser_is_known_by_the_one_cookie_of_ours_that_it_sends() {
        let token = format!("tillbs_{}", "a".repeat(43));
        let ours = format!("__Host-till-browser={token}");
        assert_eq!(of(&[&ours]), Some(token.clone()));
        assert_eq!(of(&["a=b", &format!("c=d; {ours}; e=f")]), Some(token));
        assert_eq!(of(&[&ours, &ours]), None);
        assert_eq!(of(&[&format!("till-browser={}", "a".repeat(43))]), None);
        assert_eq!(of(&["__Host-till-browser=short"]), None);
        assert_eq!(of(&[]), None);
    }
}
